//! Hooks that are bound to node pools: that each pool of a mirror has them, that nothing
//! else holds it, and that K10 calls them. By BlueprintBindings or annotations (api,
//! BlueprintBinding): a binding comes before an annotation, and of several the one that
//! was made first.

use serde_json::Value;

use super::{Mirror, Seen, backups, filters, full_name, hooks, place, policies};
use crate::{Fault, Runs};

/// By which a resource names a blueprint itself.
const ANNOTATION: &str = "kanister.kasten.io/blueprint";

/// By which the binding that is shipped takes pools.
const LABEL: &str = "slackwater.io/mirror";

/// Strimzi's, with the Kafka's name.
pub(super) const CLUSTER: &str = "strimzi.io/cluster";

/// What our hook before a pool's snapshots is called, as an action and as a command.
const OURS: &str = "backupPrehook";

/// Without these no pod leads to its pool, and K10 calls no hook.
const OWNERS: [(&str, &str); 2] = [("core.strimzi.io", "strimzipodsets"), ("", "pods")];

/// The pools of a mirror: name, and the blueprint that K10 would run.
type Pools<'a> = Vec<(&'a str, Option<&'a Value>)>;

/// Whether K10 runs our hooks around a pool of it.
pub(super) fn is_bound(mirror: &Mirror, seen: &Seen) -> bool {
    !bound(mirror, seen).is_empty()
}

/// Its pools around which K10 runs our hooks, each with the blueprint.
pub(super) fn bound<'a>(mirror: &'a Mirror, seen: &'a Seen) -> Vec<(&'a Value, &'a Value)> {
    let each = of_mirror(mirror, seen).filter_map(|pool| Some((pool, blueprint_of(pool, seen)?)));
    each.filter(|(_, blueprint)| is_ours(blueprint)).collect()
}

/// Of a mirror whose pools are labelled, or bound.
pub(super) fn faults(mirror: &Mirror, covering: &[&Value], seen: &Seen) -> Vec<Fault> {
    let is_bound = is_bound(mirror, seen);
    let mut faults = Vec::new();
    let failed = seen.bindings.iter().filter(|one| policies::has_failed(one));
    for binding in failed {
        if of_mirror(mirror, seen).any(|pool| takes(binding, pool)) {
            let place = format!("BlueprintBinding {}", full_name(binding));
            faults.push(Fault::new(place, policies::invalid(binding)));
        }
    }
    for (name, blueprint) in pools(mirror, seen) {
        let at = format!("KafkaNodePool {}/{name}", mirror.namespace);
        if blueprint.is_some_and(is_ours) {
            continue;
        }
        if is_bound {
            let says = "K10 calls no hook of it, and others of its Kafka's are bound: no backup is ever \
                        confirmed; bind it, too";
            faults.push(Fault::new(at, says));
        } else if is_labelled(mirror, seen, name) {
            let says = format!(
                "has the label {LABEL}, and no BlueprintBinding takes it to a Blueprint of K10's \
                 namespace with {OURS}"
            );
            faults.push(Fault::new(at, says));
        }
    }
    if !is_bound {
        return faults;
    }
    for policy in covering {
        faults.extend(of_policy(policy, seen));
    }
    for (_, blueprint) in bound(mirror, seen) {
        faults.extend(hooks::of_blueprint(
            blueprint,
            Runs::K10Binding,
            seen.limits,
        ));
    }
    faults
}

fn of_policy(policy: &Value, seen: &Seen) -> Vec<Fault> {
    let mut faults = Vec::new();
    for parameters in backups(policy) {
        if hooks::has_ours(parameters, &seen.blueprints) {
            let says = "hold a mirror whose pools have hooks of a binding, too: each would end the \
                        other's run; take one of them away";
            faults.push(Fault::new(format!("{} hooks", place(policy)), says));
        }
        // A preset has the profile (api, PolicyPreset), and is not read here.
        let is_preset = is_named(&policy["spec"]["presetRef"]);
        if !is_preset && !is_named(&parameters["profile"]) {
            let says = "is not there: without a Location profile K10 keeps no artifacts, and a restore \
                        is not told which backup it is of";
            faults.push(Fault::new(format!("{} profile", place(policy)), says));
        }
        let excluded = parameters["filters"]["excludeResources"].as_array();
        for one in excluded.into_iter().flatten() {
            let is = |(group, resource): &&(&str, &str)| filters::takes_all(one, group, resource);
            if let Some((_, resource)) = OWNERS.iter().find(is) {
                let says = format!(
                    "excludeResources leaves out {resource}: K10 finds no pool by them, and calls no \
                     hook"
                );
                faults.push(Fault::new(format!("{} filters", place(policy)), says));
            }
        }
    }
    faults
}

