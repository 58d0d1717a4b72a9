//! What the guard holds, and what it does with it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use slackwater_ports::{Answer, BrokerAnswer, Clock, ConnectorRef, GuardView, Seen};

use crate::{Hands, Standing};

/// While Connect or Kafka can't be reached the resume is tried again after
/// this: within ten seconds of their return the mirror is to run.
const TRY_AGAIN_MS: u64 = 3_000;

/// So often: two days. Somebody has looked by then.
const TRIES: u32 = 57_600;

/// The closing look is given this long even right before the deadline.
const LEAST_LOOK_MS: u64 = 2_000;

/// What came of a release or an abandonment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Released {
    /// What the closing look said, or why there is none.
    pub bracket: Result<String, String>,
    /// What the resume said, or why the mirror is not resumed.
    pub resume: Result<String, String>,
}

/// Why the mirror is let go before its deadline: what the cut says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetGo {
    /// Whoever makes the run asked for it.
    Asked,
    /// Nobody asked: the snapshots that others make were all there.
    EveryVolumeSnapped,
}

impl LetGo {
    /// As it is noted in the cut, among what befell the lease.
    pub fn event(self) -> &'static str {
        match self {
            Self::Asked => "resumed",
            Self::EveryVolumeSnapped => "resumed: every volume was snapshotted",
        }
    }

    /// Whether that is what is noted.
    pub(crate) fn is_noted_as(event: &str) -> bool {
        let mut each = [Self::Asked, Self::EveryVolumeSnapped].into_iter();
        each.any(|one| one.event() == event)
    }
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// The mirror may be stopped.
    Holding,
    /// It is being resumed: the deadline has nothing to add.
    Resuming,
    /// Whoever resumed it came to grief. From this instant of the monotonic
    /// clock on it is tried again.
    BrokenOff(u64),
    /// It runs again; the run is not closed.
    Resumed(Released),
    /// The guard is done.
    Over,
}

struct Inner {
    stage: Stage,
    view: GuardView,
    /// The deadline by the monotonic clock: one that was set back must not
    /// lengthen a hold.
    late_at: Option<u64>,
    /// How often a resume broke off.
    broken_off: u32,
    /// Whether whoever may restart brokers was seen to leave them alone.
    prepared: bool,
    /// Whether the run was seen to be over, and nobody had said so.
    seen_final: bool,
}

impl Inner {
    fn enter(&mut self, stage: Stage) {
        self.view.holding = stage == Stage::Holding;
        self.stage = stage;
    }
}

/// The hold of one run. Its calls may come from several threads; each brings
/// the means that it works with.
pub struct Hold {
    inner: Mutex<Inner>,
}

impl Hold {
    /// Under this lease, with the deadline that it may have from a guard that
    /// died.
    pub fn new(
        clock: &impl Clock,
        token: String,
        deadline_ms: Option<u64>,
        identity: String,
    ) -> Self {
        let late_at = deadline_ms.map(|at| {
            let left = at.saturating_sub(clock.now_ms());
            clock.monotonic_ms().saturating_add(left)
        });
        let view = GuardView {
            token,
            holding: true,
            interruptions: 0,
            deadline_ms,
            identity,
        };
        Self {
            inner: Mutex::new(Inner {
                stage: Stage::Holding,
                view,
                late_at,
                broken_off: 0,
                prepared: false,
                seen_final: false,
            }),
        }
    }

