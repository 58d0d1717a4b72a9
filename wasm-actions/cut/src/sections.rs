//! What each phase leaves in the run document: what it saw and did, and when.
//! Times are milliseconds since the Unix epoch.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use slackwater_ports::{
    Broker, BrokerProcess, ConnectorRef, ConnectorState, Digest128, Flushed, GuardView, Interval,
    Isolation, PartitionId, SnapshotIdentity, SnapshotSeen,
};

/// A Kafka cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterIdentity {
    /// MirrorMaker's alias; `null` for the mirror.
    pub alias: Option<String>,
    /// Kafka's `cluster.id`.
    pub cluster_id: String,
    /// Brokers that were alive.
    pub brokers: Vec<Broker>,
}

/// A Connect cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectIdentity {
    /// In the configuration.
    pub name: String,
    /// Where it was reached.
    pub endpoint: String,
    /// Its version.
    pub version: String,
    /// The cluster that its topics are on, by its own word.
    pub kafka_cluster_id: String,
}

/// A partition of a source cluster.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourcePartition {
    /// MirrorMaker's alias of the cluster.
    pub alias: String,
    /// Which one there.
    pub partition: PartitionId,
}

/// A connector as it was found: what it is put back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectorPrior {
    /// Which.
    pub connector: ConnectorRef,
    /// `connector.class`
    pub class: String,
    /// Its state when the run began.
    pub state: ConnectorState,
    /// How many tasks it had.
    pub tasks: u32,
    /// Over its configuration without credentials.
    pub config: Digest128,
    /// `source.cluster.alias`
    pub source_alias: String,
    /// Whether it is a source connector that copies records.
    pub copies: bool,
    /// Whether it changes records on the way (`transforms`).
    pub transforms: bool,
    /// At which isolation level it reads.
    pub isolation: Isolation,
    /// A topic of its own for its positions (`offsets.storage.topic`, KIP-618), which is read
    /// before that of its workers. Left out where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offsets_topic: Option<String>,
    /// Whether its consumer does not begin with the earliest record where it has no position
    /// (`auto.offset.reset`, which `MirrorConnectorConfig` sets to `earliest` where nobody
    /// else has). Left out where it does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begins_late: bool,
    /// What the name of a copy has before that of its topic, by its replication policy: alias
    /// and separator, or nothing. Left out of connectors that do not copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_prefix: Option<String>,
}

/// A connector at one look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectorSeen {
    /// Which.
    pub connector: ConnectorRef,
    /// Its state.
    pub state: ConnectorState,
    /// How many tasks it has.
    pub tasks: u32,
}

/// The ends of the source's partitions at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HeadSample {
    /// When. The instant before the first request is the point that a claim
    /// can speak of.
    pub asked: Interval,
    /// High watermarks in the order of `Quiesce::sampled`; `null` where there
    /// was no answer.
    pub heads: Vec<Option<u64>>,
}

/// The next data record of a source partition, as it was seen while the mirror
/// ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Front {
    /// First offset that was not committed then.
    pub needed: u64,
    /// Its offset; `null` where there was none.
    pub next: Option<u64>,
    /// From where it was looked for: past the committed offset, where the log
    /// began later.
    pub searched_from: u64,
    /// Up to where.
    pub searched_to: u64,
}

/// A source that a run did without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Unreachable {
    /// MirrorMaker's alias of it.
    pub alias: String,
    /// What was said when it was asked, in one line.
    pub why: String,
}

/// Left by quiesceMirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quiesce {
    /// The mirror first, then the sources.
    pub clusters: Vec<ClusterIdentity>,
    /// In the order of the configuration.
    pub connects: Vec<ConnectIdentity>,
    /// What feeds the mirror, as it was found.
    pub connectors: Vec<ConnectorPrior>,
    /// The source partitions sampled, by alias and partition.
    pub sampled: Vec<SourcePartition>,
    /// Samples of their heads, the oldest first. awaitDrain keeps the one
    /// that `covers` speaks of.
    pub samples: Vec<HeadSample>,
    /// How many were taken.
    pub samples_taken: u32,
    /// The next data record of each sampled partition, in their order.
    pub fronts: Vec<Front>,
    /// Source topics that the connectors' patterns match and that no task
    /// copies: what they hold is not covered.
    pub unassigned: Vec<String>,
    /// Sources that could not be reached, and were done without. Left out where there are
    /// none, so that cuts from before there was this field keep their digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreachable: Vec<Unreachable>,
    /// Topics whose retention risk was accepted.
    pub retention_risk_accepted: Vec<String>,
    /// The least time that retention leaves, over all partitions of sources that
    /// answered; `null` where nothing expires.
    pub headroom_ms: Option<u64>,
    /// The guard, seen alive before the stop.
    pub guard: Option<GuardView>,
    /// Before the first stop was asked for; `null` until then.
    pub stop_started_ms: Option<u64>,
    /// When every connector was seen STOPPED without tasks.
    pub stopped: Option<MirrorLookSummary>,
}

