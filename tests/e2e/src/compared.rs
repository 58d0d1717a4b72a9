//! What `slackwater compare` counted.

use serde_json::Value;

use crate::SceneError;

/// See the module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compared {
    /// Records that are on both sides.
    pub records: u64,
    /// Records of the source that the mirror lacks.
    pub missing: u64,
    /// Records of the mirror that the source never had.
    pub extra: u64,
    /// Records that the mirror has twice.
    pub duplicates: u64,
}

impl Compared {
    /// From what it printed as JSON.
    ///
    /// # Errors
    /// It did not.
    pub fn of(printed: &str) -> Result<Self, SceneError> {
        let report: Value = serde_json::from_str(printed)
            .map_err(|error| SceneError::Unexpected(error.to_string()))?;
        let count = |name: &str| {
            report[name]
                .as_u64()
                .ok_or_else(|| SceneError::Unexpected(format!("compare says nothing of {name}")))
        };
        Ok(Self {
            records: count("recordsCompared")?,
            missing: count("missing")?,
            extra: count("extra")?,
            duplicates: count("duplicates")?,
        })
    }
}
