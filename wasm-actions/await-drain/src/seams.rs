//! How far the mirror is ahead of the committed offset, where the seam is not
//! clean: that many records a restored mirror would copy twice. It is so
//! where Connect cancelled a task that did not stop within 5 s.

use std::collections::BTreeMap;

use slackwater_cut::{Cut, Rows};
use slackwater_kit::identity;
use slackwater_ports::{Cluster, Failure, PartitionId, RecordSeen, Span};

use crate::World;
use crate::drained::Held;

/// So many records after the committed offset are looked through. A task that
/// was cancelled leaves what it had in flight, which is a few thousand.
const MOST_AHEAD: u32 = 20_000;

/// In so many partitions at once: their digests are all held in memory.
const MOST_PARTITIONS: usize = 100;

/// How long that may take.
const READ_MS: u64 = 10_000;

/// Fills in `ahead` where the last records differ.
pub(crate) fn find_how_far_ahead(
    world: &impl World,
    cut: &Cut,
    held: &Held,
    rows: &mut Rows,
    mirror_tails: &BTreeMap<PartitionId, Vec<RecordSeen>>,
) -> Result<(), Failure> {
    for feed in &held.feed.sources {
        let mut at = Vec::new();
        let mut spans = Vec::new();
        for (position, row) in rows.partitions.iter().enumerate() {
            let topic = &rows.topics[row.topic as usize];
            let (Some(source), Some(side)) = (&topic.source, &row.source) else {
                continue;
            };
            let (Some(seam), Some(committed)) = (&side.seam, side.last_mirrored) else {
                continue;
            };
            let clean = seam.mirror == seam.source || seam.uneven.is_some();
            if clean || source.alias != feed.alias || spans.len() == MOST_PARTITIONS {
                continue;
            }
            at.push(position);
            spans.push(Span {
                partition: PartitionId::new(source.topic.clone(), row.partition),
                start: (committed + 1).max(side.log_start_offset),
                until: side.last_stable_offset.max(committed + 1),
                most: u64::from(MOST_AHEAD),
                keep_last: MOST_AHEAD,
            });
        }
        if spans.is_empty() {
            continue;
        }
        let cluster = Cluster::Source(feed.alias.clone());
        let reads = match world.read(&cluster, feed.isolation, &spans, READ_MS) {
            // It was not found, then: what differs does so all the same.
            Err(error) if cut.settings.allow_unreachable && error.is_silence() => continue,
            read => read?,
        };
        for (position, read) in at.into_iter().zip(reads) {
            let row = &rows.partitions[position];
            let id = PartitionId::new(rows.topic(row).name.clone(), row.partition);
            let last = mirror_tails.get(&id).and_then(|records| records.last());
            let found = last.and_then(|last| {
                let seam = row.source.as_ref()?.seam.as_ref()?;
                let wanted = identity(last, seam.timestamps);
                read.records
                    .iter()
                    .position(|record| identity(record, seam.timestamps) == wanted)
            });
            let seam = rows.partitions[position]
                .source
                .as_mut()
                .and_then(|source| source.seam.as_mut());
            if let (Some(seam), Some(found)) = (seam, found) {
                seam.ahead = Some(found as u64 + 1);
            }
        }
    }
    Ok(())
}
