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
    /// It can't be called so.
    #[error("{name:?} can't be the name of {what}: {rule}")]
    Name {
        /// Of what.
        what: String,
        /// What was given.
        name: String,
        /// What a name is.
        rule: &'static str,
    },
    /// RBAC says no. The API server's own words name the account.
    #[error("may not {what}: grant it in its Role ({said})")]
    Denied {
        /// What.
        what: String,
        /// What the API server said.
        said: String,
    },
    /// Nothing of that kind can be there.
    #[error("can't {what}: the API server knows no such resource, install its definition")]
    NotServed {
        /// What.
        what: String,
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
    /// It does not know itself (any 5xx: a timeout of its own, etcd without an
    /// answer, a webhook). It may have happened all the same.
    #[error("can't {what}: the API server says {code} ({said})")]
    Failed {
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
    /// An answer that can't be read. What was asked for may have happened.
    #[error("can't {what}: the API server's answer can't be read ({said})")]
    Malformed {
        /// What.
        what: String,
        /// Why not.
        said: String,
    },
}

impl ApiError {
    /// What kube says of a request for `name`, in our words; for a list the name
    /// is empty.
    pub(crate) fn of(what: &str, name: &str, error: kube::Error) -> Self {
        let what = what.to_owned();
        match error {
            kube::Error::Api(status) => Self::of_status(what, name, &status),
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

    fn of_status(what: String, name: &str, status: &kube::core::Status) -> Self {
        let said = line(&status.message);
        let of = status.details.as_ref().map(|details| details.name.as_str());
        match (status.code, status.reason.as_str()) {
            // RBAC's words (apiserver's `responsewriters.ForbiddenMessage`). A
            // quota, a namespace that goes and admission say `Forbidden`, too.
            (403, "Forbidden") if said.contains(" cannot ") && said.contains(" resource ") => {
                Self::Denied { what, said }
            }
            // Of that object itself: a namespace may be what is missing.
            (404, "NotFound") if of == Some(name) && !name.is_empty() => Self::Missing { what },
            // Nobody answers at that path: no words of the API's own.
            (404, reason) if reason != "NotFound" => Self::NotServed { what },
            (409, "AlreadyExists") => Self::Exists { what },
            (409, "Conflict") => Self::Conflict { what },
            (code, _) if code >= 500 => Self::Failed { what, code, said },
            (code, _) => Self::Refused { what, code, said },
        }
    }

    /// Whether it may have happened all the same.
    pub fn is_silence(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Timeout { .. }
                | Self::Failed { .. }
                | Self::Malformed { .. }
        )
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
            ApiError::Unreachable { .. } | ApiError::Failed { .. } | ApiError::NoConfig(_) => {
                PortErrorKind::Unreachable
            }
            ApiError::Malformed { .. } => PortErrorKind::Malformed,
            ApiError::Name { .. }
            | ApiError::Denied { .. }
            | ApiError::NotServed { .. }
            | ApiError::Missing { .. }
            | ApiError::Exists { .. }
            | ApiError::Refused { .. } => PortErrorKind::Refused,
        };
        PortError::new(kind, error.to_string())
    }
}

/// Without the lines of the file that a reader of YAML prints below what it says.
pub(crate) fn without_excerpt(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let lines = text.lines();
    let words = lines.take_while(|line| !line.trim_start().starts_with("-->"));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use crate::ApiServer;

    #[test]
    fn a_kubeconfig_that_is_none_is_said_in_words_without_its_lines() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        std::fs::write(&file, "*Slack water*: secret\n").unwrap();
        let error = ApiServer::connect(Some(&file)).err().unwrap().to_string();
        assert!(error.starts_with("no way to the API server: "), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
