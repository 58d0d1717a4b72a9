//! What is asked once more where nobody answered: of a backup that is there and good one
//! request that fails (an API server that starts again, a line that breaks) costs nothing.
//! What is asked must change nothing, or the same once more; a fault that is there is told
//! some seconds later.

use slackwater_ports::Clock as _;

use crate::adapters::SystemClock;
use crate::exit::Stop;

/// So often in all.
const ASKS: u32 = 5;

/// Between two of these.
const ASK_AGAIN_MS: u64 = 3_000;

/// The first answer, or what the last one failed for.
pub(super) fn asked_again<T>(mut ask: impl FnMut() -> Result<T, Stop>) -> Result<T, Stop> {
    for _ in 1..ASKS {
        match ask() {
            Ok(answer) => return Ok(answer),
            Err(stop) => tracing::warn!("asked again: {}", stop.cause),
        }
        SystemClock.sleep_ms(ASK_AGAIN_MS);
    }
    ask()
}
