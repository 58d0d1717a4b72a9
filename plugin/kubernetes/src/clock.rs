//! The clocks: one for what is written into objects, and one for how long
//! something has stood.
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: it says when something was done"
)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}

/// As the API takes it (`MicroTime`): for people, nothing is decided by it.
pub(crate) fn micro_time() -> String {
    format!("{:.6}", Timestamp::now())
}

/// A moment on a clock that nobody sets and that goes on while the machine is
/// suspended, or its virtual machine paused with the guest told: others' time
/// goes on, too. (`std`'s `Instant` stands still then.)
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(Duration);

impl Moment {
    pub(crate) fn now() -> Self {
        let now = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        let nanos = u32::try_from(now.tv_nsec).unwrap_or(0);
        Self(Duration::new(seconds, nanos))
    }

    pub(crate) fn elapsed(self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }
}
