//! Labels and annotations for the pods of a function, as they are looked at before
//! anything is rendered (pkg/validate/validate.go:381-402, `ValidateLabels` and
//! `ValidateAnnotations`; apimachinery, pkg/util/validation/validation.go:41-70 and 165-174,
//! `IsQualifiedName` and `IsValidLabelValue`): a template in one is refused. What is no text
//! is passed over (pkg/function/utils.go:312-323).

use serde_json::Value;

/// The API server's, of a name and of a value (validation.go:33 and 158).
const LONGEST: usize = 63;

/// The same of what stands before a name (212).
const LONGEST_PREFIX: usize = 253;

/// What is wrong with these arguments.
pub(super) fn check(args: &Value) -> Result<(), String> {
    for key in ["podLabels", "podAnnotations"] {
        let pairs = match &args[key] {
            Value::Null => continue,
            Value::Object(pairs) => pairs,
            _ => return Err(format!("{key} are not in correct format")),
        };
        for (name, value) in pairs {
            let Some(value) = value.as_str() else {
                continue;
            };
            if !is_qualified(name) {
                return Err(format!("{key}: the key {name:?} is none"));
            }
            if key == "podLabels" && !value.is_empty() && !is_word(value) {
                return Err(format!("{key}: the value {value:?} is none"));
            }
        }
    }
    Ok(())
}

fn is_qualified(name: &str) -> bool {
    match name.split_once('/') {
        None => is_word(name),
        Some((prefix, name)) => is_word(name) && is_domain(prefix),
    }
}

fn is_word(text: &str) -> bool {
    let whole = text
        .chars()
        .all(|one| one.is_ascii_alphanumeric() || "-_.".contains(one));
    let at_ends = |one: char| one.is_ascii_alphanumeric();
    whole && text.starts_with(at_ends) && text.ends_with(at_ends) && text.len() <= LONGEST
}

/// `IsDNS1123Subdomain` (219-228)
fn is_domain(text: &str) -> bool {
    let is_part = |part: &str| {
        let plain = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit();
        part.starts_with(plain)
            && part.ends_with(plain)
            && part.chars().all(|one| plain(one) || one == '-')
    };
    text.len() <= LONGEST_PREFIX && text.split('.').all(is_part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_label_is_a_word_and_no_template() {
        let labels = |name: &str, value: &str| check(&json!({"podLabels": {name: value}}));
        for (name, value) in [("a", ""), ("slackwater.io/run", "r-1"), ("A_b", "1.2_3")] {
            labels(name, value).unwrap();
        }
        for (name, value) in [
            ("a", "{{ .Options.a }}"),
            ("-a", "b"),
            ("Big.io/a", "b"),
            ("a", "two words"),
        ] {
            assert!(labels(name, value).is_err(), "{name}: {value}");
        }
        check(&json!({"podAnnotations": {"a": "{{ .Options.a }}"}})).unwrap();
        assert!(check(&json!({"podLabels": "a=b"})).is_err());
    }
}
