//! Waiting, bounded.

use slackwater_ports::Clock;

/// An instant of the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    at_ms: u64,
}

impl Deadline {
    /// `ms` from now.
    pub fn after(clock: &impl Clock, ms: u64) -> Self {
        Self {
            at_ms: clock.monotonic_ms().saturating_add(ms),
        }
    }

    /// What is left of it; 0 when it has passed.
    pub fn remaining_ms(self, clock: &impl Clock) -> u64 {
        self.at_ms.saturating_sub(clock.monotonic_ms())
    }

    /// Whether it has passed.
    pub fn has_passed(self, clock: &impl Clock) -> bool {
        self.remaining_ms(clock) == 0
    }

    /// Sleeps for `ms`, or until it passes if that is sooner.
    pub fn sleep(self, clock: &impl Clock, ms: u64) {
        clock.sleep_ms(ms.min(self.remaining_ms(clock)));
    }
}
