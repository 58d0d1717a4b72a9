//! The units for systemd, as they are shipped: what they start is a command that there
//! is.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::process::Command;

const SERVICE: &str = include_str!("../../examples/systemd/slackwater-resume@.service");
const TIMER: &str = include_str!("../../examples/systemd/slackwater-resume@.timer");

/// The value of a key.
fn of<'a>(unit: &'a str, key: &str) -> &'a str {
    let mut lines = unit.lines();
    let line = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    line.unwrap()
}

#[test]
fn what_the_service_starts_is_understood_and_asks_for_the_file_that_it_is_started_for() {
    let command = of(SERVICE, "ExecStart");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none.yaml");
    let condition = of(SERVICE, "ConditionPathExists");
    assert!(command.ends_with(condition), "{command}");
    let command = command.replace(condition, &file.display().to_string());
    let mut words = command.split(' ');
    assert_eq!(words.next(), Some("/usr/local/bin/slackwater"));
    let done = Command::new(env!("CARGO_BIN_EXE_slackwater"))
        .args(words)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("none.yaml"), "{said}");
}

#[test]
fn the_timer_starts_the_service_of_its_name_again_and_again() {
    // Without a `Unit=` it is that of the same name.
    assert!(!TIMER.contains("\nUnit="));
    assert_eq!(of(TIMER, "OnUnitInactiveSec"), "1min");
    assert_eq!(of(TIMER, "WantedBy"), "timers.target");
    assert_eq!(of(SERVICE, "Type"), "oneshot");
}
