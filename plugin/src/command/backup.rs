//! `slackwater backup`: the whole job.

use super::accept::Accept;
use super::run::Run;
use super::{ConfigArg, Context, report};
use crate::exit::{Exit, Stop, of_claims};
use crate::site::Site;
use clap::Args;
use slackwater_hold::{Cause as _, Step};
use slackwater_store::RunId;

/// The whole job: stop, drain, snapshot, resume, prove.
#[derive(Debug, Args)]
pub(super) struct Backup {
    #[command(flatten)]
    config: ConfigArg,
    #[command(flatten)]
    accept: Accept,
}

impl Backup {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let mut site = context.site(&self.config)?;
        self.accept.apply(&mut site)?;
        let run = Run::begin(&site, true)?;
        slackwater_hold::backup(&run).map_err(|stop| harmless(&site, run.id(), stop))?;
        run.tell(Step::Prove);
        let cut = site.cut(run.id())?;
        context.print(&cut, report::text)?;
        of_claims(&cut, &cut.settings.require)
    }
}

/// Says so where the run failed before it stopped anything.
fn harmless(site: &Site, run: &RunId, stop: Stop) -> Stop {
    let Ok(cut) = site.cut(run) else {
        return stop;
    };
    let stopped = cut.quiesce.and_then(|quiesce| quiesce.stop_started_ms);
    match (stopped, stop.exit) {
        (None, Exit::Failed) => {
            let cause = format!("{}; nothing was stopped", stop.cause());
            stop.because(cause)
        }
        _ => stop,
    }
}
