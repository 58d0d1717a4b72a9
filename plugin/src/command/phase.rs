//! `slackwater phase NAME`: what a blueprint runs. Its outputs are on
//! standard output as Kanister reads them; on failure the last line on
//! standard error is the cause.

use clap::Args;
use slackwater_cut::State;
use slackwater_hold::{Deck as _, Step, close, drain, give_up, release};
use slackwater_host::PhaseName;
use slackwater_ports::Outcome;
use slackwater_store::{LeaseState, RunId};

use super::accept::Accept;
use super::again::asked_again;
use super::resume::{is_a_restores, let_go_of_what_is_left, restore_noted};
use super::run::{Run, keep_what_was_closed};
use super::{ConfigArg, Context, RecordArg, print_line};
use crate::exit::{Stop, of_claims};
use crate::guard::{Recovered, recover_for_sure};
use crate::outputs;
use crate::site::Site;

/// Run one phase of a backup, as a blueprint does.
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
    /// With resumeMirror: only what a dead guard left is put right; a hold that is
    /// alive, another run's perhaps, is left alone.
    #[arg(long)]
    if_expired: bool,
    /// With validateHead and --run: to have closed the cut is success, whatever it proves,
    /// and so is to find that it is void. For a pod that is started again where it fails.
    #[arg(long, requires = "run")]
    closed_is_enough: bool,
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
            PhaseName::QuiesceMirror => {
                let run = match &self.run {
                    None => Run::begin(&site, false)?,
                    Some(_) => self.current(&site)?,
                };
                self.step(&run, Step::Quiesce)?
            }
            PhaseName::AwaitDrain => self.step(&self.current(&site)?, Step::Drain)?,
            PhaseName::SnapshotPartitions | PhaseName::SnapshotHot => {
                self.step(&self.current(&site)?, Step::Snapshot)?
            }
            PhaseName::ValidateHead => self.validate(&site)?,
            PhaseName::ResumeMirror => {
                let outcome = self.resume(&site)?;
                keep_what_was_closed(&site);
                outcome
            }
        };
        site.terminal.say(&outcome.summary);
        for line in outputs::lines(&outcome.outputs)? {
            print_line(&line)?;
        }
        match (&self.name, self.run_of(&outcome)) {
            (PhaseName::ValidateHead, Some(run)) if !self.closed_is_enough => {
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

    /// The run that this goes on with. What it was begun with goes with it: that another is
    /// asked for now is never passed over in silence.
    fn current<'a>(&self, site: &'a Site) -> Result<Run<'a>, Stop> {
        let run = Run::current(site, self.run.as_ref())?;
        if self.accept.is_of_a_beginning() {
            let begun = site.cut(run.id())?.settings;
            if let Some(option) = self.accept.differs(&begun) {
                return Err(Stop::bad_input(format!(
                    "run {} was begun with another {option}, which goes with it: give it to the \
                     phase that begins a run, quiesceMirror",
                    run.id()
                )));
            }
        }
        Ok(run)
    }

    /// One step of a run, which is given up where it fails.
    fn step(&self, run: &Run<'_>, step: Step) -> Result<Outcome, Stop> {
        let outcome = match step {
            Step::Drain => drain(run),
            step => run.phase(step),
        };
        let outcome = outcome.map_err(|stop| give_up(run, stop))?;
        run.tell(step);
        Ok(outcome)
    }

    /// Releases the guard, and proves when the mirror runs again.
    fn validate(&self, site: &Site) -> Result<Outcome, Stop> {
        if let Some(done) = self.closed_already(site)? {
            return Ok(done);
        }
        let run = self.current(site)?;
        let outcome = match self.closed_is_enough {
            // Nobody else begins it anew: given up is given up. What is closed is not read once
            // more, though it could not be kept.
            true => asked_again(|| match run.kept_once_closed()? {
                true => Ok(Outcome::new("the cut is closed, and kept").with("runId", run.id())),
                false => release(&run).and_then(|()| close(&run)),
            }),
            false => release(&run).and_then(|()| close(&run)),
        };
        let outcome = outcome.map_err(|stop| give_up(&run, stop))?;
        run.tell(Step::Prove);
        Ok(outcome)
    }

    /// A run that is closed has nothing to release. Whoever closed it may not have been able
    /// to keep it: a pod that is started again tries that again.
    fn closed_already(&self, site: &Site) -> Result<Option<Outcome>, Stop> {
        let Some(run) = &self.run else {
            return Ok(None);
        };
        let cut = site.cut(run)?;
        if let (true, State::Void { reason, .. }) = (self.closed_is_enough, &cut.state) {
            let said = format!("run {run} is void, and nothing is left to be proven: {reason}");
            return Ok(Some(Outcome::new(said)));
        }
        let held = match site.ground().leases().look()? {
            LeaseState::Held(holder) => holder.is_none_or(|holder| holder.run_id == *run),
            LeaseState::Free | LeaseState::Expired(_) => false,
        };
        if held || !matches!(cut.state, State::Closed { .. }) {
            return Ok(None);
        }
        if !site.ground().is_kept(run)? {
            site.ground().keep(run)?;
        }
        let digest = cut.digest.as_deref().unwrap_or_default();
        Ok(Some(
            Outcome::new("the cut is closed already, and kept")
                .with("runId", run)
                .with("cutDigest", digest),
        ))
    }

    /// Makes sure that the mirror runs; finding it done is success.
    fn resume(&self, site: &Site) -> Result<Outcome, Stop> {
        // What a restore keeps stopped it starts itself, when it may.
        if self.if_expired
            && let Some(why) = is_a_restores(site)?
        {
            return Ok(Outcome::new(why));
        }
        if restore_noted(site).is_some() {
            return Ok(Outcome::new("a restore is under way: nothing is started"));
        }
        let done = match recover_for_sure(site)? {
            Recovered::Nothing => let_go_of_what_is_left(site)?,
            Recovered::PutRight { left, summary } => {
                format!("run {} was left behind: {summary}", left.run_id)
            }
            Recovered::Held(holder) if self.if_expired => {
                let who = holder.map_or_else(|| "a run".to_owned(), |one| one.to_string());
                format!("{who} holds the mirror, and its guard lives: it is left alone")
            }
            Recovered::Held(_) => {
                let run = Run::current(site, self.run.as_ref())?;
                run.resume()?
            }
        };
        Ok(Outcome::new(done))
    }
}
