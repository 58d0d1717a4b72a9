//! A policy's hooks: that they are there, and what they name is, too. K10 says nothing
//! of one that is missing.

use serde_json::Value;

use super::{backups, place};
use crate::{Fault, Runs, actions, phases};

/// Each hook, and the action of ours that it has to run.
pub(super) const HOOKS: [(&str, &str); 3] = [
    ("preHook", "beforeBackup"),
    ("onSuccess", "afterBackup"),
    ("onFailure", "afterFailure"),
];

/// What a hook may take, s: `timeout.blueprintHooks`, 20 minutes unless K10 is told
/// otherwise.
const MOST_SECONDS: u64 = 1_200;

pub(super) fn faults(policy: &Value, blueprints: &[Value]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for parameters in backups(policy) {
        for (hook, ours) in HOOKS {
            let at = format!("{} {hook}", place(policy));
            let said = &parameters["hooks"][hook];
            let (Some(name), Some(action)) =
                (said["blueprint"].as_str(), said["actionName"].as_str())
            else {
                faults.push(Fault::new(
                    at,
                    format!("is not there: nothing runs {ours}, and K10 does not say so"),
                ));
                continue;
            };
            let found = blueprints
                .iter()
                .find(|one| one["metadata"]["name"] == name);
            match found {
                None => faults.push(Fault::new(
                    at,
                    format!("names Blueprint {name}, which is not in K10's namespace"),
                )),
                Some(blueprint) => faults.extend(of_action(&at, blueprint, action, ours)),
            }
        }
    }
    faults
}

fn of_action(at: &str, blueprint: &Value, action: &str, ours: &str) -> Vec<Fault> {
    let name = blueprint["metadata"]["name"].as_str().unwrap_or_default();
    let has = |wanted: &str| actions(blueprint).any(|(known, _)| known == wanted);
    if !has(action) {
        let meant = actions(blueprint).find(|(known, _)| known.eq_ignore_ascii_case(action));
        let help = match meant {
            Some((meant, _)) => format!("`{meant}` is meant"),
            None => format!(
                "it has {}",
                actions(blueprint)
                    .map(|(known, _)| known.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        };
        let says = format!("names action {action}, which Blueprint {name} does not have: {help}");
        return vec![Fault::new(at, says)];
    }
    let mut faults = Vec::new();
    if has(ours) && action != ours {
        faults.push(Fault::new(
            at,
            format!("runs {action}; what is made for it is {ours}"),
        ));
    }
    let of_it = |mut fault: Fault| {
        fault.place = format!("Blueprint {name} {}", fault.place);
        fault
    };
    let wrong = crate::faults(blueprint, Some(Runs::K10Policy));
    faults.extend(wrong.into_iter().map(of_it));
    for (phase, of) in phases(action, &blueprint["actions"][action]) {
        let most = of["args"]["podOverride"]["activeDeadlineSeconds"].as_u64();
        if let Some(most) = most.filter(|most| *most >= MOST_SECONDS) {
            faults.push(Fault::new(
                format!("Blueprint {name} {phase}"),
                format!("may take {most} s, and K10 ends a hook after {MOST_SECONDS} s by default"),
            ));
        }
    }
    faults
}