    /// In the place of a guard that has let the mirror run: only the close is waited for.
    #[must_use]
    pub fn in_the_place_of(self, standing: Standing) -> Self {
        if let Standing::LetGo { looked } = standing {
            let bracket = match looked {
                true => Ok("the closing look was had by a guard before this one".to_owned()),
                false => {
                    Err("a guard before this one let the mirror run without a look".to_owned())
                }
            };
            self.inner().enter(Stage::Resumed(Released {
                bracket,
                resume: Ok("a guard before this one let the mirror run".to_owned()),
            }));
        }
        self
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As it answers.
    pub fn view(&self) -> GuardView {
        self.inner().view.clone()
    }

    /// Whether the guard is done.
    pub fn is_over(&self) -> bool {
        self.inner().stage == Stage::Over
    }

    /// Whether the mirror runs again, and the run is not closed.
    pub fn is_resumed(&self) -> bool {
        matches!(self.inner().stage, Stage::Resumed(_))
    }

    /// Whether the deadline has passed while the mirror is held.
    pub fn is_late(&self, clock: &impl Clock) -> bool {
        let inner = self.inner();
        let passed = |at: Option<u64>, now: u64| at.is_some_and(|at| now >= at);
        inner.stage == Stage::Holding
            && (passed(inner.view.deadline_ms, clock.now_ms())
                || passed(inner.late_at, clock.monotonic_ms()))
    }

    /// Whoever released or abandoned it did not come to an end: a fault of this
    /// program. The mirror may be held still, and nobody else would resume it.
    pub fn broke_off(&self, clock: &impl Clock) {
        let mut inner = self.inner();
        if inner.stage == Stage::Over || inner.broken_off >= TRIES {
            return;
        }
        inner.broken_off += 1;
        inner.view.interruptions += 1;
        let again_at = clock.monotonic_ms().saturating_add(TRY_AGAIN_MS);
        inner.enter(Stage::BrokenOff(again_at));
    }

    /// Whether what broke off is to be taken up again, now and by the caller.
    pub(crate) fn takes_up_again(&self, clock: &impl Clock) -> bool {
        let mut inner = self.inner();
        let due = matches!(inner.stage, Stage::BrokenOff(at) if clock.monotonic_ms() >= at);
        if due {
            inner.enter(Stage::Resuming);
        }
        due
    }

    /// Whether nobody asked for a deadline yet: then nothing is stopped.
    pub fn is_idle(&self) -> bool {
        let inner = self.inner();
        inner.stage == Stage::Holding && inner.view.deadline_ms.is_none()
    }

    /// Ends a hold that nobody asked anything of. In one step with the look:
    /// an `engage` comes either before it, or finds the hold over.
    pub fn leave_if_idle(&self, hands: &impl Hands) {
        {
            let mut inner = self.inner();
            if inner.stage != Stage::Holding || inner.view.deadline_ms.is_some() {
                return;
            }
            inner.enter(Stage::Over);
        }
        self.give_back(hands);
    }

    /// The hold was not kept for a while: this process did not run.
    pub fn note_interruption(&self) {
        self.inner().view.interruptions += 1;
    }

    /// Sets the one absolute deadline; a second call never moves it.
    ///
    /// # Errors
    /// A hold that is over; a lease that can't be written.
    pub fn engage(&self, hands: &impl Hands, window_ms: u64) -> Result<GuardView, String> {
        let mut inner = self.inner();
        if inner.stage != Stage::Holding {
            return Err("the hold is over".to_owned());
        }
        if inner.view.deadline_ms.is_none() {
            let deadline_ms = hands.now_ms().saturating_add(window_ms);
            hands.sign_deadline(deadline_ms)?;
            inner.view.deadline_ms = Some(deadline_ms);
            inner.late_at = Some(hands.monotonic_ms().saturating_add(window_ms));
        }
        Ok(inner.view.clone())
    }

    /// Asks Connect to stop these. Not while the mirror is being resumed, and
    /// not after: the two exclude each other.
    ///
    /// # Errors
    /// A mirror that is not held.
    pub fn stop(
        &self,
        hands: &impl Hands,
        connectors: &[ConnectorRef],
    ) -> Result<Vec<Answer>, String> {
        let _alone = hands.alone();
        self.still_holds(hands)?;
        // Until something is stopped it may take its time. Later the deadline would wait
        // for it.
        let prepared = self.inner().prepared;
        let ready = match prepared {
            true => hands.still_prepared(),
            false => hands.prepare(),
        };
        if let Err(why) = ready {
            return Ok(Answer::none_told(connectors, &why));
        }
        self.inner().prepared = true;
        // That may have taken until the deadline, which nothing is stopped behind.
        self.still_holds(hands)?;
        Ok(hands.stop(connectors))
    }

    /// Stops the brokers, not past the deadline; the same excludes it.
    ///
    /// # Errors
    /// A mirror that is not held.
    pub fn stop_brokers(&self, hands: &impl Hands) -> Result<Seen<Vec<BrokerAnswer>>, String> {
        let _alone = hands.alone();
        self.still_holds(hands)?;
        Ok(hands.stop_brokers(self.left_ms(hands)))
    }

    fn still_holds(&self, hands: &impl Hands) -> Result<(), String> {
        if self.inner().stage != Stage::Holding || self.is_late(hands) || self.is_idle() {
            return Err("the mirror is not held: nothing is stopped".to_owned());
        }
        Ok(())
    }

    /// The closing look, then the resume. A second call gives what the first
    /// one did, and the first one's reason is noted.
    ///
    /// # Errors
    /// A run that is over.
    pub fn release(&self, hands: &impl Hands, why: LetGo) -> Result<Released, String> {
        let _alone = hands.alone();
        let stage = self.inner().stage.clone();
        match stage {
            Stage::Resumed(released) => return Ok(released),
            Stage::Over => return Err("the run is over".to_owned()),
            Stage::Holding | Stage::Resuming | Stage::BrokenOff(_) => {}
        }
        let within_ms = self.left_ms(hands).max(LEAST_LOOK_MS);
        self.inner().enter(Stage::Resuming);
        let released = Released {
            bracket: hands.close_bracket(within_ms),
            resume: resume(hands),
        };
        hands.note(why.event());
        self.inner().enter(Stage::Resumed(released.clone()));
        Ok(released)
    }

    /// What the deadline leaves for a closing look.
    fn left_ms(&self, clock: &impl Clock) -> u64 {
        let late_at = self.inner().late_at;
        late_at.map_or(0, |at| at.saturating_sub(clock.monotonic_ms()))
    }

    /// The resume, if that is still to be done; then the run is void. With
    /// `only_if_late`, nothing where a release came first.
    pub fn abandon(&self, hands: &impl Hands, reason: &str, only_if_late: bool) -> Released {
        let _alone = hands.alone();
        let stage = self.inner().stage.clone();
        let released = match stage {
            Stage::Resumed(released) if only_if_late => return released,
            Stage::Resumed(released) => released,
            Stage::Holding | Stage::Resuming | Stage::BrokenOff(_) | Stage::Over => {
                self.inner().enter(Stage::Resuming);
                Released {
                    bracket: Err(reason.to_owned()),
                    resume: resume(hands),
                }
            }
        };
        hands.void(reason);
        // A mirror that could not be resumed is not given back: the lease is
        // left behind, and the next command tries again.
        if released.resume.is_ok() {
            self.give_back(hands);
        } else {
            self.inner().enter(Stage::Over);
        }
        released
    }

    /// The run is closed.
    ///
    /// # Errors
    /// A mirror that is held still.
    pub fn finish(&self, hands: &impl Hands) -> Result<(), String> {
        let _alone = hands.alone();
        if self.inner().stage == Stage::Holding {
            return Err("the mirror is held: release it first".to_owned());
        }
        self.give_back(hands);
        Ok(())
    }

    /// Ends a hold whose run is over, though nobody came to say so: whoever closed it may
    /// have died, or not have reached this guard. Who closes a run keeps it, and says so
    /// next: he is waited for until another look finds it so.
    pub fn leave_if_final(&self, hands: &impl Hands) {
        if !self.is_resumed() || !hands.is_final() {
            return;
        }
        let _alone = hands.alone();
        {
            let mut inner = self.inner();
            let runs = matches!(&inner.stage, Stage::Resumed(done) if done.resume.is_ok());
            if !runs || !std::mem::replace(&mut inner.seen_final, true) {
                return;
            }
        }
        self.give_back(hands);
    }

    /// Over only when it is given back: the process may end then.
    fn give_back(&self, hands: &impl Hands) {
        hands.give_back();
        self.inner().enter(Stage::Over);
    }
}

fn resume(hands: &impl Hands) -> Result<String, String> {
    let mut last = String::new();
    for _ in 0..TRIES {
        match hands.resume() {
            Ok(summary) => return Ok(summary),
            Err(cause) => last = cause,
        }
        hands.sleep_ms(TRY_AGAIN_MS);
    }
    Err(last)
}
