//! What can go wrong in the store and with the lease.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use slackwater_ports::{PortError, PortErrorKind};

use crate::{Holder, MirrorName, RunId};

/// Why the store has no answer. Messages name the file and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such run.
    #[error("no run {run} in {}: `slackwater status` shows those that there are", dir.display())]
    Missing {
        /// Which.
        run: RunId,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// A run of this name is there already.
    #[error("run {run} exists in the store: a new run needs a new run id")]
    Exists {
        /// Which.
        run: RunId,
    },
    /// Somebody else wrote first.
    #[error("run {run} is at revision {found}, not {expected}: read it again")]
    Conflict {
        /// Which.
        run: RunId,
        /// The revision that the caller knew.
        expected: u64,
        /// The one that is stored.
        found: u64,
    },
    /// The file is not what this program wrote.
    #[error("{} is damaged ({why}): restore it from a copy, or move it away", path.display())]
    Torn {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file, or what was to become one, is over the limit.
    #[error("{} has {bytes} bytes, over the limit of {limit}", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// [`crate::MAX_FILE`].
        limit: u64,
    },
    /// More runs than one store may hold.
    #[error("{} holds more than {limit} runs: delete old ones", dir.display())]
    TooMany {
        /// The folder.
        dir: PathBuf,
        /// [`crate::MAX_RUNS`].
        limit: usize,
    },
    /// Somebody holds the store's lock for too long.
    #[error("{} was locked by another process for {waited:?}: end that process", path.display())]
    Busy {
        /// The lock file.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// What was read back is not what was written.
    #[error("{} reads back differently than it was written: check its disk", path.display())]
    ReadBack {
        /// Which file.
        path: PathBuf,
    },
    /// The operating system said no.
    #[error("can't {act} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        act: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl StoreError {
    pub(crate) fn io(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { act, path, source }
    }

    pub(crate) fn torn(path: &Path, why: impl Into<String>) -> Self {
        Self::Torn {
            path: path.to_owned(),
            why: why.into(),
        }
    }
}

impl From<StoreError> for PortError {
    fn from(error: StoreError) -> Self {
        let kind = match error {
            StoreError::Conflict { .. } => PortErrorKind::Conflict,
            StoreError::Torn { .. } | StoreError::ReadBack { .. } => PortErrorKind::Malformed,
            StoreError::Busy { .. } => PortErrorKind::Timeout,
            StoreError::Missing { .. }
            | StoreError::Exists { .. }
            | StoreError::TooLarge { .. }
            | StoreError::TooMany { .. } => PortErrorKind::Refused,
            StoreError::Io { .. } => PortErrorKind::Unreachable,
        };
        PortError::new(kind, error.to_string())
    }
}

/// Why the mirror can't be held.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// A living process holds it. The holder is not known in the instant
    /// between its lock and its signature.
    #[error("mirror {mirror} is held by {}", holder.as_ref().map_or_else(|| "a process that has not signed yet".to_owned(), ToString::to_string))]
    Held {
        /// Which mirror.
        mirror: MirrorName,
        /// By whom.
        holder: Option<Box<Holder>>,
    },
    /// Its holder is gone and never released it.
    #[error("mirror {mirror} was left behind by {holder}: `slackwater resume` puts it right")]
    LeftBehind {
        /// Which mirror.
        mirror: MirrorName,
        /// By whom.
        holder: Box<Holder>,
    },
    /// The files of the lease can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}
