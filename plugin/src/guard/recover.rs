//! Putting right what a guard that died left behind, on this site's lease and
//! store.

use std::sync::Arc;

use slackwater_hold::{LeaseLook, Salvage};
use slackwater_host::{Entry, PhaseName};
use slackwater_ports::Clock;
use slackwater_store::{Holder, LeaseState, RunId};

use super::GuardClient;
use super::hands::void;
use crate::adapters::SystemClock;
use crate::exit::Stop;
use crate::restore::SIGNS;
use crate::site::{Held, Site};

/// What was found.
pub type Recovered = slackwater_hold::Recovered<Holder>;

/// Looks at the lease, and puts an expired hold right.
///
/// # Errors
/// A mirror that can't be resumed: the hold stays expired, and the next
/// command tries again.
pub fn recover(site: &Site) -> Result<Recovered, Stop> {
    slackwater_hold::recover(&Salvor(site))
}

/// The same, where the mirror has to run when this ends: a guard that holds it and
/// does not answer is watched until it is seen to live or to be gone.
///
/// # Errors
/// As for [`recover`].
pub fn recover_for_sure(site: &Site) -> Result<Recovered, Stop> {
    match recover(site)? {
        Recovered::Held(Some(holder)) if GuardClient::of(site, &holder.run_id).look().is_err() => {
            site.ground().leases().watch()?;
            recover(site)
        }
        found => Ok(found),
    }
}

/// Where a run has no document that can be read: in Strimzi what it stopped is noted on what
/// feeds the mirror, too, and that is put back. `None` where the document says it, where it
/// can't be asked for, and where there are no such notes.
pub(super) fn let_go_by_notes(site: &Site, run: &RunId) -> Option<Result<String, Stop>> {
    site.strimzi()?;
    let error = site.runs().load(run).err()?;
    if !error.is_missing() && !error.is_damage() {
        return None;
    }
    tracing::warn!("run {run} has no document that can be read: {error}");
    Some(site.ground().let_go().map(|had| {
        let done = match had {
            true => "what was noted as held was put back",
            false => "nothing was stopped",
        };
        format!("the run has no document that can be read: {done}")
    }))
}

/// This site's means.
pub(crate) struct Salvor<'a>(pub(crate) &'a Site);

impl Salvage for Salvor<'_> {
    type Holder = Holder;
    type Lease = Box<dyn Held>;
    type Stop = Stop;

    fn lease(&self) -> Result<LeaseLook<Holder>, Stop> {
        Ok(match self.0.ground().leases().look()? {
            LeaseState::Free => LeaseLook::Free,
            LeaseState::Held(holder) => LeaseLook::Held(holder),
            // It is not taken over: what it keeps stopped it starts itself, when it may.
            LeaseState::Expired(left) if left.note == SIGNS => {
                return Err(Stop::held(format!(
                    "{left} was left behind: `slackwater restore`, told as before, goes on, and \
                     with --undo back"
                )));
            }
            LeaseState::Expired(left) => LeaseLook::Expired(left),
        })
    }

    fn take_over(&self, left: &Holder) -> Result<Box<dyn Held>, Stop> {
        let me = Holder {
            run_id: left.run_id.clone(),
            pid: std::process::id(),
            token: format!("recovery-{}-{}", std::process::id(), SystemClock.now_ms()),
            deadline_ms: left.deadline_ms,
            note: "puts right what a guard left behind".to_owned(),
        };
        let lease = self.0.ground().leases().take_over(me)?;
        self.0
            .terminal
            .say(&format!("the guard of {left} is gone: resuming the mirror"));
        Ok(lease)
    }

    fn resume_left(&self, left: &Holder) -> Result<String, Stop> {
        if let Some(done) = let_go_by_notes(self.0, &left.run_id) {
            return done;
        }
        match self.0.runs().load(&left.run_id) {
            Ok(_) => {
                let document = self.0.runs().document(&left.run_id);
                let ports = self.0.ports_on(Arc::new(document));
                let outcome = self.0.run(PhaseName::ResumeMirror, Entry::Run, ports)?;
                Ok(outcome.summary)
            }
            // Nothing is stopped before there is one.
            Err(error) if error.is_missing() => {
                Ok("the run has no document: nothing was stopped".to_owned())
            }
            // What was stopped is written there: the hold stays expired, so
            // that nobody forgets it.
            Err(error) => Err(Stop::failed(format!(
                "what run {} stopped can't be read, so it can't be resumed: {error}",
                left.run_id
            ))),
        }
    }

    fn void_left(&self, left: &Holder, reason: &str) {
        void(self.0, &left.run_id, reason);
    }

    fn give_free(&self, lease: Box<dyn Held>) -> Result<(), Stop> {
        lease.release().map_err(Stop::failed)
    }
}
