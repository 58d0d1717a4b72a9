//! The capabilities, on the world: one call after the other, each taking its
//! time.

mod api;
mod strimzi;
mod volumes;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use slackwater_ports::{
    Answer, BrokerProcess, BrokerProcesses, Clock, Cluster, ClusterView, ConnectorPosition,
    ConnectorRef, Failure, GroupOffset, Groups, GuardLook, GuardStart, GuardView, HeadSweep, Heads,
    Interval, Isolation, Level, Log, MirrorLook, MirrorStart, MirrorStop, MirrorView, PartitionId,
    PortError, PortErrorKind, Position, Progress, Records, RunRecord, RunStore, Seen, Span,
    SpanRead, Target, TopicConfig, Want,
};

use crate::faults::Spoil;
use crate::guard::{self, Guard};
use crate::lease::PodLease;
use crate::sim::{NOBODY, Rope, Sim};
use crate::step::Step;
use crate::world::connect::Told;
use crate::world::content::volume;
use crate::world::mirror::BROKERS;
use crate::world::process::ProcessId;
use crate::world::{EPOCH_MS, World};

/// How long nobody answers until a call is given up.
const TIMEOUT_MS: u64 = 4_000;

/// How long Connect waits until its config topic has acknowledged.
const CONFIG_MS: u64 = 30_000;

/// How long a client waits for committed offsets, which Connect holds back
/// while a transaction is open on them.
const OFFSETS_MS: u64 = 3_000;

/// How often it is looked at here whether Connect would answer.
const CONFIG_LOOK_MS: u64 = 150;

/// What a call ends with when its phase's time is over: the host ends a
/// component wherever it is.
struct TimeIsOver;

/// A process's means, in one of its coroutines.
pub(crate) struct Hand<'r> {
    pub(crate) sim: Rc<Sim>,
    pub(crate) rope: &'r Rope,
    pub(crate) process: ProcessId,
    pub(crate) run: String,
    /// The guard itself, where it is the one that works.
    pub(crate) guard: Option<Rc<Guard>>,
    pub(crate) leashed: bool,
    /// The lease as this process sees it, where the mirror is in Kubernetes.
    pub(crate) lease: Rc<PodLease>,
    /// What it does is of no step: no fault is set before it.
    aside: bool,
    step: Cell<Step>,
    /// No call is answered after that.
    limit: Cell<u64>,
}

impl<'r> Hand<'r> {
    pub(crate) fn new(sim: &Rc<Sim>, rope: &'r Rope, process: ProcessId, run: &str) -> Self {
        Self {
            sim: sim.clone(),
            rope,
            process,
            run: run.to_owned(),
            guard: None,
            leashed: false,
            lease: Rc::default(),
            aside: false,
            step: Cell::new(Step::Sample),
            limit: Cell::new(u64::MAX),
        }
    }

    /// For what a process does beside its work.
    pub(crate) fn aside(sim: &Rc<Sim>, rope: &'r Rope, process: ProcessId, run: &str) -> Self {
        Self {
            aside: true,
            ..Self::new(sim, rope, process, run)
        }
    }

    pub(crate) fn enter(&self, step: Step) {
        self.step.set(step);
        self.limit.set(u64::MAX);
    }

    /// Runs a phase that may take so long.
    pub(crate) fn within<T>(
        &self,
        ms: u64,
        phase: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.limit.set(self.sim.now() + ms);
        let ended = catch_unwind(AssertUnwindSafe(phase));
        self.limit.set(u64::MAX);
        ended.unwrap_or_else(|thrown| match thrown.downcast::<TimeIsOver>() {
            Ok(_) => Err(Failure::failed("the phase's time is over")),
            Err(panic) => resume_unwind(panic),
        })
    }

    /// Nothing else of this coroutine happens until then.
    pub(crate) fn pause(&self, ms: u64) {
        self.rope.suspend(self.sim.now() + ms);
    }

    /// A call, with what it does to the world.
    fn see<T>(&self, act: impl FnOnce(&mut World) -> Seen<T>) -> Seen<T> {
        let spoil = if self.process == NOBODY || self.aside {
            Spoil::No
        } else {
            self.sim.befall(self.process, self.step.get())
        };
        let [before, after] = {
            let mut world = self.sim.world.borrow_mut();
            [world.rng.u64(0..6), world.rng.u64(1..6)]
        };
        self.pause(before);
        if self.sim.now() > self.limit.get() {
            resume_unwind(Box::new(TimeIsOver));
        }
        match spoil {
            Spoil::No => {
                let answer = act(&mut self.sim.world.borrow_mut());
                self.pause(after);
                answer
            }
            Spoil::Fails => Err(PortError::new(PortErrorKind::Unreachable, "it does not go")),
            Spoil::TimesOut => {
                self.pause(TIMEOUT_MS);
                Err(timeout("nobody answers"))
            }
            Spoil::AnswerLost => {
                let _ = act(&mut self.sim.world.borrow_mut());
                self.pause(TIMEOUT_MS);
                Err(timeout("nobody answers"))
            }
        }
    }

