//! Putting right what a guard that died left behind: its lease expired and
//! the mirror may be stopped.

use slackwater_host::{Entry, PhaseName};
use slackwater_ports::Clock;
use slackwater_store::{Holder, Lease, LeaseState, RunId, StoreError};

use super::hold::void;
use crate::adapters::SystemClock;
use crate::exit::Stop;
use crate::site::Site;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovered {
    /// Nobody holds the mirror.
    Nothing,
    /// A living guard holds it.
    Held(Option<Holder>),
    /// A run was left behind: its mirror runs again, and it is void.
    PutRight {
        /// Which run.
        run: RunId,
        /// What resumeMirror said.
        summary: String,
    },
}

/// Looks at the lease, and puts an expired hold right.
///
/// # Errors
/// A mirror that can't be resumed: the hold stays expired, and the next
/// command tries again.
pub fn recover(site: &Site) -> Result<Recovered, Stop> {
    let mirror = &site.mirror.name;
    let left = match Lease::read(site.store.dir(), mirror).map_err(Stop::failed)? {
        LeaseState::Free => return Ok(Recovered::Nothing),
        LeaseState::Held(holder) => return Ok(Recovered::Held(holder)),
        LeaseState::Expired(left) => left,
    };
    let me = Holder {
        run_id: left.run_id.clone(),
        pid: std::process::id(),
        token: format!("recovery-{}-{}", std::process::id(), SystemClock.now_ms()),
        deadline_ms: left.deadline_ms,
        note: "puts right what a guard left behind".to_owned(),
    };
    let lease = Lease::take_over(site.store.dir(), mirror, me).map_err(Stop::held)?;
    site.terminal
        .say(&format!("the guard of {left} is gone: resuming the mirror"));
    let summary = match site.store.load(&left.run_id) {
        Ok(_) => {
            let ports = site.ports(&left.run_id)?;
            site.run(PhaseName::ResumeMirror, Entry::Run, ports)?
                .summary
        }
        Err(StoreError::Missing { .. }) => {
            "the run has no document: nothing was stopped".to_owned()
        }
        // What was stopped is written there: the hold stays expired, so that
        // nobody forgets it.
        Err(error) => {
            return Err(Stop::failed(format!(
                "what run {} stopped can't be read, so it can't be resumed: {error}",
                left.run_id
            )));
        }
    };
    void(site, &left.run_id, "its guard died");
    lease.release().map_err(Stop::failed)?;
    Ok(Recovered::PutRight {
        run: left.run_id,
        summary,
    })
}
