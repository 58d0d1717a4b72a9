//! What can go wrong in the lab, each message naming the thing and the remedy.
//! Touches nothing.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why the lab could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// An image could not be written.
    #[error(transparent)]
    Image(#[from] slackwater_image::ImageError),
    /// A file, directory or process could not be used.
    #[error("could not {action}: {source}")]
    Io {
        /// What was being done, with the path.
        action: String,
        /// The system's own reason.
        source: std::io::Error,
    },
    /// A command ran and failed.
    #[error("`{command}` failed ({status}): {stderr}")]
    Command {
        /// The command line.
        command: String,
        /// Its exit status.
        status: String,
        /// The end of what it printed.
        stderr: String,
    },
    /// Something took longer than it was given.
    #[error("gave up after {} s waiting for {what}", waited.as_secs())]
    Timeout {
        /// What was waited for.
        what: String,
        /// How long.
        waited: Duration,
    },
    /// A process of the lab ended by itself.
    #[error("{name} ended by itself ({status}); the end of {}:\n{tail}", log.display())]
    Died {
        /// The process's name in the lab.
        name: String,
        /// Its exit status.
        status: String,
        /// Its log file.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },
    /// Only root can do this.
    #[error("{what} needs root: run as root, or use `Volumes::Directories` and leave it out")]
    NeedsRoot {
        /// What was left out.
        what: String,
    },
    /// Debian packages are missing and can't be installed by this user.
    #[error("packages are missing; install them with: {command}")]
    MissingPackages {
        /// The exact command to run as root.
        command: String,
    },
    /// The Kafka jars are not those that the manifest lists.
    #[error("the jar {file} in {} is not the one in the manifest: {problem}; remove that directory and run again", directory.display())]
    Jar {
        /// The jar's file name.
        file: String,
        /// Where it lies.
        directory: PathBuf,
        /// What differs.
        problem: String,
    },
    /// No free block of ports.
    #[error(
        "no free block of {count} ports between {low} and {high} on 127.0.0.1: stop another lab"
    )]
    NoPorts {
        /// How many ports in a row were wanted.
        count: u16,
        /// The first port of the range.
        low: u16,
        /// The last port of the range.
        high: u16,
    },
    /// Kafka answered with an error.
    #[error("kafka at {bootstrap} refused to {action}: {reason}")]
    Kafka {
        /// What was asked.
        action: String,
        /// Who was asked.
        bootstrap: String,
        /// Kafka's reason.
        reason: String,
    },
    /// Kafka Connect answered with an error.
    #[error("connect refused {request}: {reason}")]
    Connect {
        /// Method and path.
        request: String,
        /// Status and body, or the transport's error.
        reason: String,
    },
    /// The caller asked for something that makes no sense.
    #[error("{0}")]
    Invalid(String),
}

impl LabError {
    /// Makes an [`LabError::Io`] from an action and a path, for `map_err`.
    pub(crate) fn io(action: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let action = format!("{action} {}", path.display());
        move |source| Self::Io { action, source }
    }

    /// Makes a [`LabError::Kafka`], for `map_err`.
    pub(crate) fn kafka<E: std::fmt::Display>(
        action: impl Into<String>,
        bootstrap: &str,
    ) -> impl FnOnce(E) -> Self {
        let (action, bootstrap) = (action.into(), bootstrap.to_owned());
        move |reason| Self::Kafka {
            action,
            bootstrap,
            reason: reason.to_string(),
        }
    }
}
