//! What came of comparing a partition.

use serde::{Deserialize, Serialize};
use slackwater_ports::Digest128;

use crate::Ranges;

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Records were compared, and each is where it belongs; the mirror may
    /// have repeats.
    Equal,
    /// Something is missing, extra, out of order or stale.
    Differs,
    /// No difference was found, and not everything could be told.
    Unresolved,
    /// No record was there to compare.
    Nothing,
}

/// A record on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    /// Its offset there.
    pub offset: u64,
    /// Over key, value, headers, and the timestamp where that is compared.
    pub digest: Digest128,
}

/// What the first difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DifferenceKind {
    /// The source's record is not on the mirror here.
    Missing,
    /// The mirror's record is not the source's.
    Extra,
    /// Neither is what the other side has: a changed record looks so.
    Changed,
    /// The mirror's record comes later than it should.
    OutOfOrder,
}

/// The first place where the two sides part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// What it is.
    pub kind: DifferenceKind,
    /// What the source has there; `null` where it has nothing more.
    pub source: Option<Side>,
    /// What the mirror has there; `null` where it has nothing more.
    pub mirror: Option<Side>,
}

/// Records that one side has and the other one has compacted away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Compacted {
    /// The source's, that the mirror has no more.
    pub on_mirror: u64,
    /// The mirror's, that the source has no more.
    pub on_source: u64,
    /// Keys whose last record on the mirror is a repeat of an older one.
    pub stale_keys: u64,
}

/// What came of comparing a partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionComparison {
    /// Records of the source that were looked at.
    pub source_records: u64,
    /// Records of the mirror that were looked at.
    pub mirror_records: u64,
    /// Records that are on both sides, in order.
    pub matched: u64,
    /// The source's that the mirror lacks, by offsets of the source.
    pub missing: Ranges,
    /// The mirror's that repeat what was copied before, by offsets of the
    /// mirror. They are not `extra`.
    pub duplicates: Ranges,
    /// The mirror's that the source does not have, by offsets of the mirror.
    pub extra: Ranges,
    /// The mirror's that come after what they should come before, and were not
    /// there yet, by offsets of the mirror.
    pub out_of_order: Ranges,
    /// The mirror's from before the source's log start.
    pub before_source_start: u64,
    /// The source's from before the mirror's log start.
    pub before_mirror_start: u64,
    /// What compaction took.
    pub compacted: Compacted,
    /// The source's after the last one mirrored: not missing, not yet copied.
    pub behind: u64,
    /// Records of which it can't be told what they are.
    pub unresolved: u64,
    /// Repeats that the mirror left before they had caught up, as MirrorMaker
    /// does not: they may be strangers that are like older records.
    pub broken_repeats: u64,
    /// Whether the records repeat themselves, so that another alignment would
    /// fit as well.
    pub ambiguous: bool,
    /// Where the two sides part first; repeats are no difference.
    pub first_difference: Option<Difference>,
}

impl PartitionComparison {
    /// What it says. With `strict` a repeat is a difference too.
    pub fn verdict(&self, strict: bool) -> Verdict {
        let differs = [&self.missing, &self.extra, &self.out_of_order]
            .iter()
            .any(|ranges| ranges.count > 0)
            || self.compacted.stale_keys > 0
            || (strict && self.duplicates.count > 0);
        if differs {
            Verdict::Differs
        } else if self.unresolved > 0 || self.broken_repeats > 0 || self.ambiguous {
            Verdict::Unresolved
        } else if self.matched == 0 {
            Verdict::Nothing
        } else {
            Verdict::Equal
        }
    }
}
