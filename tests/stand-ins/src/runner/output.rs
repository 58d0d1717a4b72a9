//! What a phase puts out: lines with a marker in what it prints
//! (pkg/output/output.go:52-56, `UnmarshalOutput`; pkg/output/stream.go:136-180 and 205-222,
//! `handleLog` and `LogAndParse`).

use serde_json::{Map, Value};

/// What stands before an output (pkg/output/output.go:31, `PhaseOpString`).
const MARKER: &str = "###Phase-output###:";

/// The last value of each key; what is no pair of texts after the marker fails the
/// phase.
pub(super) fn outputs(printed: &str) -> Result<Map<String, Value>, String> {
    let mut outputs = Map::new();
    for line in printed.lines() {
        let Some((_, text)) = line.split_once(MARKER) else {
            continue;
        };
        if text.trim().is_empty() {
            continue;
        }
        let wrong = |why: &str| format!("Failed to unmarshal key-value pair: {why}");
        let pair: Value =
            serde_json::from_str(text.trim()).map_err(|error| wrong(&error.to_string()))?;
        // A key that is not there is an empty text.
        let of = |name: &str| match (pair.is_object(), pair.get(name)) {
            (true, None | Some(Value::Null)) => Ok(String::new()),
            (true, Some(Value::String(text))) => Ok(text.clone()),
            _ => Err(wrong(text)),
        };
        outputs.insert(of("key")?, of("value")?.into());
    }
    Ok(outputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_key_counts_and_what_is_no_pair_fails() {
        let log = "x ###Phase-output###: {\"key\":\"a\",\"value\":\"1\"}\n###Phase-output###:{\"key\":\"a\",\"value\":\"2\"}";
        assert_eq!(outputs(log).unwrap()["a"], "2");
        assert!(outputs("###Phase-output###: {\"key\":\"a\",\"value\":1}").is_err());
        assert!(outputs("###Phase-output###: no").is_err());
        assert_eq!(
            outputs("###Phase-output###: {\"key\":\"a\"}").unwrap()["a"],
            ""
        );
    }
}
