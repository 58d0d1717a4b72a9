//! Policies that restore what they have imported (`action: restore`): that what they
//! restore of a mirror waits until it is shown to be the cut, and that hooks which they
//! name are there.

use serde_json::Value;

use super::hooks::of_hook;
use super::{Mirror, Seen, place, policies};
use crate::Fault;

/// Each hook, and the action of ours that it has to run. A restore may have neither, and the
/// same be done by hand; by one without the other a mirror is left aside, or one that runs is
/// restored into.
const HOOKS: [(&str, &str); 2] = [("preHook", "beforeRestore"), ("onSuccess", "afterRestore")];

pub(super) fn faults(mirror: &Mirror, seen: &Seen) -> Vec<Fault> {
    let mut faults = Vec::new();
    for policy in &seen.policies {
        let is_idle = policies::has_failed(policy) || policy["spec"]["paused"] == true;
        for parameters in restores(policy).filter(|_| !is_idle) {
            let hooks = &parameters["hooks"];
            let names_ours = names_ours(hooks, seen);
            if !names_ours && parameters["targetNamespace"] != *mirror.namespace {
                continue;
            }
            for (hook, ours) in HOOKS.iter().filter(|_| hooks.is_object()) {
                let at = format!("{} restore {hook}", place(policy));
                faults.extend(of_hook(at, &hooks[hook], ours, seen));
            }
            let transforms = parameters["transforms"].as_array();
            if transforms.is_none_or(Vec::is_empty) {
                faults.push(Fault::new(
                    format!("{} restore transforms", place(policy)),
                    "are not there: what is restored does not wait, and brokers start on volumes that \
                     nobody has looked at",
                ));
            }
        }
    }
    faults
}

/// The parameters of its actions that restore.
fn restores(policy: &Value) -> impl Iterator<Item = &Value> {
    let actions = policy["spec"]["actions"].as_array().into_iter().flatten();
    actions
        .filter(|action| action["action"] == "restore")
        .map(|action| &action["restoreParameters"])
}

/// Whether a hook names a blueprint that has what is made for restores of mirrors. What else
/// an import brings, its policy does not say.
fn names_ours(hooks: &Value, seen: &Seen) -> bool {
    let mut blueprints = seen.blueprints.iter();
    blueprints.any(|one| {
        let is_named =
            |(hook, _): &(&str, &str)| hooks[hook]["blueprint"] == one["metadata"]["name"];
        let has = |(_, ours): &(&str, &str)| one["actions"][ours].is_object();
        HOOKS.iter().any(is_named) && HOOKS.iter().any(has)
    })
}
