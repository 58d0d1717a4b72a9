//! What the guard sees to while nobody asks it anything: its deadline, a run
//! that nobody closes, and whether it ran at all.

use crate::{Hands, Hold};

/// How often the guard looks.
pub const TICK_MS: u64 = 100;

/// A look that comes this much later than it should means that this process
/// did not run meanwhile: the hold was interrupted.
const LATE_MS: u64 = 5_000;

/// A guard that nobody gave a deadline within this time goes: who started it
/// has died, and nothing is stopped yet.
const IDLE_MS: u64 = 30_000;

/// So often the guard of a run whose mirror runs again looks whether that is over: whoever
/// closed it may not have reached this guard, and nobody else can take the mirror meanwhile.
const LOOK_MS: u64 = 60_000;

/// Of the time in which a run is to be closed, one look comes in this part at the latest.
const LOOKS: u64 = 3;

/// Something that takes its time, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chore {
    /// The deadline has passed: [`Hold::abandon`], if no release came first.
    Late(&'static str),
    /// The run was not closed: [`Hold::abandon`].
    GiveUp(&'static str),
    /// Time for a look: [`Hold::leave_if_final`].
    SeeIfFinal,
}

/// What was seen so far. Times are those of the monotonic clock.
#[derive(Debug)]
pub struct Watch {
    began: u64,
    last: u64,
    close_ms: u64,
    idle_ms: u64,
    giving_up: bool,
    resumed_at: Option<u64>,
    looked_at: Option<u64>,
}

impl Watch {
    /// From now on. A run whose mirror runs again is to be closed within
    /// `close_ms`.
    pub fn new(now: u64, close_ms: u64) -> Self {
        Self {
            began: now,
            last: now,
            close_ms,
            idle_ms: IDLE_MS,
            giving_up: false,
            resumed_at: None,
            looked_at: None,
        }
    }

    /// With another time in which it has to be given a deadline: one that has to
    /// wait for its like.
    #[must_use]
    pub fn idle_after(mut self, idle_ms: u64) -> Self {
        self.idle_ms = idle_ms;
        self
    }

    /// One look.
    pub fn tick(&mut self, hold: &Hold, hands: &impl Hands) -> Option<Chore> {
        let now = hands.monotonic_ms();
        if now.saturating_sub(self.last) > LATE_MS {
            hold.note_interruption();
        }
        self.last = now;
        if now.saturating_sub(self.began) > self.idle_ms {
            hold.leave_if_idle(hands);
        }
        if hold.takes_up_again(hands) {
            return Some(Chore::Late("the guard's resume broke off"));
        }
        if self.giving_up {
            return None;
        }
        let chore = if hold.is_late(hands) {
            Some(Chore::Late("the deadline passed before the release"))
        } else if hold.is_resumed() {
            let since = *self.resumed_at.get_or_insert(now);
            let unclosed = now.saturating_sub(since) > self.close_ms;
            unclosed.then_some(Chore::GiveUp("the run was not closed in time"))
        } else {
            None
        };
        self.giving_up = chore.is_some();
        chore.or_else(|| self.looks(now).then_some(Chore::SeeIfFinal))
    }

    /// Whether it is time for a look.
    fn looks(&mut self, now: u64) -> bool {
        let every_ms = LOOK_MS.min(self.close_ms / LOOKS);
        let Some(since) = self.looked_at.or(self.resumed_at) else {
            return false;
        };
        let due = now.saturating_sub(since) >= every_ms;
        if due {
            self.looked_at = Some(now);
        }
        due
    }
}