/// Every connector, at one look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MirrorLookSummary {
    /// When.
    pub asked: Interval,
    /// All that feed the mirror.
    pub connectors: Vec<ConnectorSeen>,
}

impl MirrorLookSummary {
    /// Whether every connector is STOPPED and none has a task: the only proof
    /// of a stop.
    pub fn all_stopped(&self) -> bool {
        let stopped =
            |seen: &ConnectorSeen| seen.state == ConnectorState::Stopped && seen.tasks == 0;
        !self.connectors.is_empty() && self.connectors.iter().all(stopped)
    }
}

/// One of the looks that showed the mirror drained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DrainLook {
    /// When the heads were asked.
    pub asked: Interval,
    /// Over what may not move.
    pub still: Digest128,
    /// Over topic ids, partition counts and replica sets.
    pub topology: Digest128,
    /// Partitions with a replica that was not in sync.
    pub out_of_sync: u32,
    /// Partitions that may not move, with an open transaction.
    pub open_transactions: u32,
    /// Partitions without an answer.
    pub unanswered: u32,
}

/// Left by awaitDrain. The rows of the cut are those of its last look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Drain {
    /// When the drain began.
    pub started_ms: u64,
    /// The looks that were equal; the last is the rows'.
    pub looks: Vec<DrainLook>,
    /// How many looks were taken in all.
    pub looks_taken: u32,
    /// Source partitions that are copied and that the mirror has no row for.
    pub unmatched: Vec<String>,
    /// Sources that could not be reached any more. Left out where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreachable: Vec<Unreachable>,
    /// Over what may not move, at the last look.
    pub still: Digest128,
    /// Over topic ids, partition counts and replica sets.
    pub topology: Digest128,
    /// Over the configurations.
    pub configurations: Digest128,
    /// The connectors at the last look.
    pub connectors: MirrorLookSummary,
    /// The guard at the last look.
    pub guard: GuardView,
    /// The brokers' processes then; empty where they could not be asked for.
    pub broker_processes: Vec<BrokerProcess>,
    /// When the drain was over.
    pub ended_ms: u64,
}

/// When the brokers were stopped for a cold snapshot. Whether they stopped
/// cleanly is not said here: the snapshot shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Outage {
    /// Before the first was asked to stop: from here on whoever resumes the
    /// mirror starts them first.
    pub asked_ms: u64,
    /// When all were said to have ended; `null` until then.
    pub stopped_ms: Option<u64>,
    /// When all were said to be started; `null` until then.
    pub started_ms: Option<u64>,
}

/// Left by snapshotPartitions, step by step: a phase that is run again after
/// a crash goes on where it was, and what came first stays what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Snapshot {
    /// The revision that sealed the run: written and read back before
    /// anything was flushed.
    pub sealed_revision: u64,
    /// When it was sealed.
    pub sealed_ms: u64,
    /// The guard at the seal.
    pub guard: GuardView,
    /// The brokers' stop and start, where the strategy is `cold`. Left out
    /// otherwise, so that cuts from before there was this field keep their
    /// digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage: Option<Outage>,
    /// Each volume's flush; empty until then.
    pub flushed: Vec<Flushed>,
    /// Where others snapshot: the uids of all VolumeSnapshots of these volumes that
    /// were there when the flush was over. Whatever was cut before it, is among them.
    /// `null` until then; left out otherwise, so that cuts from before there was this
    /// field keep their digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_before: Option<Vec<String>>,
    /// Where others snapshot: when they were done, and each volume still had exactly
    /// the snapshot that is named here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_ms: Option<u64>,
    /// Where others snapshot: which ones `volumes` are, in their order. Left out
    /// otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<SnapshotIdentity>,
    /// Each volume's snapshot, read back; empty until then.
    pub volumes: Vec<SnapshotSeen>,
    /// The revision with which the snapshots were recorded; `null` until then.
    pub cut_revision: Option<u64>,
    /// When all of it was done; `null` until then.
    pub ended_ms: Option<u64>,
}

impl Snapshot {
    /// Before the flush.
    pub fn sealed(sealed_revision: u64, sealed_ms: u64, guard: GuardView) -> Self {
        Self {
            sealed_revision,
            sealed_ms,
            guard,
            outage: None,
            flushed: Vec::new(),
            found_before: None,
            confirmed_ms: None,
            identities: Vec::new(),
            volumes: Vec::new(),
            cut_revision: None,
            ended_ms: None,
        }
    }
}

