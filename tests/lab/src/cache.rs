//! What is fetched and built once for all labs of this user, outside the tree.
//! May write below that one directory only.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use crate::error::LabError;

/// How the names of directories begin in which something is not whole yet.
const WORK: &str = ".fetching-";

/// The directory, locked against other processes until this is dropped: what is
/// in it is whole, or in the work directory of the one that holds the lock.
#[derive(Debug)]
pub(crate) struct Cache {
    path: PathBuf,
    _lock: File,
}

impl Cache {
    /// Waits for whoever fetches or builds at the moment: that takes minutes at
    /// the most.
    pub(crate) fn open() -> Result<Self, LabError> {
        let path = directory()?;
        fs::create_dir_all(&path).map_err(LabError::io("create", &path))?;
        let lock_path = path.join("lock");
        let lock = File::create(&lock_path).map_err(LabError::io("create", &lock_path))?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive)
            .map_err(std::io::Error::from)
            .map_err(LabError::io("lock", &lock_path))?;
        Ok(Self { path, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// An empty directory for what is not whole yet: on the same file system, so
    /// that a rename moves it to its place.
    pub(crate) fn work(&self) -> Result<PathBuf, LabError> {
        let work = self.path.join(format!("{WORK}{}", std::process::id()));
        // Nobody works in one while this holds the lock: they are of processes
        // that were killed.
        let entries = fs::read_dir(&self.path).map_err(LabError::io("list", &self.path))?;
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(WORK) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        fs::create_dir_all(&work).map_err(LabError::io("create", &work))?;
        Ok(work)
    }
}

/// `$SLACKWATER_CACHE`, or `~/.cache/slackwater`.
fn directory() -> Result<PathBuf, LabError> {
    if let Some(set) = std::env::var_os("SLACKWATER_CACHE") {
        return Ok(PathBuf::from(set));
    }
    std::env::home_dir()
        .map(|home| home.join(".cache/slackwater"))
        .ok_or_else(|| LabError::Invalid("no home directory: set SLACKWATER_CACHE".into()))
}
