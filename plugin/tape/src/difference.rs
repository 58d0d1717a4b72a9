//! Where a run left its recording, in words.

use serde_json::Value;
use slackwater_ports::{Failure, Outcome};

/// So much of a value is shown: a document has megabytes.
const SHOWN: usize = 200;

/// Where a run left the recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Which call, from 0.
    pub call: usize,
    /// What the recording has there: name and arguments; `None` where it has
    /// ended.
    pub recorded: Option<(String, Value)>,
    /// What was asked; `None` where the run ended before.
    pub asked: Option<(String, Value)>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |call: &Option<(String, Value)>| match call {
            Some((name, asked)) => format!("{name}{}", short(asked)),
            None => "no call".to_owned(),
        };
        write!(
            f,
            "call {}: the recording has {}, and this run made {}",
            self.call,
            shown(&self.recorded),
            shown(&self.asked)
        )?;
        let (Some((name, was)), Some((other, is))) = (&self.recorded, &self.asked) else {
            return Ok(());
        };
        match first_other(was, is, String::new()).filter(|_| name == other) {
            Some((place, was, is)) => {
                write!(f, "; at {place}: {} and {}", short(&was), short(&is))
            }
            None => Ok(()),
        }
    }
}

/// How a phase ended.
pub fn in_one_line(ended: &Result<Outcome, Failure>) -> String {
    match ended {
        Ok(outcome) => outcome.summary.clone(),
        Err(failure) => format!("failed: {}", failure.reason),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= SHOWN {
        return text;
    }
    let head: String = text.chars().take(SHOWN).collect();
    format!("{head}…")
}

/// The first place, as a JSON pointer, at which two values differ, and what is
/// there. A text that is a document itself is looked into.
fn first_other(was: &Value, is: &Value, place: String) -> Option<(String, Value, Value)> {
    match (was, is) {
        _ if was == is => None,
        (Value::Object(one), Value::Object(other)) => {
            let keys = one
                .keys()
                .chain(other.keys().filter(|key| !one.contains_key(*key)));
            keys.into_iter().find_map(|key| {
                let of = |map: &serde_json::Map<String, Value>| {
                    map.get(key).cloned().unwrap_or(Value::Null)
                };
                first_other(&of(one), &of(other), format!("{place}/{key}"))
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let mut pairs = one.iter().zip(other).enumerate();
            pairs.find_map(|(at, (one, other))| first_other(one, other, format!("{place}/{at}")))
        }
        (Value::String(one), Value::String(other)) => {
            let document = |text: &str| {
                serde_json::from_str::<Value>(text)
                    .ok()
                    .filter(Value::is_object)
            };
            match document(one).zip(document(other)) {
                Some((one, other)) => first_other(&one, &other, place),
                None => Some((place, was.clone(), is.clone())),
            }
        }
        _ => Some((place, was.clone(), is.clone())),
    }
}
