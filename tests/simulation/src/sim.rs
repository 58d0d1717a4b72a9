//! The machine: processes as coroutines on one virtual clock, one at a time.
//!
//! A capability call suspends its coroutine until the clock has come to it, so
//! that everything else goes on meanwhile. A process that is killed is a
//! coroutine that is dropped.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};

use slackwater_tape::{Begun, RECORDING, Tape};

use crate::agenda::{Agenda, Event};
use crate::faults::Faults;
use crate::guard::Guard;
use crate::record::Record;
use crate::schedule::Schedule;
use crate::world::World;
use crate::world::process::{Process, ProcessId, Role};

/// What a coroutine suspends itself with: when it is to go on.
pub(crate) type Rope = Yielder<(), u64>;

/// What a job does.
type Work = Box<dyn FnOnce(&Rope)>;

/// The driver belongs to no process: nothing befalls it.
pub(crate) const NOBODY: ProcessId = usize::MAX;

/// A schedule that takes more events than this does not end: a long one takes
/// some twenty thousand.
const MOST_EVENTS: u64 = 400_000;

/// Bytes of a coroutine's stack.
const STACK: usize = 256 << 10;

/// Runs a phase on a hand; recorded, where recordings are kept.
macro_rules! run_phase {
    ($hand:expr, $phase:literal, $entry:literal, $run:path) => {
        match $hand.sim.tape($phase, $entry) {
            None => $run($hand),
            Some(tape) => {
                let ended = $run(&slackwater_tape::Recorded::new($hand, tape.clone()));
                // Into memory: nothing can go wrong.
                $hand.sim.keep(tape.end(&ended).unwrap_or_default());
                ended
            }
        }
    };
}

pub(crate) use run_phase;

/// All that coroutines share.
pub(crate) struct Sim {
    pub(crate) world: RefCell<World>,
    pub(crate) schedule: Schedule,
    pub(crate) faults: RefCell<Faults>,
    pub(crate) record: RefCell<Record>,
    pub(crate) guards: RefCell<Vec<Rc<Guard>>>,
    newborn: RefCell<Vec<(ProcessId, Work)>>,
    /// The program that runs now.
    pub(crate) program: Cell<Option<ProcessId>>,
    pub(crate) over: Cell<bool>,
    /// Runs that somebody else begins.
    rivals: Cell<u32>,
    /// What phases did that got to their ends, where that is kept.
    recordings: Option<RefCell<Vec<String>>>,
}

struct Job {
    process: ProcessId,
    coroutine: Coroutine<(), u64, (), DefaultStack>,
}

thread_local! {
    /// Stacks that were used before: to map a new one for each job takes longer
    /// than most jobs do.
    static STACKS: RefCell<Vec<DefaultStack>> = const { RefCell::new(Vec::new()) };
}

impl Job {
    fn new(process: ProcessId, work: Work) -> Self {
        let used = STACKS.with_borrow_mut(Vec::pop);
        let stack = used.unwrap_or_else(|| {
            DefaultStack::new(STACK).unwrap_or_else(|error| panic!("no stack: {error}"))
        });
        Self {
            process,
            coroutine: Coroutine::with_stack(stack, move |rope: &Rope, ()| work(rope)),
        }
    }

    /// Ends it where it stands, if it has not ended.
    fn end(mut self) {
        self.coroutine.force_unwind();
        let stack = self.coroutine.into_stack();
        STACKS.with_borrow_mut(|stacks| stacks.push(stack));
    }
}

impl Sim {
    pub(crate) fn new(schedule: Schedule, records: bool) -> Rc<Self> {
        Rc::new(Self {
            world: RefCell::new(World::new(&schedule.scene, schedule.seed)),
            faults: RefCell::new(Faults::new(&schedule.faults)),
            record: RefCell::default(),
            guards: RefCell::default(),
            newborn: RefCell::default(),
            program: Cell::new(None),
            over: Cell::new(false),
            rivals: Cell::new(0),
            recordings: records.then(RefCell::default),
            schedule,
        })
    }

    /// A new process.
    pub(crate) fn process(&self, role: Role) -> ProcessId {
        let mut world = self.world.borrow_mut();
        world.processes.push(Process {
            role,
            alive: true,
            frozen_until: 0,
            cut_off_until: 0,
            shift_ms: 0,
        });
        world.processes.len() - 1
    }

