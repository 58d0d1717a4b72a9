//! What feeds a mirror, right after somebody has resumed it: the resource says that it runs,
//! and its operator has not told Connect yet. Waits, and changes nothing.
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: it waits for an operator"
)]

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use slackwater_ports::{ConnectorState, MirrorLook as _};
use slackwater_strimzi::Desired;

use crate::MirrorError;
use crate::mirror::StrimziMirror;

/// How long an operator may take to start what its resource says. Seen: 10 s and more after
/// half of all resumes, and up to 43 s after a pause of its reconciliation.
const STARTS: Duration = Duration::from_secs(60);

/// Between two looks: each is a command in a pod.
const BETWEEN: Duration = Duration::from_secs(1);

/// What Connect says at one look.
enum Look {
    Runs,
    /// This one does not.
    Stands(String),
    Silent,
}

impl StrimziMirror {
    /// Waits until Connect runs what the resources say: somebody may have resumed the mirror
    /// a moment ago, and its operator not have told Connect yet. What still stands then is
    /// whoever asks next's to judge.
    ///
    /// # Errors
    /// No answer of the API server.
    pub fn await_started(&self) -> Result<(), MirrorError> {
        let began = Instant::now();
        let mut told = false;
        while began.elapsed() < STARTS {
            match self.waits_for_its_operator()? {
                Look::Runs => break,
                // One that does not answer is the phase's to ask again, and to name.
                Look::Silent if !told => break,
                // A worker that is told to start does not answer for a while.
                Look::Silent => {}
                Look::Stands(name) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::info!("waiting for {name} to be started, as its resource says");
                    }
                }
            }
            thread::sleep(BETWEEN);
        }
        Ok(())
    }

    /// A connector that its resource wants to run, and that Connect says does not, where an
    /// operator acts on the resource.
    fn waits_for_its_operator(&self) -> Result<Look, MirrorError> {
        let mut wanted = BTreeSet::new();
        for feeder in &self.feeders {
            let now = self.makers.again(&feeder.maker)?;
            if now.meta.is_paused() || now.meta.held().is_some() {
                continue;
            }
            let runs = now.connectors();
            let runs = runs.filter(|one| one.desired() == Desired::Running);
            wanted.extend(runs.map(|one| (feeder.name.clone(), one.name.clone())));
        }
        let Ok(view) = self.mirror() else {
            return Ok(Look::Silent);
        };
        let stands = |state: &ConnectorState| {
            !matches!(state, ConnectorState::Running | ConnectorState::Failed)
        };
        let mut waits = view.connectors.into_iter().filter(|one| stands(&one.state));
        let waits = waits.find(|one| wanted.contains(&(one.connect.clone(), one.name.clone())));
        Ok(waits.map_or(Look::Runs, |one| Look::Stands(one.name)))
    }
}
