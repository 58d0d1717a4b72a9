//! The directory of one lab: properties, logs, volumes. Locked while its owner
//! lives, so that what a dead one left can be told and swept.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::FlockOperation;

use crate::error::LabError;
use crate::janitor::Janitor;
use crate::{kubernetes, mounts, netns};

/// How run directories' names begin.
pub(crate) const PREFIX: &str = "slackwater-lab-";
/// How directories with kept logs begin; these are nobody's to sweep.
const KEPT: &str = "slackwater-logs-";
const LOCK: &str = "owner.lock";
/// One network namespace's name a line.
const NAMESPACES: &str = "netns";
/// The name of a node's control group.
const CGROUP: &str = "cgroup";
/// Labs of one name in one process; nobody needs more.
const MOST_ALIKE: u32 = 100;

/// A run directory, taken down with everything in it when dropped.
#[derive(Debug)]
pub(crate) struct RunDir {
    path: PathBuf,
    keep: AtomicBool,
    // These go after this type's own `drop`: the janitor finds nothing left.
    _janitor: Janitor,
    _lock: File,
}

impl RunDir {
    /// Makes `<temp>/slackwater-lab-<name>-<pid>`. It gets that name only once
    /// it is locked: a sweep never sees one without an owner.
    pub(crate) fn make(name: &str) -> Result<Self, LabError> {
        let temp = std::env::temp_dir();
        let pid = std::process::id();
        for n in 0..MOST_ALIKE {
            let label = if n == 0 {
                format!("{name}-{pid}")
            } else {
                format!("{name}-{pid}-{n}")
            };
            let hidden = temp.join(format!(".{PREFIX}{label}"));
            let path = temp.join(format!("{PREFIX}{label}"));
            if path.exists() || fs::create_dir(&hidden).is_err() {
                continue;
            }
            let lock_path = hidden.join(LOCK);
            let lock = File::create(&lock_path).map_err(LabError::io("create", &lock_path))?;
            rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)
                .map_err(std::io::Error::from)
                .map_err(LabError::io("lock", &lock_path))?;
            let logs = hidden.join("logs");
            fs::create_dir(&logs).map_err(LabError::io("create", &logs))?;
            fs::rename(&hidden, &path).map_err(LabError::io("rename to", &path))?;
            return Ok(Self {
                _janitor: Janitor::start(&path)?,
                path,
                keep: AtomicBool::new(false),
                _lock: lock,
            });
        }
        Err(LabError::Invalid(format!(
            "no directory for the lab {name} in {}: make room there",
            temp.display()
        )))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps the logs when this is dropped.
    pub(crate) fn keep(&self) {
        self.keep.store(true, Ordering::Relaxed);
    }

    /// Notes a network namespace before it is made, so that it is removed
    /// whatever happens.
    pub(crate) fn note_netns(&self, name: &str) -> Result<(), LabError> {
        let path = self.path.join(NAMESPACES);
        let mut names = fs::read_to_string(&path).unwrap_or_default();
        names.push_str(name);
        names.push('\n');
        fs::write(&path, names).map_err(LabError::io("write", &path))
    }
}

impl RunDir {
    /// The same of a control group.
    pub(crate) fn note_cgroup(&self, name: &str) -> Result<(), LabError> {
        let path = self.path.join(CGROUP);
        fs::write(&path, name).map_err(LabError::io("write", &path))
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        if self.keep.load(Ordering::Relaxed) || std::thread::panicking() {
            keep_logs(&self.path);
        }
        take_down(&self.path);
    }
}

/// Moves logs and properties aside and says where to.
fn keep_logs(path: &Path) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let kept = path.with_file_name(name.replacen(PREFIX, KEPT, 1));
    if fs::rename(path.join("logs"), &kept).is_ok() {
        for file in fs::read_dir(path).into_iter().flatten().flatten() {
            if file.path().extension().is_some_and(|e| e == "properties") {
                let _ = fs::copy(file.path(), kept.join(file.file_name()));
            }
        }
        eprintln!("lab: logs kept in {}", kept.display());
    }
}

/// Undoes everything that a lab did in `path`: processes, mounts, loop devices,
/// namespaces, files. Never follows a mount that would not go.
pub(crate) fn take_down(path: &Path) {
    for pid in mounts::processes_in(path) {
        if let Some(pid) = rustix::process::Pid::from_raw(pid) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
    mounts::clear(path);
    for name in fs::read_to_string(path.join(NAMESPACES))
        .unwrap_or_default()
        .lines()
    {
        netns::remove(name);
    }
    if let Ok(name) = fs::read_to_string(path.join(CGROUP)) {
        kubernetes::remove_cgroup(&name);
    }
    if mounts::mounts_below(path).is_empty() {
        let _ = fs::remove_dir_all(path);
    } else {
        eprintln!(
            "lab: {} is still mounted: unmount it and remove the directory",
            path.display()
        );
    }
}

/// Whether the lab of this directory still has its owner.
pub(crate) fn is_owned(path: &Path) -> bool {
    let Ok(lock) = File::open(path.join(LOCK)) else {
        return false;
    };
    rustix::fs::flock(&lock, FlockOperation::NonBlockingLockShared).is_err()
}
