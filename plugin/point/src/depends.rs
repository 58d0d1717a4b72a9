//! What points into what goes, or past it: groups, Connect's positions, offset
//! syncs. A cut log that is right by itself is resumed wrongly where these are
//! left as they are. Each has its remedy, which is for running brokers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use slackwater_cut::SourcePartition;
use slackwater_ports::PartitionId;

/// What is to be done about groups.
pub const GROUPS: &str = "reset these groups' offsets to the partition's end before their members \
                          start: a member would be given nothing until the log has grown past its \
                          offset";

/// About Connect's positions.
pub const POSITIONS: &str = "while the connector is STOPPED, set its offset of each partition (PATCH \
                             …/offsets, or Strimzi's alterOffsets) to that of the last record that is \
                             kept, and to null where nothing is: one ahead of it skips records in \
                             silence, one behind it doubles them";

/// About offset syncs.
pub const OFFSET_SYNCS: &str = "keep the checkpoint connector STOPPED until Connect's positions have \
                                reached the ends that the source had when what copies was started, as \
                                `resume --cut` does: offset syncs on the source name offsets of the \
                                mirror that are given to other records, until newer ones come";

/// The whole of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Depends {
    /// Groups that committed past the end of a partition.
    pub groups: Vec<GroupBeyond>,
    /// Connect's positions that are not those of the last record kept, or of
    /// which that is not known.
    pub positions: Vec<PositionHeld>,
    /// Partitions of which offset syncs may name what goes.
    pub offset_syncs: Vec<SyncsBeyond>,
    /// What is to be done, one sentence for each kind that is there.
    pub remedies: Vec<String>,
}

/// A group's offset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupBeyond {
    /// The group.
    pub group: String,
    /// Of which partition.
    pub partition: PartitionId,
    /// The next offset that it would read.
    pub committed: u64,
    /// Where the partition ends then.
    pub cut: u64,
}

/// A connector's position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PositionHeld {
    /// On the source.
    pub source: SourcePartition,
    /// Its copy.
    pub mirror: PartitionId,
    /// Source offset of the last record mirrored, by Connect's topic as it is
    /// kept; `null` where it holds none.
    pub committed: Option<u64>,
    /// Source offset of the last record that is kept; `null` where nothing tells it: it is
    /// found by the record itself.
    pub last_kept: Option<u64>,
    /// Source offsets between them that would be skipped in silence: a hole.
    pub skipped: u64,
    /// Source offsets between them that would be copied twice.
    pub doubled: u64,
    /// Whether the trim writes the right one into Connect's topic: nothing is left to do
    /// about it then.
    pub put_right: bool,
    /// Whether all that it says is copied is kept for certain: nothing is skipped from there,
    /// though it may not be known how much comes twice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_ahead: bool,
    /// Whether nothing is kept of a partition that begins with its first record: Connect goes
    /// on from the source's first one where it has no position. Left out where something is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_first: bool,
    /// Whether nobody asked for its topic to be protected: that something may be skipped there
    /// is said, and keeps nobody from a trim. Left out where it is protected.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unprotected: bool,
}

impl PositionHeld {
    /// Whether it is known where Connect has to go on.
    pub fn is_known(&self) -> bool {
        self.from_first || self.last_kept.is_some()
    }

    /// Whether something is left to do about it.
    pub fn is_to_set(&self) -> bool {
        let may_rest = self.not_ahead && self.last_kept.is_none();
        !self.put_right && !may_rest
    }

    /// Whether MirrorMaker would go on from there behind what is kept, or that is not known.
    pub fn may_skip(&self) -> bool {
        self.may_be_ahead() && !self.unprotected
    }

    /// The same, where its topic is not protected.
    pub fn may_skip_unasked(&self) -> bool {
        self.may_be_ahead() && self.unprotected
    }

    fn may_be_ahead(&self) -> bool {
        let is_known = self.last_kept.is_some() && self.skipped == 0;
        self.committed.is_some() && !self.put_right && !self.not_ahead && !is_known
    }
}

