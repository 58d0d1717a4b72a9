//! `slackwater snapshot`: what there is, and deleting it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use slackwater_store::RunId;
use slackwater_volumes::RunName;

use super::{ConfigArg, Context};
use crate::exit::Stop;
use crate::recording;

/// Look at snapshots, or delete one.
#[derive(Debug, Args)]
pub(super) struct Snapshot {
    /// The configuration, of kind Mirror.
    #[arg(long, short, env = "SLACKWATER_CONFIG", global = true)]
    config: Option<PathBuf>,
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
    },
}

impl Snapshot {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let Some(config) = &self.config else {
            return Err(Stop::bad_input(
                "name the configuration: --config or SLACKWATER_CONFIG",
            ));
        };
        let site = context.site(&ConfigArg::of(config))?;
        let snapshots = site.local()?.snapshots(site.allow_plain_copy)?;
        let name = |run: &RunId| RunName::new(run.as_str()).map_err(Stop::bad_input);
        match &self.verb {
            Verb::List => {
                let runs = snapshots.list().map_err(Stop::from)?;
                let runs: Vec<String> = runs.iter().map(|run| run.as_str().to_owned()).collect();
                context.print(&runs, |runs| runs.join("\n"))
            }
            Verb::Verify { run } => {
                let manifest = snapshots.verify(&name(run)?).map_err(Stop::from)?;
                let volumes = manifest.volumes.len();
                context.print(&serde_json::json!({"run": run, "volumes": volumes}), |_| {
                    format!("run {run}: {volumes} volumes are as their manifest says")
                })
            }
            Verb::Delete { run } => {
                snapshots.delete(&name(run)?).map_err(Stop::from)?;
                recording::delete(site.local()?.dir(), run)?;
                context.print(&serde_json::json!({"deleted": run}), |_| {
                    format!("the snapshot of run {run} is deleted")
                })
            }
        }
    }
}
