//! Templates that Go would not parse: Kanister says so when their phase is to run. The
//! condition of a WaitV2 it does not even tell: such a one prints nothing, and is waited
//! for until the time is over (`pkg/function/waitv2.go`, `evaluateGoTemplate`).

use serde_json::Value;
use slackwater_template::{Names, Template};

use crate::{Fault, actions, phases, texts};

/// Its conditions are no templates until the paths in them are replaced.
const BY_PATHS: &str = "Wait";

pub(crate) fn faults(blueprint: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (name, action) in actions(blueprint) {
        let artifacts = format!("actions.{name}.outputArtifacts");
        all(&artifacts, &action["outputArtifacts"], &mut faults);
        for (place, phase) in phases(name, action) {
            all(&format!("{place}.objects"), &phase["objects"], &mut faults);
            let place = format!("{place}.args");
            match phase["func"].as_str() {
                Some(BY_PATHS) => {}
                Some("WaitV2") => waits(&place, &phase["args"], &mut faults),
                _ => all(&place, &phase["args"], &mut faults),
            }
        }
    }
    faults
}

fn all(place: &str, value: &Value, faults: &mut Vec<Fault>) {
    let mut found = Vec::new();
    texts(place.to_owned(), value, &mut found);
    let wrong = found
        .into_iter()
        .filter_map(|(place, text)| parsed(place, &text, Names::Blueprint));
    faults.extend(wrong);
}

fn parsed(place: String, text: &str, names: Names) -> Option<Fault> {
    let error = Template::parse(text, names).err()?;
    Some(Fault::new(place, error.to_string()))
}

fn waits(place: &str, args: &Value, faults: &mut Vec<Fault>) {
    if args["timeout"]
        .as_str()
        .is_some_and(|text| text.contains("{{"))
    {
        faults.push(Fault::new(
            format!("{place}.timeout"),
            "WaitV2 takes it as it is written, and a template is no span of time",
        ));
    }
    for (list, conditions) in args["conditions"].as_object().into_iter().flatten() {
        for (number, one) in conditions.as_array().into_iter().flatten().enumerate() {
            let place = format!("{place}.conditions.{list}[{number}]");
            let object = format!("{place}.objectReference");
            all(&object, &one["objectReference"], faults);
            if let Some(text) = one["condition"].as_str() {
                faults.extend(parsed(format!("{place}.condition"), text, Names::Condition));
            }
        }
    }
}
