//! A policy's hooks: that they are there, and what they name is, too. K10 says nothing
//! of one that is missing.

use serde_json::Value;

use super::{Limits, Seen, backups, budget, place};
use crate::{Fault, Runs, actions};

/// Each hook, and the action of ours that it has to run.
pub(super) const HOOKS: [(&str, &str); 3] = [
    ("preHook", "beforeBackup"),
    ("onSuccess", "afterBackup"),
    ("onFailure", "afterFailure"),
];

pub(super) fn faults(policy: &Value, seen: &Seen) -> Vec<Fault> {
    let mut faults = Vec::new();
    for parameters in backups(policy) {
        for (hook, ours) in HOOKS {
            let at = format!("{} {hook}", place(policy));
            faults.extend(of_hook(at, &parameters["hooks"][hook], ours, seen));
        }
    }
    faults
}

/// What is wrong with one hook, which has to run this action of ours.
pub(super) fn of_hook(at: String, said: &Value, ours: &str, seen: &Seen) -> Vec<Fault> {
    let (Some(name), Some(action)) = (said["blueprint"].as_str(), said["actionName"].as_str())
    else {
        let says = format!("is not there: nothing runs {ours}, and K10 does not say so");
        return vec![Fault::new(at, says)];
    };
    let mut blueprints = seen.blueprints.iter();
    let found = blueprints.find(|one| one["metadata"]["name"] == name);
    match found {
        None => vec![Fault::new(
            at,
            format!("names Blueprint {name}, which is not in K10's namespace"),
        )],
        Some(blueprint) => of_action(&at, blueprint, (action, ours), seen.limits),
    }
}

fn of_action(
    at: &str,
    blueprint: &Value,
    (action, ours): (&str, &str),
    limits: Limits,
) -> Vec<Fault> {
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
    let mut faults = of_blueprint(blueprint, Runs::K10Policy, limits);
    if has(ours) && action != ours {
        faults.push(Fault::new(
            at,
            format!("runs {action}; what is made for it is {ours}"),
        ));
    }
    faults.extend(budget::faults(name, action, blueprint, limits));
    faults
}

/// What is wrong with a blueprint that K10 runs so.
pub(super) fn of_blueprint(blueprint: &Value, runs: Runs, limits: Limits) -> Vec<Fault> {
    let name = blueprint["metadata"]["name"].as_str().unwrap_or_default();
    let wrong = crate::faults(blueprint, Some(runs)).into_iter();
    let mut faults: Vec<Fault> = wrong
        .map(|fault| Fault::new(format!("Blueprint {name} {}", fault.place), fault.says))
        .collect();
    if runs == Runs::K10Binding {
        let each = actions(blueprint);
        faults.extend(each.flat_map(|(action, _)| budget::faults(name, action, blueprint, limits)));
    }
    faults
}

/// Whether a hook of these parameters runs one of our actions.
pub(super) fn has_ours(parameters: &Value, blueprints: &[Value]) -> bool {
    HOOKS.iter().any(|(hook, ours)| {
        let said = &parameters["hooks"][hook];
        let mut named = blueprints
            .iter()
            .filter(|one| one["metadata"]["name"] == said["blueprint"]);
        said["actionName"] == *ours && named.any(|one| one["actions"][ours].is_object())
    })
}
