//! `slackwater snapshot`: what there is, and deleting it.

use clap::{Args, Subcommand};
use slackwater_ports::VolumeSnapshot as _;
use slackwater_store::RunId;
use slackwater_volumes::RunName;

use super::{Context, WhereArg};
use crate::exit::Stop;
use crate::recording;
use crate::site::{Site, Strimzi};

/// Look at snapshots, or delete one.
#[derive(Debug, Args)]
pub(super) struct Snapshot {
    #[command(flatten)]
    at: WhereArg,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Runs whose snapshot is finished.
    List,
    /// Compare a snapshot's manifest with what is there.
    Verify {
        /// The run.
        run: RunId,
    },
    /// Delete a snapshot, and the recordings of its run. The cut stays.
    Delete {
        /// The run.
        run: RunId,
        /// The cut does not stay: of a mirror in Kubernetes.
        #[arg(long)]
        with_cut: bool,
    },
}

impl Snapshot {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let Some(config) = self.at.said() else {
            return Err(Stop::bad_input(
                "name the mirror: --config, SLACKWATER_CONFIG or --kafka",
            ));
        };
        let site = context.site_of_what_there_is(&config)?;
        match site.strimzi() {
            Some(strimzi) => self.in_strimzi(context, strimzi),
            None => self.local(context, &site),
        }
    }

    fn local(&self, context: &Context, site: &Site) -> Result<(), Stop> {
        let snapshots = site.local()?.snapshots(site.allow_plain_copy)?;
        let name = |run: &RunId| RunName::new(run.as_str()).map_err(Stop::bad_input);
        match &self.verb {
            Verb::List => {
                let runs = snapshots.list().map_err(Stop::from)?;
                let runs: Vec<String> = runs.iter().map(|run| run.as_str().to_owned()).collect();
                context.print(&runs, |runs| listed(runs))
            }
            Verb::Verify { run } => {
                let manifest = snapshots.verify(&name(run)?).map_err(Stop::from)?;
                let volumes = manifest.volumes.len();
                context.print(&serde_json::json!({"run": run, "volumes": volumes}), |_| {
                    format!("run {run}: {volumes} volumes are as their manifest says")
                })
            }
            Verb::Delete { with_cut: true, .. } => Err(Stop::bad_input(
                "a cut on this machine is a file: delete it yourself, without --with-cut here",
            )),
            Verb::Delete { run, .. } => {
                snapshots.delete(&name(run)?).map_err(Stop::from)?;
                recording::delete(site.local()?.dir(), run)?;
                context.print(&serde_json::json!({"deleted": run}), |_| {
                    format!("the snapshot of run {run} is deleted")
                })
            }
        }
    }

    fn in_strimzi(&self, context: &Context, strimzi: &Strimzi) -> Result<(), Stop> {
        match &self.verb {
            Verb::List => {
                let runs: Vec<String> = strimzi.runs_with_snapshots()?;
                context.print(&runs, |runs| listed(runs))
            }
            Verb::Verify { run } => {
                let found = strimzi.snapshots(run)?.snapshots();
                let found = found.map_err(|error| Stop::failed(error.message))?;
                let lacking = found
                    .iter()
                    .find(|one| one.error.is_some() || !one.ready)
                    .map(|one| one.handle.clone());
                match (lacking, found.len()) {
                    (_, 0) => Err(Stop::failed(format!("run {run} has no VolumeSnapshots"))),
                    (Some(handle), _) => Err(Stop::failed(format!("{handle} is not ready"))),
                    (None, volumes) => context
                        .print(&serde_json::json!({"run": run, "volumes": volumes}), |_| {
                            format!("run {run}: {volumes} VolumeSnapshots are ready")
                        }),
                }
            }
            Verb::Delete { run, with_cut } => {
                let known = strimzi.knows(run)?;
                strimzi.delete(run, *with_cut)?;
                context.print(&serde_json::json!({"deleted": known.then_some(run)}), |_| {
                    // Told again, as after a hook that was cut short, it has nothing to do.
                    if !known {
                        return format!(
                            "nothing of a run {run} was there: it was deleted before, or never was"
                        );
                    }
                    let what = if *with_cut {
                        "the backup"
                    } else {
                        "the snapshot"
                    };
                    format!("{what} of run {run} is deleted")
                })
            }
        }
    }
}

fn listed(runs: &[String]) -> String {
    match runs {
        [] => "no run has a snapshot".to_owned(),
        runs => runs.join("\n"),
    }
}
