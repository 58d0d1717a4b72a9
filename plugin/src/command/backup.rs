//! `slackwater backup`: the whole job.

use clap::Args;
use slackwater_host::{Entry, PhaseName};
use slackwater_ports::Outcome;

use super::run::{Accept, Run};
use super::{ConfigArg, Context, report};
use crate::exit::{Stop, of_claims};

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
        let say = |phase: PhaseName, outcome: Outcome| {
            site.terminal
                .say(&format!("{}: {}", phase.function(), outcome.summary));
        };
        let done = run
            .phase(PhaseName::QuiesceMirror, Entry::Run)
            .map(|outcome| say(PhaseName::QuiesceMirror, outcome))
            .and_then(|()| run.drain())
            .map(|outcome| say(PhaseName::AwaitDrain, outcome))
            .and_then(|()| run.phase(PhaseName::SnapshotPartitions, Entry::Run))
            .map(|outcome| say(PhaseName::SnapshotPartitions, outcome))
            .and_then(|()| run.release())
            .and_then(|()| run.close());
        if let Err(stop) = done {
            return Err(run.give_up(stop));
        }
        let cut = site.cut(run.id())?;
        context.print(&cut, report::text)?;
        of_claims(&cut, &cut.settings.require)
    }
}
