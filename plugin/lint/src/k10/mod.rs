//! What of K10's own configuration would leave a mirror without a backup, or without one
//! that can be proven, and is not said by K10: hooks that are missing or misspelt,
//! filters that drop what a restore needs, classes that K10 does not take.
//!
//! Pure: what was listed in, faults out. Shapes are those of K10's API (`api`, Policy,
//! BackupAction) and of external-snapshotter's.

mod accounts;
mod bindings;
mod filters;
mod hooks;
mod policies;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Fault;

pub use accounts::accounts;

/// VolumeSnapshots at a time in a whole cluster, unless K10 is told otherwise
/// (`limiter.csiSnapshotsPerCluster`): a mirror of more claims is held for longer.
const AT_A_TIME: usize = 10;

/// By it K10 takes a VolumeSnapshotClass (its documentation, install, CSI).
const CLASS: &str = "k10.kasten.io/is-snapshot-class";

/// A mirror, as far as K10 has to do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The drivers of its claims' volumes, one for each claim.
    pub drivers: Vec<String>,
}

/// What there is.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The mirrors that are opted in.
    pub mirrors: Vec<Mirror>,
    /// Namespaces, with their labels.
    pub namespaces: Vec<Value>,
    /// `policies.config.kio.kasten.io` of K10's namespace.
    pub policies: Vec<Value>,
    /// `blueprints.cr.kanister.io` there.
    pub blueprints: Vec<Value>,
    /// `volumesnapshotclasses`
    pub classes: Vec<Value>,
    /// ServiceAccounts, by namespace and name ([`accounts`]); `None` of one that is not
    /// there.
    pub accounts: BTreeMap<(String, String), Option<Denied>>,
    /// `kafkanodepools.kafka.strimzi.io` of the mirrors' namespaces.
    pub pools: Vec<Value>,
    /// `blueprintbindings.config.kio.kasten.io` of K10's namespace.
    pub bindings: Vec<Value>,
}

/// What an account is not allowed, by the mirror, as namespace and name.
pub type Denied = BTreeMap<(String, String), Vec<String>>;

/// All that is wrong, or costs something, each named once.
#[must_use]
pub fn faults(seen: &Seen) -> Vec<Fault> {
    let mut faults = Vec::new();
    if seen.mirrors.is_empty() {
        faults.push(Fault::new(
            "Kafka",
            "none has the label slackwater.io/mirror=true, and none of its pools: hooks find no mirror, \
             and fail",
        ));
    }
    for mirror in &seen.mirrors {
        let place = format!("Kafka {}/{}", mirror.namespace, mirror.name);
        let covering: Vec<&Value> = seen
            .policies
            .iter()
            .filter(|policy| policies::covers(policy, &mirror.namespace, &seen.namespaces))
            .collect();
        if covering.is_empty() {
            let says = format!("no policy of K10 is for namespace {}", mirror.namespace);
            faults.push(Fault::new(&place, says));
        }
        faults.extend(of_volumes(&place, mirror, &seen.classes));
        faults.extend(bindings::faults(mirror, &covering, seen));
        faults.extend(accounts::of_bound(mirror, seen));
        let is_bound = bindings::is_bound(mirror, seen);
        for policy in covering {
            if !is_bound {
                faults.extend(hooks::faults(policy, &seen.blueprints));
            }
            faults.extend(filters::faults(policy));
            faults.extend(accounts::faults(policy, mirror, seen));
        }
    }
    // A policy, and a blueprint, may be of several mirrors.
    let mut once: Vec<Fault> = Vec::new();
    for fault in faults {
        if !once.contains(&fault) {
            once.push(fault);
        }
    }
    once
}

fn of_volumes(place: &str, mirror: &Mirror, classes: &[Value]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let count = mirror.drivers.len();
    if count > AT_A_TIME {
        faults.push(Fault::new(
            place,
            format!(
                "has {count} claims, and K10 snapshots {AT_A_TIME} at a time in the whole cluster \
                 (limiter.csiSnapshotsPerCluster): it is held until the last one is cut"
            ),
        ));
    }
    let mut drivers = mirror.drivers.clone();
    drivers.sort();
    drivers.dedup();
    for driver in drivers {
        let taken = classes.iter().any(|class| {
            class["driver"] == driver.as_str() && class["metadata"]["annotations"][CLASS] == "true"
        });
        if !taken {
            faults.push(Fault::new(
                place,
                format!(
                    "no VolumeSnapshotClass of {driver} has the annotation {CLASS}: \"true\": K10 makes \
                     no VolumeSnapshots of its claims"
                ),
            ));
        }
    }
    faults
}

/// `Policy NAMESPACE/NAME`
fn place(policy: &Value) -> String {
    let text = |key: &str| policy["metadata"][key].as_str().unwrap_or_default();
    format!("Policy {}/{}", text("namespace"), text("name"))
}

/// The parameters of its backup actions.
fn backups(policy: &Value) -> impl Iterator<Item = &Value> {
    let actions = policy["spec"]["actions"].as_array().into_iter().flatten();
    actions
        .filter(|action| action["action"] == "backup")
        .map(|action| &action["backupParameters"])
}
