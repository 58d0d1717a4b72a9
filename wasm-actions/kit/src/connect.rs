//! Looks at Connect, past what it answers only for the moment.

use slackwater_ports::{Clock, MirrorLook, MirrorView, PortError, PortErrorKind, Progress, Seen};

use crate::Deadline;

/// Between two tries. The window may be open.
const RETRY_MS: u64 = 200;

/// Whether Connect answers so only while it starts or rebalances: 404 for a
/// connector that it has not read yet, 409 while it rebalances
/// (`HerderRequestHandler`), 503 while it starts.
pub fn is_passing(error: &PortError) -> bool {
    error.kind == PortErrorKind::Refused && matches!(error.status, Some(404 | 409 | 503))
}

/// A look at the connectors; asked again until `deadline` while Connect
/// answers as in [`is_passing`].
///
/// # Errors
/// Any other answer, or the last one at the deadline.
pub fn look_at_connectors(
    world: &(impl MirrorLook + Clock + Progress),
    step: &str,
    deadline: Deadline,
) -> Seen<MirrorView> {
    loop {
        match world.mirror() {
            Err(error) if is_passing(&error) && !deadline.has_passed(world) => {
                world.waiting(step, &error.message, Some(deadline.remaining_ms(world)));
                deadline.sleep(world, RETRY_MS);
            }
            seen => return seen,
        }
    }
}
