//! Why a restore can't go on.

use std::time::Duration;

use slackwater_ports::{PortError, PortErrorKind};

use crate::place::Place;
use crate::{ApiError, MakersError, SnapshotsError};

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The API server has no answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Strimzi's resources can't be read or told.
    #[error(transparent)]
    Makers(#[from] MakersError),
    /// Nor the snapshots.
    #[error(transparent)]
    Snapshots(#[from] SnapshotsError),
    /// Something does not come.
    #[error("{what} within {} s: {remedy}", within.as_secs())]
    Late {
        /// What did not.
        what: String,
        /// How long was waited.
        within: Duration,
        /// What may be done.
        remedy: &'static str,
    },
    /// What was just written does not stand there.
    #[error("{0} does not say what was just written: see who puts it back")]
    ReadBack(Box<Place>),
    /// It is not as it has to be.
    #[error("{place} {why}")]
    Unfit {
        /// Which.
        place: Box<Place>,
        /// What about it.
        why: String,
    },
    /// What is kept can't be read.
    #[error("what is kept of run {run} can't be read ({why}): it is no good any more")]
    Kept {
        /// Of which run.
        run: String,
        /// Why not.
        why: String,
    },
    /// There is more than is kept beside one cut.
    #[error(
        "{what} of {bytes} bytes would fill {parts} objects, more than the {most} that are kept of \
         one kind beside a cut: they have to be kept by other means"
    )]
    TooLarge {
        /// What.
        what: String,
        /// How much there is.
        bytes: usize,
        /// How many objects that takes.
        parts: usize,
        /// How many there may be.
        most: usize,
    },
    /// A Secret alone is more than what keeps it takes.
    #[error(
        "Secret {name} of {bytes} bytes is more than the {most} that can be kept in one object: \
         it has to be kept by other means; `keep.secrets: false` keeps none"
    )]
    SecretTooLarge {
        /// Which, as `NAMESPACE/NAME`.
        name: String,
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        most: usize,
    },
    /// It can't be beside the original.
    #[error("there can be no clone: {0}")]
    NoClone(String),
    /// What is to be made is not kept.
    #[error("{0} is not among what is kept")]
    NotKept(String),
    /// What would be kept is not as its user wants it.
    #[error("{0} is held by now, and would be made again stopped")]
    IsHeld(String),
}

impl From<RestoreError> for PortError {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::Api(error) => error.into(),
            error => PortError::new(PortErrorKind::Refused, error.to_string()),
        }
    }
}
