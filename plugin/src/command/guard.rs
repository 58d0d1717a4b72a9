//! `slackwater guard`: the process that holds the mirror.

use clap::Args;
use slackwater_store::RunId;

use super::ConfigArg;
use crate::exit::Stop;
use crate::guard::{ask, serve};
use crate::site::{GuardWith, Need};

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
    /// As for backup.
    #[arg(long)]
    no_pause: bool,
}

impl Guard {
    pub(super) fn run(&self) -> Result<(), Stop> {
        let with = GuardWith {
            plain_copy: self.allow_plain_copy,
            components: self.component.clone(),
            records: !self.no_recording,
            leaves_kafka: self.no_pause,
        };
        let need = Need::Guard(self.run.clone());
        serve(
            |terminal| self.config.open(&need, terminal),
            &self.run,
            &with,
        )
    }
}

/// Hands what it reads to the guard of this pod, and prints what that answers;
/// run in it by the phases.
#[derive(Debug, Args)]
pub(super) struct GuardAsk {}

impl GuardAsk {
    pub(super) fn run(&self) -> Result<(), Stop> {
        ask()
    }
}
