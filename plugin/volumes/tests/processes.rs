//! Which process holds a volume, with real processes that lock as a broker
//! does.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::fs::{FlockOperation, fcntl_lock};
use slackwater_ports::{BrokerProcess, BrokerProcesses as _};
use slackwater_volumes::{Flush, Processes, Volume, Volumes};

/// Folders that this program is to lock, in place of testing.
const HOLD: &str = "SLACKWATER_TEST_HOLD";

const HELD: &str = "all of them are held";

/// A process that holds the locks of log directories until it is dropped.
struct Holder(Child);

impl Holder {
    /// Starts this very test again, which then only holds.
    fn of(dirs: &[&Path]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "a_broker_that_was_started_again_is_another_process",
            ])
            .env(HOLD, std::env::join_paths(dirs).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let held = out.lines().any(|line| line.unwrap() == HELD);
        let holder = Self(child);
        assert!(held, "it ended without holding");
        holder
    }

    fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Locks as Java's `FileChannel.lock` does, until the input ends.
fn hold(dirs: &std::ffi::OsStr) -> ! {
    let locks: Vec<File> = std::env::split_paths(dirs)
        .map(|dir| {
            let path = dir.join(".lock");
            let lock = File::options().read(true).write(true).open(path).unwrap();
            fcntl_lock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
            lock
        })
        .collect();
    // Not by print!, which the test harness keeps for itself.
    let mut out = std::io::stdout();
    writeln!(out, "\n{HELD}").unwrap();
    out.flush().unwrap();
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    drop(locks);
    std::process::exit(0)
}

fn log_dir(path: &Path) {
    fs::create_dir_all(path).unwrap();
    fs::write(path.join("meta.properties"), "").unwrap();
    fs::write(path.join(".lock"), "").unwrap();
}

fn look(paths: &[&Path]) -> Vec<BrokerProcess> {
    let volumes = paths.iter().zip(1..).map(|(path, broker)| {
        Volume::new(&format!("v{broker}"), broker, *path, Flush::Syncfs).unwrap()
    });
    let volumes = Volumes::new(volumes.collect()).unwrap();
    let rows = Processes::new(volumes).broker_processes().unwrap();
    assert!(
        rows.iter()
            .all(|row| row.identity.is_some() != row.why.is_some()),
        "{rows:?}"
    );
    rows
}

#[test]
fn a_broker_that_was_started_again_is_another_process() {
    if let Some(dirs) = std::env::var_os(HOLD) {
        hold(&dirs);
    }
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let (one, two, third) = (at("v1/log-0"), at("v1/log-1"), at("v2"));
    for dir in [&one, &two, &third] {
        log_dir(dir);
    }
    let volumes = [at("v1"), third.clone(), at("v3")];
    let volumes = volumes.each_ref().map(std::path::PathBuf::as_path);

    let broker = Holder::of(&[&one, &two]);
    let other = Holder::of(&[&third]);
    let first = look(&volumes);
    let identity = |rows: &[BrokerProcess], at: usize| rows[at].identity.clone().unwrap();
    assert!(identity(&first, 0).starts_with(&format!("pid {} since tick ", broker.id())));
    assert!(identity(&first, 1).starts_with(&format!("pid {} since tick ", other.id())));
    assert_eq!((first[0].volume.as_str(), first[0].broker), ("v1", 1));
    assert_eq!((first[1].volume.as_str(), first[1].broker), ("v2", 2));
    // One that is not there has its row too.
    assert!(first[2].why.as_ref().unwrap().contains("v3"), "{first:?}");
    assert_eq!(look(&volumes), first);

    drop(broker);
    let between = look(&volumes);
    let why = between[0].why.as_ref().unwrap();
    assert!(why.contains("no process holds the lock"), "{why}");
    assert_eq!(between[1], first[1]);

    let _again = Holder::of(&[&one, &two]);
    let second = look(&volumes);
    assert_ne!(identity(&second, 0), identity(&first, 0));
    assert_eq!(second[1], first[1]);
}

#[test]
fn a_volume_that_two_processes_hold_has_no_one_identity() {
    let root = tempfile::tempdir().unwrap();
    let (one, two) = (root.path().join("a"), root.path().join("b"));
    log_dir(&one);
    log_dir(&two);
    let (first, second) = (Holder::of(&[&one]), Holder::of(&[&two]));
    let rows = look(&[root.path()]);
    let why = rows[0].why.as_ref().unwrap();
    assert!(why.contains("several processes"), "{why}");
    for holder in [&first, &second] {
        assert!(why.contains(&format!("pid {} ", holder.id())), "{why}");
    }
    // Nor has one that is held in part.
    drop(second);
    let rows = look(&[root.path()]);
    assert!(rows[0].why.as_ref().unwrap().contains("no process holds"));
}

#[test]
fn a_lock_file_that_was_removed_is_not_held_and_one_that_is_no_file_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    log_dir(root.path());
    let lock = root.path().join(".lock");
    fs::remove_file(&lock).unwrap();
    let why = look(&[root.path()]).remove(0).why.unwrap();
    assert!(why.contains("no process holds the lock"), "{why}");
    std::os::unix::fs::symlink("/etc/passwd", &lock).unwrap();
    let why = look(&[root.path()]).remove(0).why.unwrap();
    assert!(why.contains("can't open"), "{why}");
}
