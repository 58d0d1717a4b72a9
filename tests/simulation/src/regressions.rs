//! What simulated schedules have found, each at every call at which it may
//! happen; and that a seed is always the same schedule.

use crate::fault::{Fault, Kind};
use crate::in_strimzi::calls;
use crate::schedule::Schedule;
use crate::step::Step;
use crate::trial::{attempt, try_seed};

/// So many scenes each.
const SCENES: usize = 8;

/// These faults, one after the other, with the first one at each call of its
/// step.
fn holds(faults: &[(Kind, Step, u64)]) {
    let (_, first, _) = faults[0];
    for seed in 0..SCENES as u64 {
        holds_in(&Schedule::outside(seed), first.calls(), faults);
    }
}

/// The same in Strimzi.
fn holds_in_strimzi(faults: &[(Kind, Step, u64)]) {
    let (_, first, _) = faults[0];
    let there = (0..)
        .map(Schedule::of)
        .filter(|one| one.scene.strimzi.is_some());
    for schedule in there.take(SCENES) {
        holds_in(&schedule, calls(first), faults);
    }
}

fn holds_in(scene: &Schedule, calls: u32, faults: &[(Kind, Step, u64)]) {
    for call in 0..calls {
        let mut schedule = scene.clone();
        schedule.faults = faults
            .iter()
            .enumerate()
            .map(|(at, (kind, step, lasts_ms))| Fault {
                kind: *kind,
                step: *step,
                call: if at == 0 { call } else { 0 },
                // A clock jumps ahead.
                target: usize::from(*kind != Kind::ClockJumps),
                lasts_ms: *lasts_ms,
            })
            .collect();
        let trial = attempt(schedule);
        assert!(trial.broken.is_empty(), "{trial}");
    }
}

#[test]
fn what_the_source_deletes_during_the_samples_is_not_called_covered() {
    holds(&[(Kind::SourceDeletes, Step::Sample, 0)]);
}

#[test]
fn what_the_source_deletes_while_the_connectors_start_is_not_called_resumable() {
    holds(&[(Kind::SourceDeletes, Step::Resume, 0)]);
}

#[test]
fn a_guard_that_dies_while_it_resumes_after_a_failure_leaves_no_mirror_stopped() {
    holds(&[
        (Kind::GuardKilled, Step::Resume, 0),
        (Kind::SnapshotFails, Step::Flush, 0),
    ]);
}

#[test]
fn a_program_that_wakes_after_its_run_was_given_up_does_not_close_it() {
    holds(&[(Kind::ProgramFrozen, Step::Prove, 30_000)]);
}

#[test]
fn a_follower_that_hangs_before_the_drain_makes_no_false_proof() {
    holds(&[(Kind::FetcherHangs, Step::Stop, 20_000)]);
}

#[test]
fn a_run_that_its_guard_gave_up_before_the_stop_stops_nothing_by_another_guard() {
    holds_in_strimzi(&[(Kind::ClockJumps, Step::Stop, 60_000)]);
}

#[test]
fn a_resource_that_somebody_puts_back_in_the_window_makes_no_false_proof() {
    holds_in_strimzi(&[(Kind::PutBack, Step::Drain, 20_000)]);
}

#[test]
fn a_seed_is_always_the_same_schedule_and_ends_the_same_way() {
    for seed in 0..40 {
        assert_eq!(try_seed(seed).to_string(), try_seed(seed).to_string());
    }
}
