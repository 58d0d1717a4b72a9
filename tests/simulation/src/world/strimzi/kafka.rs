//! The resource of the mirror's Kafka, as far as it matters: that its operator is to leave
//! it alone while the mirror is held, and what that says of it. The patches are those of
//! `plugin/strimzi`: each is of what was read, and is refused where something else stands
//! there. (What its operator does to brokers where it is not left alone is not here.)

use fastrand::Rng;

use super::operator::{FULL_MS, LOCK_MS, delay};

/// As it stands there.
#[derive(Debug, Clone)]
pub(crate) struct Kafka {
    /// Another one after each change of any part.
    pub(crate) version: u64,
    /// Its operator is to leave it alone.
    pub(crate) paused: bool,
    /// Noted: that the pause is ours.
    pub(crate) pause_is_ours: bool,
    /// In `status`: that it is left alone.
    pub(crate) says_paused: bool,
}

impl Kafka {
    pub(super) fn new() -> Self {
        Self {
            version: 1,
            paused: false,
            pause_is_ours: false,
            says_paused: false,
        }
    }

    /// Whether nothing of ours is left on it.
    pub(crate) fn is_let_go(&self) -> bool {
        !self.paused && !self.pause_is_ours
    }

    /// The patch `pause_kafka`; `None` where all is so already.
    pub(crate) fn pause(&self) -> Option<Self> {
        (!self.paused).then(|| Self {
            paused: true,
            pause_is_ours: true,
            ..self.clone()
        })
    }

    /// The patch `unpause`; `None` where nothing is noted.
    pub(crate) fn unpause(&self) -> Option<Self> {
        self.pause_is_ours.then(|| Self {
            paused: false,
            pause_is_ours: false,
            ..self.clone()
        })
    }
}

/// The operator's part that looks after it: apart from that which looks after what feeds the
/// mirror, and gone when that is.
#[derive(Debug, Clone)]
pub(super) struct Looks {
    /// Of its own, so that what befalls others stays what it was.
    rng: Rng,
    /// When it begins with what it heard.
    heard: Option<u64>,
    /// When it looks by itself.
    full_at: u64,
    /// When a round ends, and whether the resource was paused when it began.
    round: Option<(u64, bool)>,
    was_down: bool,
}

impl Looks {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0xaf_ca00);
        Self {
            heard: None,
            full_at: rng.u64(0..FULL_MS),
            round: None,
            was_down: false,
            rng,
        }
    }

    /// Something was written into the resource.
    pub(super) fn hear(&mut self, now: u64, is_down: bool) {
        if !is_down {
            let at = now + delay(&mut self.rng);
            self.heard = Some(self.heard.map_or(at, |before| before.min(at)));
        }
    }

    /// It begins a round, if none is under way, that takes until then: all brokers are
    /// restarted, say.
    pub(super) fn hold_up(&mut self, kafka: &Kafka, until: u64) {
        let (at, _) = self.round.get_or_insert((until, kafka.paused));
        *at = (*at).max(until);
    }

    pub(super) fn heal(&mut self, now: u64) {
        if let Some((at, _)) = &mut self.round {
            *at = (*at).min(now);
        }
    }

    pub(super) fn tick(
        &mut self,
        now: u64,
        [is_down, answers, writes]: [bool; 3],
        kafka: &mut Kafka,
    ) {
        if is_down {
            (self.heard, self.round) = (None, None);
            self.was_down = true;
            return;
        }
        if std::mem::take(&mut self.was_down) {
            self.full_at = now + self.rng.u64(500..8_000);
        }
        if let Some((at, paused)) = self.round {
            // What comes while it is at the resource waits for its lock.
            self.heard = self.heard.filter(|heard| now < heard + LOCK_MS);
            if now < at {
                return;
            }
            self.round = None;
            if writes && kafka.says_paused != paused {
                kafka.says_paused = paused;
                kafka.version += 1;
            }
        }
        let due = now >= self.full_at || self.heard.is_some_and(|at| now >= at);
        if due && answers {
            if now >= self.full_at {
                self.full_at = now + FULL_MS;
            }
            self.heard = None;
            let takes = self.rng.u64(50..1_500);
            self.round = Some((now + takes, kafka.paused));
        }
    }
}
