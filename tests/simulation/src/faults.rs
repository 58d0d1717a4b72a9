//! Faults as they befall the world, and how often each did in which step.

use std::collections::BTreeMap;

use crate::fault::{Fault, IN_STRIMZI, Kind};
use crate::sim::Sim;
use crate::step::Step;
use crate::world::connect::Told;
use crate::world::process::{Process, ProcessId, Role};
use crate::world::strimzi::Strimzi;
use crate::world::strimzi::operator::FOR_GOOD;

/// What becomes of the call before which a fault was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoil {
    No,
    Fails,
    TimesOut,
    AnswerLost,
}

/// Those that are still to come.
#[derive(Debug)]
pub(crate) struct Faults {
    left: Vec<Fault>,
    calls: BTreeMap<Step, u32>,
    pub(crate) fired: Vec<(Kind, Step)>,
}

impl Faults {
    pub(crate) fn new(faults: &[Fault]) -> Self {
        Self {
            left: faults.to_vec(),
            calls: BTreeMap::new(),
            fired: Vec::new(),
        }
    }

    /// Those that are due at the next call of a step.
    fn due(&mut self, step: Step) -> Vec<Fault> {
        let calls = self.calls.entry(step).or_default();
        let at = *calls;
        *calls += 1;
        let (due, left) = self
            .left
            .drain(..)
            .partition(|fault| fault.step == step && fault.call == at);
        self.left = left;
        due
    }
}

impl Sim {
    /// Before a call of `process` in `step`: what is due befalls the world.
    pub(crate) fn befall(&self, process: ProcessId, step: Step) -> Spoil {
        let due = self.faults.borrow_mut().due(step);
        let mut spoil = Spoil::No;
        for fault in due {
            self.faults.borrow_mut().fired.push((fault.kind, step));
            match fault.kind {
                Kind::CallFails => spoil = Spoil::Fails,
                Kind::CallTimesOut => spoil = Spoil::TimesOut,
                Kind::AnswerLost => spoil = Spoil::AnswerLost,
                _ => self.strike(fault, process),
            }
        }
        spoil
    }

    pub(crate) fn strike(&self, fault: Fault, caller: ProcessId) {
        let now = self.now();
        let until = now + fault.lasts_ms;
        let guard = self.holding_guard();
        let program = self.program.get().unwrap_or(caller);
        match fault.kind {
            Kind::ProgramKilled => self.end(program),
            Kind::ProgramFrozen => self.world.borrow_mut().processes[program].frozen_until = until,
            Kind::GuardKilled => guard.into_iter().for_each(|one| self.end(one)),
            Kind::GuardFrozen => {
                if let Some(one) = guard {
                    self.world.borrow_mut().processes[one].frozen_until = until;
                }
            }
            Kind::BothKilled => {
                while let Some(one) = self.living_guard() {
                    self.end(one);
                }
                self.end(program);
            }
            Kind::GuardCutOff => {
                if let Some(one) = guard {
                    self.world.borrow_mut().processes[one].cut_off_until = until;
                }
            }
            Kind::SecondRun => self.add_rival(),
            Kind::ClockJumps => {
                let back = fault.target != 0;
                let by = fault.lasts_ms as i64;
                for process in &mut self.world.borrow_mut().processes {
                    process.shift_ms += if back { -by } else { by };
                }
            }
            kind if IN_STRIMZI.contains(&kind) => {
                if let Some(strimzi) = &mut self.world.borrow_mut().strimzi {
                    strike_strimzi(strimzi, fault, now, until);
                }
            }
            _ => strike_the_world(&mut self.world.borrow_mut(), fault, now, until),
        }
    }

    fn living_guard(&self) -> Option<ProcessId> {
        let world = self.world.borrow();
        let alive = |one: &Process| one.role == Role::Guard && one.alive;
        world.processes.iter().rposition(alive)
    }

    /// Of two guards the one that has the lease.
    fn holding_guard(&self) -> Option<ProcessId> {
        let holder = self.world.borrow().store.locked_by;
        let guard = |one: &ProcessId| {
            let world = self.world.borrow();
            let process = &world.processes[*one];
            process.role == Role::Guard && process.alive
        };
        holder.filter(guard).or_else(|| self.living_guard())
    }
}

fn strike_strimzi(strimzi: &mut Strimzi, fault: Fault, now: u64, until: u64) {
    match fault.kind {
        Kind::ApiSilent => {
            strimzi.api.silent_until = until;
            // It ends, and whoever asks is refused; or the way to it is cut.
            strimzi.api.refuses = fault.target == 0;
            strimzi.api.lives += u32::from(fault.target == 0);
        }
        Kind::ApiSlow => strimzi.api.slow_until = until,
        // Nobody starts it again, or somebody does.
        Kind::OperatorDown if fault.target == 0 => strimzi.operator.kill(FOR_GOOD),
        Kind::OperatorDown => strimzi.operator.kill(until),
        Kind::OperatorBusy => strimzi.hold_up(fault.target == 0, now, until),
        Kind::OperatorLooks => strimzi.operator.look(now),
        Kind::PutBack => strimzi.reverts_until = until,
        Kind::Restless => strimzi.restless_until = until,
        _ => {}
    }
}

fn strike_the_world(world: &mut crate::world::World, fault: Fault, now: u64, until: u64) {
    let broker = fault.target;
    let rng = &mut world.rng;
    let mirror = &mut world.mirror;
    match fault.kind {
        Kind::ConnectKilled => world.connect.kill(until, now, rng),
        Kind::ConnectSilent => world.connect.silent_until = until,
        Kind::SlowTarget => world.connect.slow_until = until,
        Kind::BrokerKilled => mirror.kill(broker, until, now, rng),
        Kind::BrokerFrozen => mirror.brokers[broker].frozen_until = until,
        // While one is stopped, another may be the last that is in sync: what it
        // had not written would be lost for good, and no backup mends that.
        Kind::PowerLost if mirror.brokers.iter().any(|one| one.at_rest) => {
            mirror.kill(broker, until, now, rng);
        }
        Kind::PowerLost => mirror.lose_power(broker, until, now, rng),
        Kind::FetcherHangs => {
            for partition in &mut mirror.partitions {
                partition.logs[broker].hung_until = until;
            }
        }
        Kind::LeaderMoves => {
            let brokers = mirror.brokers.clone();
            let count = mirror.partitions.len();
            let at = (broker * 3 + fault.call as usize) % count;
            let partition = &mut mirror.partitions[at];
            // A leader that lives stays, where nobody else could lead.
            if !partition.able(now, &brokers).is_empty() {
                partition.elect(now, &brokers, rng);
            }
        }
        Kind::SourceSilent => world.source.silent_until = until,
        Kind::SourceDeletes => world.source.delete(now, fault.target as u64),
        Kind::ForeignProducer => world.foreign_until = until,
        Kind::Reverted => {
            world.reverts_until = until;
            world.tell_all(Told::Run);
        }
        Kind::TopicChanged => mirror.config_version += 1,
        Kind::TopicAdded => mirror.strange_topics += 1,
        Kind::StoreFull => world.store.full_until = until,
        Kind::FlushFails => world.volumes.flush_fails[broker] = true,
        Kind::SnapshotFails => world.volumes.snapshot_fails[broker] = true,
        Kind::SnapshotSmears => world.volumes.smear_ms = fault.lasts_ms,
        Kind::SnapshotRots => world.volumes.rots = Some(broker),
        // Of processes and calls: see above.
        _ => {}
    }
}
