//! The guard's process: what it is asked, and its own watch.

mod pods;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use slackwater_cut::{Cut, LeaseEvent, State};
use slackwater_hold::{Chore, Hands, Hold, TICK_MS, Watch};
use slackwater_kit::Session;
use slackwater_ports::{
    Answer, BrokerAnswer, Clock, ConnectorRef, PortError, PortErrorKind, RunStore as _, Seen,
};

use crate::hand::Hand;
use crate::lease::PodLease;
use crate::sim::{Sim, run_phase};
use crate::step::Step;
use crate::world::process::{ProcessId, Role};
use crate::world::store::Signature;

/// For a question that is answered at once.
pub(crate) const AT_ONCE_MS: u64 = 5_000;
/// For a stop.
pub(crate) const STOP_MS: u64 = 45_000;
/// For a flush.
pub(crate) const FLUSH_MS: u64 = 120_000;
/// For a release.
pub(crate) const RELEASE_MS: u64 = 120_000;

/// How long a run whose mirror runs again may stay open.
const CLOSE_MS: u64 = 9_000;

/// A guard.
pub(crate) struct Guard {
    pub(crate) process: ProcessId,
    pub(crate) run: String,
    pub(crate) hold: Hold,
    watch: RefCell<Watch>,
    leash: Cell<Option<Leash>>,
    busy: Cell<bool>,
    /// Jobs that are not done.
    working: Cell<u32>,
    /// When it opened the volumes.
    pub(crate) opened_ms: u64,
    /// The Lease, where it is in a pod.
    lease: Option<Rc<PodLease>>,
}

/// Whose end is the run's, and which life of the API server the line to him goes
/// through.
#[derive(Debug, Clone, Copy)]
struct Leash {
    process: ProcessId,
    life: u32,
}

impl Guard {
    fn new(
        hand: &Hand<'_>,
        process: ProcessId,
        hold: Hold,
        watch: Watch,
        lease: Option<Rc<PodLease>>,
    ) -> Rc<Self> {
        let guard = Rc::new(Self {
            process,
            run: hand.run.clone(),
            hold,
            watch: RefCell::new(watch),
            leash: Cell::new(None),
            busy: Cell::new(false),
            working: Cell::new(0),
            opened_ms: hand.now_ms(),
            lease,
        });
        hand.sim.guards.borrow_mut().push(guard.clone());
        guard
    }

    /// The run ends with this process, or with the line to it.
    pub(crate) fn attach(&self, process: ProcessId, life: u32) {
        if self.leash.get().is_none() {
            self.leash.set(Some(Leash { process, life }));
        }
    }

    /// Whether nobody else can hold the mirror; so it is, too, once it was given
    /// back.
    fn is_ours(&self, now: u64) -> bool {
        let lease = self.lease.as_ref().filter(|one| one.is_kept());
        lease.is_none_or(|one| one.is_ours(now))
    }
}

const LOST: &str = "the lease was lost to another guard";

/// The right to work alone.
pub(crate) struct Alone(Rc<Guard>);

impl Drop for Alone {
    fn drop(&mut self) {
        self.0.busy.set(false);
    }
}

struct Working(Rc<Guard>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.working.set(self.0.working.get() - 1);
    }
}

/// Its means, in one of its coroutines.
pub(crate) struct GuardHands<'r> {
    pub(crate) hand: Hand<'r>,
    guard: Rc<Guard>,
}

impl GuardHands<'_> {
    fn must_be_ours(&self) -> Result<(), String> {
        let ours = self.guard.is_ours(self.hand.sim.now());
        if ours { Ok(()) } else { Err(LOST.to_owned()) }
    }
}

impl Clock for GuardHands<'_> {
    fn now_ms(&self) -> u64 {
        self.hand.now_ms()
    }

    fn monotonic_ms(&self) -> u64 {
        self.hand.monotonic_ms()
    }

    fn sleep_ms(&self, ms: u64) {
        self.hand.sleep_ms(ms);
    }
}

