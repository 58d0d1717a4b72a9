//! What the guard does its work with: the lease, the phases that it hosts, and
//! Connect. It decides nothing: see `slackwater_hold`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slackwater_cut::{Cut, LeaseEvent, State};
use slackwater_hold::{Hands, Hold, LetGo, Standing};
use slackwater_host::{Entry, Limits, PhaseName};
use slackwater_kit::Session;
use slackwater_ports::{
    Answer, BrokerAnswer, BrokerStop, Clock, ConnectorRef, Flushed, GuardLook, GuardView,
    PortError, PortErrorKind, Seen, VolumeFlush, VolumeSnapshot,
};
use slackwater_store::RunId;

use crate::adapters::SystemClock;
use crate::exit::Stop;
use crate::site::{Flush, Held, News, Site};

use super::flushing::Flushing;
use super::prover::Prover;
use super::recover::let_go_by_notes;

/// See the module. Its calls come from threads that may block.
pub(super) struct GuardHands {
    site: Arc<Site>,
    run: RunId,
    flush: Arc<Flushing>,
    lease: Mutex<Option<Box<dyn Held>>>,
    /// One release or abandonment at a time.
    work: Mutex<()>,
    hold: Arc<Hold>,
    /// Whether the volumes are written out ahead of their flush: not begun,
    /// begun, or over.
    ahead: Arc<Mutex<Ahead>>,
    /// Whether others' snapshots are waited for.
    awaits: Mutex<bool>,
    prover: Prover,
}

/// The phase that waits for others has its own end at the deadline, and says why.
const AFTER_THE_DEADLINE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Ahead {
    #[default]
    NotBegun,
    Begun,
    Over,
}

impl GuardHands {
    pub(super) fn new(
        site: Arc<Site>,
        run: RunId,
        flush: Box<dyn Flush>,
        lease: Box<dyn Held>,
        standing: Standing,
    ) -> Self {
        let notes = site.ground().flush_notes();
        let holder = lease.holder();
        let hold = Hold::new(
            &SystemClock,
            holder.token.clone(),
            holder.deadline_ms,
            site.ground().guard_note(),
        )
        .in_the_place_of(standing);
        Self {
            site,
            run,
            flush: Arc::new(Flushing::new(flush, notes)),
            lease: Mutex::new(Some(lease)),
            work: Mutex::new(()),
            hold: Arc::new(hold),
            ahead: Arc::default(),
            awaits: Mutex::default(),
            prover: Prover::default(),
        }
    }

    /// While the run is open yet: that it is read.
    pub(super) fn see_to_its_prover(&self) {
        if !self.hold.is_over() && self.is_ours() {
            self.prover.see_to(&self.site, &self.run);
        }
    }

    /// Which run it is of.
    pub(super) fn run(&self) -> &RunId {
        &self.run
    }

    /// Whether nobody else can hold the mirror; so it is, too, once it was given
    /// back.
    pub(super) fn is_ours(&self) -> bool {
        // One that writes into it holds it.
        match self.lease.try_lock() {
            Ok(lease) => lease.as_ref().is_none_or(|lease| lease.is_ours()),
            Err(_) => true,
        }
    }

    /// Whether another guard of this run waits for the lease.
    pub(super) fn has_its_like(&self) -> bool {
        self.site.ground().stands_by()
    }

    pub(super) fn hold(&self) -> &Hold {
        &self.hold
    }

    pub(super) fn flush(&self) -> Seen<Vec<Flushed>> {
        *locked(&self.ahead) = Ahead::Over;
        self.flush.flush()
    }

    /// While connectors stop and the mirror drains, the disks have nothing to
    /// do: from the first call on, until the flush that counts, what the
    /// brokers have left to the kernel is written out.
    pub(super) fn write_ahead(&self) {
        let mut begun = locked(&self.ahead);
        if *begun != Ahead::NotBegun {
            return;
        }
        *begun = Ahead::Begun;
        // No more than it needs: the site is let go when the guard ends, and
        // its recordings are written then.
        let (hold, flush) = (self.hold.clone(), self.flush.clone());
        let ahead = self.ahead.clone();
        std::thread::spawn(move || {
            while hold.view().holding && *locked(&ahead) == Ahead::Begun {
                flush.write_ahead();
                SystemClock.sleep_ms(flush.ahead_every_ms());
            }
        });
    }