/// A row that was not the same at the closing look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Moved {
    /// Which partition.
    pub partition: PartitionId,
    /// What was other.
    pub change: Movement,
}

/// What was other at the closing look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Movement {
    /// It did not answer.
    NoAnswer,
    /// The high watermark.
    HighWatermark {
        /// At the end of the drain.
        was: u64,
        /// At the closing look.
        is: u64,
    },
    /// The leader's epoch alone: the end is the same. Leaders are elected with
    /// a new epoch each (KIP-101), so another one led in between.
    LeaderEpoch {
        /// At the end of the drain.
        was: Option<i32>,
        /// At the closing look.
        is: Option<i32>,
    },
}

impl fmt::Display for Movement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let epoch = |epoch: &Option<i32>| epoch.map_or("unknown".to_owned(), |n| n.to_string());
        match self {
            Movement::NoAnswer => f.write_str("no answer"),
            Movement::HighWatermark { was, is } => write!(f, "end {was} → {is}"),
            Movement::LeaderEpoch { was, is } => {
                write!(f, "leader epoch {} → {}", epoch(was), epoch(is))
            }
        }
    }
}

/// Left by validateHead's closing look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bracket {
    /// The revision that was stored when the closing look began: the
    /// snapshots are in it.
    pub began_after_revision: u64,
    /// When the heads were asked.
    pub asked: Interval,
    /// How many rows were asked and answered.
    pub answered: u64,
    /// Over what may not move, as it was now.
    pub still: Digest128,
    /// Over topic ids, partition counts and replica sets, as they were now.
    pub topology: Digest128,
    /// Over the configurations, as they were now.
    pub configurations: Digest128,
    /// Rows that moved. Those that another leader leads now are all here, since
    /// the snapshot may still tell what it left; of others at most a hundred.
    pub moved: Vec<Moved>,
    /// The connectors now.
    pub connectors: MirrorLookSummary,
    /// The guard now.
    pub guard: GuardView,
    /// The brokers' processes now; empty where they could not be asked for.
    pub broker_processes: Vec<BrokerProcess>,
    /// How far each own partition went meanwhile: partitions that moved.
    pub own_moved: u64,
}

/// What the source deleted while the mirror was held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lost {
    /// Of which source.
    pub alias: String,
    /// Which partition there.
    pub partition: PartitionId,
    /// The next data record that MirrorMaker needed.
    pub needed: u64,
    /// The source's log start offset at the resume.
    pub log_start_offset: u64,
}

/// Left by resumeMirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resume {
    /// Before the first resume was asked for.
    pub started_ms: u64,
    /// When every connector was seen in its prior state again, tasks running.
    pub running_ms: Option<u64>,
    /// When the first new record was seen on the mirror; `null` where nothing
    /// was pending.
    pub first_record_ms: Option<u64>,
    /// What the source had deleted.
    pub lost: Vec<Lost>,
    /// Copied partitions whose source gave no answer at the resume: what it
    /// had deleted of them is not known.
    pub unanswered: u32,
    /// Data records on the source between the next one and its head at the
    /// resume.
    pub backlog: u64,
    /// When as many had arrived on the mirror; `null` where they did not in
    /// time.
    pub caught_up_ms: Option<u64>,
    /// The connectors when it ended.
    pub connectors: Option<MirrorLookSummary>,
}

/// A restored mirror, as running brokers show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RestoredLook {
    /// Kafka's `cluster.id` there.
    pub cluster_id: String,
    /// When.
    pub asked: Interval,
    /// One row for each row of the cut that may not move, in that order.
    pub rows: Vec<RestoredRow>,
    /// Topics and partitions that the cut does not have.
    pub extra: Vec<String>,
    /// Consumer groups whose committed offset lies beyond their partition's
    /// end.
    pub groups_beyond_end: Vec<String>,
    /// Consumer groups that have committed offsets for its rows. Left out in cuts
    /// from before it was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<u64>,
}

/// A partition of a restored mirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RestoredRow {
    /// Its topic's id; `null` where there is no such partition.
    pub topic_id: Option<String>,
    /// High watermark; `null` without an answer.
    pub high_watermark: Option<u64>,
    /// Whether its last records could be read.
    pub tail_read: bool,
    /// The same as `PartitionRow::tail`, read up to the cut's end.
    pub tail: Option<crate::Tail>,
    /// Data records at or past the cut's end.
    pub beyond: u64,
}
