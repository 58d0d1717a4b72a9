//! `slackwater doctor --k10`: what Kasten K10 would leave a mirror without, and does not
//! say. Looks at the cluster, and changes nothing.

use std::path::PathBuf;

use clap::Args;
use slackwater_kubernetes::{ApiServer, K10Work, k10_account, k10_objects};
use slackwater_lint::k10::{
    For, HOOK_SECONDS, Limits, Mirror, SNAPSHOTS_AT_ONCE, Seen, Volume, accounts, faults,
};

use super::Context;
use crate::exit::Stop;
use crate::site::OPTED_IN;

/// What K10 would leave a mirror without in silence.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Of Kasten K10: its policies and their hooks, filters and blueprints, and the
    /// classes by which it snapshots.
    #[arg(long, required = true)]
    k10: bool,
    /// K10's namespace.
    #[arg(long, value_name = "NAMESPACE", default_value = "kasten-io")]
    k10_namespace: String,
    /// How many VolumeSnapshots K10 makes at a time, as it was told when it was installed
    /// (`limiter.csiSnapshotsPerCluster`).
    #[arg(long, value_name = "N", default_value_t = SNAPSHOTS_AT_ONCE)]
    k10_snapshots_at_once: usize,
    /// After how many seconds K10 ends a hook, as it was told when it was installed
    /// (`timeout.blueprintHooks`, which is in minutes).
    #[arg(long, value_name = "N", default_value_t = HOOK_SECONDS, value_parser = clap::value_parser!(u64).range(1..))]
    k10_hook_seconds: u64,
    /// How the Kubernetes is reached. Default: as kubectl does, and in a pod by its
    /// ServiceAccount.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

impl Doctor {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let server = ApiServer::connect(self.kubeconfig.as_deref()).map_err(Stop::bad_input)?;
        let found = k10_objects(&server, &self.k10_namespace, OPTED_IN).map_err(Stop::failed)?;
        let policies = found.policies.ok_or_else(|| {
            Stop::bad_input(
                "no policies.config.kio.kasten.io are served: K10 is not installed here",
            )
        })?;
        let mirrors = found.mirrors.into_iter();
        let mirrors = mirrors.map(|mirror| Mirror {
            namespace: mirror.namespace,
            name: mirror.name,
            volumes: mirror.volumes.into_iter().map(volume).collect(),
        });
        let mut seen = Seen {
            namespace: self.k10_namespace.clone(),
            mirrors: mirrors.collect(),
            namespaces: found.namespaces,
            policies,
            blueprints: found.blueprints,
            classes: found.classes,
            storage_classes: found.storage_classes,
            kafkas: found.kafkas,
            pools: found.pools,
            makers: found.makers,
            bindings: found.bindings,
            limits: Limits {
                snapshots_at_once: self.k10_snapshots_at_once,
                hook_seconds: self.k10_hook_seconds,
            },
            ..Seen::default()
        };
        let named = seen.mirrors.iter();
        let named: Vec<_> = named
            .map(|one| (one.namespace.clone(), one.name.clone()))
            .collect();
        for account in accounts(&seen) {
            let work = match account.what {
                For::Backup => K10Work::Backup,
                For::Restore => K10Work::Restore,
            };
            let who = (account.namespace.as_str(), account.name.as_str());
            let denied = k10_account(&server, who, work, &named).map_err(Stop::failed)?;
            seen.accounts.insert(account, denied);
        }
        let faults: Vec<String> = faults(&seen).iter().map(ToString::to_string).collect();
        context.print(&faults, |faults| match faults.as_slice() {
            [] => format!(
                "{} mirrors and {} policies were looked at: nothing was found",
                seen.mirrors.len(),
                seen.policies.len()
            ),
            faults => faults.join("\n"),
        })?;
        match faults.len() {
            0 => Ok(()),
            count => Err(Stop::bad_input(format!(
                "{count} things stand between a mirror and a proven backup or a restore by K10"
            ))),
        }
    }
}

fn volume((driver, storage_class): (String, String)) -> Volume {
    Volume {
        driver,
        storage_class,
    }
}
