//! What is asked: a cluster, a partition of it, and when it was asked.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which cluster is asked. A source is named by MirrorMaker's alias of it
/// (`source.cluster.alias`).
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Cluster {
    /// The cluster that is backed up.
    Mirror,
    /// One that it is fed from.
    Source(String),
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cluster::Mirror => f.write_str("the mirror"),
            Cluster::Source(alias) => write!(f, "source {alias}"),
        }
    }
}

/// A partition of a topic.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PartitionId {
    /// The topic's name on the cluster that is asked.
    pub topic: String,
    /// The partition's number.
    pub partition: u32,
}

impl PartitionId {
    /// The partition `partition` of `topic`.
    pub fn new(topic: impl Into<String>, partition: u32) -> Self {
        Self {
            topic: topic.into(),
            partition,
        }
    }
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// When something was asked: the instant before the first request was sent,
/// and the one after the last answer was read. Milliseconds since the Unix
/// epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Interval {
    /// Before the first request.
    pub first_request_ms: u64,
    /// After the last answer.
    pub last_answer_ms: u64,
}

impl Interval {
    /// Whether the end does not lie before the start.
    pub fn is_well_formed(self) -> bool {
        self.first_request_ms > 0 && self.first_request_ms <= self.last_answer_ms
    }
}
