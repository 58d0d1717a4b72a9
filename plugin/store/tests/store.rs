//! The store as its users see it, in a directory of its own.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fs;
use std::process::{Command, Stdio};

use slackwater_ports::{PortErrorKind, RunStore as _};
use slackwater_store::{RunHandle, RunId, Store, StoreError};

fn run() -> RunId {
    "run-1".parse().unwrap()
}

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    (dir, store)
}

#[test]
fn a_document_is_created_once_and_then_only_changed() {
    let (_dir, store) = store();
    assert_eq!(store.create_run(&run(), "{}").unwrap(), 1);
    let again = store.create_run(&run(), "{}");
    assert!(matches!(again, Err(StoreError::Exists { .. })));
    assert_eq!(store.save(&run(), 1, "[1]").unwrap(), 2);
    assert_eq!(store.load(&run()).unwrap().document, "[1]");
}

#[test]
fn a_save_on_an_old_revision_is_a_conflict_and_changes_nothing() {
    let (_dir, store) = store();
    store.create_run(&run(), "a").unwrap();
    store.save(&run(), 1, "b").unwrap();
    let handle = RunHandle::new(store, run());
    let error = handle.save(1, "c").unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Conflict);
    assert!(error.message.contains("run-1") && error.message.contains("revision 2"));
    assert_eq!(handle.load().unwrap().document, "b");
}

#[test]
fn a_run_that_is_not_there_is_named() {
    let (_dir, store) = store();
    let error = RunHandle::new(store, run()).load().unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Refused);
    assert!(error.message.contains("run-1"));
}

#[test]
fn a_torn_file_is_an_error_that_names_it_and_spoils_no_listing() {
    let (dir, store) = store();
    store.create_run(&run(), "{}").unwrap();
    store.create_run(&"whole".parse().unwrap(), "{}").unwrap();
    let path = dir.path().join("runs/run-1.json");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = store.load(&run()).unwrap_err();
    assert!(matches!(error, StoreError::Torn { .. }));
    assert!(error.to_string().contains("run-1.json"));
    let listed = store.list().unwrap();
    assert_eq!(listed.len(), 2);
    for line in listed {
        assert_eq!(line.record.is_err(), line.run_id == run());
    }
}

#[test]
fn what_a_dead_writer_left_unfinished_is_no_run_and_goes_away() {
    let (dir, store) = store();
    let left = dir.path().join("runs/run-1.json.tmp");
    fs::write(&left, "{").unwrap();
    assert!(store.list().unwrap().is_empty());
    assert!(matches!(
        store.load(&run()),
        Err(StoreError::Missing { .. })
    ));
    let _again = Store::open(dir.path()).unwrap();
    assert!(!left.exists());
}

#[test]
fn a_file_over_the_limit_is_refused_by_its_size() {
    let (dir, store) = store();
    let path = dir.path().join("runs/run-1.json");
    let file = fs::File::create(&path).unwrap();
    file.set_len(slackwater_store::MAX_FILE + 1).unwrap();
    assert!(matches!(
        store.load(&run()),
        Err(StoreError::TooLarge { .. })
    ));
}

#[test]
fn of_many_threads_that_save_on_one_revision_exactly_one_wins() {
    let (_dir, store) = store();
    store.create_run(&run(), "start").unwrap();
    let results: Vec<_> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..8)
            .map(|i| {
                let store = &store;
                scope.spawn(move || store.save(&run(), 1, &format!("thread {i}")))
            })
            .collect();
        started.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1);
    let lost = |r: &Result<_, _>| matches!(r, Err(StoreError::Conflict { found: 2, .. }));
    assert_eq!(results.iter().filter(|r| lost(r)).count(), 7);
}

/// Set in this test binary when it is started again as one of the writers.
const ROLE: &str = "SLACKWATER_STORE_TEST_DIR";

#[test]
fn of_many_processes_that_save_on_one_revision_exactly_one_wins() {
    const NAME: &str = "of_many_processes_that_save_on_one_revision_exactly_one_wins";
    if let Some(dir) = std::env::var_os(ROLE) {
        let store = Store::open(dir).unwrap();
        let mine = format!("process {}", std::process::id());
        let won = store.save(&run(), 1, &mine).is_ok();
        std::process::exit(if won { 10 } else { 20 });
    }
    let (dir, store) = store();
    store.create_run(&run(), "start").unwrap();
    let children: Vec<_> = (0..4)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", NAME])
                .env(ROLE, dir.path())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut won = Vec::new();
    for mut child in children {
        let pid = child.id();
        match child.wait().unwrap().code() {
            Some(10) => won.push(format!("process {pid}")),
            code => assert_eq!(code, Some(20)),
        }
    }
    assert_eq!(won, [store.load(&run()).unwrap().document]);
}

#[test]
fn what_a_flush_told_of_a_volume_stays_until_its_file_is_taken_away() {
    let (_dir, store) = store();
    let mirror = "blogs".parse().unwrap();
    assert!(store.flush_errors(&mirror).unwrap().is_empty());
    store.note_flush_error(&mirror, "data-1", "EIO").unwrap();
    store.note_flush_error(&mirror, "data-1", "later").unwrap();
    store.note_flush_error(&mirror, "data-2", "ENOSPC").unwrap();
    let other = "others".parse().unwrap();
    assert!(store.flush_errors(&other).unwrap().is_empty());
    let again = Store::open(store.dir()).unwrap();
    let known = again.flush_errors(&mirror).unwrap();
    assert_eq!(known["data-1"], "EIO");
    assert_eq!(known["data-2"], "ENOSPC");

    let file = store.flush_errors_file(&mirror);
    fs::write(&file, "torn").unwrap();
    let error = store.flush_errors(&mirror).unwrap_err().to_string();
    assert!(error.contains("blogs.flush-errors.json"), "{error}");
    store
        .note_flush_error(&mirror, "data-1", "EIO")
        .unwrap_err();
    fs::remove_file(file).unwrap();
    assert!(store.flush_errors(&mirror).unwrap().is_empty());
}
