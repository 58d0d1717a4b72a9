//! What is kept: the logs on volumes, read from their files. A client sees the
//! high watermark; this sees what lies above it too.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Digest128, Interval, PartitionId, Seen};

/// A log directory that was read (`log.dirs` of a broker has one or several).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogDirSeen {
    /// The volume's name in the configuration.
    pub volume: String,
    /// `node.id` of the broker that writes to it, by the configuration.
    pub broker: i32,
    /// `node.id` in its `meta.properties`.
    pub node_id: Option<i32>,
    /// `cluster.id` there.
    pub cluster_id: Option<String>,
    /// `directory.id` there (KIP-858).
    pub directory_id: Option<String>,
    /// A broker would believe its logs without recovering them
    /// (`.kafka_cleanshutdown`).
    pub clean_shutdown: bool,
    /// What it was read from: the handle of the snapshot that was opened, or
    /// the path where a restored volume lies.
    pub opened_from: String,
}

/// A replica that was found, before its log was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplicaFound {
    /// Position of its log directory in the survey's list.
    pub dir: u32,
    /// Of which partition.
    pub partition: PartitionId,
    /// By its `partition.metadata`.
    pub topic_id: Option<String>,
    /// Log start offset that a broker would come up with.
    pub log_start_offset: u64,
    /// Bytes of its segments.
    pub bytes: u64,
}

/// What lies on the volumes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContentSurvey {
    /// When.
    pub asked: Interval,
    /// All log directories, in the order of the volumes.
    pub dirs: Vec<LogDirSeen>,
    /// All replicas, sorted by partition, then by directory.
    pub replicas: Vec<ReplicaFound>,
    /// Volumes, directories and files that could not be read, and why.
    pub unread: Vec<String>,
    /// Directories that hold logs and are no replicas: `-future`, `-stray`.
    pub set_aside: Vec<String>,
}

/// How much of the logs is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ContentDepth {
    /// The last segments, as far back as the last records reach.
    Tail,
    /// Every batch: headers and checksums.
    Full,
}

/// What is wanted of each replica of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScanWanted {
    /// Which.
    pub partition: PartitionId,
    /// The digest begins with the batch that holds this offset.
    pub digest_from: u64,
    /// Where the cut is: digest and last records end there, and what lies at
    /// or past it is counted apart. `None`: the end of the log.
    pub until: Option<u64>,
    /// How many of the last data records are digested.
    pub tail: u32,
}

/// The last data records of a log, as a reader of committed records gets
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TailRead {
    /// How many.
    pub count: u32,
    /// [`crate::RecordSeen::digest_of_run`] of them.
    pub digest: Digest128,
    /// Offset of the last one; 0 where there is none.
    pub last_offset: u64,
    /// Timestamp of the last one, ms since the Unix epoch.
    pub last_timestamp_ms: i64,
    /// Leader epoch in the last one's batch header.
    pub batch_epoch: Option<i32>,
}

/// What a replica's log holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplicaRead {
    /// Position of its log directory in the survey's list.
    pub dir: u32,
    /// By its `partition.metadata`.
    pub topic_id: Option<String>,
    /// Log start offset that a broker would come up with.
    pub log_start_offset: u64,
    /// Bytes of its segments.
    pub bytes: u64,
    /// Log end offset that a broker which recovers the log would come up
    /// with.
    pub log_end_offset: u64,
    /// Offset at which the reading began.
    pub read_from: u64,
    /// Data records at or past the cut.
    pub beyond: u64,
    /// Batches before the cut that are not what they say.
    pub bad: u64,
    /// The first of them: file, position and what is wrong.
    pub first_bad: Option<String>,
    /// Runs of offsets before the cut that no batch covers.
    pub holes: u64,
    /// The first of them.
    pub first_hole: Option<String>,
    /// Below it the log shows that it was compacted: holes, batches with
    /// records taken out, delete horizons. 0 where it does not.
    pub cleaned_to: u64,
    /// The first offset that was not compacted, by the cleaner's checkpoint; 0
    /// without one.
    pub cleaner_offset: u64,
    /// Leader epoch of the last batch before the cut.
    pub last_epoch: Option<i32>,
    /// Transactions without a marker.
    pub open_transactions: u64,
    /// Over the batches from the asked offset to the cut: base offset, last
    /// offset, leader epoch and CRC of each.
    pub digest: Digest128,
    /// The same over all that was read, to the cut.
    pub whole: Digest128,
    /// The last data records before the cut; `None` where they can't be read.
    pub tail: Option<TailRead>,
}