    /// In a thread of its own, once: waits for the snapshots that others make, and lets
    /// the mirror run when each volume has one, or when that can't be any more.
    pub(super) fn await_others(self: &Arc<Self>) {
        if std::mem::replace(&mut *locked(&self.awaits), true) {
            return;
        }
        let hands = self.clone();
        std::thread::spawn(move || {
            let working = hands.clone();
            let work = std::thread::spawn(move || working.let_go_when_others_are_done());
            if work.join().is_err() {
                // A panic: what it held must not stay so.
                hands.hold.broke_off(&SystemClock);
            }
        });
    }

    fn let_go_when_others_are_done(&self) {
        if let Err(stop) = self.others_snapshots() {
            self.hold.abandon(self, &stop.cause, false);
            return;
        }
        match self.hold.release(self, LetGo::EveryVolumeSnapped) {
            Ok(released) if released.resume.is_ok() => {
                self.site.ground().tell(&self.run, &News::Resumed);
            }
            Ok(_) => tracing::warn!("the mirror is not resumed yet"),
            Err(why) => tracing::warn!("the mirror was not let go: {why}"),
        }
    }

    /// Whether others are at their snapshots, so that nobody else's end is the run's.
    pub(super) fn awaits_others(&self) -> bool {
        *locked(&self.awaits)
    }

    fn others_snapshots(&self) -> Result<String, Stop> {
        let now = SystemClock.now_ms();
        let left = self
            .hold
            .view()
            .deadline_ms
            .map(|at| at.saturating_sub(now));
        let limits = Limits {
            wall: Duration::from_millis(left.unwrap_or_default()) + AFTER_THE_DEADLINE,
            ..Limits::default()
        };
        let snapshots = self.site.ground().volume_snapshot(&self.run, false)?;
        self.phase_with(
            PhaseName::SnapshotPartitions,
            Entry::Run,
            limits,
            Some(snapshots),
        )
    }

    /// For whoever finds the mirror held, and nobody who holds it.
    fn note_by_hand(&self) {
        let lines = match self.site.ground().by_hand() {
            Ok(lines) => lines,
            Err(stop) => return tracing::warn!("how it is let go by hand is not known: {stop}"),
        };
        if !lines.is_empty()
            && let Some(lease) = &*self.lease()
            && let Err(why) = lease.note_by_hand(&lines)
        {
            tracing::warn!("how it is let go by hand is not noted: {why}");
        }
    }

    fn lease(&self) -> MutexGuard<'_, Option<Box<dyn Held>>> {
        locked(&self.lease)
    }

    fn phase(&self, phase: PhaseName, entry: Entry, limits: Limits) -> Result<String, Stop> {
        self.phase_with(phase, entry, limits, None)
    }

    fn phase_with(
        &self,
        phase: PhaseName,
        entry: Entry,
        limits: Limits,
        snapshots: Option<Arc<dyn VolumeSnapshot + Send + Sync>>,
    ) -> Result<String, Stop> {
        if !self.is_ours() {
            return Err(Stop::held("the lease was lost to another guard"));
        }
        // No other looks at volumes: whatever has become of them.
        let document = self.site.runs().document(&self.run);
        let mut ports = self.site.ports_on(Arc::new(document));
        ports.guard_look = Some(Arc::new(Look(self.hold.clone())));
        if snapshots.is_some() {
            // What is left of the phase is to look at them.
            ports.volume_snapshot = snapshots;
            ports.volume_flush = Some(Arc::new(Sealed));
            ports.broker_stop = Some(Arc::new(Sealed));
        }
        self.site
            .run_within(phase, entry, ports, limits)
            .map(|outcome| outcome.summary)
    }
}

