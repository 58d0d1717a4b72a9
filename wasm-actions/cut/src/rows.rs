//! The partitions of a cut: one row each, which the claims refer to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use slackwater_ports::Digest128;

use crate::RowContent;

/// Who writes to a topic of the mirror.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Class {
    /// MirrorMaker alone.
    Mirrored,
    /// Connect and MirrorMaker, about themselves.
    MirrorState,
    /// The mirror's own clients: may move in the window.
    Own,
}

/// The source topic that a mirrored topic is a copy of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceTopic {
    /// MirrorMaker's alias of the source cluster.
    pub alias: String,
    /// The topic's name there.
    pub topic: String,
}

/// A topic of the mirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TopicRow {
    /// Its name.
    pub name: String,
    /// URL-safe base64, as Kafka's tools print it.
    pub id: String,
    /// Who writes to it.
    pub class: Class,
    /// Number of partitions.
    pub partitions: u32,
    /// Over its effective configuration.
    pub config: Digest128,
    /// Whether `cleanup.policy` has `compact`.
    pub compacted: bool,
    /// `retention.ms` in effect; `null` where nothing is deleted by age.
    pub retention_ms: Option<u64>,
    /// `retention.bytes` in effect; `null` where nothing is deleted by size.
    pub retention_bytes: Option<u64>,
    /// Whether segments are moved to remote storage (`remote.storage.enable`,
    /// KIP-405): the volumes are not all of it then. Left out where they are not, so
    /// that cuts from before there was this field keep their digest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remote_storage: bool,
    /// Of which it is a copy; `null` where it is no copy.
    pub source: Option<SourceTopic>,
}

/// The last data records of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tail {
    /// How many.
    pub count: u32,
    /// Over offset, timestamp, batch epoch and content of each, in order.
    pub digest: Digest128,
    /// Offset of the last one.
    pub last_offset: u64,
    /// Timestamp of the last one, ms since the Unix epoch.
    pub last_timestamp_ms: i64,
    /// Leader epoch in the last one's batch header.
    pub batch_epoch: Option<i32>,
}

/// The next data record that MirrorMaker would read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Next {
    /// Its offset on the source.
    pub offset: u64,
    /// Its timestamp, ms since the Unix epoch.
    pub timestamp_ms: i64,
}

/// Why the source's log starts beyond the next offset to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GapCause {
    /// Looked through in this run while MirrorMaker was running, and no data
    /// record was seen: transaction markers.
    LookedThrough,
    /// It was gone before this run looked, while MirrorMaker was running: what
    /// lay there is not known, and MirrorMaker has passed it.
    BeforeRun,
    /// It was deleted before its offsets were committed, and MirrorMaker has
    /// passed it since: copied, or skipped without a word.
    Passed,
    /// Data that the mirror does not have may have lain there.
    Lost,
}

/// What the source no longer has between the committed offset and its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Gap {
    /// First offset that is gone.
    pub first: u64,
    /// The source's log start offset.
    pub log_start_offset: u64,
    /// What is known of it.
    pub cause: GapCause,
}

/// Compacted tails that are not equal record by record: each side compacts by
/// itself, so one may lack what the other still has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Uneven {
    /// Records of the source's tail that are in the mirror's too.
    pub common: u32,
    /// Of these, how many come in another order there.
    pub out_of_order: u32,
    /// The mirror's last record.
    pub mirror_last: Digest128,
    /// The source's last one up to the committed offset.
    pub source_last: Digest128,
}

/// The last records on both sides of the seam.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Seam {
    /// How many were compared, the last ones of each side.
    pub compared: u32,
    /// How many of the mirror's were there to compare.
    pub mirror_count: u32,
    /// How many of the source's.
    pub source_count: u32,
    /// Offset of the source's last one: the committed one, if that record is
    /// still there.
    pub source_last_offset: u64,
    /// Over the mirror's, in order.
    pub mirror: Digest128,
    /// Over the source's.
    pub source: Digest128,
    /// Whether the compared run repeats itself, so that a shift would not
    /// show.
    pub periodic: bool,
    /// Whether timestamps are part of it (they are where both sides keep
    /// CreateTime).
    pub timestamps: bool,
    /// Where the tails differ: how many data records after the committed
    /// offset the mirror has already; `null` where that was not found.
    pub ahead: Option<u64>,
    /// For compacted topics whose tails differ.
    pub uneven: Option<Uneven>,
}

