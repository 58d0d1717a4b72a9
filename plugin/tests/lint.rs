//! `slackwater lint` as it is typed.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::process::{Command, Output};

/// At the root of the project.
fn lint(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_slackwater"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .arg("lint")
        .args(words)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const BAD: &str = "plugin/lint/tests/bad/argument-missing.yaml";
const HOOKS: &str = "plugin/lint/tests/bad/ignored-action.yaml";

#[test]
fn our_blueprints_have_nothing_that_is_swallowed() {
    for ours in [
        "blueprints/kanister.yaml",
        "blueprints/k10-policy-hooks.yaml",
        "blueprints/k10-bound-hooks.yaml",
    ] {
        let done = lint(&[ours]);
        let said = text(&done.stdout) + &text(&done.stderr);
        assert_eq!(done.status.code(), Some(0), "{said}");
        assert!(done.stdout.is_empty());
    }
}

#[test]
fn a_fault_is_named_by_file_and_place_and_ends_in_a_refusal() {
    let done = lint(&["blueprints/kanister.yaml", BAD]);
    assert_eq!(done.status.code(), Some(2));
    let line = format!("{BAD}: bad: actions.backup.phases[0].args: KubeTask needs command\n");
    assert_eq!(text(&done.stdout), line);
    let done = lint(&["--output=json", BAD]);
    let found: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(found[0]["place"], "actions.backup.phases[0].args");
}

#[test]
fn who_runs_it_may_be_said() {
    assert_eq!(lint(&[HOOKS]).status.code(), Some(2));
    assert_eq!(lint(&["--for", "kanister", HOOKS]).status.code(), Some(0));
}

#[test]
fn a_file_without_a_blueprint_is_not_taken_for_a_good_one() {
    let folder = tempfile::tempdir().unwrap();
    let said = |content: &str| {
        let file = folder.path().join("file.yaml");
        fs::write(&file, content).unwrap();
        let done = lint(&[&file.display().to_string()]);
        assert_eq!(done.status.code(), Some(2), "{content}");
        assert_eq!(text(&done.stderr).lines().count(), 1, "{content}");
        text(&done.stderr)
    };
    assert!(said("kind: Policy\n").contains("no Blueprint"));
    assert!(said("").contains("no Blueprint"));
    assert!(said("a: [\n").contains("file.yaml"));
    assert!(said(&" ".repeat(3 << 20)).contains("longer"));
}