fn lost() -> PortError {
    PortError::new(
        PortErrorKind::Refused,
        "the lease was lost to another guard",
    )
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The guard looks at itself.
struct Look(Arc<Hold>);

impl GuardLook for Look {
    fn guard(&self) -> Seen<GuardView> {
        Ok(self.0.view())
    }
}

/// Where others snapshot, it was done before they began.
struct Sealed;

impl Sealed {
    fn refused<T>() -> Seen<T> {
        let why = "the run was to be sealed and flushed before others snapshot";
        Err(PortError::new(PortErrorKind::Refused, why))
    }
}

impl VolumeFlush for Sealed {
    fn flush(&self) -> Seen<Vec<Flushed>> {
        Self::refused()
    }
}

impl BrokerStop for Sealed {
    fn stop_brokers(&self) -> Seen<Vec<BrokerAnswer>> {
        Self::refused()
    }
}

impl Clock for GuardHands {
    fn now_ms(&self) -> u64 {
        SystemClock.now_ms()
    }

    fn monotonic_ms(&self) -> u64 {
        SystemClock.monotonic_ms()
    }

    fn sleep_ms(&self, ms: u64) {
        SystemClock.sleep_ms(ms);
    }
}

impl Hands for GuardHands {
    type Alone<'a> = MutexGuard<'a, ()>;

    fn alone(&self) -> MutexGuard<'_, ()> {
        locked(&self.work)
    }

    fn close_bracket(&self, within_ms: u64) -> Result<String, String> {
        let limits = Limits {
            wall: Duration::from_millis(within_ms),
            ..Limits::default()
        };
        self.phase(PhaseName::ValidateHead, Entry::CloseBracket, limits)
            .map_err(|stop| stop.cause)
    }

    fn resume(&self) -> Result<String, String> {
        let resumed = self.phase(PhaseName::ResumeMirror, Entry::Run, Limits::default());
        let resumed = resumed.or_else(|stop| match self.is_ours() {
            true => let_go_by_notes(&self.site, &self.run).unwrap_or(Err(stop)),
            false => Err(stop),
        });
        resumed.map_err(|stop| {
            tracing::error!("the mirror could not be resumed: {stop}");
            stop.cause
        })
    }

    fn prepare(&self) -> Seen<()> {
        match self.is_ours() {
            true => self.site.ground().leave_brokers_alone(),
            false => Err(lost()),
        }
    }

    fn still_prepared(&self) -> Seen<()> {
        match self.is_ours() {
            true => self.site.ground().leaves_brokers_alone(),
            false => Err(lost()),
        }
    }

    fn stop(&self, connectors: &[ConnectorRef]) -> Vec<Answer> {
        if !self.is_ours() {
            return Answer::none_told(connectors, &lost());
        }
        let answers = self.site.ground().feeders().stop.stop(connectors);
        self.note_by_hand();
        answers
    }

    fn stop_brokers(&self, within_ms: u64) -> Seen<Vec<BrokerAnswer>> {
        let within = Duration::from_millis(within_ms);
        self.site.ground().stop_brokers(within)
    }

    fn sign_deadline(&self, deadline_ms: u64) -> Result<(), String> {
        match &mut *self.lease() {
            Some(lease) => {
                let mut holder = lease.holder().clone();
                holder.deadline_ms = Some(deadline_ms);
                lease.sign(holder)
            }
            None => Err("the lease was given back".to_owned()),
        }
    }

    fn note(&self, event: &str) {
        let handle = self.site.runs().document(&self.run);
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

    fn void(&self, reason: &str) {
        tracing::warn!("run {} is given up: {reason}", self.run);
        void(&self.site, &self.run, reason);
    }

    fn is_final(&self) -> bool {
        let record = self.site.runs().load(&self.run);
        let cut = record.ok().map(|record| Cut::parse(&record.document));
        cut.is_some_and(|cut| cut.is_ok_and(|cut| cut.state.is_final()))
    }

    fn give_back(&self) {
        // First the socket: another run's guard may have the name at once.
        let _ = std::fs::remove_file(self.site.ground().guard_socket());
        if let Some(lease) = self.lease().take()
            && let Err(error) = lease.release()
        {
            tracing::error!("the lease could not be given back: {error}");
        }
    }
}

/// Ends a run that was not closed. One that has ended already stays as it is:
/// of a close and a void the first wins.
pub(crate) fn void(site: &Site, run: &RunId, reason: &str) {
    let handle = site.runs().document(run);
    let at_ms = SystemClock.now_ms();
    let voided = Session::load(&handle).and_then(|mut session| {
        session.update(&handle, |cut: &mut Cut| {
            cut.state = State::Void {
                at_ms,
                reason: reason.to_owned(),
            };
        })
    });
    match voided {
        Ok(()) => site.ground().tell(run, &News::Voided(reason.to_owned())),
        Err(error) => tracing::debug!("run {run} was not voided: {error}"),
    }
}
