//! Phase outputs as Kanister reads them from a phase's standard output: lines
//! `###Phase-output###: {"key":"…","value":"…"}`
//! (`github.com/kanisterio/kanister/pkg/output`).

use slackwater_ports::Output;

use crate::exit::Stop;

const MARKER: &str = "###Phase-output###:";

/// All outputs of a phase together: they end up in an ActionSet, which etcd
/// holds to 1.5 MiB for all phases.
const MOST_BYTES: usize = 8 << 10;

/// The lines.
///
/// # Errors
/// A key that Kanister does not read, a value that holds the marker itself,
/// or more than fits.
pub fn lines(outputs: &[Output]) -> Result<Vec<String>, Stop> {
    let mut lines = Vec::new();
    for Output { key, value } in outputs {
        let fits = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !fits {
            return Err(Stop::failed(format!(
                "output key {key:?} is not [A-Za-z0-9_]+"
            )));
        }
        if value.contains("###Phase-output###") {
            return Err(Stop::failed(format!(
                "the value of output {key} holds Kanister's marker"
            )));
        }
        let pair = serde_json::json!({"key": key, "value": value});
        lines.push(format!("{MARKER} {pair}"));
    }
    let bytes: usize = lines.iter().map(String::len).sum();
    if bytes > MOST_BYTES {
        return Err(Stop::failed(format!(
            "the phase has {bytes} bytes of outputs; Kanister is given {MOST_BYTES} at the most"
        )));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(key: &str, value: &str) -> Output {
        Output {
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn an_output_is_one_line_whatever_its_value_holds() {
        let lines = lines(&[output("runId", "a\nb\"c")]).unwrap();
        assert_eq!(
            lines,
            [r####"###Phase-output###: {"key":"runId","value":"a\nb\"c"}"####]
        );
    }

    #[test]
    fn a_value_that_holds_the_marker_is_not_echoed() {
        assert!(lines(&[output("a", "###Phase-output###: {}")]).is_err());
        assert!(lines(&[output("a b", "x")]).is_err());
        assert!(lines(&[output("a", &"x".repeat(9000))]).is_err());
    }
}
