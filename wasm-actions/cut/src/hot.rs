//! What a hot run saw of both sides around its snapshots: the mirror runs on,
//! and volumes are cut one after another. It says what each volume can hold at
//! most, what it holds at least, and which partitions were idle.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use slackwater_ports::{Digest128, Interval, PartitionId};

use crate::SourcePartition;

/// Left by a run whose strategy is `hot`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hot {
    /// The partitions that are copied, in the order of every sweep.
    pub copies: Vec<HotCopy>,
    /// Sweeps of the source's heads, the oldest first.
    pub sweeps: Vec<HotSweep>,
    /// Connect's committed positions and the mirror's heads, the oldest first.
    pub looks: Vec<HotLook>,
    /// One for each volume.
    pub volumes: Vec<HotVolume>,
}

/// A partition of a source, and its copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HotCopy {
    /// On the source.
    pub source: SourcePartition,
    /// On the mirror.
    pub mirror: PartitionId,
}

/// The source's heads at one sweep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HotSweep {
    /// Before the first request to after the last answer: all heads lie
    /// between. The records below them may be read later.
    pub asked: Interval,
    /// In the order of the copies; `null` where there was no answer.
    pub heads: Vec<Option<HotHead>>,
}

/// A head of the source, as it can be found in a log of the mirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HotHead {
    /// High watermark.
    pub high_watermark: u64,
    /// The last data records below it, at MirrorMaker's isolation level, in
    /// order; empty where there are none.
    pub last: Vec<HotRecord>,
}

/// So many records in a row are no chance.
const LEAST_MARKS: usize = 8;

impl HotHead {
    /// Whether its records may lie in more than one place of a log: they repeat, or there
    /// are few of them, and the source had more before.
    pub fn is_anywhere(&self) -> bool {
        let all_there_is = self.last.first().is_none_or(|first| first.offset == 0);
        (self.last.len() < LEAST_MARKS && !all_there_is) || self.repeats()
    }

    /// Whether the run has the same records as itself, shifted by some: in a longer run of
    /// them it would be found too early.
    fn repeats(&self) -> bool {
        let marks = &self.last;
        let same = |(one, other): (&HotRecord, &HotRecord)| {
            (one.timestamp_ms, one.content) == (other.timestamp_ms, other.content)
        };
        let most = match marks.len() {
            0 | 1 => 0,
            short if short <= LEAST_MARKS => short - 1,
            long => long - LEAST_MARKS,
        };
        (1..=most).any(|shift| marks.iter().zip(&marks[shift..]).all(same))
    }
}

/// A record by what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HotRecord {
    /// Its offset where it was read.
    pub offset: u64,
    /// Milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// Over key, value and headers.
    pub content: Digest128,
}

/// The mirror's side at one instant: positions are read first, so that what
/// they say was copied lies below the heads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HotLook {
    /// When.
    pub asked: Interval,
    /// Source offset of the last record mirrored, as Connect committed it, in
    /// the order of the copies; `null` where nothing ever was.
    pub positions: Vec<Option<u64>>,
    /// The mirror's high watermarks, in the order of the copies; `null` where
    /// there was no answer.
    pub high_watermarks: Vec<Option<u64>>,
}

/// Between which looks a volume was cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HotVolume {
    /// Its name.
    pub volume: String,
    /// The broker that it is of.
    pub broker: i32,
    /// The look before the flush that precedes its snapshot: what was
    /// acknowledged then, is in it.
    pub before: u32,
    /// The look after its snapshot was cut: it holds nothing that came later.
    pub after: u32,
}
