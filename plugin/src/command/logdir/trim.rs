//! `slackwater logdir trim`, `untrim` and `discard`: volumes are cut by a plan, or put back,
//! or left as they are.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use slackwater_point::{MAX_PLAN_BYTES, Plan};
use slackwater_trim::{Held, Reached, RealDisk, Trimmed};

use super::super::Context;
use super::plan::stop;
use crate::exit::Stop;
use crate::trimming::{earlier_ended, first_and_more};

/// Cut log directories by a plan, before any broker starts on them.
///
/// All copies of a partition end at its cut then, with the same batches; those
/// that lacked some get them. What goes is kept beside the data until --discard, with
/// the first trim or later; `untrim` puts it back. One that was ended, by whatever, is run
/// again. Exit code 2, and nothing is changed, where MirrorMaker may go on ahead of what is
/// kept.
#[derive(Debug, Args)]
pub(super) struct Trim {
    /// The plan, as `logdir plan --save` wrote it.
    plan: PathBuf,
    /// Directories of `log.dirs`, or above them, of all brokers in the plan.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Delete what goes: at once, or, where all is cut already, what was kept until now. There
    /// is no way back then.
    #[arg(long)]
    discard: bool,
    /// Cut also where MirrorMaker may go on ahead of what is kept: what it may skip is skipped
    /// in silence, unless its positions are set before it is started. A plan that was made with
    /// --leave-connect needs no such word.
    #[arg(long)]
    accept_unproven: bool,
}

/// Put log directories back as they were before a trim.
#[derive(Debug, Args)]
pub(super) struct Untrim {
    /// Directories of `log.dirs`, or above them, of all brokers that were trimmed.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

/// Make a trim final: delete what it has kept beside the data, where all is cut.
///
/// There is no way back then.
///
/// As `trim --discard`, where its plan is not there any more: also when brokers have written
/// since, and on volumes of a later backup, which carries it along.
#[derive(Debug, Args)]
pub(super) struct Discard {
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
        let reached = held.reached(&plan).map_err(stop)?;
        if (self.discard, reached) == (true, Reached::Over) {
            // Brokers may have written since: nothing is read back.
            let done = held.discard().map_err(stop)?;
            return is_deleted(context, done);
        }
        if reached == Reached::Nothing {
            self.skips_nothing(&plan)?;
        }
        let done = held.trim(&plan).map_err(stop)?;
        if let Some(said) = earlier_ended(done.ended) {
            tracing::warn!("{said}");
        }
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

impl Trim {
    /// Connect starts by itself, and nobody is told of what it skips.
    fn skips_nothing(&self, plan: &Plan) -> Result<(), Stop> {
        let positions = plan.depends.positions.iter();
        let mut may_skip = positions.filter(|one| one.may_skip());
        let Some(first) = may_skip.next() else {
            return Ok(());
        };
        let those = first_and_more(&first.mirror, may_skip.count());
        let why = format!(
            "MirrorMaker may go on ahead of what is kept in {those}, and skip records in silence"
        );
        match self.accept_unproven || plan.leaves_connect {
            true => {
                tracing::warn!("{why}");
                Ok(())
            }
            false => Err(Stop::bad_input(format!(
                "{why}; nothing was cut yet: plan with --ask-source, or by the order `source` without \
                 leaving topics out, or accept it with --accept-unproven"
            ))),
        }
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

impl Discard {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let mut held = Held::take(&self.paths, &RealDisk).map_err(stop)?;
        let done = held.discard().map_err(stop)?;
        is_deleted(context, done)
    }
}

fn is_deleted(context: &Context, done: Trimmed) -> Result<(), Stop> {
    context.print(&Report::of(done, true), |report| {
        format!("what went of {} log directories is deleted", report.dirs)
    })
}