impl Hands for GuardHands<'_> {
    type Alone<'a>
        = Alone
    where
        Self: 'a;

    fn alone(&self) -> Alone {
        while self.guard.busy.replace(true) {
            self.hand.pause(5);
        }
        Alone(self.guard.clone())
    }

    fn close_bracket(&self, within_ms: u64) -> Result<String, String> {
        self.must_be_ours()?;
        self.hand.enter(Step::Close);
        let closed = self.hand.within(within_ms, || {
            run_phase!(
                &self.hand,
                "validate-head",
                "close-bracket",
                slackwater_validate_head::close_bracket
            )
        });
        closed.map(|one| one.summary).map_err(|one| one.reason)
    }

    fn resume(&self) -> Result<String, String> {
        self.must_be_ours()?;
        self.hand.enter(Step::Resume);
        let resumed = run_phase!(
            &self.hand,
            "resume-mirror",
            "run",
            slackwater_resume_mirror::run
        );
        resumed.map(|one| one.summary).map_err(|one| one.reason)
    }

    fn prepare(&self) -> Seen<()> {
        self.hand.enter(Step::Stop);
        self.must_be_ours().map_err(refused)?;
        self.hand.leave_kafka_alone()
    }

    fn still_prepared(&self) -> Seen<()> {
        self.hand.enter(Step::Stop);
        self.must_be_ours().map_err(refused)?;
        self.hand.leaves_kafka_alone()
    }

    fn stop(&self, connectors: &[ConnectorRef]) -> Vec<Answer> {
        self.hand.enter(Step::Stop);
        if let Err(why) = self.must_be_ours() {
            return Answer::none_told(connectors, &refused(why));
        }
        self.hand.stop_all(connectors)
    }

    fn stop_brokers(&self, _within_ms: u64) -> Seen<Vec<BrokerAnswer>> {
        Ok(self.hand.stop_all_brokers())
    }

    fn sign_deadline(&self, deadline_ms: u64) -> Result<(), String> {
        if let Some(lease) = &self.guard.lease {
            return lease.sign(&self.hand, deadline_ms);
        }
        let mut world = self.hand.sim.world.borrow_mut();
        if world.now < world.store.full_until {
            return Err("no space is left for the lease".to_owned());
        }
        if let Some(signature) = &mut world.store.signature {
            signature.deadline_ms = Some(deadline_ms);
        }
        Ok(())
    }

    fn note(&self, event: &str) {
        let at_ms = self.now_ms();
        let _ = Session::load(&self.hand).and_then(|mut session| {
            session.update(&self.hand, |cut: &mut Cut| {
                cut.lease.push(LeaseEvent {
                    at_ms,
                    event: event.to_owned(),
                });
            })
        });
    }

    fn void(&self, reason: &str) {
        void(&self.hand, reason);
    }

    fn is_final(&self) -> bool {
        let record = self.hand.load();
        let cut = record.ok().map(|record| Cut::parse(&record.document));
        cut.is_some_and(|cut| cut.is_ok_and(|cut| cut.state.is_final()))
    }

    fn give_back(&self) {
        if let Some(lease) = &self.guard.lease {
            // Where that does not go, it counts as left behind.
            let _ = lease.release(&self.hand);
            return;
        }
        let mut world = self.hand.sim.world.borrow_mut();
        if world.store.locked_by == Some(self.guard.process) {
            world.store.signature = None;
            world.store.locked_by = None;
        }
    }
}

/// Ends a run that was not closed.
pub(crate) fn void(hand: &Hand<'_>, reason: &str) {
    let at_ms = hand.now_ms();
    let _ = Session::load(hand).and_then(|mut session| {
        session.update(hand, |cut| {
            cut.state = State::Void {
                at_ms,
                reason: reason.to_owned(),
            };
        })
    });
}

/// Asks the guard of a run: it works in its own process, and goes on where the
/// asker dies.
pub(crate) fn ask<T: 'static>(
    hand: &Hand<'_>,
    timeout_ms: u64,
    work: impl FnOnce(&GuardHands<'_>, &Guard) -> Seen<T> + 'static,
) -> Seen<T> {
    let guard = match &hand.sim.schedule.scene.strimzi {
        None => living(&hand.sim).ok_or_else(gone)?,
        Some(_) => pods::holding(hand)?,
    };
    if guard.run != hand.run {
        return Err(refused(format!("run {} holds the mirror", guard.run)));
    }
    let life = hand.sim.world.borrow().api_lives();
    let slot = Rc::new(RefCell::new(None));
    let answer = slot.clone();
    job(&hand.sim, &guard, move |hands, guard| {
        *answer.borrow_mut() = Some(match hands.must_be_ours() {
            Ok(()) => work(hands, guard),
            Err(why) => Err(refused(why)),
        });
    });
    let over = hand.sim.now() + timeout_ms;
    loop {
        hand.pause(4);
        let world = hand.sim.world.borrow();
        let heard =
            world.is_reached_by(hand.process).is_ok() && world.is_reached_by(guard.process).is_ok();
        let broken_off = world.api_lives() != life;
        drop(world);
        if heard && let Some(answer) = slot.take() {
            return answer;
        }
        if broken_off || !hand.sim.alive(guard.process) {
            return Err(gone());
        }
        if hand.sim.now() > over {
            return Err(PortError::new(
                PortErrorKind::Timeout,
                "the guard does not answer",
            ));
        }
    }
}

