//! Conditions of a resource's status.

use serde::Deserialize;
use serde_json::Value;

/// The operator leaves the resource alone. It says so for half a minute after the
/// annotation is gone, too.
pub const RECONCILIATION_PAUSED: &str = "ReconciliationPaused";

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// `Ready`, `NotReady`, `ReconciliationPaused`, `Warning`
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False`, `Unknown`
    pub status: String,
    /// In one word.
    pub reason: Option<String>,
    /// In words.
    pub message: Option<String>,
}

impl Condition {
    /// Whether a resource, as the API server gave it, says that this one holds.
    pub fn is_said(object: &Value, kind: &str) -> bool {
        let conditions = object["status"]["conditions"].as_array();
        let read = conditions.into_iter().flatten().map(Self::deserialize);
        Self::any(&read.filter_map(Result::ok).collect::<Vec<_>>(), kind)
    }

    /// Whether one of them is this one, and holds.
    pub fn any(all: &[Self], kind: &str) -> bool {
        all.iter().any(|one| one.holds(kind))
    }

    /// Whether it is this one, and holds.
    pub fn holds(&self, kind: &str) -> bool {
        self.kind == kind && self.status == "True"
    }
}
