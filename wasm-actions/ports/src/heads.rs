//! Kafka's own view of a cluster and of its ends.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cluster, Interval, PartitionId, Seen};

/// A broker, with the address that it advertises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Broker {
    /// `node.id`.
    pub id: i32,
    /// Advertised host.
    pub host: String,
    /// Advertised port.
    pub port: u32,
}

/// Where a partition lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionView {
    /// The partition's number.
    pub partition: u32,
    /// The leader's id; -1 where there is none.
    pub leader: i32,
    /// Broker ids, in the order of preference.
    pub replicas: Vec<i32>,
    /// Broker ids of the in-sync replicas.
    pub isr: Vec<i32>,
}

/// A topic and its partitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicView {
    /// Its name.
    pub name: String,
    /// As Kafka's tools print it: URL-safe base64 without padding (KIP-516).
    pub topic_id: String,
    /// Kafka's own mark for `__consumer_offsets` and the like.
    pub internal: bool,
    /// All its partitions.
    pub partitions: Vec<PartitionView>,
}

/// A cluster as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterView {
    /// Kafka's `cluster.id`.
    pub cluster_id: String,
    /// Brokers that are alive.
    pub brokers: Vec<Broker>,
    /// All topics that the caller may describe, internal ones included.
    pub topics: Vec<TopicView>,
    /// When it was asked.
    pub asked: Interval,
}

/// One configuration value in effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigEntry {
    /// For example `retention.ms`.
    pub key: String,
    /// As Kafka prints it.
    pub value: String,
}

/// A topic's effective configuration, the broker's defaults included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicConfig {
    /// The topic's name.
    pub topic: String,
    /// Sorted by key.
    pub entries: Vec<ConfigEntry>,
}

impl TopicConfig {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| entry.value.as_str())
    }
}

/// The ends of a partition. What lies above the high watermark is not to be
/// had here: no client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// ListOffsets "earliest".
    pub log_start_offset: u64,
    /// ListOffsets "latest", read uncommitted.
    pub high_watermark: u64,
    /// ListOffsets "latest", read committed.
    pub last_stable_offset: u64,
    /// The current leader's epoch. A record's epoch is its batch's: never
    /// compare the two.
    pub leader_epoch: Option<i32>,
}

/// One partition's answer in a sweep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadRow {
    /// Whose.
    pub partition: PartitionId,
    /// The ends, or why there are none: a missing answer is never taken for
    /// an unchanged one.
    pub head: Result<Head, String>,
}

/// The ends of many partitions, asked in one pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadSweep {
    /// When.
    pub asked: Interval,
    /// One row for each partition asked, in the order asked.
    pub rows: Vec<HeadRow>,
}

/// The port.
pub trait Heads {
    /// Brokers, topics, partitions, replicas, ISR.
    fn describe(&self, cluster: &Cluster) -> Seen<ClusterView>;
    /// Effective configurations of these topics.
    fn configs(&self, cluster: &Cluster, topics: &[String]) -> Seen<Vec<TopicConfig>>;
    /// The ends of these partitions.
    fn sweep(&self, cluster: &Cluster, partitions: &[PartitionId]) -> Seen<HeadSweep>;
}
