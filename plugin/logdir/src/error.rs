//! Why a log directory could not be read.

use std::io;
use std::path::{Path, PathBuf};

/// See the module. What is wrong *in* a log is no error: it is found, and said
/// in the result.
#[derive(Debug, thiserror::Error)]
pub enum LogdirError {
    /// The operating system refused.
    #[error("can't {what} {path}: {source}")]
    Io {
        /// For example `read`.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No log directory there.
    #[error(
        "{0} holds no log directory: none has a meta.properties; name a directory of log.dirs, or one above it"
    )]
    NoLogDir(PathBuf),
    /// A broker has it.
    #[error(
        "{0} is locked by a running broker: stop it, or read a snapshot; --live reads it all the same"
    )]
    Locked(PathBuf),
    /// More than there can be.
    #[error("{path} has more than {limit} {what}")]
    TooMany {
        /// Where.
        path: PathBuf,
        /// For example `segments`.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A small file with another form.
    #[error("{path} is not readable: {why}")]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl LogdirError {
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}
