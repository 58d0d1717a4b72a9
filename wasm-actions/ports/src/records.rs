//! Records at given offsets, as digests: no content crosses this boundary.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cluster, Digest128, PartitionId, Seen};

/// A consumer's `isolation.level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Isolation {
    /// Kafka's default.
    ReadUncommitted,
    /// Hides records of open and aborted transactions.
    ReadCommitted,
}

/// What to read of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Of which.
    pub partition: PartitionId,
    /// First offset, inclusive.
    pub start: u64,
    /// Last offset, exclusive. Reading ends at the partition's end if that
    /// comes first.
    pub until: u64,
    /// Stop after this many records.
    pub most: u64,
    /// Give only the last so many of those read (0: only count them).
    pub keep_last: u32,
}

/// What a record's timestamp means (`message.timestamp.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TimestampType {
    /// Set by the producer.
    CreateTime,
    /// Set by the broker.
    LogAppendTime,
    /// There is none (-1).
    None,
}

/// A data record. Transaction markers are never among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSeen {
    /// Its offset.
    pub offset: u64,
    /// Milliseconds since the Unix epoch; whatever the producer wrote.
    pub timestamp_ms: i64,
    /// Whose time it is.
    pub timestamp_type: TimestampType,
    /// The epoch in the batch's header: the leader's that wrote it.
    pub batch_epoch: Option<i32>,
    /// Over key, value and headers.
    pub content: Digest128,
}

impl RecordSeen {
    /// Over offset, timestamp, batch epoch and content of each, in order: how
    /// the last records of a partition stand in a cut.
    pub fn digest_of_run(records: &[RecordSeen]) -> Digest128 {
        let lines: Vec<String> = records
            .iter()
            .map(|record| {
                format!(
                    "{} {} {:?} {}",
                    record.offset, record.timestamp_ms, record.batch_epoch, record.content
                )
            })
            .collect();
        Digest128::of(lines.iter().map(String::as_bytes))
    }
}

/// Why the reading of a span ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ended {
    /// `most` records were read.
    Most,
    /// A record at or past `until`, or the position, got there.
    Until,
    /// The position is the partition's end.
    EndOfPartition,
    /// The time was up: nothing is known of what follows the position.
    TimedOut,
    /// The start lies outside the log.
    OutOfRange,
    /// Anything else.
    Failed(String),
}

impl Ended {
    /// Whether all of the span, or all that there is of it, was seen.
    pub fn is_complete(&self) -> bool {
        matches!(self, Ended::Most | Ended::Until | Ended::EndOfPartition)
    }
}

/// What was read of one span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanRead {
    /// Of which partition.
    pub partition: PartitionId,
    /// The last `keep_last` of the records read, in order.
    pub records: Vec<RecordSeen>,
    /// How many data records were read.
    pub count: u64,
    /// The offset up to which everything was seen: it passes transaction
    /// markers and aborted records, which a consumer is never given.
    pub position: u64,
    /// Why it ended.
    pub ended: Ended,
}

impl SpanRead {
    /// Whether all of it up to `until` was seen, or as many records as were asked for. A
    /// leader that was just elected does not know yet how far the log is committed: for a
    /// moment it ends a partition before that (what KIP-207 keeps `ListOffsets` from saying).
    pub fn reaches(&self, until: u64) -> bool {
        match self.ended {
            Ended::EndOfPartition => self.position >= until,
            _ => self.ended.is_complete(),
        }
    }
}

/// The port.
pub trait Records {
    /// One answer for each span, in the order asked, after at most
    /// `timeout_ms` (and a margin for the last poll). Two spans of one
    /// partition are an error.
    fn read(
        &self,
        cluster: &Cluster,
        isolation: Isolation,
        spans: &[Span],
        timeout_ms: u64,
    ) -> Seen<Vec<SpanRead>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_comes_before_what_was_to_be_read_is_not_all_of_it() {
        let read = |position, ended| SpanRead {
            partition: PartitionId::new("t", 0),
            records: Vec::new(),
            count: 0,
            position,
            ended,
        };
        assert!(read(7, Ended::EndOfPartition).reaches(7));
        assert!(!read(6, Ended::EndOfPartition).reaches(7));
        assert!(read(3, Ended::Most).reaches(7));
        assert!(!read(7, Ended::TimedOut).reaches(7));
    }
}
