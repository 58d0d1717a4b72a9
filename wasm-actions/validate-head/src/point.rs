//! The records below the heads of the point that the mirror is past: by them it is found on
//! the volumes, when the source may be gone. They are read when the mirror runs again, since
//! nothing waits for them.

use slackwater_cut::{Cut, HotHead, HotSweep, SourcePoint};
use slackwater_kit::{Marking, Swept};
use slackwater_ports::Level;

use crate::World;

/// By so many records in a row a head is found again: fewer would be a chance
/// (`slackwater_point`).
const MARKS: u32 = 8;

/// At most so many records are kept in all, some 8 MB of a document that may have 64: of
/// 10,000 partitions those of one sweep.
const MOST_RECORDS: usize = 80_000;

/// The point with its records; `None` where there is none, or where nothing is missing. That
/// a source does not answer is no failure: the backup proves what it proves without.
pub(crate) fn marked(world: &impl World, cut: &Cut) -> Option<SourcePoint> {
    let point = cut.point.as_ref()?;
    let quiesce = cut.quiesce.as_ref()?;
    if point.marked_ms.is_some() && point.unmarked().next().is_none() {
        return None;
    }
    let each = point.copies.len().max(1) * MARKS as usize;
    let most = (MOST_RECORDS / each).max(1);
    let known = &point.sweeps[point.sweeps.len().saturating_sub(most)..];
    let sweeps = known.iter().map(|sweep| Swept {
        asked: sweep.asked,
        heads: sweep
            .heads
            .iter()
            .map(|head| head.as_ref().map(|head| head.high_watermark))
            .collect(),
    });
    let copying = quiesce.connectors.iter().filter(|one| one.copies);
    let marking = Marking {
        copies: &point.copies,
        isolation: copying
            .map(|one| (one.source_alias.as_str(), one.isolation))
            .collect(),
        marks: MARKS,
    };
    match marking.mark(world, sweeps.collect()) {
        Ok(sweeps) => Some(SourcePoint {
            sweeps: known.iter().zip(sweeps).map(merged).collect(),
            marked_ms: Some(world.now_ms()),
            ..point.clone()
        }),
        Err(why) => {
            let reason = why.reason;
            world.log(
                Level::Warn,
                &format!(
                    "the records below the sources' heads can't be read, so that no restore can go \
                     back to where they were: {reason}"
                ),
            );
            None
        }
    }
}

/// What was known of a sweep, and what was read now. A head whose records can't be told stays
/// one without.
fn merged((known, now): (&HotSweep, HotSweep)) -> HotSweep {
    let heads = known.heads.iter().zip(now.heads);
    let better = |(known, now): (&Option<HotHead>, Option<HotHead>)| match known {
        Some(head) if !head.last.is_empty() => Some(head.clone()),
        _ => now.or_else(|| known.clone()),
    };
    HotSweep {
        asked: known.asked,
        heads: heads.map(better).collect(),
    }
}