    /// Work for a process, from now on.
    pub(crate) fn spawn(&self, process: ProcessId, work: impl FnOnce(&Rope) + 'static) {
        self.newborn.borrow_mut().push((process, Box::new(work)));
    }

    /// A new tape, where recordings are kept.
    pub(crate) fn tape(&self, phase: &str, entry: &str) -> Option<Arc<Tape<Vec<u8>>>> {
        self.recordings.as_ref()?;
        let begun = Begun {
            recording: RECORDING.to_owned(),
            run: String::new(),
            phase: phase.to_owned(),
            entry: entry.to_owned(),
            component: String::new(),
        };
        // A replay does not look at when a call was answered.
        Some(Tape::begin(begun, Vec::new(), || 0))
    }

    pub(crate) fn keep(&self, recording: Vec<u8>) {
        if let Some(recordings) = &self.recordings {
            let text = String::from_utf8_lossy(&recording).into_owned();
            recordings.borrow_mut().push(text);
        }
    }

    pub(crate) fn recordings(&self) -> Vec<String> {
        self.recordings
            .as_ref()
            .map_or_else(Vec::new, RefCell::take)
    }

    /// Somebody else begins a run.
    pub(crate) fn add_rival(&self) {
        self.rivals.set(self.rivals.get() + 1);
    }

    pub(crate) fn alive(&self, process: ProcessId) -> bool {
        process == NOBODY || self.world.borrow().processes[process].alive
    }

    /// Whether one of these lives.
    pub(crate) fn any_lives(&self, role: Role) -> bool {
        let world = self.world.borrow();
        let mut each = world.processes.iter();
        each.any(|one| one.role == role && one.alive)
    }

    /// A process ends, however: its locks are free. A Lease is not: it is not
    /// renewed any more.
    pub(crate) fn end(&self, process: ProcessId) {
        let mut world = self.world.borrow_mut();
        world.processes[process].alive = false;
        if world.strimzi.is_none() && world.store.locked_by == Some(process) {
            world.store.locked_by = None;
        }
    }

    pub(crate) fn now(&self) -> u64 {
        self.world.borrow().now
    }
}

/// Runs until the driver is done; gives whether it got there.
pub(crate) fn run(sim: &Rc<Sim>) -> bool {
    let mut jobs = BTreeMap::new();
    let ended = work(sim, &mut jobs);
    jobs.into_values().for_each(Job::end);
    ended
}

fn work(sim: &Rc<Sim>, jobs: &mut BTreeMap<u64, Job>) -> bool {
    let mut agenda = Agenda::default();
    let mut last = 0;
    agenda.add(0, Event::Step);
    for _ in 0..MOST_EVENTS {
        for rival in 0..sim.rivals.take() {
            let run = format!("rival-{}-{rival}", sim.now());
            crate::program::start(sim, crate::program::Command::Backup, &run);
        }
        for (process, work) in sim.newborn.take() {
            last += 1;
            jobs.insert(last, Job::new(process, work));
            agenda.add(sim.now(), Event::Wake(last));
        }
        if sim.over.get() {
            return true;
        }
        let Some((at, event)) = agenda.next() else {
            return false;
        };
        sim.world.borrow_mut().now = at;
        match event {
            Event::Step => {
                let mut world = sim.world.borrow_mut();
                world.step();
                sim.record.borrow_mut().watch(&world, &sim.schedule);
                let next = at + world.rng.u64(20..80);
                agenda.add(next, Event::Step);
            }
            Event::Wake(id) => {
                let Some(job) = jobs.get_mut(&id) else {
                    continue;
                };
                if !sim.alive(job.process) {
                    jobs.remove(&id).into_iter().for_each(Job::end);
                    continue;
                }
                let frozen = frozen_until(sim, job.process);
                if frozen > at {
                    agenda.add(frozen, Event::Wake(id));
                    continue;
                }
                match job.coroutine.resume(()) {
                    CoroutineResult::Yield(until) => agenda.add(until.max(at), Event::Wake(id)),
                    CoroutineResult::Return(()) => {
                        jobs.remove(&id).into_iter().for_each(Job::end);
                    }
                }
            }
        }
    }
    false
}

fn frozen_until(sim: &Sim, process: ProcessId) -> u64 {
    if process == NOBODY {
        return 0;
    }
    sim.world.borrow().processes[process].frozen_until
}
