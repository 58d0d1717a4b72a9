//! Why there is nothing to be said of volumes.

use slackwater_ports::{PortError, PortErrorKind};
use slackwater_volumes::VolumeError;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The snapshot could not be opened.
    #[error("the snapshot can't be opened to be read: {0}")]
    Open(#[from] VolumeError),
    /// It was asked before it was listed.
    #[error("the volumes were not listed before they were read")]
    NotListed,
}

impl From<ContentError> for PortError {
    fn from(error: ContentError) -> Self {
        let kind = match error {
            ContentError::Open(_) => PortErrorKind::Unreachable,
            ContentError::NotListed => PortErrorKind::Malformed,
        };
        PortError::new(kind, error.to_string())
    }
}
