//! What a load generator did. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What one partition got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionLoad {
    /// Records handed to the client, aborted ones with them.
    pub sent: u64,
    /// Records that the broker acknowledged, aborted ones with them.
    pub acked: u64,
    /// Records that a reader of committed records must find: their sequences
    /// are 0 to this, exclusive.
    pub committed: u64,
}

/// What a whole load did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// Which generator it was.
    pub producer: u64,
    /// By `(topic, partition)` of the source.
    pub partitions: BTreeMap<String, BTreeMap<i32, PartitionLoad>>,
    /// From the first record to the last acknowledgement.
    pub took: Duration,
    /// The longest from a record's timestamp to its acknowledgement.
    pub slowest: Duration,
    /// Why records were not acknowledged, the first one.
    pub first_error: Option<String>,
}

impl LoadReport {
    /// Records handed to the client.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.loads().map(|load| load.sent).sum()
    }

    /// Records that were acknowledged.
    #[must_use]
    pub fn acked(&self) -> u64 {
        self.loads().map(|load| load.acked).sum()
    }

    /// Records that a reader of committed records must find.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.loads().map(|load| load.committed).sum()
    }

    /// Acknowledged records a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.acked() as f64 / self.took.as_secs_f64().max(0.001)
    }

    /// Whether every record sent was acknowledged.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.sent() == self.acked() && self.first_error.is_none()
    }

    fn loads(&self) -> impl Iterator<Item = &PartitionLoad> {
        self.partitions.values().flat_map(BTreeMap::values)
    }
}
