//! What the guard holds, and what it does with it. Blocking; the server calls
//! it from threads that may block.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slackwater_cut::{Cut, LeaseEvent, State};
use slackwater_host::{Entry, Limits, PhaseName};
use slackwater_kit::Session;
use slackwater_ports::{
    Answer, Clock, ConnectorRef, Flushed, GuardLook, GuardView, MirrorStop as _, Seen, VolumeFlush,
};
use slackwater_store::{Lease, RunHandle, RunId};
use slackwater_volumes::FlushHandles;

use super::protocol::Released;
use super::socket;
use crate::adapters::SystemClock;
use crate::exit::Stop;
use crate::site::Site;

/// While Connect or Kafka can't be reached the resume is tried again after
/// this: within ten seconds of their return the mirror is to run.
const TRY_AGAIN_MS: u64 = 3_000;

/// So often: two days. Somebody has looked by then.
const TRIES: u32 = 57_600;

/// The closing look is given this long even right before the deadline.
const LEAST_LOOK: Duration = Duration::from_secs(2);

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// The mirror may be stopped.
    Holding,
    /// It is being resumed: the deadline has nothing to add.
    Resuming,
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
    lease: Option<Lease>,
}

impl Inner {
    fn enter(&mut self, stage: Stage) {
        self.view.holding = stage == Stage::Holding;
        self.stage = stage;
    }
}

/// The hold of one run.
pub(super) struct Hold {
    site: Site,
    run: RunId,
    flush: FlushHandles,
    inner: Mutex<Inner>,
    /// One release or abandonment at a time.
    work: Mutex<()>,
}

