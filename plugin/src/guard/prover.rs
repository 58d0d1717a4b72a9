//! Whoever reads what others have snapped is a pod of its own, for which nobody waits but
//! the guard. Where it goes with its node, the guard starts another. (Only a hook hands a
//! run over: of one that nobody was seen to read it is not known whether K10 has it.)

use std::sync::atomic::{AtomicBool, Ordering};

use slackwater_cut::SnapshotsBy;
use slackwater_store::RunId;

use crate::exit::Stop;
use crate::site::Site;

/// What was seen of it so far.
#[derive(Default)]
pub(super) struct Prover {
    was_there: AtomicBool,
}

impl Prover {
    /// One look, and another pod where the one that was there has ended before the run.
    pub(super) fn see_to(&self, site: &Site, run: &RunId) {
        match self.look(site, run) {
            Ok(None) => {}
            Ok(Some(pod)) => tracing::info!("who read the snapshots is gone: {pod} does it now"),
            Err(stop) => tracing::info!("who reads the snapshots is not known: {}", stop.cause),
        }
    }

    fn look(&self, site: &Site, run: &RunId) -> Result<Option<String>, Stop> {
        let Some(strimzi) = site.strimzi() else {
            return Ok(None);
        };
        let cut = site.cut(run)?;
        let confirmed = cut.snapshot.is_some_and(|one| one.confirmed_ms.is_some());
        let by_others = cut.settings.snapshots_by == SnapshotsBy::Others;
        if !by_others || !confirmed || cut.state.is_final() {
            return Ok(None);
        }
        if strimzi.is_proven_apart(run)? {
            self.was_there.store(true, Ordering::Relaxed);
            return Ok(None);
        }
        match self.was_there.load(Ordering::Relaxed) {
            true => Ok(Some(strimzi.prove_apart(run)?.to_string())),
            false => Ok(None),
        }
    }
}
