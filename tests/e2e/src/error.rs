//! What can go wrong around the program.

use std::path::{Path, PathBuf};

use slackwater_lab::LabError;

/// What can go wrong around the program.
#[derive(Debug, thiserror::Error)]
pub enum SceneError {
    /// The lab.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// A file.
    #[error("can't {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The program is not there.
    #[error("there is no slackwater program at {}: build it, or set SLACKWATER_BIN", .0.display())]
    NoProgram(PathBuf),
    /// The program did what was not expected.
    #[error("{0}")]
    Unexpected(String),
}

impl SceneError {
    /// Of a file: `what` was being done with it.
    pub fn io<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(std::io::Error) -> Self + 'a {
        move |source| SceneError::Io {
            what,
            path: path.to_owned(),
            source,
        }
    }
}