/// A partition that loses offsets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SyncsBeyond {
    /// Of the mirror.
    pub partition: PartitionId,
    /// Syncs to offsets from here on …
    pub from: u64,
    /// … up to here name records that go.
    pub until: u64,
}

/// A group's commit, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSeen {
    /// The group.
    pub group: String,
    /// Of which partition.
    pub partition: PartitionId,
    /// The next offset that it reads.
    pub committed: u64,
}

/// A connector's position and the last record that is kept, as they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionSeen {
    /// On the source.
    pub source: SourcePartition,
    /// Its copy.
    pub mirror: PartitionId,
    /// What Connect's topic says below its own cut.
    pub committed: Option<u64>,
    /// Source offset of the last record that is kept, where that is known.
    pub last_kept: Option<u64>,
    /// Whether the right one is written into Connect's topic.
    pub put_right: bool,
    /// Whether Connect had committed as much before the volumes were cut, and all that the
    /// mirror had then is kept.
    pub not_ahead: bool,
    /// Whether nothing is kept of it, and nothing came before that: no position is right then.
    pub from_first: bool,
    /// Whether nobody asked for its topic to be protected.
    pub unprotected: bool,
}

/// Where a partition ends now, and then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndOf {
    /// Which.
    pub partition: PartitionId,
    /// Whether MirrorMaker copies into it.
    pub is_copy: bool,
    /// Now.
    pub end: u64,
    /// Then.
    pub cut: u64,
}

/// Holds what was read against the cuts.
pub fn depends(ends: &[EndOf], groups: &[GroupSeen], positions: &[PositionSeen]) -> Depends {
    let cuts: BTreeMap<&PartitionId, u64> =
        ends.iter().map(|one| (&one.partition, one.cut)).collect();
    let mut depends = Depends::default();
    for seen in groups {
        let cut = cuts.get(&seen.partition).copied();
        if let Some(cut) = cut.filter(|cut| seen.committed > *cut) {
            depends.groups.push(GroupBeyond {
                group: seen.group.clone(),
                partition: seen.partition.clone(),
                committed: seen.committed,
                cut,
            });
        }
    }
    for seen in positions.iter().filter(|seen| !seen.is_right()) {
        let (skipped, doubled) = seen.off_by();
        depends.positions.push(PositionHeld {
            source: seen.source.clone(),
            mirror: seen.mirror.clone(),
            committed: seen.committed,
            last_kept: seen.last_kept,
            skipped,
            doubled,
            put_right: seen.put_right,
            not_ahead: seen.not_ahead,
            from_first: seen.from_first,
            unprotected: seen.unprotected,
        });
    }
    let shorter = ends.iter().filter(|one| one.is_copy && one.cut < one.end);
    depends.offset_syncs = shorter
        .map(|one| SyncsBeyond {
            partition: one.partition.clone(),
            from: one.cut,
            until: one.end,
        })
        .collect();
    for (any, remedy) in [
        (!depends.groups.is_empty(), GROUPS),
        (
            depends.positions.iter().any(PositionHeld::is_to_set),
            POSITIONS,
        ),
        (!depends.offset_syncs.is_empty(), OFFSET_SYNCS),
    ] {
        depends.remedies.extend(any.then(|| remedy.to_owned()));
    }
    depends
}

impl PositionSeen {
    /// Whether it is that of the last record kept, or none where there is no such record.
    pub fn is_right(&self) -> bool {
        self.is_known() && self.committed == self.last_kept
    }

    /// Whether it is known which one is right.
    pub fn is_known(&self) -> bool {
        self.from_first || self.last_kept.is_some()
    }

    /// How many source offsets are skipped, and how many come twice.
    fn off_by(&self) -> (u64, u64) {
        match (self.committed, self.last_kept) {
            (Some(committed), Some(kept)) => (
                committed.saturating_sub(kept),
                kept.saturating_sub(committed),
            ),
            (None, Some(kept)) => (0, kept + 1),
            (Some(committed), None) if self.from_first => (committed.saturating_add(1), 0),
            (_, None) => (0, 0),
        }
    }
}