impl Hold {
    pub(super) fn new(site: Site, run: RunId, flush: FlushHandles, lease: Lease) -> Self {
        let view = GuardView {
            token: lease.holder().token.clone(),
            holding: true,
            interruptions: 0,
            deadline_ms: lease.holder().deadline_ms,
            pid: std::process::id(),
        };
        let inner = Inner {
            stage: Stage::Holding,
            late_at: view.deadline_ms.map(|at| {
                let left = at.saturating_sub(SystemClock.now_ms());
                SystemClock.monotonic_ms().saturating_add(left)
            }),
            view,
            lease: Some(lease),
        };
        Self {
            site,
            run,
            flush,
            inner: Mutex::new(inner),
            work: Mutex::new(()),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which run it is of.
    pub(super) fn run(&self) -> &RunId {
        &self.run
    }

    pub(super) fn view(&self) -> GuardView {
        self.inner().view.clone()
    }

    pub(super) fn is_over(&self) -> bool {
        self.inner().stage == Stage::Over
    }

    pub(super) fn is_resumed(&self) -> bool {
        matches!(self.inner().stage, Stage::Resumed(_))
    }

    /// Whether the deadline has passed while the mirror is held.
    pub(super) fn is_late(&self) -> bool {
        let inner = self.inner();
        inner.stage == Stage::Holding
            && (inner
                .view
                .deadline_ms
                .is_some_and(|at| SystemClock.now_ms() >= at)
                || inner
                    .late_at
                    .is_some_and(|at| SystemClock.monotonic_ms() >= at))
    }

    /// Whether nobody asked for a deadline yet: then nothing is stopped.
    pub(super) fn is_idle(&self) -> bool {
        let inner = self.inner();
        inner.stage == Stage::Holding && inner.view.deadline_ms.is_none()
    }

    /// Ends a hold that nobody asked anything of. In one step with the look:
    /// an `engage` comes either before it, or finds the hold over.
    pub(super) fn leave_if_idle(&self) {
        {
            let mut inner = self.inner();
            if inner.stage != Stage::Holding || inner.view.deadline_ms.is_some() {
                return;
            }
            inner.enter(Stage::Over);
        }
        self.give_back();
    }

    /// The hold was not kept for a while: this process did not run.
    pub(super) fn note_interruption(&self) {
        self.inner().view.interruptions += 1;
    }

    /// Sets the one absolute deadline; a second call never moves it.
    pub(super) fn engage(&self, window_ms: u64) -> Result<GuardView, String> {
        let mut inner = self.inner();
        if inner.stage != Stage::Holding {
            return Err("the hold is over".to_owned());
        }
        if inner.view.deadline_ms.is_none() {
            let deadline_ms = SystemClock.now_ms().saturating_add(window_ms);
            if let Some(lease) = &mut inner.lease {
                let mut holder = lease.holder().clone();
                holder.deadline_ms = Some(deadline_ms);
                lease.update(holder).map_err(|error| error.to_string())?;
            }
            inner.view.deadline_ms = Some(deadline_ms);
            inner.late_at = Some(SystemClock.monotonic_ms().saturating_add(window_ms));
        }
        Ok(inner.view.clone())
    }

    /// Asks Connect to stop these. Not while the mirror is being resumed, and
    /// not after: the two exclude each other.
    pub(super) fn stop(&self, connectors: &[ConnectorRef]) -> Result<Vec<Answer>, String> {
        let _work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        if self.inner().stage != Stage::Holding || self.is_late() || self.is_idle() {
            return Err("the mirror is not held: nothing is stopped".to_owned());
        }
        Ok(self.site.connect().stop(connectors))
    }

    pub(super) fn flush(&self) -> Seen<Vec<Flushed>> {
        self.flush.flush()
    }

    /// The closing look, then the resume. A second call gives what the first
    /// one did.
    pub(super) fn release(self: &Arc<Self>) -> Result<Released, String> {
        let _work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let stage = self.inner().stage.clone();
        match stage {
            Stage::Resumed(released) => return Ok(released),
            Stage::Over => return Err("the run is over".to_owned()),
            Stage::Holding | Stage::Resuming => {}
        }
        let limits = Limits {
            wall: self.left(),
            ..Limits::default()
        };
        self.inner().enter(Stage::Resuming);
        let bracket = self
            .phase(PhaseName::ValidateHead, Entry::CloseBracket, limits)
            .map_err(|stop| stop.cause);
        let released = Released {
            bracket,
            resume: self.resume(),
        };
        self.event("resumed");
        self.inner().enter(Stage::Resumed(released.clone()));
        Ok(released)
    }

    /// What the deadline leaves for a closing look.
    fn left(&self) -> Duration {
        let late_at = self.inner().late_at;
        let left = late_at.map_or(0, |at| at.saturating_sub(SystemClock.monotonic_ms()));
        Duration::from_millis(left).max(LEAST_LOOK)
    }

    /// The resume, if that is still to be done; then the run is void. With
    /// `only_if_late`, nothing where a release came first.
    pub(super) fn abandon(self: &Arc<Self>, reason: &str, only_if_late: bool) -> Released {
        let _work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let stage = self.inner().stage.clone();
        let released = match stage {
            Stage::Resumed(released) if only_if_late => return released,
            Stage::Resumed(released) => released,
            Stage::Holding | Stage::Resuming | Stage::Over => {
                self.inner().enter(Stage::Resuming);
                tracing::warn!("giving run {} up: {reason}", self.run);
                Released {
                    bracket: Err(reason.to_owned()),
                    resume: self.resume(),
                }
            }
        };
        void(&self.site, &self.run, reason);
        // A mirror that could not be resumed is not given back: the lease is
        // left behind, and the next command tries again.
        if released.resume.is_ok() {
            self.give_back();
        } else {
            self.inner().enter(Stage::Over);
        }
        released
    }

    /// The run is closed.
    pub(super) fn finish(&self) -> Result<(), String> {
        let _work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        if self.inner().stage == Stage::Holding {
            return Err("the mirror is held: release it first".to_owned());
        }
        self.give_back();
        Ok(())
    }

    /// The lease goes back, and the guard with it.
    pub(super) fn give_back(&self) {
        // First the socket: another run's guard may have the name at once.
        let _ = std::fs::remove_file(socket(self.site.store.dir(), &self.site.mirror.name));
        let mut inner = self.inner();
        inner.enter(Stage::Over);
        if let Some(lease) = inner.lease.take()
            && let Err(error) = lease.release()
        {
            tracing::error!("the lease could not be given back: {error}");
        }
    }

    fn resume(self: &Arc<Self>) -> Result<String, String> {
        let mut last = String::new();
        for _ in 0..TRIES {
            match self.phase(PhaseName::ResumeMirror, Entry::Run, Limits::default()) {
                Ok(summary) => return Ok(summary),
                Err(stop) => {
                    tracing::error!("the mirror could not be resumed: {stop}");
                    last = stop.cause;
                }
            }
            SystemClock.sleep_ms(TRY_AGAIN_MS);
        }
        Err(last)
    }

    fn phase(
        self: &Arc<Self>,
        phase: PhaseName,
        entry: Entry,
        limits: Limits,
    ) -> Result<String, Stop> {
        let mut ports = self.site.ports(&self.run)?;
        ports.guard_look = Some(self.clone());
        self.site
            .run_within(phase, entry, ports, limits)
            .map(|outcome| outcome.summary)
    }

    fn event(&self, event: &str) {
        let handle = RunHandle::new(self.site.store.clone(), self.run.clone());
        let at_ms = SystemClock.now_ms();
        let noted = Session::load(&handle).and_then(|mut session| {
            session.update(&handle, |cut: &mut Cut| {
                cut.lease.push(LeaseEvent {
                    at_ms,
                    event: event.to_owned(),
                });
            })
        });
        if let Err(error) = noted {
            tracing::warn!("{event} could not be noted: {error}");
        }
    }
}

impl GuardLook for Hold {
    fn guard(&self) -> Seen<GuardView> {
        Ok(self.view())
    }
}

/// Ends a run that was not closed. One that has ended already stays as it is:
/// of a close and a void the first wins.
pub(crate) fn void(site: &Site, run: &RunId, reason: &str) {
    let handle = RunHandle::new(site.store.clone(), run.clone());
    let at_ms = SystemClock.now_ms();
    let voided = Session::load(&handle).and_then(|mut session| {
        session.update(&handle, |cut: &mut Cut| {
            cut.state = State::Void {
                at_ms,
                reason: reason.to_owned(),
            };
        })
    });
    if let Err(error) = voided {
        tracing::debug!("run {run} was not voided: {error}");
    }
}
