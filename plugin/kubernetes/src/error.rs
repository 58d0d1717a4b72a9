//! Why the API server gave no answer, or another one than was hoped for.

use std::time::Duration;

use slackwater_ports::{PortError, PortErrorKind};

/// See the module. `what` is the verb and the object: `patch kafkas.kafka.strimzi.io
/// kafka/mirror`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// There is no way to it.
    #[error("no way to the API server: {0}")]
    NoConfig(String),
    /// RBAC says no. The API server's own words name the account.
    #[error("may not {what}: grant it in its Role ({said})")]
    Denied {
        /// What.
        what: String,
        /// What the API server said.
        said: String,
    },
    /// There is no such object.
    #[error("can't {what}: there is none")]
    Missing {
        /// What.
        what: String,
    },
    /// There is one of this name.
    #[error("can't {what}: there is one already")]
    Exists {
        /// What.
        what: String,
    },
    /// It changed since it was read.
    #[error("can't {what}: it changed since it was read")]
    Conflict {
        /// What.
        what: String,
    },
    /// Another refusal.
    #[error("can't {what}: the API server says {code} ({said})")]
    Refused {
        /// What.
        what: String,
        /// HTTP status.
        code: u16,
        /// What it said.
        said: String,
    },
    /// Nobody answered. It may have happened all the same.
    #[error("can't {what}: the API server gave no answer ({said})")]
    Unreachable {
        /// What.
        what: String,
        /// What the transport says.
        said: String,
    },
    /// Not in time. It may have happened all the same.
    #[error("can't {what}: the API server gave no answer within {} s", within.as_secs())]
    Timeout {
        /// What.
        what: String,
        /// How long was waited.
        within: Duration,
    },
    /// An answer that can't be read.
    #[error("can't {what}: the API server's answer can't be read ({said})")]
    Malformed {
        /// What.
        what: String,
        /// Why not.
        said: String,
    },
}

impl ApiError {
    /// What kube says of a request, in our words.
    pub(crate) fn of(what: &str, error: kube::Error) -> Self {
        let what = what.to_owned();
        match error {
            kube::Error::Api(status) => match (status.code, status.reason.as_str()) {
                (403, "Forbidden") => Self::Denied {
                    what,
                    said: line(&status.message),
                },
                (404, _) => Self::Missing { what },
                (409, "AlreadyExists") => Self::Exists { what },
                (409, _) => Self::Conflict { what },
                (code, _) => Self::Refused {
                    what,
                    code,
                    said: line(&status.message),
                },
            },
            kube::Error::SerdeError(error) => Self::Malformed {
                what,
                said: line(&error.to_string()),
            },
            other => Self::Unreachable {
                what,
                said: line(&chain(&other)),
            },
        }
    }

    /// Whether it may have happened all the same.
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Timeout { .. })
    }
}

/// With its causes: the outermost of a transport's errors says nothing.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    words
}

/// The most of a server's words that is repeated.
const MOST_SAID: usize = 600;

fn line(text: &str) -> String {
    let short: String = text.chars().take(MOST_SAID).collect();
    short.replace(['\n', '\r'], " ")
}

impl From<ApiError> for PortError {
    fn from(error: ApiError) -> Self {
        let kind = match error {
            ApiError::Conflict { .. } => PortErrorKind::Conflict,
            ApiError::Timeout { .. } => PortErrorKind::Timeout,
            ApiError::Unreachable { .. } | ApiError::NoConfig(_) => PortErrorKind::Unreachable,
            ApiError::Malformed { .. } => PortErrorKind::Malformed,
            ApiError::Denied { .. }
            | ApiError::Missing { .. }
            | ApiError::Exists { .. }
            | ApiError::Refused { .. } => PortErrorKind::Refused,
        };
        PortError::new(kind, error.to_string())
    }
}
