//! `slackwater hook NAME --namespace NS`: what a K10 policy runs around its own
//! snapshots of a namespace, and around its restores, by the blueprint
//! `k10-policy-hooks.yaml`. And `slackwater hook NAME --kafka NS/NAME --pool POOL`: what
//! it runs around those of one node pool, where `k10-bound-hooks.yaml` is bound to it.
//!
//! Each mirror of the namespace that is opted in has a run of its own; where one
//! fails, all are given up, and the hook fails. K10 runs a hook again where it failed,
//! and may run none of the later ones: the guard has its deadline.

mod backup;
mod bound;
mod restore;
mod shown;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use slackwater_cut::Cut;
use slackwater_ports::Output;
use slackwater_store::RunId;

use super::{Context, print_line};
use crate::adapters::Terminal;
use crate::exit::Stop;
use crate::outputs;
use crate::site::{KafkaName, Need, OPTED_IN, Site, Strimzi, opted_in, sealed_once};

/// So far back a run may lie that a hook asks about.
const LAST_RUNS: usize = 100;

/// What a K10 policy runs around its own snapshots.
#[derive(Debug, Args)]
pub(super) struct Hook {
    /// Which.
    name: Name,
    /// The namespace that K10 backs up; for the hooks of a policy.
    #[arg(long, required_unless_present_all = ["kafka", "pool"], conflicts_with_all = ["kafka", "pool"])]
    namespace: Option<String>,
    /// The Kafka that a node pool is of, as NAMESPACE/NAME; for hooks that are bound to
    /// pools.
    #[arg(long, requires = "pool")]
    kafka: Option<KafkaName>,
    /// The KafkaNodePool whose hook it is.
    #[arg(long, requires = "kafka")]
    pool: Option<String>,
    /// With restorePosthook: the run whose backup was restored.
    #[arg(long)]
    run: Option<RunId>,
    /// With restorePosthook: the digest of what that run had sealed.
    #[arg(long, value_name = "SHA256", requires = "run")]
    sealed: Option<String>,
    /// How its Kubernetes is reached. Default: as kubectl does, and in a pod by its
    /// ServiceAccount.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// With beforeBackup and backupPrehook: how long the mirror may be held, in seconds. K10 takes the
    /// snapshots of a namespace a few at a time, and its manifests before them. What is
    /// said of a mirror (`limits.window`) counts where it is more.
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u64).range(30..=3_600))]
    window: u64,
    /// With afterRestore and restorePosthook: what feeds the mirror stays stopped, as where its sources can't
    /// be reached.
    #[arg(long)]
    no_feed: bool,
    /// With these: go on where something is not proven; never where it is refuted.
    #[arg(long)]
    accept_unproven: bool,
    /// With these: let MirrorMaker skip what the source has deleted.
    #[arg(long)]
    accept_loss: bool,
    /// Around a restore: Argo CD or Flux, where one owns what feeds the mirror, was told
    /// to leave it alone.
    #[arg(long)]
    git_ops_suspended: bool,
}

/// A hook of a K10 policy, or of a node pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "camelCase")]
enum Name {
    /// preHook: the mirror is stopped, drained, sealed and flushed.
    BeforeBackup,
    /// onSuccess: K10's snapshots are those that were seen; the mirror runs.
    AfterBackup,
    /// onFailure: the mirror runs, and the run is void.
    AfterFailure,
    /// preHook of a restore: nothing runs on the claims, and they are gone; their volumes
    /// are kept.
    BeforeRestore,
    /// onSuccess of a restore: what the claims hold is the cut, then the brokers' heads
    /// are; the mirror goes on.
    AfterRestore,
    /// Of a pool: all of its mirror is stopped, drained, sealed and flushed, by the first
    /// of its pools' hooks.
    BackupPrehook,
    /// Of a pool: its volumes have their snapshots; behind the last pool, all have them.
    BackupPosthook,
    /// Of a pool: its mirror stands aside.
    RestorePrehook,
    /// Of a pool: when all claims are restored, as afterRestore.
    RestorePosthook,
}

