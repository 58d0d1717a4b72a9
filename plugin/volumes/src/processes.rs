//! Which process writes to each volume: the one that holds the locks of its
//! log directories.
//!
//! A broker locks `.lock` in each of them for as long as it lives (Kafka's
//! `FileLock`, which is fcntl(2)'s lock of the whole file), and the kernel
//! names the holder. May list the volumes and ask for locks; takes none.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::{Flock, FlockType, fcntl_getlk};
use slackwater_ports::{BrokerProcess, BrokerProcesses, Seen};

use crate::identity::Boot;
use crate::{Volume, VolumeError, Volumes};

/// How deep below a volume's path a log directory may lie: the mount point,
/// then what Strimzi calls `kafka-log<n>`, and one more.
const MAX_DEPTH: u32 = 3;

/// Entries that are looked at above a volume's log directories: there are a
/// few, and a folder of something else is not searched through.
const MAX_ENTRIES: usize = 10_000;

/// mke2fs(8) makes it, no broker writes to it, and only root may list it.
const LOST_AND_FOUND: &str = "lost+found";

/// The volumes' brokers, as the processes that they are on this machine.
#[derive(Debug, Clone)]
pub struct Processes {
    volumes: Volumes,
}

/// Why it is not known which process writes to a volume.
#[derive(Debug, thiserror::Error)]
enum Unknown {
    #[error("no log directory (a folder with meta.properties) lies in {}", .0.display())]
    NoLogDir(PathBuf),
    #[error("no process holds the lock of its log directory {}", .0.display())]
    NotHeld(PathBuf),
    #[error("the lock of {} is held where no process can be seen from here: look from the broker's machine, outside of containers", .0.display())]
    OutOfSight(PathBuf),
    #[error("its log directories are held by several processes: {0}; {1}")]
    Several(String, String),
    #[error("the lock of {} changed hands while it was looked at", .0.display())]
    ChangedHands(PathBuf),
    #[error(transparent)]
    Volume(#[from] VolumeError),
}

impl Processes {
    /// Of these volumes. Nothing is looked at yet.
    pub fn new(volumes: Volumes) -> Self {
        Self { volumes }
    }
}

impl BrokerProcesses for Processes {
    fn broker_processes(&self) -> Seen<Vec<BrokerProcess>> {
        let boot = Boot::now()?;
        let rows = self.volumes.iter().map(|volume| {
            let found = process(volume, &boot);
            BrokerProcess {
                volume: volume.name().to_owned(),
                broker: volume.broker(),
                why: found.as_ref().err().map(ToString::to_string),
                identity: found.ok(),
            }
        });
        Ok(rows.collect())
    }
}

/// The one process that holds all log directories of a volume.
fn process(volume: &Volume, boot: &Boot) -> Result<String, Unknown> {
    let mut dirs = Vec::new();
    let mut left = MAX_ENTRIES;
    find(volume.path(), 0, &mut left, &mut dirs)?;
    let mut the_one: Option<String> = None;
    for dir in &dirs {
        let found = holder(dir, boot)?;
        match &the_one {
            Some(first) if *first != found => return Err(Unknown::Several(first.clone(), found)),
            _ => the_one = Some(found),
        }
    }
    the_one.ok_or_else(|| Unknown::NoLogDir(volume.path().to_owned()))
}

/// Log directories at or below `path`; nothing in one is looked at. A folder
/// that can't be listed could hide one, so it is an error.
fn find(
    path: &Path,
    depth: u32,
    left: &mut usize,
    found: &mut Vec<PathBuf>,
) -> Result<(), VolumeError> {
    let properties = path.join("meta.properties");
    match fs::metadata(&properties) {
        Ok(there) if there.is_file() => {
            found.push(path.to_owned());
            return Ok(());
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(VolumeError::io("look at", &properties)(error));
        }
        _ => {}
    }
    if depth == MAX_DEPTH {
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(VolumeError::io("list", path))? {
        let entry = entry.map_err(VolumeError::io("list", path))?;
        *left = left.checked_sub(1).ok_or_else(|| {
            let why = format!("has more than {MAX_ENTRIES} entries and no log directory above");
            VolumeError::unsuitable(path, why)
        })?;
        let kind = entry
            .file_type()
            .map_err(VolumeError::io("look at", &entry.path()))?;
        if kind.is_dir() && entry.file_name() != LOST_AND_FOUND {
            find(&entry.path(), depth + 1, left, found)?;
        }
    }
    Ok(())
}

/// The process that holds the lock of a log directory.
fn holder(dir: &Path, boot: &Boot) -> Result<String, Unknown> {
    let path = dir.join(".lock");
    // What is no file must not block, nor lead elsewhere.
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let lock = File::options()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(&path)
        .map_err(|error| match error.kind() {
            // A broker that stops removes it.
            io::ErrorKind::NotFound => Unknown::NotHeld(dir.to_owned()),
            _ => VolumeError::io("open", &path)(error).into(),
        })?;
    let pid = holder_id(&lock, dir)?;
    let identity = boot.identity(pid);
    // It may have ended in between, and its id may be another's.
    if holder_id(&lock, dir)? != pid {
        return Err(Unknown::ChangedHands(dir.to_owned()));
    }
    Ok(identity?)
}

/// Its process id, asked with F_GETLK, for which the file need not be open for
/// writing. A holder on another machine or in another pid namespace has none.
fn holder_id(lock: &File, dir: &Path) -> Result<u32, Unknown> {
    let held = fcntl_getlk(lock, &Flock::from(FlockType::WriteLock))
        .map_err(|error| VolumeError::io("look at the lock of", dir)(error.into()))?
        .ok_or_else(|| Unknown::NotHeld(dir.to_owned()))?;
    held.pid
        .and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok())
        .ok_or_else(|| Unknown::OutOfSight(dir.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(root: &Path, mut left: usize) -> Result<Vec<PathBuf>, VolumeError> {
        let mut found = Vec::new();
        find(root, 0, &mut left, &mut found)?;
        found.sort();
        Ok(found)
    }

    fn log_dir(path: &Path) {
        fs::create_dir_all(path).unwrap();
        fs::write(path.join("meta.properties"), "").unwrap();
    }

    #[test]
    fn log_directories_are_found_down_to_the_third_level_and_not_in_one_another() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for path in ["a", "a/in", "b/c/d", "b/c/e/f", "lost+found"] {
            log_dir(&at(path));
        }
        std::os::unix::fs::symlink(at("a"), at("link")).unwrap();
        fs::create_dir_all(at("g/meta.properties")).unwrap();
        assert_eq!(found(root.path(), 20).unwrap(), [at("a"), at("b/c/d")]);
        log_dir(root.path());
        assert_eq!(found(root.path(), 20).unwrap(), [root.path()]);
    }

    #[test]
    fn a_folder_of_something_else_is_not_searched_through() {
        let root = tempfile::tempdir().unwrap();
        for n in 0..5 {
            fs::write(root.path().join(n.to_string()), "").unwrap();
        }
        assert!(found(root.path(), 5).unwrap().is_empty());
        let many = found(root.path(), 4).unwrap_err().to_string();
        assert!(many.contains("more than 10000 entries"), "{many}");
    }

    #[test]
    fn a_path_that_is_not_there_is_named() {
        let gone = found(Path::new("/no/such/volume"), 1).unwrap_err();
        assert!(gone.to_string().contains("/no/such/volume"), "{gone}");
    }
}
