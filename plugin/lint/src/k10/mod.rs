//! What of K10's own configuration would leave a mirror without a backup, or without one
//! that can be proven, and is not said by K10: hooks that are missing or misspelt,
//! filters that drop what a restore needs, classes that K10 does not take.
//!
//! Pure: what was listed in, faults out. Shapes are those of K10's API (`api`, Policy,
//! BackupAction) and of external-snapshotter's.

mod accounts;
mod bindings;
mod budget;
mod classes;
mod filters;
mod hooks;
mod policies;
mod restores;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Fault;

pub use accounts::{Account, For, accounts};

/// VolumeSnapshots at a time in a whole cluster, unless K10 is told otherwise
/// (`limiter.csiSnapshotsPerCluster`): a mirror of more claims is held for longer.
pub const SNAPSHOTS_AT_ONCE: usize = 10;

/// What a hook may take, s: `timeout.blueprintHooks`, 20 minutes unless K10 is told
/// otherwise.
pub const HOOK_SECONDS: u64 = 1_200;

/// What K10 was told when it was installed. Under which names it keeps that in the cluster,
/// its documentation does not say: whoever told it another says so here, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// See [`SNAPSHOTS_AT_ONCE`].
    pub snapshots_at_once: usize,
    /// See [`HOOK_SECONDS`].
    pub hook_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            snapshots_at_once: SNAPSHOTS_AT_ONCE,
            hook_seconds: HOOK_SECONDS,
        }
    }
}

/// The volume of a claim.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Volume {
    /// Its CSI driver.
    pub driver: String,
    /// Its StorageClass; empty where it has none.
    pub storage_class: String,
}

/// A mirror, as far as K10 has to do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its claims' volumes, one for each claim.
    pub volumes: Vec<Volume>,
}

/// What there is.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// K10's own namespace.
    pub namespace: String,
    /// The mirrors that are opted in.
    pub mirrors: Vec<Mirror>,
    /// Namespaces, with their labels and annotations.
    pub namespaces: Vec<Value>,
    /// `policies.config.kio.kasten.io` of K10's namespace, and of the mirrors'.
    pub policies: Vec<Value>,
    /// `blueprints.cr.kanister.io` there.
    pub blueprints: Vec<Value>,
    /// `volumesnapshotclasses`
    pub classes: Vec<Value>,
    /// `storageclasses`, with their annotations.
    pub storage_classes: Vec<Value>,
    /// What ServiceAccounts ([`accounts`]) are not allowed; `None` of one that is not
    /// there.
    pub accounts: BTreeMap<Account, Option<Denied>>,
    /// `kafkas.kafka.strimzi.io`, with their labels.
    pub kafkas: Vec<Value>,
    /// `kafkanodepools.kafka.strimzi.io` of the mirrors' namespaces.
    pub pools: Vec<Value>,
    /// `kafkamirrormaker2s.kafka.strimzi.io`, with their labels.
    pub makers: Vec<Value>,
    /// `blueprintbindings.config.kio.kasten.io` of K10's namespace.
    pub bindings: Vec<Value>,
    /// What K10 was told.
    pub limits: Limits,
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
            .filter(|policy| policies::covers(policy, &mirror.namespace, seen))
            .collect();
        if covering.is_empty() {
            let says = format!("no policy of K10 is for namespace {}", mirror.namespace);
            faults.push(Fault::new(&place, says));
        }
        faults.extend(policies::faults(&mirror.namespace, seen));
        faults.extend(classes::faults(&place, mirror, seen));
        faults.extend(bindings::faults(mirror, &covering, seen));
        faults.extend(accounts::of_bound(mirror, seen));
        faults.extend(restores::faults(mirror, seen));
        let is_bound = bindings::is_bound(mirror, seen);
        for policy in covering {
            if !is_bound {
                faults.extend(hooks::faults(policy, seen));
            }
            faults.extend(filters::faults(policy, mirror, seen));
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

/// `Policy NAMESPACE/NAME`
fn place(policy: &Value) -> String {
    format!("Policy {}", full_name(policy))
}

/// `NAMESPACE/NAME`
fn full_name(object: &Value) -> String {
    let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
    format!("{}/{}", text("namespace"), text("name"))
}

/// The parameters of its backup actions.
fn backups(policy: &Value) -> impl Iterator<Item = &Value> {
    let actions = policy["spec"]["actions"].as_array().into_iter().flatten();
    actions
        .filter(|action| action["action"] == "backup")
        .map(|action| &action["backupParameters"])
}
