//! Connect's answers, once it is no longer starting or rebalancing. Nothing
//! is stopped yet, so there is time to ask again.

use slackwater_kit::{Deadline, is_passing};
use slackwater_ports::{ConnectorState, Failure, Level, MirrorView, PortError, PortErrorKind};

use crate::World;

/// How long Connect may take to give a settled answer: it answers 404, 409
/// and 503 while it starts or rebalances, which takes seconds.
const SETTLE_MS: u64 = 20_000;

/// Between two tries.
const RETRY_MS: u64 = 500;

/// Connect's answer once it is no longer starting or rebalancing.
pub(crate) fn settled(world: &impl World) -> Result<MirrorView, Failure> {
    let deadline = Deadline::after(world, SETTLE_MS);
    loop {
        let seen = world.mirror();
        let waits_for = match &seen {
            Ok(view) => unsettled(view),
            Err(error) if is_passing(error) => Some(error.message.clone()),
            Err(_) => None,
        };
        match waits_for {
            Some(what) if !deadline.has_passed(world) => {
                world.log(Level::Debug, &format!("Connect is not settled: {what}"));
                world.waiting("quiesceMirror", &what, Some(deadline.remaining_ms(world)));
                deadline.sleep(world, RETRY_MS);
            }
            _ => return seen.map_err(refusal),
        }
    }
}

/// An adapter's own no is a refusal: nothing was done yet.
fn refusal(error: PortError) -> Failure {
    match (error.kind, error.status) {
        (PortErrorKind::Refused, None) => Failure::refused(error.message),
        _ => error.into(),
    }
}

fn unsettled(view: &MirrorView) -> Option<String> {
    let passing = |state: &ConnectorState| {
        matches!(
            state,
            ConnectorState::Unassigned | ConnectorState::Restarting
        )
    };
    view.connectors.iter().find_map(|connector| {
        let task = connector.tasks.iter().any(|task| passing(&task.state));
        let copies_nothing_yet = connector.class.ends_with("MirrorSourceConnector")
            && connector.state == ConnectorState::Running
            && connector.tasks.is_empty();
        (passing(&connector.state) || task || copies_nothing_yet)
            .then(|| format!("{} to be assigned", connector.name))
    })
}
