//! Conditions of a resource's status.

use serde::Deserialize;

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
    /// Whether it is this one, and holds.
    pub fn holds(&self, kind: &str) -> bool {
        self.kind == kind && self.status == "True"
    }
}
