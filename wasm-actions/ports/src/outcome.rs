//! How a phase ends.

use serde::{Deserialize, Serialize};

/// A phase that succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// One line for a person.
    pub summary: String,
    /// What Kanister reads.
    pub outputs: Vec<Output>,
}

impl Outcome {
    /// A success with this summary and no outputs.
    pub fn new(summary: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            outputs: Vec::new(),
        }
    }

    /// The same with one output more.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.outputs.push(Output {
            key: key.to_owned(),
            value: value.to_string(),
        });
        self
    }
}

/// One phase output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// `[A-Za-z0-9_]+`
    pub key: String,
    /// Any text.
    pub value: String,
}

/// Why a phase did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FailureKind {
    /// Nothing was done, and what was found forbids it.
    Refused,
    /// Something was done or seen that contradicts what was wanted.
    Failed,
    /// Another run holds the mirror.
    Held,
}

/// A phase that did not succeed, and the cause in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// What kind.
    pub kind: FailureKind,
    /// Names the thing and the remedy.
    pub reason: String,
}

impl Failure {
    /// Nothing was done.
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::new(FailureKind::Refused, reason)
    }

    /// Something was seen or done that contradicts what was wanted.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::new(FailureKind::Failed, reason)
    }

    fn new(kind: FailureKind, reason: impl Into<String>) -> Self {
        Self {
            kind,
            reason: reason.into().replace(['\n', '\r'], " "),
        }
    }
}

impl From<crate::PortError> for Failure {
    fn from(error: crate::PortError) -> Self {
        Self::failed(error.message)
    }
}
