//! What of a Blueprint would be swallowed in silence, or fail only when it runs:
//! fields that the API server drops, actions that nobody calls, arguments that a
//! function does not know.
//!
//! Pure: documents in, faults out. Nothing is rendered; templates are parsed as Go
//! parses them.

mod actions;
mod fields;
mod functions;
pub mod k10;
mod late_capture;
mod phases;
mod templates;

use std::fmt;

use serde_json::Value;

/// Who will run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// Kanister's controller, by ActionSets.
    Kanister,
    /// K10, as hooks of a policy or of a restore.
    K10Policy,
    /// K10, bound to resources.
    K10Binding,
}

impl Runs {
    /// The annotation by which a Blueprint says it itself.
    pub const ANNOTATION: &'static str = "slackwater.io/for";

    /// All, as they are written.
    pub const ALL: [(&'static str, Self); 3] = [
        ("kanister", Self::Kanister),
        ("k10-policy", Self::K10Policy),
        ("k10-binding", Self::K10Binding),
    ];
}

/// One thing that is wrong, where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// As a path into the document.
    pub place: String,
    /// What is wrong, and what helps.
    pub says: String,
}

impl Fault {
    fn new(place: impl Into<String>, says: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            says: says.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.says)
    }
}

/// Whether a document is one (`cr.kanister.io`, `Blueprint`).
#[must_use]
pub fn is_blueprint(document: &Value) -> bool {
    let group = document["apiVersion"].as_str().unwrap_or_default();
    document["kind"] == "Blueprint" && group.starts_with("cr.kanister.io/")
}

/// What is wrong with a Blueprint. Where nobody says who runs it, its annotation
/// does; without one it is held against what is the same for all.
#[must_use]
pub fn faults(blueprint: &Value, runs: Option<Runs>) -> Vec<Fault> {
    let said = &blueprint["metadata"]["annotations"][Runs::ANNOTATION];
    let mut faults = Vec::new();
    let named = said.as_str().and_then(|word| {
        let known = Runs::ALL.iter().find(|(name, _)| *name == word);
        known.map(|(_, runs)| *runs)
    });
    if !said.is_null() && named.is_none() {
        let known = Runs::ALL.map(|(name, _)| name).join(", ");
        faults.push(Fault::new(
            format!("metadata.annotations.{}", Runs::ANNOTATION),
            format!("says {said}; known are {known}"),
        ));
    }
    faults.extend(fields::faults(blueprint));
    faults.extend(actions::faults(blueprint, runs.or(named)));
    faults.extend(phases::faults(blueprint));
    faults.extend(templates::faults(blueprint));
    faults
}

/// The actions of a Blueprint, by name.
fn actions(blueprint: &Value) -> impl Iterator<Item = (&String, &Value)> {
    blueprint["actions"].as_object().into_iter().flatten()
}

/// The phases of an action, with the place of each; the deferred one is the last.
fn phases<'a>(name: &str, action: &'a Value) -> Vec<(String, &'a Value)> {
    let listed = action["phases"].as_array().into_iter().flatten();
    let mut all: Vec<_> = listed
        .enumerate()
        .map(|(n, phase)| (format!("actions.{name}.phases[{n}]"), phase))
        .collect();
    if action["deferPhase"].is_object() {
        all.push((format!("actions.{name}.deferPhase"), &action["deferPhase"]));
    }
    all
}

/// Every text below a value, with its place.
fn texts(place: String, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((place, text.clone())),
        Value::Array(list) => {
            for (n, one) in list.iter().enumerate() {
                texts(format!("{place}[{n}]"), one, found);
            }
        }
        Value::Object(map) => {
            for (key, one) in map {
                texts(format!("{place}.{key}"), one, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
