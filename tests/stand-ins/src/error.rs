//! What a stand-in can't do.

use std::path::PathBuf;

use slackwater_kubernetes::ApiError;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum StandInError {
    /// The API server.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The lab.
    #[error(transparent)]
    Lab(#[from] slackwater_lab::LabError),
    /// A certificate.
    #[error("no certificate: {0}")]
    Certificate(String),
    /// What a user may do.
    #[error("Kafka does not take a user: {0}")]
    User(String),
    /// kubectl, or what it shows.
    #[error("{0}")]
    Kubectl(String),
    /// A blueprint.
    #[error("the blueprint: {0}")]
    Blueprint(String),
    /// Kanister's own program, or what it would say.
    #[error("kanctl: {0}")]
    Kanctl(String),
    /// Connect's REST.
    #[error("{url}: {said}")]
    Connect {
        /// What was asked.
        url: String,
        /// What came of it.
        said: String,
    },
    /// An object without what every such object has.
    #[error("{what} has no {field}")]
    Malformed {
        /// Which.
        what: String,
        /// What it lacks.
        field: String,
    },
    /// An image.
    #[error("can't {action} {}: {said}", path.display())]
    Image {
        /// What was done.
        action: &'static str,
        /// To which.
        path: PathBuf,
        /// What was said.
        said: String,
    },
}
