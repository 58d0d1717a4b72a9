//! `slackwater restore`: a snapshot into new volumes.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use slackwater_store::RunId;
use slackwater_volumes::RunName;

use super::{ConfigArg, Context, volume_targets};
use crate::exit::Stop;

/// Put a snapshot into new volumes. Nothing is overwritten.
#[derive(Debug, Args)]
pub(super) struct Restore {
    #[command(flatten)]
    config: ConfigArg,
    /// The run whose snapshot it is.
    run: RunId,
    /// Where each volume goes: `VOLUME=DIRECTORY`, for all of them.
    #[arg(long, value_name = "VOLUME=DIRECTORY", required = true)]
    to: Vec<String>,
    /// Volumes may be plain copies where blocks can't be shared.
    #[arg(long)]
    allow_plain_copy: bool,
}

#[derive(Serialize)]
struct Row {
    volume: String,
    target: PathBuf,
    method: String,
}

impl Restore {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let mut site = context.site(&self.config)?;
        site.allow_plain_copy = self.allow_plain_copy;
        let targets = volume_targets(&self.to)?;
        let run = RunName::new(self.run.as_str()).map_err(Stop::bad_input)?;
        let rows: Vec<Row> = site
            .snapshots()?
            .restore(&run, &targets)
            .map_err(Stop::from)?
            .into_iter()
            .map(|one| Row {
                volume: one.volume,
                target: one.target,
                method: one.method,
            })
            .collect();
        context.print(&rows, |rows| {
            rows.iter()
                .map(|row| {
                    format!(
                        "{} → {} ({})\n",
                        row.volume,
                        row.target.display(),
                        row.method
                    )
                })
                .collect()
        })
    }
}
