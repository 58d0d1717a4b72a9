//! The lease: who holds the mirror.
//!
//! It is held by a locked file, which the kernel frees when the process ends,
//! however it ends; the signature beside it stays, and tells a later command
//! that a hold was never released and the mirror may still be stopped.

use std::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{LeaseError, MirrorName, RunId, StoreError, file, lock};

/// How long a lock must resist before the mirror counts as held: whoever
/// reads the state of a lease locks it for microseconds himself.
const LOCK_WAIT: Duration = Duration::from_millis(250);

/// Who holds the mirror, as he signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Holder {
    /// For which run.
    pub run_id: RunId,
    /// His process.
    pub pid: u32,
    /// A new one whenever the mirror is taken.
    pub token: String,
    /// When he resumes the mirror whatever happens. Milliseconds since the
    /// Unix epoch; `None` until anything is stopped.
    pub deadline_ms: Option<u64>,
    /// What he does, for a person.
    pub note: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run {} (process {}", self.run_id, self.pid)?;
        if let Some(deadline) = self.deadline_ms {
            let at = i64::try_from(deadline).map(Timestamp::from_millisecond);
            match at {
                Ok(Ok(at)) => write!(f, ", until {at}")?,
                _ => write!(f, ", until {deadline} ms since the epoch")?,
            }
        }
        if !self.note.is_empty() {
            write!(f, ", {}", self.note)?;
        }
        f.write_str(")")
    }
}

/// What a look at the lease shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseState {
    /// Nobody holds the mirror, and all was released.
    Free,
    /// A living process holds it; `None` in the instant between its lock and
    /// its signature.
    Held(Option<Holder>),
    /// The holder is gone and never released it.
    Expired(Holder),
}

/// The hold itself. Dropped without [`Lease::release`] it counts as expired.
#[derive(Debug)]
pub struct Lease {
    signature: PathBuf,
    holder: Holder,
    taken_from: Option<Holder>,
    _lock: File,
}

impl Lease {
    /// Takes the mirror, unless a living process holds it, or another run's
    /// hold expired. A run's own expired hold is taken again: that is how a
    /// guard is restarted.
    pub fn try_take(dir: &Path, mirror: &MirrorName, holder: Holder) -> Result<Self, LeaseError> {
        Self::take(dir, mirror, holder, false)
    }

    /// Takes the mirror even where another run's hold expired: for whoever is
    /// about to put that right.
    pub fn take_over(dir: &Path, mirror: &MirrorName, holder: Holder) -> Result<Self, LeaseError> {
        Self::take(dir, mirror, holder, true)
    }

    fn take(
        dir: &Path,
        mirror: &MirrorName,
        holder: Holder,
        from_anyone: bool,
    ) -> Result<Self, LeaseError> {
        let [lock_file, signature] = paths(dir, mirror)?;
        let Some(lock) = lock::take(&lock_file, LOCK_WAIT)? else {
            return Err(LeaseError::Held {
                mirror: mirror.clone(),
                holder: read_signature(&signature)?.map(Box::new),
            });
        };
        let taken_from = read_signature(&signature)?;
        if let Some(left) = &taken_from
            && left.run_id != holder.run_id
            && !from_anyone
        {
            return Err(LeaseError::LeftBehind {
                mirror: mirror.clone(),
                holder: Box::new(left.clone()),
            });
        }
        sign(&signature, &holder)?;
        Ok(Self {
            signature,
            holder,
            taken_from,
            _lock: lock,
        })
    }

    /// Looks without taking.
    pub fn read(dir: &Path, mirror: &MirrorName) -> Result<LeaseState, StoreError> {
        let [lock_file, signature] = paths(dir, mirror)?;
        let file = lock::open(&lock_file)?;
        // Shared, so that two that look don't see each other; kept while the
        // signature is read, so that nobody takes the mirror in between.
        match file.try_lock_shared() {
            Ok(()) => Ok(match read_signature(&signature)? {
                Some(holder) => LeaseState::Expired(holder),
                None => LeaseState::Free,
            }),
            Err(TryLockError::WouldBlock) => Ok(LeaseState::Held(read_signature(&signature)?)),
            Err(TryLockError::Error(error)) => Err(StoreError::io("lock", &lock_file)(error)),
        }
    }

    /// Whom the signature names.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Whose expired hold this one took up, if there was one.
    pub fn taken_from(&self) -> Option<&Holder> {
        self.taken_from.as_ref()
    }

    /// Signs anew, for a deadline or a note that changed.
    pub fn update(&mut self, holder: Holder) -> Result<(), StoreError> {
        sign(&self.signature, &holder)?;
        self.holder = holder;
        Ok(())
    }

    /// Gives the mirror free. On an error the hold has ended all the same and
    /// counts as expired.
    pub fn release(self) -> Result<(), StoreError> {
        file::remove(&self.signature)
    }
}

fn paths(dir: &Path, mirror: &MirrorName) -> Result<[PathBuf; 2], StoreError> {
    let folder = dir.join("leases");
    file::make_folder(&folder)?;
    Ok(["lock", "json"].map(|ending| folder.join(format!("{mirror}.{ending}"))))
}

fn sign(signature: &Path, holder: &Holder) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec(holder).expect("text and numbers always serialise");
    file::replace(signature, &bytes)
}

fn read_signature(signature: &Path) -> Result<Option<Holder>, StoreError> {
    let Some(bytes) = file::read(signature)? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| StoreError::torn(signature, error.to_string()))
}
