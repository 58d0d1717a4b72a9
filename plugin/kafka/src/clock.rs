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
            first_request: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
            began: Instant::now(),
        }
    }

    /// Ends now. How long it took is by a clock that nobody sets: what rests on the width
    /// of a sweep is right though the other one was set back meanwhile. That shows in the
    /// next interval, which begins before this one ends then.
    pub(crate) fn end(self) -> Interval {
        let last_answer = self.first_request + self.began.elapsed();
        Interval {
            first_request_ms: in_ms(self.first_request),
            last_answer_ms: in_ms(last_answer),
        }
    }
}

fn in_ms(since: Duration) -> u64 {
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
