//! The run document and the guard.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Seen;

/// The run document as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Grows by one with each write.
    pub revision: u64,
    /// Canonical JSON.
    pub document: String,
}

/// The one document that is handed from phase to phase.
pub trait RunStore {
    /// What is stored.
    fn load(&self) -> Seen<RunRecord>;
    /// Compare-and-swap: an error of kind `Conflict` where the stored
    /// revision is not `expected`. Gives the new revision, read back.
    fn save(&self, expected: u64, document: &str) -> Seen<u64>;
}

/// The guard, as it answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GuardView {
    /// Of the lease: a new one whenever the mirror is taken.
    pub token: String,
    /// Whether the mirror is held: false once the guard has begun to resume
    /// it.
    pub holding: bool,
    /// How often the hold was interrupted; 0 is unbroken.
    pub interruptions: u32,
    /// When the guard resumes the mirror whatever happens. Milliseconds since
    /// the Unix epoch.
    pub deadline_ms: Option<u64>,
    /// Another text for another process: `pid 4711`.
    pub identity: String,
}

/// The port that looks at the guard.
pub trait GuardLook {
    /// The guard's answer: seen alive now.
    fn guard(&self) -> Seen<GuardView>;
}

/// The port that starts it.
pub trait GuardStart {
    /// Starts the guard if it is not there, and gives it the one absolute
    /// deadline, `window_ms` from now. A second call never moves a deadline
    /// that is set.
    fn engage(&self, window_ms: u64) -> Seen<GuardView>;
}