/// One replica's answer to a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScanRow {
    /// Of which partition.
    pub partition: PartitionId,
    /// Position of its log directory in the survey's list.
    pub dir: u32,
    /// What was read, or why nothing was.
    pub read: Result<ReplicaRead, String>,
}

/// A part of a partition's log, wanted of each replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RangeWanted {
    /// Which.
    pub partition: PartitionId,
    /// Inclusive.
    pub from: u64,
    /// Exclusive.
    pub until: u64,
    /// Whether the last value of each key is wanted too.
    pub live: bool,
}

/// The last record of each key, of those that no tombstone and no abort took
/// away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LiveKeys {
    /// How many keys.
    pub keys: u64,
    /// Sum, modulo 2^128, of the digests over offset, timestamp and content of
    /// each.
    pub sum: Digest128,
}

/// One replica's answer for a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RangeRow {
    /// Of which partition.
    pub partition: PartitionId,
    /// Position of its log directory in the survey's list.
    pub dir: u32,
    /// Over its batches, or why there is none.
    pub batches: Result<Digest128, String>,
    /// `None` where it was not wanted or can't be read.
    pub live: Option<LiveKeys>,
    /// The greatest timestamp in the headers of its batches, ms since the Unix
    /// epoch; `None` where none has one.
    pub newest_ms: Option<i64>,
}

/// A transaction that a coordinator would go on with, by the last word of its
/// `__transaction_state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PendingTransaction {
    /// Position of its log directory in the survey's list.
    pub dir: u32,
    /// `transactional.id`
    pub id: String,
    /// `Ongoing`, `PrepareCommit` or `PrepareAbort`.
    pub status: String,
    /// What it names.
    pub partitions: Vec<PartitionId>,
}

/// All transactions of all replicas of `__transaction_state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TransactionsSeen {
    /// Those that are not over.
    pub pending: Vec<PendingTransaction>,
    /// Replicas that were read.
    pub replicas: u64,
    /// Records in them that were read.
    pub records: u64,
    /// What could not be read, and why.
    pub unread: Vec<String>,
}

/// A voter's metadata log (`__cluster_metadata-0`), and what lies on the
/// volumes that it does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetadataSeen {
    /// Position of its log directory in the survey's list.
    pub dir: u32,
    /// Log end offset.
    pub log_end_offset: u64,
    /// Leader epoch of the last batch.
    pub last_epoch: i32,
    /// Topics that it knows.
    pub topics: u64,
    /// `node.id` of the quorum's voters, as this node knows them (`quorum-state`,
    /// or KIP-853's `VotersRecord`); empty where it does not say.
    pub voters: Vec<i32>,
    /// Replicas that lie on the volumes and that it does not assign to that
    /// broker, under that topic id: a broker would set them aside as stray.
    pub unassigned: Vec<PartitionId>,
    /// Why it can't be read, or not to its end.
    pub error: Option<String>,
}

/// The port.
pub trait VolumeContent {
    /// Lists what lies on the volumes.
    fn survey(&self) -> Seen<ContentSurvey>;
    /// Reads the logs of these partitions: one row for each of their replicas,
    /// sorted by partition, then by directory.
    fn scan(&self, depth: ContentDepth, wanted: &[ScanWanted]) -> Seen<Vec<ScanRow>>;
    /// Reads parts of logs: one row for each replica, as above.
    fn range(&self, wanted: &[RangeWanted]) -> Seen<Vec<RangeRow>>;
    /// Reads `__transaction_state`.
    fn transactions(&self) -> Seen<TransactionsSeen>;
    /// Reads `__cluster_metadata`: one for each log directory that has it.
    fn metadata(&self) -> Seen<Vec<MetadataSeen>>;
}