    fn asked_since(&self, first_request_ms: u64) -> Interval {
        Interval {
            first_request_ms,
            last_answer_ms: self.now_ms().max(first_request_ms),
        }
    }
}

fn timeout(why: &str) -> PortError {
    PortError::new(PortErrorKind::Timeout, why)
}

impl Clock for Hand<'_> {
    fn now_ms(&self) -> u64 {
        let world = self.sim.world.borrow();
        let shift = world
            .processes
            .get(self.process)
            .map_or(0, |one| one.shift_ms);
        (EPOCH_MS + world.now).saturating_add_signed(shift)
    }

    fn monotonic_ms(&self) -> u64 {
        self.sim.now() + 1_000_000
    }

    fn sleep_ms(&self, ms: u64) {
        self.pause(ms);
    }
}

impl Progress for Hand<'_> {
    fn waiting(&self, _step: &str, _awaited: &str, _remaining_ms: Option<u64>) {}
}

impl Log for Hand<'_> {
    fn log(&self, _level: Level, _message: &str) {}
}

impl RunStore for Hand<'_> {
    fn load(&self) -> Seen<RunRecord> {
        self.reach(|world| world.store.load(&self.run))
    }

    fn save(&self, expected: u64, document: &str) -> Seen<u64> {
        self.reach(|world| world.store.save(&self.run, world.now, expected, document))
    }
}

impl Heads for Hand<'_> {
    fn describe(&self, cluster: &Cluster) -> Seen<ClusterView> {
        let first = self.now_ms();
        let (cluster_id, brokers, topics) = self.see(|world| match cluster {
            Cluster::Mirror => world.describe_mirror(),
            Cluster::Source(_) => world.describe_source(),
        })?;
        Ok(ClusterView {
            cluster_id,
            brokers,
            topics,
            asked: self.asked_since(first),
        })
    }

    fn configs(&self, _cluster: &Cluster, topics: &[String]) -> Seen<Vec<TopicConfig>> {
        self.see(|world| Ok(topics.iter().map(|name| world.config_of(name)).collect()))
    }

    fn sweep(&self, cluster: &Cluster, partitions: &[PartitionId]) -> Seen<HeadSweep> {
        let first = self.now_ms();
        let began = self.sim.now();
        let (head, tail) = partitions.split_at(partitions.len() / 2);
        let mut rows = Vec::with_capacity(partitions.len());
        // No sweep is an instant.
        for part in [head, tail] {
            rows.extend(self.see(|world| match cluster {
                Cluster::Mirror => Ok(part.iter().map(|one| world.mirror_head(one)).collect()),
                Cluster::Source(_) => {
                    world.sweep_source()?;
                    Ok(part
                        .iter()
                        .map(|one| world.source_head(one))
                        .collect::<Vec<_>>())
                }
            })?);
        }
        let mut record = self.sim.record.borrow_mut();
        record.sampled(first, began);
        if matches!(cluster, Cluster::Source(_)) && self.step.get() == Step::Resume {
            record.asked_source(&self.run, began);
        }
        drop(record);
        Ok(HeadSweep {
            asked: self.asked_since(first),
            rows,
        })
    }
}

impl Groups for Hand<'_> {
    fn committed(&self) -> Seen<Vec<GroupOffset>> {
        Ok(Vec::new())
    }
}

impl Records for Hand<'_> {
    fn read(
        &self,
        cluster: &Cluster,
        isolation: Isolation,
        spans: &[Span],
        _timeout_ms: u64,
    ) -> Seen<Vec<SpanRead>> {
        self.see(|world| {
            let read = |span| match cluster {
                Cluster::Mirror => world.read_mirror(span, isolation),
                Cluster::Source(_) => world.read_source(span),
            };
            Ok(spans.iter().map(read).collect())
        })
    }
}

