//! When something was asked.

use std::time::{SystemTime, UNIX_EPOCH};

use slackwater_ports::Interval;

/// The instant before the first request.
#[derive(Clone, Copy)]
pub(crate) struct Asking {
    first_request_ms: u64,
}

impl Asking {
    /// Starts now.
    pub(crate) fn start() -> Self {
        Self {
            first_request_ms: now_ms(),
        }
    }

    /// Ends now. A clock set back meanwhile gives an interval that is not
    /// well formed, which whoever uses it as evidence refuses.
    pub(crate) fn end(self) -> Interval {
        Interval {
            first_request_ms: self.first_request_ms,
            last_answer_ms: now_ms(),
        }
    }
}

/// Milliseconds since the Unix epoch; 0 if the clock stands before it.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
