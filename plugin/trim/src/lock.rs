//! The lock that a broker takes of a log directory.

use std::fs::{File, OpenOptions};
use std::path::Path;

use rustix::fs::{FlockOperation, fcntl_lock};

use crate::disk::own_as_directory;
use crate::error::TrimError;

/// A broker holds this file locked while it has the directory (`FileLock`).
pub(crate) fn lock(dir: &Path) -> Result<File, TrimError> {
    let path = dir.join(".lock");
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let file = file.map_err(TrimError::io("open", &path))?;
    if is_new {
        own_as_directory(&file, &path).map_err(TrimError::io("give away", &path))?;
    }
    let locked = fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive);
    locked.map_err(|_| TrimError::State {
        path: dir.to_owned(),
        why: "is locked by a running broker: stop it first",
    })?;
    Ok(file)
}
