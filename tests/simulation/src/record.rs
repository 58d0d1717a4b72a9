//! What really happened, beside what the run documents say of it.

use std::collections::BTreeMap;
use std::mem::take;

use slackwater_cut::{Cut, State};
use slackwater_ports::Failure;

use crate::driver::all_run;
use crate::program::Command;
use crate::schedule::Schedule;
use crate::world::World;
use crate::world::connect::Told;
use crate::world::mirror::Role;
use crate::world::process;
use crate::world::strimzi::operator::FULL_MS;

/// After the deadline, and while nothing stands in the way, the mirror must run
/// again within this: ten seconds after Connect's return, and what the last try
/// before it may have cost.
const RESUMED_WITHIN_MS: u64 = 16_000;

/// So much more in Strimzi: a guard that died or is cut off is succeeded after
/// ten seconds, and a request that nobody answers takes as long.
const SUCCEEDED_WITHIN_MS: u64 = 24_000;

/// No command takes longer in a world in which each call takes at most some
/// seconds: what its limits add up to.
const LONGEST_MS: u64 = 200_000;

/// The record.
#[derive(Debug, Default)]
pub(crate) struct Record {
    ended: Vec<(Command, String, Result<(), Failure>)>,
    closed: Vec<String>,
    /// By what a sweep says of its beginning, when that really was.
    sweeps: BTreeMap<u64, u64>,
    held_since: Option<u64>,
    /// Since when nothing stands in the way of a resume.
    clear_since: Option<u64>,
    /// When each run first saw committed offsets.
    looks: BTreeMap<String, u64>,
    /// When each run last asked the source what it still has, as it resumed.
    asked: BTreeMap<String, u64>,
    /// Whether some connector does not run, and when all did again.
    stands: bool,
    ran_again: Vec<u64>,
    pub(crate) broken: Vec<String>,
}

impl Record {
    /// A run saw the committed offsets.
    pub(crate) fn looked(&mut self, run: &str, now: u64) {
        self.looks.entry(run.to_owned()).or_insert(now);
    }

    pub(crate) fn first_look(&self, run: &str) -> u64 {
        self.looks.get(run).copied().unwrap_or(0)
    }

    /// A run that resumes asks the source what it still has.
    pub(crate) fn asked_source(&mut self, run: &str, now: u64) {
        self.asked.insert(run.to_owned(), now);
    }

    /// Up to when a run's word of what the source has is to hold: until it asked
    /// last, and at least until the mirror ran again. `None` where neither was.
    pub(crate) fn source_was_seen(&self, run: &str) -> Option<u64> {
        let looked = self.first_look(run);
        let ran = self.ran_again.iter().find(|at| **at > looked);
        ran.copied().max(self.asked.get(run).copied())
    }

    pub(crate) fn ended(
        &mut self,
        command: Command,
        run: &str,
        took_ms: u64,
        result: Result<(), Failure>,
    ) {
        if took_ms > LONGEST_MS {
            self.broken.push(format!(
                "{command:?} took {took_ms} ms: a phase ends in time"
            ));
        }
        if let Err(failure) = &result
            && (failure.reason.is_empty() || failure.reason.contains('\n'))
        {
            let reason = &failure.reason;
            self.broken
                .push(format!("{command:?} ended with {reason:?}"));
        }
        if result.is_ok() && matches!(command, Command::Backup | Command::Validate) {
            self.closed.push(run.to_owned());
        }
        self.ended.push((command, run.to_owned(), result));
    }

    pub(crate) fn never_ended(&mut self, command: Command) {
        self.broken.push(format!("{command:?} did not end"));
    }

    pub(crate) fn went_well(&self, command: Command, run: &str) -> bool {
        let of_it = |one: &&(Command, String, _)| one.0 == command && one.1 == run;
        self.ended
            .iter()
            .rfind(of_it)
            .is_some_and(|one| one.2.is_ok())
    }

