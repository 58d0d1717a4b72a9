//! A running broker's lock.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod log;

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use log::{Disk, plain};
use slackwater_logdir::{Locked, LogdirError, survey};

/// Tells this program, started a second time, to be the broker.
const LOCK: &str = "SLACKWATER_TEST_LOCK";

/// Another process that holds an fcntl(2) lock, as the JVM's `FileLock` does;
/// a process does not see its own.
struct Broker {
    child: Child,
    /// Kept: it says more at its end.
    _said: BufReader<ChildStdout>,
}

impl Broker {
    fn start(lock: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "holds_a_lock_when_it_is_told_to", "--nocapture"])
            .env(LOCK, lock)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut lines = said.by_ref().lines().map_while(Result::ok);
        let held = lines.any(|line| line.contains("held"));
        assert!(held, "the lock was not taken");
        Self { child, _said: said }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It reads to the end of its input.
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

#[test]
fn holds_a_lock_when_it_is_told_to() {
    let Some(path) = std::env::var_os(LOCK) else {
        return;
    };
    let file = File::options().write(true).open(path).unwrap();
    let operation = rustix::fs::FlockOperation::NonBlockingLockExclusive;
    rustix::fs::fcntl_lock(&file, operation).unwrap();
    println!("held");
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn a_directory_of_a_running_broker_is_refused_unless_it_is_allowed() {
    let disk = Disk::new();
    disk.segments("t-0", &[&plain(1)]);
    let lock = disk.write(".lock", b"");
    let broker = Broker::start(&lock);
    let error = survey(disk.path(), Locked::Refuse).unwrap_err();
    assert!(matches!(error, LogdirError::Locked(_)), "{error}");
    assert!(error.to_string().contains("snapshot"), "{error}");
    let dirs = survey(disk.path(), Locked::Allow).unwrap();
    assert_eq!(dirs[0].replicas.len(), 1);
    // The lock goes with its process; the file stays.
    drop(broker);
    assert!(lock.exists());
    survey(disk.path(), Locked::Refuse).unwrap();
}

#[test]
fn one_locked_directory_of_several_refuses_them_all() {
    let volume = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        std::fs::create_dir(volume.path().join(name)).unwrap();
        std::fs::write(volume.path().join(name).join("meta.properties"), "").unwrap();
    }
    let lock = volume.path().join("b/.lock");
    File::create(&lock).unwrap();
    let _broker = Broker::start(&lock);
    let error = survey(volume.path(), Locked::Refuse).unwrap_err();
    assert!(error.to_string().contains("/b is locked"), "{error}");
}
