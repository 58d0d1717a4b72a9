//! YAML. serde_yaml is no longer maintained, so this module alone touches it.

use serde::Deserialize as _;
use serde::de::DeserializeOwned;

/// Suggestions further away than this are no help.
const NEAR: f64 = 0.6;

/// Parses a configuration, or says in one line what is wrong where.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_yaml::from_str(text).map_err(|error| explain(&error.to_string()))
}

/// The documents of a file of several, or in one line what is wrong.
pub(crate) fn documents(text: &str) -> Result<Vec<serde_json::Value>, String> {
    serde_yaml::Deserializer::from_str(text)
        .map(serde_json::Value::deserialize)
        .collect::<Result<_, _>>()
        .map_err(|error| explain(&error.to_string()))
}

/// A value as a document.
pub(crate) fn text(value: &serde_json::Value) -> Result<String, String> {
    serde_yaml::to_string(value).map_err(|error| explain(&error.to_string()))
}

/// Adds the key that was probably meant to serde's word on an unknown one:
/// ``unknown field `x`, expected one of `a`, `b` ``.
fn explain(message: &str) -> String {
    let message = message.replace('\n', " ");
    let mut quoted = message.split('`').skip(1).step_by(2);
    if !message.contains("unknown field") && !message.contains("unknown variant") {
        return message;
    }
    let Some(typed) = quoted.next() else {
        return message;
    };
    let nearest = quoted
        .map(|key| (strsim::jaro_winkler(typed, key), key))
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match nearest {
        Some((how_near, key)) if how_near >= NEAR => format!("{message}; did you mean `{key}`?"),
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::super::RawMirror;
    use super::*;

    #[test]
    fn an_unknown_key_is_an_error_that_suggests_the_right_one() {
        let error =
            parse::<RawMirror>("apiVersion: slackwater/v1beta1\nkind: Mirror\nconect: []\n")
                .unwrap_err();
        assert!(error.contains("did you mean `connect`?"), "{error}");
    }

    #[test]
    fn documents_are_read_apart_and_one_that_is_none_is_an_error() {
        let found = documents("a: 1\n---\n# nothing\n---\nb: 2\n").unwrap();
        assert_eq!(found.len(), 3);
        assert_eq!(found[2]["b"], 2);
        assert!(documents("a: 1\n---\na: [\n").is_err());
    }

    #[test]
    fn what_is_no_yaml_is_one_line() {
        let error = parse::<RawMirror>("a: [\n- b: }\n").unwrap_err();
        assert_eq!(error.lines().count(), 1);
    }
}