fn gone() -> PortError {
    PortError::new(PortErrorKind::Unreachable, "no guard answers")
}

fn refused(why: String) -> PortError {
    PortError::new(PortErrorKind::Refused, why)
}

fn living(sim: &Sim) -> Option<Rc<Guard>> {
    let guards = sim.guards.borrow();
    let alive = guards.iter().rev().find(|one| sim.alive(one.process));
    alive.cloned()
}

fn job(sim: &Rc<Sim>, guard: &Rc<Guard>, work: impl FnOnce(&GuardHands<'_>, &Guard) + 'static) {
    guard.working.set(guard.working.get() + 1);
    let (shared, guard) = (sim.clone(), guard.clone());
    sim.spawn(guard.process, move |rope| {
        let _working = Working(guard.clone());
        work(&hands(&shared, rope, &guard), &guard);
    });
}

fn hands<'r>(sim: &Rc<Sim>, rope: &'r crate::sim::Rope, guard: &Rc<Guard>) -> GuardHands<'r> {
    let mut hand = Hand::new(sim, rope, guard.process, &guard.run);
    hand.guard = Some(guard.clone());
    GuardHands {
        hand,
        guard: guard.clone(),
    }
}

/// A new guard, seen alive.
pub(crate) fn start(hand: &Hand<'_>) -> Seen<()> {
    if hand.sim.schedule.scene.strimzi.is_some() {
        return pods::start(hand);
    }
    let process = hand.sim.process(Role::Guard);
    let start_ms = hand.sim.world.borrow_mut().rng.u64(30..250);
    hand.pause(start_ms);
    let token = format!("{}-{process}", hand.run);
    let before = {
        let mut world = hand.sim.world.borrow_mut();
        if world.store.locked_by.is_some() {
            world.processes[process].alive = false;
            return Err(refused("another run holds the mirror".to_owned()));
        }
        let left = world.store.signature.clone();
        if left.as_ref().is_some_and(|left| left.run != hand.run) {
            world.processes[process].alive = false;
            return Err(refused("another run was left behind".to_owned()));
        }
        let before = left.and_then(|left| left.deadline_ms);
        world.store.locked_by = Some(process);
        world.store.signature = Some(Signature {
            run: hand.run.clone(),
            token: token.clone(),
            deadline_ms: before,
        });
        before
    };
    let hold = Hold::new(hand, token, before, format!("process {process}"));
    let watch = Watch::new(hand.monotonic_ms(), CLOSE_MS);
    let guard = Guard::new(hand, process, hold, watch, None);
    let sim = hand.sim.clone();
    hand.sim.spawn(process, move |rope| {
        keep_watch(&sim, &hands(&sim, rope, &guard), &guard);
    });
    hand.pause(5);
    Ok(())
}

fn keep_watch(sim: &Rc<Sim>, hands: &GuardHands<'_>, guard: &Rc<Guard>) {
    let mut leash_cut = false;
    loop {
        hands.sleep_ms(TICK_MS);
        if hands.must_be_ours().is_err() {
            // What is under way belongs to whoever holds the mirror now.
            sim.end(guard.process);
            return;
        }
        match guard.watch.borrow_mut().tick(&guard.hold, hands) {
            Some(Chore::Late(reason)) => abandon(sim, guard, reason, true),
            Some(Chore::GiveUp(reason)) => abandon(sim, guard, reason, false),
            Some(Chore::SeeIfFinal) => {
                job(sim, guard, |hands, guard| guard.hold.leave_if_final(hands));
            }
            None => {}
        }
        let life = sim.world.borrow().api_lives();
        let ended = |leash: Leash| !sim.alive(leash.process) || leash.life != life;
        let masterless = guard.leash.get().is_some_and(ended);
        if masterless && !leash_cut && !guard.hold.is_over() {
            leash_cut = true;
            abandon(sim, guard, "the program ended before its run did", false);
        }
        if guard.hold.is_over() && guard.working.get() == 0 {
            let world = sim.world.borrow();
            sim.record.borrow_mut().guard_leaves(&guard.run, &world);
            drop(world);
            sim.end(guard.process);
            return;
        }
    }
}

fn abandon(sim: &Rc<Sim>, guard: &Rc<Guard>, reason: &'static str, only_if_late: bool) {
    job(sim, guard, move |hands, guard| {
        guard.hold.abandon(hands, reason, only_if_late);
    });
}
