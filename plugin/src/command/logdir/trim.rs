//! `slackwater logdir trim` and `untrim`: volumes are cut by a plan, or put back.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use slackwater_point::{MAX_PLAN_BYTES, Plan};
use slackwater_trim::{Held, RealDisk, Trimmed};

use super::super::Context;
use super::plan::stop;
use crate::exit::Stop;

/// Cut log directories by a plan, before any broker starts on them.
///
/// All copies of a partition end at its cut then, with the same batches; those
/// that lacked some get them. What goes is kept beside the data until --discard;
/// `untrim` puts it back. One that was ended, by whatever, is run again.
#[derive(Debug, Args)]
pub(super) struct Trim {
    /// The plan, as `logdir plan --save` wrote it.
    plan: PathBuf,
    /// Directories of `log.dirs`, or above them, of all brokers in the plan.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Delete what goes at once: there is no way back then.
    #[arg(long)]
    discard: bool,
}

/// Put log directories back as they were before a trim.
#[derive(Debug, Args)]
pub(super) struct Untrim {
    /// Directories of `log.dirs`, or above them, of all brokers that were trimmed.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    dirs: u64,
    steps: u64,
    written_bytes: u64,
    read_back: u64,
    discarded: bool,
}

impl Report {
    fn of(done: Trimmed, discarded: bool) -> Self {
        Self {
            dirs: done.dirs,
            steps: done.steps,
            written_bytes: done.written,
            read_back: done.read_back,
            discarded,
        }
    }
}

impl Trim {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let plan = read_plan(&self.plan)?;
        let mut held = Held::take(&self.paths, &RealDisk).map_err(stop)?;
        let done = held.trim(&plan).map_err(stop)?;
        if self.discard {
            held.discard().map_err(stop)?;
        }
        context.print(&Report::of(done, self.discard), |report| {
            let way_back = match self.discard {
                true => "what went is deleted",
                false => "`slackwater logdir untrim` puts it back",
            };
            format!(
                "trimmed {} log directories in {} steps; {} copies read back, all at their cuts; {way_back}",
                report.dirs, report.steps, report.read_back
            )
        })
    }
}

/// A plan as `logdir plan --save` wrote it.
pub(in crate::command) fn read_plan(file: &Path) -> Result<Plan, Stop> {
    let name = file.display();
    let wrong = |error: &dyn std::fmt::Display| Stop::bad_input(format!("{name}: {error}"));
    let bytes = fs::metadata(file).map_err(|error| wrong(&error))?.len();
    if bytes > MAX_PLAN_BYTES as u64 {
        return Err(wrong(&format!("it has {bytes} bytes: no plan is so large")));
    }
    let text = fs::read_to_string(file).map_err(|error| wrong(&error))?;
    Plan::parse(&text).map_err(|error| wrong(&error))
}

impl Untrim {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let mut held = Held::take(&self.paths, &RealDisk).map_err(stop)?;
        let done = held.untrim().map_err(stop)?;
        context.print(&Report::of(done, false), |report| {
            format!(
                "{} log directories are as they were before the trim",
                report.dirs
            )
        })
    }
}
