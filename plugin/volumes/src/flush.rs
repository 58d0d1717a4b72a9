//! Flushes the volumes' file systems.
//!
//! syncfs(2) reports write errors since the descriptor was opened (Linux 5.8,
//! `errseq_t`), and each of them once: so descriptors are opened before the
//! mirror is stopped, and an error is kept for good.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::fs::{OFlags, fstatfs, syncfs};
use rustix::io::Errno;
use slackwater_ports::{Flushed, Seen, VolumeFlush, syncfs_tells};

use crate::clock::now_ms;
use crate::template::{Template, Values};
use crate::{Flush, Volume, VolumeError, Volumes, exec};

/// For a flush command. The mirror stands still meanwhile; its window is a
/// minute by default.
pub const FLUSH_TIMEOUT: Duration = Duration::from_secs(30);

/// `statfs(2)` types whose server decides when data is safe: NFS, CIFS, SMB2,
/// 9P, Ceph, FUSE.
const REMOTE: [u32; 6] = [
    0x6969,
    0xFF53_4D42,
    0xFE53_4D42,
    0x0102_1997,
    0x00C3_6400,
    0x6573_5546,
];

/// One open descriptor for each file system, and the commands.
pub struct FlushHandles {
    systems: Vec<System>,
    volumes: Vec<(Volume, How)>,
}

enum How {
    /// Position in `systems`.
    System(usize),
    Command(Template),
}

struct System {
    device: u64,
    /// Of all volumes on it.
    paths: Vec<PathBuf>,
    root: File,
    opened_ms: u64,
    /// The first error: the kernel tells it only once.
    error: Mutex<Option<Failed>>,
}

#[derive(Clone)]
struct Failed {
    why: String,
    /// Whether it is of something that could not be written.
    not_written: bool,
}

/// When a flush was done, and what came of it.
type Done = (u64, u64, Option<String>);

impl FlushHandles {
    /// Opens them. Volumes on one file system share a descriptor.
    pub fn open(volumes: &Volumes) -> Result<Self, VolumeError> {
        let mut handles = Self {
            systems: Vec::new(),
            volumes: Vec::new(),
        };
        for volume in volumes.iter() {
            let how = match volume.flush() {
                Flush::Command(template) => How::Command(template.clone()),
                Flush::Syncfs => How::System(handles.system(volume.path())?),
            };
            handles.volumes.push((volume.clone(), how));
        }
        Ok(handles)
    }

    /// Writes out what the file systems have by now, so that the flush that
    /// counts finds less to do while the mirror stands still. It proves
    /// nothing; an error that it meets is kept for that flush.
    pub fn write_ahead(&self) {
        thread::scope(|scope| {
            for system in &self.systems {
                scope.spawn(|| system.flush());
            }
        });
    }

    /// What the kernel has told of volumes so far: something of them could not be
    /// written.
    pub fn told(&self) -> BTreeMap<String, String> {
        let mut told = BTreeMap::new();
        for (volume, how) in &self.volumes {
            let How::System(at) = how else { continue };
            let failed = self.systems[*at].failed();
            if let Some(failed) = failed.as_ref().filter(|one| one.not_written) {
                told.insert(volume.name().to_owned(), failed.why.clone());
            }
        }
        told
    }

    fn system(&mut self, path: &Path) -> Result<usize, VolumeError> {
        let root = open_folder(path)?;
        let device = device(&root, path)?;
        if let Some(known) = self.systems.iter().position(|s| s.device == device) {
            self.systems[known].paths.push(path.to_owned());
            return Ok(known);
        }
        let kind = fstatfs(&root)
            .map_err(|error| VolumeError::io("look at the file system of", path)(error.into()))?
            .f_type;
        if REMOTE.contains(&(kind as u32)) {
            return Err(VolumeError::unsuitable(
                path,
                "is no local file system, so syncfs proves nothing: give the volume a flush command",
            ));
        }
        let kernel = rustix::system::uname();
        syncfs_tells(&kernel.release().to_string_lossy())
            .map_err(|why| VolumeError::unsuitable(path, why))?;
        self.systems.push(System {
            device,
            paths: vec![path.to_owned()],
            root,
            opened_ms: now_ms(),
            error: Mutex::new(None),
        });
        Ok(self.systems.len() - 1)
    }
}

