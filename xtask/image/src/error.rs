//! Why an image can't be written.

use std::path::{Path, PathBuf};

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file of it.
    #[error("can't {action} {}: {source}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// The system's own reason.
        source: std::io::Error,
    },
    /// Its libraries.
    #[error("the libraries of {} are not all known: {said}", program.display())]
    Libraries {
        /// Of which program.
        program: PathBuf,
        /// What `ldd` says.
        said: String,
    },
}

impl ImageError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