impl Hook {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        match self.name {
            Name::BeforeBackup => self.before_backup(context, &self.mirrors()?),
            Name::AfterBackup => self.after_backup(context, &self.mirrors()?),
            Name::AfterFailure => {
                each(&self.mirrors()?, |kafka| self.after_failure(context, kafka))
            }
            Name::BeforeRestore => self.before_restore_of_all(context),
            Name::AfterRestore => {
                each(&self.mirrors()?, |kafka| self.after_restore(context, kafka))
            }
            Name::BackupPrehook => self.backup_prehook(context),
            Name::BackupPosthook => self.backup_posthook(context),
            Name::RestorePrehook => self.restore_prehook(context),
            Name::RestorePosthook => self.restore_posthook(context),
        }
    }

    /// The mirrors of its namespace; there has to be one.
    fn mirrors(&self) -> Result<Vec<KafkaName>, Stop> {
        let kafkas = self.opted_in()?;
        match kafkas.is_empty() {
            false => Ok(kafkas),
            true => Err(Stop::bad_input(format!(
                "no Kafka of namespace {} has the label {OPTED_IN}: set it on each mirror that is \
                 to be backed up",
                self.namespace.as_deref().unwrap_or_default()
            ))),
        }
    }

    /// One that was backed up so, and is not opted in any more, would have its claims
    /// restored under brokers that run.
    fn before_restore_of_all(&self, context: &Context) -> Result<(), Stop> {
        let kafkas = self.opted_in()?;
        let sealed = sealed_once(self.kubeconfig.as_deref(), self.of_policy()?)?;
        if let Some(kafka) = sealed.iter().find(|one| !kafkas.contains(one)) {
            return Err(Stop::bad_input(format!(
                "the claims of {kafka} were backed up as a mirror's, and it has the label {OPTED_IN} no \
                 more: set it, so that its brokers stand aside, or delete it, or take \
                 `slackwater.io/sealed-by` off its claims where it is no mirror any more"
            )));
        }
        if kafkas.is_empty() {
            Terminal::new(context.quiet).say("no mirror is in the way");
            return Ok(());
        }
        self.before_restore(context, &kafkas)
    }

    fn opted_in(&self) -> Result<Vec<KafkaName>, Stop> {
        opted_in(self.kubeconfig.as_deref(), self.of_policy()?)
    }

    /// The namespace whose policy it is of.
    fn of_policy(&self) -> Result<&str, Stop> {
        self.namespace.as_deref().ok_or_else(|| {
            Stop::bad_input("a hook of a policy is told its namespace: say --namespace")
        })
    }

    fn site(&self, context: &Context, kafka: &KafkaName, need: &Need) -> Result<Site, Stop> {
        let terminal = Terminal::new(context.quiet);
        Site::in_strimzi(kafka, self.kubeconfig.as_deref(), need, terminal)
    }
}

/// The last run of this mirror that is so.
fn last_run(site: &Site, is_so: impl Fn(&Cut) -> bool) -> Result<Option<(RunId, Cut)>, Stop> {
    for listed in site
        .runs()
        .last_of(&site.name, LAST_RUNS)
        .map_err(Stop::failed)?
    {
        // Another mirror's, perhaps: what of this one can't be read is passed over.
        let Some(cut) = listed
            .record
            .ok()
            .and_then(|record| Cut::parse(&record.document).ok())
        else {
            continue;
        };
        if cut.mirror == site.name && is_so(&cut) {
            return Ok(Some((listed.run, cut)));
        }
    }
    Ok(None)
}

fn strimzi(site: &Site) -> Result<&Strimzi, Stop> {
    let strimzi = site.strimzi();
    strimzi.ok_or_else(|| Stop::failed("a hook is of a mirror in Strimzi"))
}

/// All of them, whatever becomes of one; the first failure is the hook's.
fn each(kafkas: &[KafkaName], done: impl Fn(&KafkaName) -> Result<(), Stop>) -> Result<(), Stop> {
    let mut first = Ok(());
    for kafka in kafkas {
        let stopped = done(kafka).map_err(|stop| of(kafka, stop));
        if let (Ok(()), Err(_)) = (&first, &stopped) {
            first = stopped;
        } else if let Err(stop) = stopped {
            tracing::error!("{}", stop.cause);
        }
    }
    first
}

fn of(kafka: &KafkaName, stop: Stop) -> Stop {
    Stop {
        cause: format!("{kafka}: {}", stop.cause),
        ..stop
    }
}

/// As Kanister reads it: of several mirrors the last one's counts there, and all are in
/// the log.
fn tell(kafka: &KafkaName, pairs: &[(&str, &str)]) -> Result<(), Stop> {
    let kafka = kafka.to_string();
    let of = [("kafka", kafka.as_str())];
    let outputs: Vec<Output> = pairs
        .iter()
        .chain(&of)
        .map(|(key, value)| Output {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
        })
        .collect();
    for line in outputs::lines(&outputs)? {
        print_line(&line)?;
    }
    Ok(())
}
