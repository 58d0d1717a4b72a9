//! What can go wrong with volumes and their snapshots.

use std::io;
use std::path::{Path, PathBuf};

use slackwater_ports::{PortError, PortErrorKind};

/// Messages name the thing and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum VolumeError {
    /// The configuration can't be used.
    #[error("{0}")]
    Settings(String),
    /// There is no finished snapshot of this run.
    #[error("no finished snapshot of run {run} in {}", dir.display())]
    Missing {
        /// Which run.
        run: String,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// What is there is not what the manifest says.
    #[error("the snapshot of run {run} is damaged: {what}; delete it and take another")]
    Damaged {
        /// Which run.
        run: String,
        /// The first difference.
        what: String,
    },
    /// A restore would overwrite something.
    #[error("{} is not empty: a restore overwrites nothing, empty it or name another target", target.display())]
    NotEmpty {
        /// Where to.
        target: PathBuf,
    },
    /// The file system can't share blocks between files.
    #[error("{} can't be cloned ({source}): put the copies on the same XFS or btrfs as the volume, or accept a plain copy with --allow-plain-copy", path.display())]
    NoReflink {
        /// Which file.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// Something that no broker writes.
    #[error("{} {why}", path.display())]
    Unsuitable {
        /// Where.
        path: PathBuf,
        /// What it is, and what to do about it.
        why: String,
    },
    /// A command of the user's failed.
    #[error("{program} ({purpose}) {why}")]
    Command {
        /// Its name.
        program: String,
        /// What for.
        purpose: &'static str,
        /// How it failed, with the last line that it wrote to stderr.
        why: String,
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

impl VolumeError {
    /// What `act` on `path` met.
    pub fn io(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { act, path, source }
    }

    pub(crate) fn unsuitable(path: &Path, why: impl Into<String>) -> Self {
        Self::Unsuitable {
            path: path.to_owned(),
            why: why.into(),
        }
    }
}

impl From<VolumeError> for PortError {
    fn from(error: VolumeError) -> Self {
        let kind = match error {
            VolumeError::Settings(_) | VolumeError::NoReflink { .. } => PortErrorKind::Unsupported,
            VolumeError::Damaged { .. } => PortErrorKind::Malformed,
            VolumeError::Io { .. } => PortErrorKind::Unreachable,
            VolumeError::Missing { .. }
            | VolumeError::NotEmpty { .. }
            | VolumeError::Unsuitable { .. }
            | VolumeError::Command { .. } => PortErrorKind::Refused,
        };
        PortError::new(kind, error.to_string())
    }
}
