//! The lock that writers of a folder take for the length of one write.

#![allow(
    clippy::disallowed_methods,
    reason = "the edge: a bounded wait for another process"
)]

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::StoreError;

/// Between two tries.
const STEP: Duration = Duration::from_millis(5);

/// Opens the lock file, which is never removed: a removed one could be locked
/// by two at once, one of them through its old inode. The descriptor is
/// close-on-exec, so no child keeps it.
pub(crate) fn open(path: &Path) -> Result<File, StoreError> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(StoreError::io("open", path))
}

/// Takes the lock within `most`, or gives `None`. It lasts as long as the
/// file is open.
pub(crate) fn take(path: &Path, most: Duration) -> Result<Option<File>, StoreError> {
    let file = open(path)?;
    let tries = most.as_millis() / STEP.as_millis() + 1;
    for attempt in 0..tries {
        if attempt > 0 {
            thread::sleep(STEP);
        }
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", path)(error)),
        }
    }
    Ok(None)
}
