//! Each limit, with a guest that hits it: it ends, and the error names it.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::guest::{pure, talking};
use common::{World, run, wall_only};
use slackwater_host::{HostError, Limits, MAX_LINES};
use slackwater_ports::{Level, Outcome};

const LOOP: &str = "(loop $again (br $again)) (i32.const 1024)";
const SHORT: Duration = Duration::from_millis(100);

#[test]
fn a_guest_that_ends_gives_its_outcome_and_the_fuel_that_it_used() {
    let run = run(
        &pure("(i32.const 1024)"),
        &Arc::default(),
        Limits::default(),
    )
    .unwrap();
    assert_eq!(run.ended, Ok(Outcome::new("")));
    assert!(run.fuel_used > 0 && run.fuel_used < 1000, "{run:?}");
}

#[test]
fn a_guest_that_loops_runs_out_of_fuel() {
    let limits = Limits {
        fuel: 1_000_000,
        ..Limits::default()
    };
    let error = run(&pure(LOOP), &Arc::default(), limits).unwrap_err();
    assert!(matches!(error, HostError::OutOfFuel { .. }), "{error}");
    assert!(error.to_string().contains("fuel, 1000000 units"), "{error}");
}

#[test]
fn a_guest_that_loops_with_all_the_fuel_in_the_world_runs_out_of_time() {
    let error = run(&pure(LOOP), &Arc::default(), wall_only(SHORT)).unwrap_err();
    assert!(matches!(error, HostError::OutOfTime { .. }), "{error}");
    assert!(error.to_string().contains("time limit, 100 ms"), "{error}");
}

#[test]
fn a_guest_that_loops_before_it_is_called_runs_out_of_time_too() {
    let wat = pure("(i32.const 1024)").replacen(
        "(func $run",
        "(start $first) (func $first (loop $again (br $again))) (func $run",
        1,
    );
    let error = run(&wat, &Arc::default(), wall_only(SHORT)).unwrap_err();
    assert!(matches!(error, HostError::OutOfTime { .. }), "{error}");
}

#[test]
fn a_sleep_is_cut_at_the_time_limit() {
    let world = Arc::new(World::default());
    let sleeper = talking("", "(call $sleep (i64.const 3600000)) (i32.const 1024)");
    let error = run(&sleeper, &world, wall_only(Duration::from_secs(5))).unwrap_err();
    assert!(matches!(error, HostError::OutOfTime { .. }), "{error}");
    let slept = world.slept.lock().unwrap();
    assert!(matches!(slept[..], [ms] if ms <= 5000), "{slept:?}");
}

#[test]
fn a_guest_that_eats_memory_hits_the_limit_that_is_named() {
    let eater =
        pure("(loop $again (drop (memory.grow (i32.const 16))) (br $again)) (i32.const 1024)");
    let error = run(&eater, &Arc::default(), Limits::default()).unwrap_err();
    assert!(matches!(error, HostError::OutOfMemory { .. }), "{error}");
    assert!(error.to_string().contains("268435456 bytes"), "{error}");
}

#[test]
fn a_guest_that_starts_with_too_much_memory_is_not_started() {
    let wat = pure("(i32.const 1024)").replace(
        "(memory (export \"memory\") 1)",
        "(memory (export \"memory\") 5000)",
    );
    let error = run(&wat, &Arc::default(), Limits::default()).unwrap_err();
    assert!(matches!(error, HostError::OutOfMemory { .. }), "{error}");
}

#[test]
fn memories_are_counted_together() {
    let wat = pure("(drop (memory.grow $more (i32.const 3000))) (i32.const 1024)").replace(
        "(func $run",
        "(memory $more 1) (memory $third 2000) (func $run",
    );
    let error = run(&wat, &Arc::default(), Limits::default()).unwrap_err();
    assert!(matches!(error, HostError::OutOfMemory { .. }), "{error}");
}

#[test]
fn a_guest_that_eats_table_entries_hits_the_limit_that_is_named() {
    let wat = pure("(drop (table.grow $t (ref.null func) (i32.const 1000000))) (i32.const 1024)")
        .replace("(func $run", "(table $t 1 funcref) (func $run");
    let error = run(&wat, &Arc::default(), Limits::default()).unwrap_err();
    assert!(error.to_string().contains("entries in a table"), "{error}");
}

#[test]
fn a_guest_without_end_of_its_stack_is_named() {
    let error = run(&pure("(call $run)"), &Arc::default(), Limits::default()).unwrap_err();
    assert!(
        error.to_string().contains("call stack exhausted"),
        "{error}"
    );
}

#[test]
fn a_trap_without_a_word_is_named() {
    let error = run(&pure("unreachable"), &Arc::default(), Limits::default()).unwrap_err();
    assert!(matches!(error, HostError::Trapped { .. }), "{error}");
    assert!(error.to_string().contains("unreachable"), "{error}");
}

#[test]
fn a_panics_message_is_seen_in_the_error_and_in_the_log() {
    let world = Arc::new(World::default());
    let message = r"panicked at src/x.rs:7: no\nsuch thing";
    let wat = talking(
        message,
        "(call $write (i32.const 3) (i32.const 0) (i32.const 37)) unreachable",
    );
    let error = run(&wat, &world, Limits::default()).unwrap_err();
    assert!(matches!(error, HostError::Panicked { .. }), "{error}");
    let seen = "panicked at src/x.rs:7: no such thing";
    assert_eq!(error.to_string(), format!("await-drain {seen}"));
    let lines = world.lines.lock().unwrap();
    assert_eq!(*lines, [(Level::Error, seen.to_owned())]);
}

#[test]
fn an_error_that_something_followed_is_not_taken_for_the_cause_of_a_trap() {
    let wat = talking(
        "connector gone",
        "(call $write (i32.const 3) (i32.const 0) (i32.const 14))
         (call $sleep (i64.const 1)) unreachable",
    );
    let error = run(&wat, &Arc::default(), Limits::default()).unwrap_err();
    assert!(matches!(error, HostError::Trapped { .. }), "{error}");
}

#[test]
fn a_guest_that_floods_the_log_is_shown_up_to_the_limit_and_its_last_words() {
    let world = Arc::new(World::default());
    let wat = talking(
        "again, the end",
        "(loop $again
           (call $write (i32.const 1) (i32.const 0) (i32.const 5))
           (local.set $n (i32.add (local.get $n) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $n) (i32.const 12000))))
         (call $write (i32.const 3) (i32.const 7) (i32.const 7)) unreachable",
    );
    let error = run(&wat, &world, Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "await-drain the end");
    let lines = world.lines.lock().unwrap();
    assert_eq!(lines.len(), MAX_LINES + 1);
    assert_eq!(lines[MAX_LINES].0, Level::Warn);
}

#[test]
fn a_string_that_lies_outside_the_memory_ends_the_run() {
    let wat = talking(
        "",
        "(call $write (i32.const 1) (i32.const 65000) (i32.const 65000)) (i32.const 1024)",
    );
    let error = run(&wat, &Arc::default(), Limits::default()).unwrap_err();
    assert!(matches!(error, HostError::Trapped { .. }), "{error}");
}