    pub(crate) fn is_closed(&self, run: &str) -> bool {
        self.closed.iter().any(|one| one == run)
    }

    /// A guard ends by itself: never with the mirror stopped by its run.
    pub(crate) fn guard_leaves(&mut self, run: &str, world: &World) {
        let held = world
            .connect
            .connectors
            .iter()
            .any(|one| one.told == Told::Stop);
        let its = world
            .store
            .signature
            .as_ref()
            .is_some_and(|one| one.run == run);
        if held && its && !world.operator_is_behind() {
            self.broken.push(format!(
                "the guard of {run} left, and the mirror is stopped"
            ));
        }
    }

    /// The results of all commands.
    pub(crate) fn results(&self) -> impl Iterator<Item = &(Command, String, Result<(), Failure>)> {
        self.ended.iter()
    }

    /// A sweep that says that it began at `says_ms` did so at `at`.
    pub(crate) fn sampled(&mut self, says_ms: u64, at: u64) {
        // By a clock that was set back one of later says the same.
        self.sweeps.entry(says_ms).or_insert(at);
    }

    pub(crate) fn began(&self, says_ms: u64) -> Option<u64> {
        self.sweeps.get(&says_ms).copied()
    }

    /// After each step of the world.
    pub(crate) fn watch(&mut self, world: &World, schedule: &Schedule) {
        let now = world.now;
        if !all_run(world) {
            self.stands = true;
        } else if take(&mut self.stands) {
            self.ran_again.push(now);
        }
        let held = world
            .connect
            .connectors
            .iter()
            .any(|one| one.told == Told::Stop);
        let since = match (held, self.held_since) {
            (false, _) => {
                self.held_since = None;
                self.clear_since = None;
                return;
            }
            (true, Some(since)) => since,
            (true, None) => *self.held_since.insert(now),
        };
        if !is_clear(world) {
            self.clear_since = None;
            return;
        }
        let clear = *self.clear_since.get_or_insert(now);
        let within = match schedule.scene.strimzi {
            None => RESUMED_WITHIN_MS,
            Some(_) => RESUMED_WITHIN_MS + SUCCEEDED_WITHIN_MS,
        };
        let within = match world.operator_is_behind() {
            false => within,
            true => within + FULL_MS,
        };
        let due = (since + schedule.scene.window_ms).max(clear) + within;
        if now > due && self.broken.is_empty() {
            self.broken.push(format!(
                "the mirror is stopped since {since}, and nothing stands in the way of its resume \
                 since {clear}; now it is {now}"
            ));
        }
    }
}

/// Whether somebody is there to resume the mirror, and can.
fn is_clear(world: &World) -> bool {
    let now = world.now;
    let guarded = world.processes.iter().enumerate().any(|(id, one)| {
        one.role == process::Role::Guard
            && one.alive
            && now >= one.frozen_until
            && world.is_reached_by(id).is_ok()
    });
    let reachable = now >= world.connect.down_until && now >= world.connect.silent_until;
    let config = world.mirror.of_role(Role::Config);
    // Brokers that the run itself stopped stand in nobody's way.
    let at_rest = world.mirror.brokers.iter().any(|one| one.at_rest);
    let writes = world.takes_writes().is_ok();
    guarded && reachable && writes && (at_rest || world.mirror.acknowledges(config, now))
}

/// How a closed run begins its state, in canonical JSON.
const CLOSED: &str = "\"state\":{\"closed\"";

/// The closed cuts that lie in the store, as they are written too.
pub(crate) fn closed_cuts(world: &World) -> Vec<(Cut, &str)> {
    let documents = world.store.documents.values();
    documents
        .map(|record| record.document.as_str())
        .filter(|text| text.contains(CLOSED))
        .filter_map(|text| Some((Cut::parse(text).ok()?, text)))
        .filter(|(cut, _)| matches!(cut.state, State::Closed { .. }))
        .collect()
}
