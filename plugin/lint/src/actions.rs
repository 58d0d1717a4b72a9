//! What an action is called, and what it may use, by who runs it.

use serde_json::Value;

use crate::{Fault, Runs, actions, late_capture, texts};

/// What K10 calls of a Blueprint that is bound to a resource; it ignores all others
/// (K10 9.0, Kanister reference, action names). `restorePrehook` since 9.0.10.
const BOUND: [&str; 7] = [
    "backupPrehook",
    "backup",
    "backupPosthook",
    "restorePrehook",
    "restore",
    "restorePosthook",
    "delete",
];

/// What the hooks of a policy do not have (K10 9.0, Kanister hooks): no artifacts in or
/// out, and no profile.
const NOT_IN_HOOKS: [&str; 3] = [".ArtifactsIn", ".Profile", ".ArtifactsOut"];

pub(crate) fn faults(blueprint: &Value, runs: Option<Runs>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (name, action) in actions(blueprint) {
        match runs {
            Some(Runs::K10Binding) => {
                faults.extend(of_binding(name));
                faults.extend(late_capture::faults(name, action));
            }
            Some(Runs::K10Policy) => of_policy(name, action, &mut faults),
            Some(Runs::Kanister) | None => {}
        }
    }
    faults
}

fn of_binding(name: &str) -> Option<Fault> {
    if BOUND.contains(&name) {
        return None;
    }
    let meant = BOUND.iter().find(|known| known.eq_ignore_ascii_case(name));
    let help = match meant {
        Some(meant) => format!("`{meant}` is meant"),
        None => format!("known are {}", BOUND.join(", ")),
    };
    Some(Fault::new(
        format!("actions.{name}"),
        format!("K10 calls no action of this name, and does not say so: {help}"),
    ))
}

fn of_policy(name: &str, action: &Value, faults: &mut Vec<Fault>) {
    let place = format!("actions.{name}");
    if action["outputArtifacts"].is_object() {
        faults.push(Fault::new(
            format!("{place}.outputArtifacts"),
            "a policy's hooks keep no artifacts",
        ));
    }
    let mut found = Vec::new();
    texts(place, action, &mut found);
    for (place, text) in found {
        if let Some(what) = NOT_IN_HOOKS.iter().find(|what| text.contains(**what)) {
            faults.push(Fault::new(
                place,
                format!("a policy's hooks have no {what}"),
            ));
        }
    }
}
