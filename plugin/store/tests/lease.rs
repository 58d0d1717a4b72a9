//! The lease between processes.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use slackwater_store::{Holder, Lease, LeaseError, LeaseState, MirrorName, StoreError};

/// A process that is just started has all that its parent has open until it runs its
/// program, and with it the locks of the tests beside it.
static STARTING: RwLock<()> = RwLock::new(());

fn nobody_starts() -> RwLockReadGuard<'static, ()> {
    STARTING.read().unwrap_or_else(PoisonError::into_inner)
}

fn mirror() -> MirrorName {
    "east".parse().unwrap()
}

fn holder(run: &str) -> Holder {
    Holder {
        run_id: run.parse().unwrap(),
        pid: std::process::id(),
        token: format!("token-of-{run}"),
        deadline_ms: Some(1_800_000_000_000),
        note: "guard".to_owned(),
    }
}

#[test]
fn a_mirror_that_is_held_is_refused_and_its_holder_named() {
    let _nobody = nobody_starts();
    let dir = tempfile::tempdir().unwrap();
    let first = Lease::try_take(dir.path(), &mirror(), holder("first")).unwrap();
    let error = Lease::try_take(dir.path(), &mirror(), holder("second")).unwrap_err();
    assert!(matches!(error, LeaseError::Held { .. }));
    let message = error.to_string();
    assert!(message.contains("run first") && message.contains("until 2027-01-15T08:00:00Z"));
    let seen = Lease::read(dir.path(), &mirror()).unwrap();
    assert_eq!(seen, LeaseState::Held(Some(holder("first"))));
    first.release().unwrap();
    let seen = Lease::read(dir.path(), &mirror()).unwrap();
    assert_eq!(seen, LeaseState::Free);
    Lease::try_take(dir.path(), &mirror(), holder("second")).unwrap();
}

#[test]
fn two_mirrors_are_held_side_by_side() {
    let _nobody = nobody_starts();
    let dir = tempfile::tempdir().unwrap();
    let _east = Lease::try_take(dir.path(), &mirror(), holder("first")).unwrap();
    let west = "west".parse().unwrap();
    assert!(Lease::try_take(dir.path(), &west, holder("second")).is_ok());
}

#[test]
fn a_hold_that_was_never_released_is_expired_and_only_its_own_run_takes_it_up() {
    let _nobody = nobody_starts();
    let dir = tempfile::tempdir().unwrap();
    drop(Lease::try_take(dir.path(), &mirror(), holder("first")).unwrap());
    let seen = Lease::read(dir.path(), &mirror()).unwrap();
    assert_eq!(seen, LeaseState::Expired(holder("first")));
    let other = Lease::try_take(dir.path(), &mirror(), holder("second"));
    assert!(matches!(other, Err(LeaseError::LeftBehind { .. })));
    let own = Lease::try_take(dir.path(), &mirror(), holder("first")).unwrap();
    assert_eq!(own.taken_from(), Some(&holder("first")));
    drop(own);
    let over = Lease::take_over(dir.path(), &mirror(), holder("second")).unwrap();
    assert_eq!(over.taken_from(), Some(&holder("first")));
    assert_eq!(over.holder(), &holder("second"));
}

#[test]
fn a_new_deadline_is_seen_by_whoever_looks() {
    let _nobody = nobody_starts();
    let dir = tempfile::tempdir().unwrap();
    let mut lease = Lease::try_take(dir.path(), &mirror(), holder("first")).unwrap();
    let mut later = holder("first");
    later.deadline_ms = Some(1_900_000_000_000);
    lease.update(later.clone()).unwrap();
    let seen = Lease::read(dir.path(), &mirror()).unwrap();
    assert_eq!(seen, LeaseState::Held(Some(later)));
}

#[test]
fn a_damaged_signature_is_an_error_that_names_it() {
    let _nobody = nobody_starts();
    let dir = tempfile::tempdir().unwrap();
    drop(Lease::try_take(dir.path(), &mirror(), holder("first")).unwrap());
    fs::write(dir.path().join("leases/east.json"), "{\"runId\":").unwrap();
    let error = Lease::read(dir.path(), &mirror()).unwrap_err();
    assert!(matches!(error, StoreError::Torn { .. }));
    assert!(error.to_string().contains("east.json"));
}

const ROLE: &str = "SLACKWATER_LEASE_TEST_DIR";

/// The same test in two roles: alone it is the parent, which starts itself
/// again as the process that takes the lease and never ends.
#[test]
fn a_holder_that_is_killed_frees_the_lease_and_its_children_do_not_keep_it() {
    const NAME: &str = "a_holder_that_is_killed_frees_the_lease_and_its_children_do_not_keep_it";
    if let Some(dir) = std::env::var_os(ROLE) {
        let _lease = Lease::try_take(dir.as_ref(), &mirror(), holder("first")).unwrap();
        // A grandchild that outlives the kill: `cat` ends with its input,
        // which the parent of this process holds.
        let mut cat = Command::new("cat").stdout(Stdio::null()).spawn().unwrap();
        println!("\nheld");
        cat.wait().unwrap();
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let starting = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(ROLE, dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(starting);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "held"));
    let held = Lease::read(dir.path(), &mirror()).unwrap();
    assert!(matches!(&held, LeaseState::Held(Some(h)) if h.pid == child.id()));

    // `wait` would close the pipe that the grandchild reads.
    let keep_the_grandchild = child.stdin.take();
    child.kill().unwrap();
    child.wait().unwrap();
    let seen = Lease::read(dir.path(), &mirror()).unwrap();
    assert!(matches!(seen, LeaseState::Expired(h) if h.pid == child.id()));
    drop(keep_the_grandchild);
}