/// Whether syncfs(2) said it of the file system. What a page could not be written for is
/// stored as it came from below (`mapping_set_error`), and counts as told where syncfs(2)
/// gives another errno for itself: so any does, but those that say that none was asked.
fn is_told(error: Errno) -> bool {
    ![Errno::BADF, Errno::NOSYS].contains(&error)
}

fn open_folder(path: &Path) -> Result<File, VolumeError> {
    File::options()
        .read(true)
        .custom_flags(OFlags::DIRECTORY.bits() as i32)
        .open(path)
        .map_err(VolumeError::io("open", path))
}

fn device(root: &File, path: &Path) -> Result<u64, VolumeError> {
    let metadata = root.metadata().map_err(VolumeError::io("stat", path))?;
    Ok(metadata.dev())
}

impl System {
    fn flush(&self) -> Option<String> {
        let mut kept = self.failed();
        if kept.is_none() {
            *kept = self.try_flush().err();
        }
        kept.as_ref().map(|failed| failed.why.clone())
    }

    fn failed(&self) -> MutexGuard<'_, Option<Failed>> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_flush(&self) -> Result<(), Failed> {
        syncfs(&self.root).map_err(|error| Failed {
            why: VolumeError::io("flush", &self.paths[0])(error.into()).to_string(),
            not_written: is_told(error),
        })?;
        self.is_the_same().map_err(|error| Failed {
            why: error.to_string(),
            not_written: false,
        })
    }

    fn is_the_same(&self) -> Result<(), VolumeError> {
        for path in &self.paths {
            if device(&open_folder(path)?, path)? != self.device {
                let why =
                    "is another file system than before the stop: nothing is known of its flush";
                return Err(VolumeError::unsuitable(path, why));
            }
        }
        Ok(())
    }
}

fn timed(flush: impl FnOnce() -> Option<String>) -> Done {
    let started = now_ms();
    let error = flush();
    (started, now_ms().max(started), error)
}

fn run_command(volume: &Volume, template: &Template) -> Option<String> {
    let values = Values {
        volume: volume.name(),
        broker: volume.broker(),
        path: Some(volume.path()),
        ..Values::default()
    };
    exec::run(template, values, FLUSH_TIMEOUT)
        .err()
        .map(|error| error.to_string())
}

impl VolumeFlush for FlushHandles {
    fn flush(&self) -> Seen<Vec<Flushed>> {
        let rows = thread::scope(|scope| {
            let systems: Vec<_> = self
                .systems
                .iter()
                .map(|system| scope.spawn(|| timed(|| system.flush())))
                .collect();
            let commands: Vec<_> = self
                .volumes
                .iter()
                .map(|(volume, how)| match how {
                    How::System(_) => None,
                    How::Command(line) => Some(scope.spawn(|| timed(|| run_command(volume, line)))),
                })
                .collect();
            let systems: Vec<Done> = systems.into_iter().map(join).collect();
            let mut rows = Vec::with_capacity(self.volumes.len());
            for ((volume, how), command) in self.volumes.iter().zip(commands) {
                let (method, opened_ms, done) = match (how, command) {
                    (How::System(at), _) => {
                        let opened_ms = self.systems[*at].opened_ms;
                        ("syncfs", Some(opened_ms), systems[*at].clone())
                    }
                    (How::Command(_), Some(command)) => ("command", None, join(command)),
                    (How::Command(_), None) => unreachable!("each command has its thread"),
                };
                rows.push(Flushed {
                    volume: volume.name().to_owned(),
                    broker: volume.broker(),
                    started_ms: done.0,
                    ended_ms: done.1,
                    method: method.to_owned(),
                    opened_ms,
                    error: done.2,
                });
            }
            rows
        });
        Ok(rows)
    }
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    match thread.join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_errno_a_file_system_gives_for_a_page_that_it_could_not_write_is_told() {
        for told in [
            Errno::IO,
            Errno::NOSPC,
            Errno::DQUOT,
            Errno::NODATA,
            Errno::NOLINK,
            Errno::TIMEDOUT,
            Errno::REMOTEIO,
            Errno::ILSEQ,
            Errno::NODEV,
            Errno::INTR,
        ] {
            assert!(is_told(told), "{told}");
        }
        assert!(!is_told(Errno::BADF) && !is_told(Errno::NOSYS));
    }
}
