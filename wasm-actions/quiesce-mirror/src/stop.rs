//! The stop: every connector STOPPED and without tasks, seen live.
//!
//! PAUSED is no stop: records in flight still arrive after it. STOPPED alone
//! is none either: it is reported before the tasks are gone.

use slackwater_cut::{ConnectorPrior, MirrorLookSummary, Settings, Unreachable};
use slackwater_kit::{Deadline, Session, look_summary};
use slackwater_ports::{ConnectorRef, ConnectorState, ConnectorView, Failure, MirrorView};

use crate::{World, is_ours_to_stop};

/// Between two looks. The window is open: a look costs little.
const LOOK_MS: u64 = 40;

/// When a connector that was asked to stop still says RUNNING, it is asked
/// again after this: Connect may answer 500 after 30 s and leave it running.
const ASK_AGAIN_MS: u64 = 2_000;

/// How long connectors may take to stop whose source can't be reached. Their `stop` waits for
/// what they are asking of it (`Scheduler.close`, for `admin.timeout.ms`: a minute), and asks
/// anew every few minutes: 45 s were seen.
pub(crate) const WITHOUT_A_SOURCE_MS: u64 = 90_000;

/// How long they may take.
pub(crate) fn timeout_ms(settings: &Settings, unreachable: &[Unreachable]) -> u64 {
    match unreachable.is_empty() {
        true => settings.stop_timeout_ms,
        false => settings.stop_timeout_ms.max(WITHOUT_A_SOURCE_MS),
    }
}

/// Stops them all, and gives the look that showed it.
pub(crate) fn stop(world: &impl World, session: &Session) -> Result<MirrorLookSummary, Failure> {
    let cut = session.cut();
    let priors: &[ConnectorPrior] = cut.quiesce.as_ref().map_or(&[], |one| &one.connectors);
    let unreachable = cut.quiesce.as_ref().map_or(&[][..], |one| &one.unreachable);
    let most_ms = timeout_ms(&cut.settings, unreachable);
    let deadline = Deadline::after(world, most_ms);
    let mut ask_again: Option<Deadline> = None;
    let mut last_answer: Option<String> = None;
    loop {
        let awaited = match world.mirror() {
            Ok(view) => {
                same_connectors(priors, &view)?;
                let seen = look_summary(&view);
                if seen.all_stopped() {
                    return Ok(seen);
                }
                let to_ask = to_ask(priors, &view);
                if !to_ask.is_empty() && ask_again.is_none_or(|at| at.has_passed(world)) {
                    last_answer = refusal(world, &to_ask).or(last_answer);
                    ask_again = Some(Deadline::after(world, ASK_AGAIN_MS));
                }
                format!("{} connectors to be STOPPED without tasks", priors.len())
            }
            Err(error) => error.message,
        };
        if deadline.has_passed(world) {
            return Err(Failure::failed(format!(
                "the connectors did not stop within {most_ms} ms: {awaited}{}",
                last_answer
                    .map(|answer| format!("; Connect answered: {answer}"))
                    .unwrap_or_default()
            )));
        }
        world.waiting(
            "quiesceMirror",
            &awaited,
            Some(deadline.remaining_ms(world)),
        );
        deadline.sleep(world, LOOK_MS);
    }
}

/// Those that are to be asked: not STOPPED yet, and ours to stop. Those with
/// the fewest tasks first: what ends at once keeps the others from nothing.
fn to_ask(priors: &[ConnectorPrior], view: &MirrorView) -> Vec<ConnectorRef> {
    let mut connectors: Vec<&ConnectorView> = view.connectors.iter().collect();
    connectors.sort_by_key(|connector| connector.tasks.len());
    connectors
        .into_iter()
        .filter(|connector| connector.state != ConnectorState::Stopped)
        .map(ConnectorView::reference)
        .filter(|one| {
            priors
                .iter()
                .any(|prior| prior.connector == *one && is_ours_to_stop(&prior.state))
        })
        .collect()
}

/// Asks them, and gives what Connect said where it did not accept.
fn refusal(world: &impl World, connectors: &[ConnectorRef]) -> Option<String> {
    world
        .stop(connectors)
        .into_iter()
        .find_map(|answer| answer.accepted.err())
        .map(|error| error.message)
}

/// A connector that came or went meanwhile is somebody else's doing.
fn same_connectors(priors: &[ConnectorPrior], view: &MirrorView) -> Result<(), Failure> {
    for connector in &view.connectors {
        let one = connector.reference();
        if !priors.iter().any(|prior| prior.connector == one) {
            return Err(Failure::failed(format!(
                "connector {one} appeared while the mirror was being stopped"
            )));
        }
    }
    for prior in priors {
        if !view
            .connectors
            .iter()
            .any(|one| one.reference() == prior.connector)
        {
            return Err(Failure::failed(format!(
                "connector {} is gone while the mirror was being stopped",
                prior.connector
            )));
        }
    }
    Ok(())
}