/// The source's side of a mirrored partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceRow {
    /// Offset of the last record mirrored, as Connect committed it; `null`
    /// where nothing ever was.
    pub last_mirrored: Option<u64>,
    /// The next data record at MirrorMaker's isolation level, if there is one.
    pub next: Option<Next>,
    /// Up to where that one was looked for.
    pub searched_to: u64,
    /// The source's log start offset then.
    pub log_start_offset: u64,
    /// The source's last stable offset then.
    pub last_stable_offset: u64,
    /// The source's high watermark then.
    pub high_watermark: u64,
    /// How many of the source's records up to the committed offset were read
    /// for the seam; `null` where they could not be read.
    pub tail_read: Option<u32>,
    /// What the source no longer has, if that begins before `next`.
    pub gap: Option<Gap>,
    /// The comparison of the last records; `null` where one side has none.
    pub seam: Option<Seam>,
}

/// A partition of the mirror at the cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PartitionRow {
    /// Position of its topic in the cut's list.
    pub topic: u32,
    /// Its number.
    pub partition: u32,
    /// Log start offset.
    pub log_start_offset: u64,
    /// Log start offset at the closing look; `null` until then, or where there
    /// was no answer.
    pub closing_log_start_offset: Option<u64>,
    /// High watermark.
    pub high_watermark: u64,
    /// Last stable offset.
    pub last_stable_offset: u64,
    /// The leader's epoch.
    pub leader_epoch: Option<i32>,
    /// Broker ids, in the order of preference.
    pub replicas: Vec<i32>,
    /// The last data records; `null` where there are none, or for own ones.
    pub tail: Option<Tail>,
    /// The source's side; `null` where it is no copy.
    pub source: Option<SourceRow>,
    /// What the snapshot holds of it; `null` until it was read.
    pub content: Option<RowContent>,
}

/// Topics and partitions together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rows {
    /// Sorted by name.
    pub topics: Vec<TopicRow>,
    /// Sorted by topic and number.
    pub partitions: Vec<PartitionRow>,
}

impl Rows {
    /// The topic of a row. Rows are checked when a document is read, so a
    /// position outside the list can't come here.
    pub fn topic(&self, row: &PartitionRow) -> &TopicRow {
        &self.topics[row.topic as usize]
    }

    /// A row's name as people write it.
    pub fn name(&self, row: &PartitionRow) -> String {
        format!("{}-{}", self.topic(row).name, row.partition)
    }

    /// Rows that may not move in the window.
    pub fn still_rows(&self) -> impl Iterator<Item = &PartitionRow> {
        self.partitions
            .iter()
            .filter(|row| self.topic(row).class != Class::Own)
    }

    /// Topics that may not move in the window.
    pub fn still_topics(&self) -> impl Iterator<Item = &TopicRow> {
        self.topics.iter().filter(|topic| topic.class != Class::Own)
    }

    /// Rows of copied topics of which nothing is known on the source's side.
    pub fn unmatched_copies(&self) -> impl Iterator<Item = &PartitionRow> {
        self.partitions
            .iter()
            .filter(|row| self.topic(row).source.is_some() && row.source.is_none())
    }

    /// Rows that are copies of a source's partition, with the source's side.
    pub fn copies(&self) -> impl Iterator<Item = (&PartitionRow, &SourceRow)> {
        self.partitions
            .iter()
            .filter_map(|row| row.source.as_ref().map(|source| (row, source)))
    }

    /// Over what may not move: topic id, number, leader epoch, high watermark
    /// of each row that is not an own one. A log start may rise.
    pub fn still_digest(&self) -> Digest128 {
        let lines: Vec<String> = self
            .still_rows()
            .map(|row| {
                format!(
                    "{} {} {:?} {}",
                    self.topic(row).id,
                    row.partition,
                    row.leader_epoch,
                    row.high_watermark
                )
            })
            .collect();
        Digest128::of(lines.iter().map(String::as_bytes))
    }

    /// Over ids and partition counts of the topics that may not move, and the
    /// replica sets of their rows.
    pub fn topology_digest(&self) -> Digest128 {
        let topics = self
            .still_topics()
            .map(|topic| format!("{} {} {}", topic.name, topic.id, topic.partitions));
        let rows = self
            .still_rows()
            .map(|row| format!("{} {:?}", self.name(row), sorted(&row.replicas)));
        let lines: Vec<String> = topics.chain(rows).collect();
        Digest128::of(lines.iter().map(String::as_bytes))
    }

    /// Over the effective configurations of the topics that may not move.
    pub fn config_digest(&self) -> Digest128 {
        let lines: Vec<String> = self
            .still_topics()
            .map(|topic| format!("{} {}", topic.name, topic.config))
            .collect();
        Digest128::of(lines.iter().map(String::as_bytes))
    }
}

fn sorted(ids: &[i32]) -> Vec<i32> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids
}
