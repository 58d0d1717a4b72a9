//! Fields that are in no Blueprint's schema: the API server drops them without a
//! word (Kanister's `pkg/apis/cr/v1alpha1/types.go`: `Blueprint`, `BlueprintAction`,
//! `BlueprintPhase`, `Artifact`, `ObjectReference`; the CRD is structural).

use serde_json::Value;

use crate::{Fault, actions, phases};

const TOP: [&str; 4] = ["apiVersion", "kind", "metadata", "actions"];
const ACTION: [&str; 8] = [
    "name",
    "kind",
    "configMapNames",
    "secretNames",
    "inputArtifactNames",
    "outputArtifacts",
    "phases",
    "deferPhase",
];
const PHASE: [&str; 4] = ["func", "name", "objects", "args"];
const ARTIFACT: [&str; 2] = ["keyValue", "kopiaSnapshot"];
const OBJECT: [&str; 6] = [
    "apiVersion",
    "group",
    "resource",
    "kind",
    "name",
    "namespace",
];

/// Written on actions by many, and never there.
const TYPE: (&str, &str) = ("type", "kind");

pub(crate) fn faults(blueprint: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    unknown("", blueprint, &TOP, &mut faults);
    if !blueprint["actions"].is_object() {
        faults.push(Fault::new("actions", "there are none"));
    }
    for (name, action) in actions(blueprint) {
        let place = format!("actions.{name}");
        unknown(&place, action, &ACTION, &mut faults);
        for (artifact, value) in action["outputArtifacts"].as_object().into_iter().flatten() {
            let place = format!("{place}.outputArtifacts.{artifact}");
            unknown(&place, value, &ARTIFACT, &mut faults);
        }
        for (place, phase) in phases(name, action) {
            unknown(&place, phase, &PHASE, &mut faults);
            for (object, value) in phase["objects"].as_object().into_iter().flatten() {
                unknown(
                    &format!("{place}.objects.{object}"),
                    value,
                    &OBJECT,
                    &mut faults,
                );
            }
        }
    }
    faults
}

fn unknown(place: &str, value: &Value, known: &[&str], faults: &mut Vec<Fault>) {
    for key in value.as_object().into_iter().flatten().map(|(key, _)| key) {
        if known.contains(&key.as_str()) {
            continue;
        }
        let meant = match key == TYPE.0 && known.contains(&TYPE.1) {
            true => format!("; `{}` is meant", TYPE.1),
            false => String::new(),
        };
        let place = match place {
            "" => key.clone(),
            place => format!("{place}.{key}"),
        };
        faults.push(Fault::new(
            place,
            format!("no such field: the API server drops it{meant}"),
        ));
    }
}
