//! Who calls the program: a person, Kanister, K10. Nothing befalls him.

use std::rc::Rc;

use crate::hand::Hand;
use crate::program::{Command, start};
use crate::record::closed_cuts;
use crate::schedule::Mode;
use crate::sim::{NOBODY, Sim};
use crate::world::World;
use crate::world::connect::Told;
use crate::world::process::Role;
use crate::world::strimzi::operator::FULL_MS;

/// How long whoever calls waits for one command at the most.
const PATIENCE_MS: u64 = 240_000;

/// The mirror is up for so long before the first command.
const WARM_UP_MS: u64 = 2_500;

/// After the last command everything that was broken is whole again; so long
/// until the world is looked at.
const AFTERMATH_MS: u64 = 12_000;

/// When an operator looks by itself, with what it may be at before.
const LOOKS_AGAIN_MS: u64 = FULL_MS + 24_000;

/// So long until what it told to run has tasks.
const TASKS_MS: u64 = 3_000;

/// Sets the driver going.
pub(crate) fn begin(sim: &Rc<Sim>) {
    let shared = sim.clone();
    sim.spawn(NOBODY, move |rope| {
        let hand = Hand::new(&shared, rope, NOBODY, "");
        drive(&shared, &hand);
        shared.over.set(true);
    });
}

fn drive(sim: &Rc<Sim>, hand: &Hand<'_>) {
    hand.pause(WARM_UP_MS);
    for attempt in 0..=sim.schedule.scene.retries {
        let run = format!("run-{attempt}");
        match sim.schedule.scene.mode {
            Mode::Backup => wait(sim, hand, Command::Backup, &run),
            Mode::Phases => {
                for command in [
                    Command::Quiesce,
                    Command::Drain,
                    Command::Snapshot,
                    Command::Validate,
                ] {
                    wait(sim, hand, command, &run);
                    if let Some((after, fault)) = sim.schedule.between
                        && after == command
                    {
                        sim.strike(fault, NOBODY);
                        hand.pause(fault.lasts_ms);
                    }
                    if !sim.record.borrow().went_well(command, &run) {
                        break;
                    }
                }
                // `deferPhase`, unless whoever runs blueprints is gone too.
                let comes = sim.world.borrow_mut().rng.u8(..4) != 0;
                if comes {
                    wait(sim, hand, Command::EnsureResumed, &run);
                }
            }
        }
        if sim.record.borrow().is_closed(&run) {
            break;
        }
        let pause_ms = sim.world.borrow_mut().rng.u64(500..4_000);
        hand.pause(pause_ms);
    }
    // A run that somebody else began goes on, and is judged like any other.
    for _ in 0..PATIENCE_MS / 1_000 {
        if !sim.any_lives(Role::Program) {
            break;
        }
        hand.pause(1_000);
    }
    // A living guard ends its hold by itself; one in a pod, too, that nobody
    // gave a deadline.
    for _ in 0..if sim.schedule.scene.strimzi.is_some() {
        330
    } else {
        120
    } {
        let guarded = match sim.schedule.scene.strimzi {
            None => sim.world.borrow().store.locked_by.is_some(),
            Some(_) => sim.any_lives(Role::Guard),
        };
        if !guarded {
            break;
        }
        hand.pause(1_000);
    }
    for _ in 0..5 {
        wait(sim, hand, Command::PutRight, "");
        let left = sim.world.borrow().store.signature.is_some();
        if !left {
            break;
        }
        hand.pause(10_000);
    }
    heal(sim);
    hand.pause(AFTERMATH_MS);
    see_operator(sim, hand);
    let closed: Vec<String> = {
        let world = sim.world.borrow();
        let cuts = closed_cuts(&world).into_iter();
        cuts.map(|(cut, _)| cut.run_id).collect()
    };
    for run in closed {
        wait(sim, hand, Command::Verify, &run);
    }
}

/// An operator that told Connect what was wanted before looks again.
fn see_operator(sim: &Sim, hand: &Hand<'_>) {
    for _ in 0..LOOKS_AGAIN_MS / AFTERMATH_MS {
        if !sim.world.borrow().operator_is_behind() {
            return;
        }
        hand.pause(AFTERMATH_MS);
        if !sim.world.borrow().operator_is_behind() {
            hand.pause(TASKS_MS);
        }
    }
}

fn wait(sim: &Rc<Sim>, hand: &Hand<'_>, command: Command, run: &str) {
    let process = start(sim, command, run);
    sim.program.set(Some(process));
    let over = sim.now() + PATIENCE_MS;
    while sim.alive(process) {
        hand.pause(25);
        if sim.now() > over {
            sim.record.borrow_mut().never_ended(command);
            sim.end(process);
        }
    }
    sim.program.set(None);
}

/// Nothing is broken any more.
fn heal(sim: &Sim) {
    let mut world = sim.world.borrow_mut();
    let now = world.now;
    let reverts = world.reverts_until;
    world.connect.silent_until = 0;
    world.connect.slow_until = 0;
    world.connect.down_until = world.connect.down_until.min(now);
    world.source.silent_until = 0;
    world.foreign_until = 0;
    world.reverts_until = reverts.min(now);
    if let Some(strimzi) = &mut world.strimzi {
        strimzi.heal(now);
        world.store.full_until = 0;
    }
    for process in &mut world.processes {
        process.cut_off_until = 0;
    }
    for broker in &mut world.mirror.brokers {
        broker.down_until = broker.down_until.min(now);
        broker.frozen_until = 0;
    }
    for partition in &mut world.mirror.partitions {
        for log in &mut partition.logs {
            log.hung_until = 0;
        }
    }
}

/// Whether all connectors are told to run: what the driver looks for.
pub(crate) fn all_run(world: &World) -> bool {
    world
        .connect
        .connectors
        .iter()
        .all(|one| one.told == Told::Run && (!one.copies || !one.tasks.is_empty()))
}
