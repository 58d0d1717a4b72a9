//! What a cut has of its source, and Connect's positions.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "each test takes what it needs"
)]

use slackwater_cut::{HotCopy, HotHead, HotRecord, HotSweep, SourcePartition};
use slackwater_ports::{Digest128, Interval, PartitionId};
use slackwater_trim::{OrderAsked, PlanOptions};

use crate::log::{Batch, Rec};
use crate::world::options;

pub const OFFSETS: &str = "connect-offsets";

pub fn by_source() -> PlanOptions<'static> {
    PlanOptions {
        order: OrderAsked::Source,
        ..options(0)
    }
}

/// The head of the source after message `last`, with a marker before each.
pub fn head(last: u64) -> Option<HotHead> {
    let record = |number: u64| {
        let key = format!("m{number}");
        HotRecord {
            // Its first one is the source's first.
            offset: if number == 0 { 0 } else { 2 * number + 1 },
            timestamp_ms: 10_000 + number as i64,
            content: Digest128::of_content(Some(key.as_bytes()), Some(b"x"), &[]),
        }
    };
    let from = last.saturating_sub(15);
    Some(HotHead {
        high_watermark: 2 * last + 2,
        last: (from..=last).map(record).collect(),
    })
}

pub fn sweep(ms: u64, heads: Vec<Option<HotHead>>) -> HotSweep {
    HotSweep {
        asked: Interval {
            first_request_ms: ms,
            last_answer_ms: ms + 40,
        },
        heads,
    }
}

pub fn copies(count: u32) -> Vec<HotCopy> {
    (0..count)
        .map(|number| HotCopy {
            source: SourcePartition {
                alias: "src".to_owned(),
                partition: PartitionId::new("t", number),
            },
            mirror: PartitionId::new("src.t", number),
        })
        .collect()
}

/// As MirrorMaker's source connector commits.
pub fn position(offset: u64, partition: u32, at: u64) -> Batch {
    let key =
        format!("[\"source\",{{\"cluster\":\"src\",\"partition\":{partition},\"topic\":\"t\"}}]");
    Batch::of(vec![Rec::new(
        offset,
        Some(&key),
        Some(&format!("{{\"offset\":{at}}}")),
    )])
}
