//! Why a capability has no observation to give.

use serde::{Deserialize, Serialize};

/// What kind of silence it is: phases decide on this, never on the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PortErrorKind {
    /// No answer in time. What was asked may have happened all the same.
    Timeout,
    /// Nobody there.
    Unreachable,
    /// Somebody there, and the answer is no.
    Refused,
    /// An answer that can't be understood.
    Malformed,
    /// This adapter, or what it talks to, can't do it at all.
    Unsupported,
    /// A compare-and-swap that found another revision.
    Conflict,
}

/// Why a capability has no observation to give. The message names the thing
/// and the remedy, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
#[serde(rename_all = "camelCase")]
pub struct PortError {
    /// What kind of silence.
    pub kind: PortErrorKind,
    /// For a person.
    pub message: String,
    /// The HTTP or Kafka status, where there was one.
    pub status: Option<i32>,
}

impl PortError {
    /// An error of this kind without a status. Line breaks in the message
    /// become spaces: a cause is one line.
    pub fn new(kind: PortErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into().replace(['\n', '\r'], " "),
            status: None,
        }
    }

    /// Whether nobody has answered: another, or the same a moment later, may.
    pub fn is_silence(&self) -> bool {
        use PortErrorKind::{Conflict, Malformed, Refused, Timeout, Unreachable, Unsupported};
        match self.kind {
            Timeout | Unreachable => true,
            Refused | Malformed | Unsupported | Conflict => false,
        }
    }

    /// The same with the status that came with it.
    #[must_use]
    pub fn with_status(mut self, status: i32) -> Self {
        self.status = Some(status);
        self
    }
}
