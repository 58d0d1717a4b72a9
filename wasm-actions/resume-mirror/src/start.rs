//! The start: every connector back in the state that it was found in, and the
//! first new record seen on the mirror.

use slackwater_cut::{ConnectorPrior, Quiesce, Resume};
use slackwater_kit::{Deadline, look_summary};
use slackwater_ports::{ConnectorState, Failure, MirrorView, Target, Want};

use crate::World;
use crate::catch_up::{Baseline, moved};

/// How long the start may take until all run and, where something was
/// pending, a record has arrived. Whoever runs this phase tries again.
const START_MS: u64 = 60_000;

/// Between two looks: the window is measured by them.
const LOOK_MS: u64 = 20;

/// A connector that does not get there is asked again after this.
const ASK_AGAIN_MS: u64 = 2_000;

/// Starts them, and fills in when they ran and when the first record arrived.
/// Whether one is awaited is asked once they have accepted.
pub(crate) fn start(
    world: &impl World,
    quiesce: &Quiesce,
    baseline: &Baseline,
    pending: impl FnOnce() -> bool,
    resume: &mut Resume,
) -> Result<(), Failure> {
    let deadline = Deadline::after(world, START_MS);
    let wanted = wants(&quiesce.connectors);
    let mut ask_again: Option<Deadline> = None;
    let mut last_answer: Option<String> = None;
    let mut none_is_held = false;
    // Once by all: connectors that run may be told to stop yet, by whoever has
    // not been told (a Strimzi resource that still says `stopped`).
    let mut was_told = false;
    let mut back_ms: Option<u64> = None;
    let mut pending = Some(pending);
    let mut awaits_record = true;
    loop {
        if resume.running_ms.is_none() && ask_again.is_none_or(|at| at.has_passed(world)) {
            let refused = world
                .start(&wanted)
                .into_iter()
                .find_map(|one| one.accepted.err());
            let accepted = refused.is_none();
            was_told |= accepted;
            last_answer = refused.map(|error| error.message);
            if accepted && let Some(pending) = pending.take() {
                awaits_record = pending();
            }
            ask_again = Some(Deadline::after(world, ASK_AGAIN_MS));
        }
        if awaits_record && resume.first_record_ms.is_none() && moved(world, baseline) {
            resume.first_record_ms = Some(world.now_ms());
        }
        if resume.running_ms.is_none() {
            match world.mirror() {
                Ok(view) if all_back(&quiesce.connectors, &view) => {
                    let since = *back_ms.get_or_insert_with(|| world.now_ms());
                    if was_told {
                        resume.running_ms = Some(since);
                        resume.connectors = Some(look_summary(&view));
                    }
                }
                Ok(view) => {
                    back_ms = None;
                    none_is_held = none_held(&quiesce.connectors, &view);
                }
                Err(error) => last_answer = Some(error.message),
            }
        }
        if resume.running_ms.is_some()
            && let Some(pending) = pending.take()
        {
            awaits_record = pending();
        }
        let arrived = !awaits_record || resume.first_record_ms.is_some();
        if resume.running_ms.is_some() && arrived {
            return Ok(());
        }
        if deadline.has_passed(world) {
            if resume.running_ms.is_some() || (was_told && none_is_held) {
                // Nothing arrives, or a task has failed: no hold of ours any
                // more, and for the report.
                return Ok(());
            }
            return Err(Failure::failed(format!(
                "the connectors are not back within {START_MS} ms{}",
                last_answer
                    .map(|answer| format!(": {answer}"))
                    .unwrap_or_default()
            )));
        }
        world.waiting(
            "resumeMirror",
            "the connectors to run and the first record to arrive",
            Some(deadline.remaining_ms(world)),
        );
        deadline.sleep(world, LOOK_MS);
    }
}

/// What each is put back to. One that was found STOPPED is left so. Those that
/// copy records come first: their first record ends the window.
fn wants(priors: &[ConnectorPrior]) -> Vec<Want> {
    let mut priors: Vec<&ConnectorPrior> = priors.iter().collect();
    priors.sort_by_key(|prior| !prior.copies);
    priors
        .into_iter()
        .filter(|prior| prior.state != ConnectorState::Stopped)
        .map(|prior| Want {
            connector: prior.connector.clone(),
            target: match prior.state {
                ConnectorState::Paused => Target::Paused,
                _ => Target::Running,
            },
        })
        .collect()
}

/// Whether no connector that is there is still STOPPED by us.
fn none_held(priors: &[ConnectorPrior], view: &MirrorView) -> bool {
    view.connectors.iter().all(|now| {
        let ours = priors.iter().any(|prior| {
            prior.connector == now.reference() && prior.state != ConnectorState::Stopped
        });
        !ours || now.state != ConnectorState::Stopped
    })
}

/// Whether each is in its prior state again, and those that copy have running
/// tasks. (A checkpoint connector without groups has no tasks while RUNNING.)
fn all_back(priors: &[ConnectorPrior], view: &MirrorView) -> bool {
    priors.iter().all(|prior| {
        let Some(now) = view
            .connectors
            .iter()
            .find(|one| one.reference() == prior.connector)
        else {
            return false;
        };
        match prior.state {
            ConnectorState::Stopped => true,
            ConnectorState::Paused => now.state == ConnectorState::Paused,
            _ => {
                let running = now
                    .tasks
                    .iter()
                    .all(|task| task.state == ConnectorState::Running);
                let enough = !prior.copies || !now.tasks.is_empty();
                now.state == ConnectorState::Running && running && enough
            }
        }
    })
}
