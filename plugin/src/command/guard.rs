//! `slackwater guard`: the process that holds the mirror.

use clap::Args;
use slackwater_store::RunId;

use super::ConfigArg;
use crate::exit::Stop;
use crate::guard::serve;

/// The process that holds the mirror; started by the phases.
#[derive(Debug, Args)]
pub(super) struct Guard {
    #[command(flatten)]
    config: ConfigArg,
    /// The run that it holds the mirror for.
    #[arg(long)]
    run: RunId,
    /// As for backup.
    #[arg(long)]
    allow_plain_copy: bool,
    /// As for backup.
    #[arg(long, value_name = "PHASE=FILE")]
    component: Vec<String>,
    /// As for backup.
    #[arg(long)]
    no_recording: bool,
}

impl Guard {
    pub(super) fn run(&self) -> Result<(), Stop> {
        serve(
            &self.config.config,
            &self.run,
            self.allow_plain_copy,
            &self.component,
            !self.no_recording,
        )
    }
}