fn is_named(reference: &Value) -> bool {
    !reference["name"].as_str().unwrap_or_default().is_empty()
}

pub(super) fn of_mirror<'a>(mirror: &'a Mirror, seen: &'a Seen) -> impl Iterator<Item = &'a Value> {
    seen.pools.iter().filter(|pool| {
        let metadata = &pool["metadata"];
        metadata["namespace"] == mirror.namespace.as_str()
            && metadata["labels"][CLUSTER] == mirror.name.as_str()
    })
}

fn pools<'a>(mirror: &'a Mirror, seen: &'a Seen) -> Pools<'a> {
    let each = of_mirror(mirror, seen).map(|pool| {
        let name = pool["metadata"]["name"].as_str().unwrap_or_default();
        (name, blueprint_of(pool, seen))
    });
    each.collect()
}

fn is_labelled(mirror: &Mirror, seen: &Seen, name: &str) -> bool {
    let mut pools = of_mirror(mirror, seen).map(|pool| &pool["metadata"]);
    pools.any(|one| one["name"] == name && one["labels"][LABEL] == "true")
}

fn is_ours(blueprint: &Value) -> bool {
    let phases = blueprint["actions"][OURS]["phases"].as_array();
    let mut phases = phases.into_iter().flatten();
    phases.any(|phase| {
        let command = phase["args"]["command"].as_array();
        command.is_some_and(|words| words.iter().any(|word| word == OURS))
    })
}

fn blueprint_of<'a>(pool: &Value, seen: &'a Seen) -> Option<&'a Value> {
    let mut bindings: Vec<&Value> = seen
        .bindings
        .iter()
        .filter(|one| one["spec"]["disabled"] != true && !policies::has_failed(one))
        .filter(|one| takes(one, pool))
        .collect();
    // Times of the API sort as they are written.
    bindings.sort_by_key(|one| one["metadata"]["creationTimestamp"].as_str());
    let bound = bindings
        .first()
        .map(|one| &one["spec"]["blueprintRef"]["name"]);
    let name = bound.unwrap_or(&pool["metadata"]["annotations"][ANNOTATION]);
    let mut blueprints = seen.blueprints.iter();
    blueprints.find(|one| name.is_string() && one["metadata"]["name"] == *name)
}

/// All of `matchAll`, and one of `matchAny`; with neither it takes nothing here.
fn takes(binding: &Value, pool: &Value) -> bool {
    let list = |key: &str| binding["spec"]["resources"][key].as_array();
    let (all, any) = (list("matchAll"), list("matchAny"));
    let is_empty = |list: Option<&Vec<Value>>| list.is_none_or(Vec::is_empty);
    if is_empty(all) && is_empty(any) {
        return false;
    }
    let mut all = all.into_iter().flatten();
    all.all(|one| holds(one, pool))
        && (is_empty(any) || any.into_iter().flatten().any(|one| holds(one, pool)))
}

/// One of a binding's conditions. What is not understood holds of nothing.
fn holds(condition: &Value, pool: &Value) -> bool {
    let Some((what, of)) = condition.as_object().and_then(|map| map.iter().next()) else {
        return false;
    };
    let metadata = &pool["metadata"];
    let key = of["key"].as_str().unwrap_or_default();
    let found = match what.as_str() {
        "type" => return by_operator(of, true, |value| is_of_type(value, metadata)),
        "namespace" => &metadata["namespace"],
        "labels" | "annotations" => &metadata[what.as_str()][key],
        _ => return false,
    };
    by_operator(of, !found.is_null(), |value| value == found)
}

fn by_operator(of: &Value, is_there: bool, is: impl Fn(&Value) -> bool) -> bool {
    let mut values = of["values"].as_array().into_iter().flatten();
    match of["operator"].as_str() {
        Some("In") => values.any(is),
        Some("NotIn") => !values.any(is),
        Some("Exists") => is_there,
        Some("DoesNotExist") => !is_there,
        _ => false,
    }
}

fn is_of_type(value: &Value, metadata: &Value) -> bool {
    let name = value["name"].as_str().unwrap_or_default();
    value["group"] == "kafka.strimzi.io"
        && value["resource"] == "kafkanodepools"
        && (name.is_empty() || metadata["name"] == name)
}
