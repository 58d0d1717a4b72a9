//! Why the cut store has no answer.

use slackwater_ports::{PortError, PortErrorKind};
use slackwater_store::RunId;

use crate::ApiError;
use crate::document::{MOST_PARTS, PART_BYTES};
use crate::labels::RUN;
use crate::place::Place;

/// How often a read begins again because another revision was written
/// meanwhile, which takes its writer as long as the read.
pub(crate) const MOST_READS: usize = 20;

/// Why the store has no answer.
#[derive(Debug, thiserror::Error)]
pub enum RunsError {
    /// The API server has none.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// There is no such run.
    #[error(
        "no run {run} in namespace {namespace}: `kubectl get cm -l {RUN}` shows those there are"
    )]
    Missing {
        /// Which.
        run: RunId,
        /// Where.
        namespace: String,
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
    /// It is not what this program wrote.
    #[error("{place} is damaged ({why}): restore it from a copy, or delete it")]
    Torn {
        /// Which ConfigMap.
        place: Box<Place>,
        /// What is wrong with it.
        why: String,
    },
    /// It changes faster than it is read.
    #[error("run {0} changed {MOST_READS} times while it was read: see who writes it")]
    Restless(RunId),
    /// Over the limit.
    #[error("run {run} has {bytes} bytes, over the limit of {}", PART_BYTES * MOST_PARTS)]
    TooLarge {
        /// Which.
        run: RunId,
        /// Its size.
        bytes: usize,
    },
    /// What was read back is not what was written.
    #[error("run {run} reads back differently than it was written: look who else writes {place}")]
    ReadBack {
        /// Which.
        run: RunId,
        /// Its ConfigMap.
        place: Box<Place>,
    },
}

impl From<RunsError> for PortError {
    fn from(error: RunsError) -> Self {
        let kind = match error {
            RunsError::Api(error) => return error.into(),
            RunsError::Conflict { .. } => PortErrorKind::Conflict,
            RunsError::Torn { .. } | RunsError::ReadBack { .. } => PortErrorKind::Malformed,
            RunsError::Restless(_) => PortErrorKind::Timeout,
            RunsError::Missing { .. } | RunsError::TooLarge { .. } => PortErrorKind::Refused,
        };
        PortError::new(kind, error.to_string())
    }
}