impl MirrorLook for Hand<'_> {
    fn mirror(&self) -> Seen<MirrorView> {
        let first = self.now_ms();
        let (connects, connectors) = self.reach(World::connect_views)?;
        Ok(MirrorView {
            asked: self.asked_since(first),
            connects,
            connectors,
        })
    }
}

impl Hand<'_> {
    /// Connect's REST itself.
    pub(crate) fn tell(&self, connectors: &[ConnectorRef], told: Told) -> Vec<Answer> {
        let answer = |one: &ConnectorRef| Answer {
            connector: one.clone(),
            accepted: self.tell_one(&one.name, told),
        };
        connectors.iter().map(answer).collect()
    }

    /// Connect answers when its config topic has acknowledged, or gives up.
    fn tell_one(&self, name: &str, told: Told) -> Seen<()> {
        let gives_up = self.sim.now() + CONFIG_MS;
        loop {
            let answer = self.reach(|world| {
                let names = world.connect.connectors.iter();
                let Some(at) = names.map(|it| it.name).position(|one| one == name) else {
                    let why = PortError::new(PortErrorKind::Refused, "no such connector");
                    return Err(why.with_status(404));
                };
                world.connect_told(at, told).transpose()
            })?;
            if answer.is_some() {
                return Ok(());
            }
            if self.sim.now() > gives_up {
                let why = PortError::new(PortErrorKind::Refused, "Error writing to Kafka");
                return Err(why.with_status(500));
            }
            self.pause(CONFIG_LOOK_MS);
        }
    }
}

impl MirrorStop for Hand<'_> {
    fn stop(&self, connectors: &[ConnectorRef]) -> Vec<Answer> {
        let asked = connectors.to_vec();
        let answers = guard::ask(self, guard::STOP_MS, move |hands, guard| {
            let stopped = guard.hold.stop(hands, &asked);
            stopped.map_err(|why| PortError::new(PortErrorKind::Refused, why))
        });
        answers.unwrap_or_else(|error| Answer::none_told(connectors, &error))
    }
}

impl MirrorStart for Hand<'_> {
    fn start(&self, connectors: &[Want]) -> Vec<Answer> {
        let running = connectors
            .iter()
            .filter(|one| one.target == Target::Running);
        let named: Vec<ConnectorRef> = running.map(|one| one.connector.clone()).collect();
        self.start_all(&named)
    }
}

impl ConnectorPosition for Hand<'_> {
    fn positions(&self, connector: &ConnectorRef) -> Seen<Vec<Position>> {
        let gives_up = self.sim.now() + OFFSETS_MS;
        loop {
            let answer = self.reach(|world| world.positions(connector))?;
            let now = self.sim.now();
            if let Some(positions) = answer {
                self.sim.record.borrow_mut().looked(&self.run, now);
                return Ok(positions);
            }
            if now > gives_up {
                return Err(timeout("Connect does not answer"));
            }
            self.pause(CONFIG_LOOK_MS);
        }
    }
}

impl BrokerProcesses for Hand<'_> {
    fn broker_processes(&self) -> Seen<Vec<BrokerProcess>> {
        self.reach(|world| {
            let of = |at: usize| {
                let broker = &world.mirror.brokers[at];
                let runs = broker.lives(world.now);
                BrokerProcess {
                    volume: volume(at),
                    broker: at as i32 + 1,
                    identity: runs.then(|| format!("pid-{}", broker.pid)),
                    why: (!runs).then(|| "nobody holds its lock".to_owned()),
                }
            };
            Ok((0..BROKERS).map(of).collect())
        })
    }
}

impl GuardLook for Hand<'_> {
    fn guard(&self) -> Seen<GuardView> {
        match &self.guard {
            Some(guard) => Ok(guard.hold.view()),
            None => guard::ask(self, guard::AT_ONCE_MS, |_, guard| Ok(guard.hold.view())),
        }
    }
}

impl GuardStart for Hand<'_> {
    fn engage(&self, window_ms: u64) -> Seen<GuardView> {
        if self.guard().is_err() {
            guard::start(self)?;
        }
        if self.leashed {
            let leash = self.process;
            guard::ask(self, guard::AT_ONCE_MS, move |hands, guard| {
                guard.attach(leash, hands.hand.sim.world.borrow().api_lives());
                Ok(())
            })?;
        }
        let view = guard::ask(self, guard::AT_ONCE_MS, move |hands, guard| {
            let engaged = guard.hold.engage(hands, window_ms);
            engaged.map_err(|why| PortError::new(PortErrorKind::Refused, why))
        })?;
        self.step.set(Step::Stop);
        Ok(view)
    }
}
