//! `slackwater backup`: the whole job.

use super::run::{Accept, Run};
use super::{ConfigArg, Context, report};
use crate::exit::{Stop, of_claims};
use clap::Args;

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
        slackwater_hold::backup(&run)?;
        let cut = site.cut(run.id())?;
        context.print(&cut, report::text)?;
        of_claims(&cut, &cut.settings.require)
    }
}
