//! When something was asked.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use slackwater_ports::Interval;

/// The instant before the first request.
#[derive(Clone, Copy)]
pub(crate) struct Asking {
    /// Since the Unix epoch; none if the clock stands before it.
    first_request: Duration,
    began: Instant,
}

impl Asking {
    /// Starts now.
    pub(crate) fn start() -> Self {
        Self {
            first_request: now(),
            began: Instant::now(),
        }
    }

    /// Ends now, by the clock that says more: one that nobody sets stands still while the
    /// machine sleeps, and the other one may be set back. So what rests on the width of a
    /// sweep is right; and where it was set back the next interval begins before this one ends.
    pub(crate) fn end(self) -> Interval {
        let last_answer = (self.first_request + self.began.elapsed()).max(now());
        Interval {
            first_request_ms: in_ms(self.first_request),
            last_answer_ms: in_ms(last_answer),
        }
    }
}

/// Since the Unix epoch.
fn now() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default()
}

fn in_ms(since: Duration) -> u64 {
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
