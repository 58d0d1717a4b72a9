//! What K10 is to take along as it is behind a hook of a resource: an artifact of
//! backupPrehook whose name begins with `lateCapture`, and that says of what (K10
//! 9.0.11, Kanister reference, late capture). Else it takes nothing, and does not say so.

use serde_json::Value;

use crate::Fault;

const BEGINS: &str = "lateCapture";
const OF: &str = "backupPrehook";
const KEYS: [&str; 5] = ["apiVersion", "group", "resource", "name", "namespace"];

pub(crate) fn faults(action: &str, of: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (name, artifact) in of["outputArtifacts"].as_object().into_iter().flatten() {
        let begins = name.get(..BEGINS.len()).unwrap_or_default();
        if !begins.eq_ignore_ascii_case(BEGINS) {
            continue;
        }
        let lacks = KEYS
            .iter()
            .find(|key| !artifact["keyValue"][key].is_string());
        let says = match lacks {
            _ if begins != BEGINS => format!("K10 takes nothing along by it: `{BEGINS}` is meant"),
            _ if action != OF => format!("K10 takes something along behind {OF} alone"),
            Some(key) => format!("K10 takes nothing along by it: its keyValue lacks {key}"),
            None => continue,
        };
        let place = format!("actions.{action}.outputArtifacts.{name}");
        faults.push(Fault::new(place, says));
    }
    faults
}
