//! What was read of the snapshot itself, or of what was restored from it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use slackwater_ports::{
    ContentDepth, Digest128, Interval, LiveKeys, LogDirSeen, MetadataSeen, PendingTransaction,
    ReplicaRead,
};

/// How the snapshot is read after the resume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Verify {
    /// Every batch: `durable` and `intact` can be proven.
    Full,
    /// The ends: `durable` can.
    Tail,
    /// Not at all.
    Off,
}

/// Left by validateHead: what lies on the volumes of the snapshot. What each
/// replica holds stands in the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Content {
    /// When it was listed.
    pub asked: Interval,
    /// How much was read.
    pub depth: ContentDepth,
    /// All log directories.
    pub dirs: Vec<LogDirSeen>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
    /// Directories that hold logs and are no replicas.
    pub set_aside: Vec<String>,
    /// Partitions that lie there and that the cut does not have.
    pub extra: Vec<String>,
    /// What the coordinators would go on with.
    pub transactions: Transactions,
    /// The metadata logs.
    pub metadata: Vec<MetadataSeen>,
}

impl Content {
    /// Of volumes that could not even be listed: claims rest on nothing then,
    /// and say why.
    pub fn unreadable(depth: ContentDepth, at_ms: u64, why: String) -> Self {
        Self {
            asked: Interval {
                first_request_ms: at_ms,
                last_answer_ms: at_ms,
            },
            depth,
            dirs: Vec::new(),
            unread: vec![why],
            set_aside: Vec::new(),
            extra: Vec::new(),
            transactions: Transactions::default(),
            metadata: Vec::new(),
        }
    }
}

/// What `__transaction_state` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transactions {
    /// How many of its replicas were read.
    pub replicas: u64,
    /// Transactions that are not over.
    pub pending: Vec<PendingTransaction>,
}

/// What was read of one partition's replicas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RowContent {
    /// The greatest of the replicas' starts: their digests begin there, since
    /// each replica runs retention by itself.
    pub compared_from: u64,
    /// Where the digests end: the cut. `null` for partitions that may move:
    /// there each ends with its log.
    pub compared_to: Option<u64>,
    /// One for each that was read, in the order of the log directories.
    pub replicas: Vec<ReplicaRead>,
    /// A second reading, where the digests differ.
    pub range: Option<RowRange>,
    /// What lies where some replicas begin later than their leader did.
    pub front: Option<FrontRead>,
}

/// A part that not all replicas have: retention took it from some, or it is
/// lost there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FrontRead {
    /// The least of the replicas' starts.
    pub from: u64,
    /// The greatest of them.
    pub until: u64,
    /// The greatest timestamp in between, on replicas that have it, ms since
    /// the Unix epoch; `null` where there is none.
    pub newest_ms: Option<i64>,
}

/// A second reading of replicas that compact by themselves, or that moved
/// while they were cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RowRange {
    /// From here on no replica was compacted: batches are compared.
    pub from: u64,
    /// Up to here.
    pub until: u64,
    /// One for each replica, in the order of the log directories.
    pub replicas: Vec<RangeRead>,
}

/// The second reading of one replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RangeRead {
    /// Position of its log directory.
    pub dir: u32,
    /// Over the batches from `from` to `until`; `null` where they could not be
    /// read.
    pub batches: Option<Digest128>,
    /// The live keys of all that is compared; `null` where they were not read.
    pub live: Option<LiveKeys>,
}

/// Which replicas are not as most of them are. Where no value has a majority,
/// all of them.
pub(crate) fn outliers<K: Ord + Copy, T: Ord + Clone>(values: &[(K, T)]) -> Vec<K> {
    let mut counts: BTreeMap<&T, usize> = BTreeMap::new();
    for (_, value) in values {
        *counts.entry(value).or_default() += 1;
    }
    let most = counts.iter().max_by_key(|(_, count)| **count);
    let common = most
        .filter(|(_, count)| **count * 2 > values.len())
        .map(|(value, _)| (*value).clone());
    values
        .iter()
        .filter(|(_, value)| common.as_ref() != Some(value))
        .map(|(key, _)| *key)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_differs_is_named_and_all_where_there_is_no_majority() {
        assert_eq!(outliers(&[(1, 'a'), (2, 'a'), (3, 'b')]), [3]);
        assert_eq!(outliers(&[(1, 'a'), (2, 'b')]), [1, 2]);
        assert!(outliers(&[(1, 'a'), (2, 'a')]).is_empty());
    }
}
