//! As whom hooks run, and where: a Blueprint's templates say it, so they are rendered for
//! the namespace of each mirror as K10 has them rendered.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use slackwater_template::kanister::{Given, Kind, Rendered, rendered};

use super::hooks::HOOKS;
use super::{Mirror, Seen, backups, bindings, place, policies};
use crate::Fault;

/// What an action is for. (A restore that an account may not make says so before it touches
/// anything; but who needs one has no time to mend that.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum For {
    /// A backup.
    Backup,
    /// A restore.
    Restore,
}

/// A ServiceAccount as which hooks run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What those hooks are for.
    pub what: For,
}

/// Actions for a restore, in the blueprint of a policy's hooks.
const RESTORES: [&str; 2] = ["beforeRestore", "afterRestore"];

/// Actions that K10 runs around a bound pool.
const BOUND: [(&str, For); 4] = [
    ("backupPrehook", For::Backup),
    ("backupPosthook", For::Backup),
    ("restorePrehook", For::Restore),
    ("restorePosthook", For::Restore),
];

/// The ServiceAccounts as which the hooks of these mirrors run: whoever looks asks what
/// each may do.
#[must_use]
pub fn accounts(seen: &Seen) -> BTreeSet<Account> {
    let mut all = BTreeSet::new();
    for mirror in &seen.mirrors {
        for policy in &seen.policies {
            if policies::covers(policy, &mirror.namespace, seen) {
                let hooks = hooks(policy, mirror, seen);
                all.extend(
                    hooks
                        .iter()
                        .flat_map(|(_, what, done)| accounts_of(*what, done)),
                );
            }
        }
        let bound = hooks_of_pools(mirror, seen);
        all.extend(
            bound
                .iter()
                .flat_map(|(_, what, done)| accounts_of(*what, done)),
        );
    }
    all
}

pub(super) fn faults(policy: &Value, mirror: &Mirror, seen: &Seen) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (name, what, done) in hooks(policy, mirror, seen) {
        let at = format!("{} {name}", place(policy));
        for (text, why) in &done.failed {
            faults.push(Fault::new(
                &at,
                format!("fails for namespace {}: {text}: {why}", mirror.namespace),
            ));
        }
        faults.extend(of_accounts(&at, what, &done, mirror, seen));
    }
    faults
}

/// Of hooks that are bound to pools of the mirror. (What is handed to a restore is not
/// known yet, and so not whether that can be rendered.)
pub(super) fn of_bound(mirror: &Mirror, seen: &Seen) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, what, done) in hooks_of_pools(mirror, seen) {
        faults.extend(of_accounts(&at, what, &done, mirror, seen));
    }
    faults
}

fn of_accounts(at: &str, what: For, done: &Rendered, mirror: &Mirror, seen: &Seen) -> Vec<Fault> {
    let mut faults = Vec::new();
    for account in accounts_of(what, done) {
        let who = format!("ServiceAccount {}/{}", account.namespace, account.name);
        match seen.accounts.get(&account) {
            // Nobody asked.
            None => {}
            Some(None) => faults.push(Fault::new(at, format!("runs as {who}, which is not there"))),
            Some(Some(denied)) => {
                let of = (mirror.namespace.clone(), mirror.name.clone());
                let missing = denied.get(&of).map_or(&[][..], Vec::as_slice);
                if !missing.is_empty() {
                    faults.push(Fault::new(
                        who,
                        format!(
                            "may not, for {}{}/{}: {}",
                            match what {
                                For::Backup => "",
                                For::Restore => "a restore of ",
                            },
                            mirror.namespace,
                            mirror.name,
                            missing.join(", ")
                        ),
                    ));
                }
            }
        }
    }
    faults
}

/// Each hook that there is, rendered, and what its blueprint has for restores. Those that
/// are missing are another fault.
fn hooks(policy: &Value, mirror: &Mirror, seen: &Seen) -> Vec<(&'static str, For, Rendered)> {
    let given = Given {
        object: json!({"kind": "Namespace", "metadata": {"name": mirror.namespace}}),
        kind: Some(Kind::Namespace),
        ..Given::default()
    };
    let mut all = Vec::new();
    for parameters in backups(policy) {
        for (hook, _) in HOOKS {
            let said = &parameters["hooks"][hook];
            let mut blueprints = seen.blueprints.iter();
            let found = blueprints.find(|one| one["metadata"]["name"] == said["blueprint"]);
            let action = said["actionName"].as_str().unwrap_or_default();
            let done = found.and_then(|blueprint| rendered(blueprint, action, &given).ok());
            all.extend(done.map(|done| (hook, For::Backup, done)));
            for action in RESTORES {
                let done = found.and_then(|blueprint| rendered(blueprint, action, &given).ok());
                all.extend(done.map(|done| (action, For::Restore, done)));
            }
        }
    }
    all
}

/// The same of pools, by what a fault names.
fn hooks_of_pools(mirror: &Mirror, seen: &Seen) -> Vec<(String, For, Rendered)> {
    let mut all = Vec::new();
    for (pool, blueprint) in bindings::bound(mirror, seen) {
        let given = Given {
            object: pool.clone(),
            ..Given::default()
        };
        let name = blueprint["metadata"]["name"].as_str().unwrap_or_default();
        for (action, what) in BOUND {
            let done = rendered(blueprint, action, &given).ok();
            let at = format!("Blueprint {name} {action}");
            all.extend(done.map(|done| (at, what, done)));
        }
    }
    all
}

/// Of phases that say both: without a namespace they run in K10's, as K10's own.
fn accounts_of(what: For, done: &Rendered) -> Vec<Account> {
    let phases = done.action["phases"].as_array().into_iter().flatten();
    let both = phases.filter_map(|phase| {
        let args = &phase["args"];
        let account = args["podOverride"]["serviceAccountName"].as_str()?;
        Some(Account {
            namespace: args["namespace"].as_str()?.to_owned(),
            name: account.to_owned(),
            what,
        })
    });
    both.collect()
}
