//! `slackwater phase NAME`: what a blueprint runs. Its outputs are on
//! standard output as Kanister reads them; on failure the last line on
//! standard error is the cause.

use clap::Args;
use slackwater_hold::{Deck as _, Step, close, drain, give_up, release};
use slackwater_host::PhaseName;
use slackwater_ports::Outcome;
use slackwater_store::RunId;

use super::resume::let_go_of_what_is_left;
use super::run::{Accept, Run};
use super::{ConfigArg, Context, RecordArg, print_line};
use crate::exit::{Stop, of_claims};
use crate::guard::{Recovered, recover};
use crate::outputs;
use crate::site::Site;

/// Run one phase, as a blueprint does.
#[derive(Debug, Args)]
pub(super) struct Phase {
    /// quiesceMirror, awaitDrain, snapshotPartitions, validateHead or
    /// resumeMirror.
    name: PhaseName,
    #[command(flatten)]
    config: ConfigArg,
    /// The run to go on with; without it the one that holds the mirror.
    #[arg(long)]
    run: Option<RunId>,
    #[command(flatten)]
    accept: Accept,
    #[command(flatten)]
    record: RecordArg,
}

impl Phase {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let mut site = match self.name {
            PhaseName::ResumeMirror => context.site_of_what_there_is(&self.config)?,
            _ => context.site(&self.config)?,
        };
        self.accept.apply(&mut site)?;
        self.record.apply(&mut site)?;
        let outcome = match self.name {
            PhaseName::QuiesceMirror if self.run.is_none() => {
                let run = Run::begin(&site, false)?;
                run.phase(Step::Quiesce)
                    .map_err(|stop| give_up(&run, stop))?
            }
            PhaseName::AwaitDrain => {
                let run = Run::current(&site, self.run.as_ref())?;
                drain(&run).map_err(|stop| give_up(&run, stop))?
            }
            PhaseName::QuiesceMirror => {
                let run = Run::current(&site, self.run.as_ref())?;
                run.phase(Step::Quiesce)
                    .map_err(|stop| give_up(&run, stop))?
            }
            PhaseName::SnapshotPartitions => {
                let run = Run::current(&site, self.run.as_ref())?;
                run.phase(Step::Snapshot)
                    .map_err(|stop| give_up(&run, stop))?
            }
            PhaseName::ValidateHead => self.validate(&site)?,
            PhaseName::ResumeMirror => self.resume(&site)?,
        };
        site.terminal.say(&outcome.summary);
        for line in outputs::lines(&outcome.outputs)? {
            print_line(&line)?;
        }
        match (&self.name, self.run_of(&outcome)) {
            (PhaseName::ValidateHead, Some(run)) => {
                let cut = site.cut(&run)?;
                of_claims(&cut, &cut.settings.require)
            }
            _ => Ok(()),
        }
    }

    fn run_of(&self, outcome: &Outcome) -> Option<RunId> {
        let output = outcome
            .outputs
            .iter()
            .find(|output| output.key == "runId")?;
        output.value.parse().ok()
    }

    /// Releases the guard, and proves when the mirror runs again.
    fn validate(&self, site: &Site) -> Result<Outcome, Stop> {
        let run = Run::current(site, self.run.as_ref())?;
        release(&run)
            .and_then(|()| close(&run))
            .map_err(|stop| give_up(&run, stop))
    }

    /// Makes sure that the mirror runs; finding it done is success.
    fn resume(&self, site: &Site) -> Result<Outcome, Stop> {
        let done = match recover(site)? {
            Recovered::Nothing => let_go_of_what_is_left(site)?,
            Recovered::PutRight { left, summary } => {
                format!("run {} was left behind: {summary}", left.run_id)
            }
            Recovered::Held(_) => {
                let run = Run::current(site, self.run.as_ref())?;
                run.resume()?
            }
        };
        Ok(Outcome::new(done))
    }
}
