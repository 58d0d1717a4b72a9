//! Which point of the source a mirror that stands still is past, and by how much. Looks at
//! nothing: it is told by the samples that were taken before the stop.

use std::collections::BTreeMap;

use slackwater_cut::{
    Cut, HeadSample, HotCopy, HotHead, HotSweep, SourcePartition, SourcePoint, SourceRow, claims,
};
use slackwater_kit::{SourceKey, sampled};
use slackwater_ports::PartitionId;

/// Of the rows as they are in the cut; `None` where no sample is covered, or a
/// source was done without.
pub(crate) fn of(cut: &Cut) -> Option<SourcePoint> {
    if cut.unreachable().next().is_some() {
        return None;
    }
    let quiesce = cut.quiesce.as_ref()?;
    let newest = claims::newest_covered(cut, &quiesce.samples)?;
    let first = quiesce.samples.first();
    let older = first.filter(|one| one.asked.last_answer_ms < newest.asked.first_request_ms);
    let place: BTreeMap<SourceKey, usize> = sampled(quiesce)
        .enumerate()
        .map(|(at, key)| (key, at))
        .collect();
    let mut point = SourcePoint {
        copies: Vec::new(),
        sweeps: Vec::new(),
        surplus: Vec::new(),
        marked_ms: None,
    };
    let mut at_source = Vec::new();
    for (row, source) in cut.rows.copies() {
        let topic = cut.rows.topic(row);
        let of = topic.source.as_ref()?;
        let key = (
            of.alias.clone(),
            PartitionId::new(of.topic.clone(), row.partition),
        );
        let at = *place.get(&key)?;
        let head = newest.heads.get(at).copied().flatten()?;
        point.surplus.push(surplus(source, head));
        point.copies.push(HotCopy {
            source: SourcePartition {
                alias: key.0,
                partition: key.1,
            },
            mirror: PartitionId::new(topic.name.clone(), row.partition),
        });
        at_source.push(at);
    }
    let sweep = |sample: &HeadSample| HotSweep {
        asked: sample.asked,
        heads: at_source
            .iter()
            .map(|at| {
                let high_watermark = sample.heads.get(*at).copied().flatten()?;
                Some(HotHead {
                    high_watermark,
                    last: Vec::new(),
                })
            })
            .collect(),
    };
    point.sweeps = older.into_iter().chain([newest]).map(sweep).collect();
    (!point.copies.is_empty()).then_some(point)
}

/// See [`SourcePoint::surplus`].
fn surplus(source: &SourceRow, head: u64) -> Option<u64> {
    // The source had no more when all was stopped.
    if source.high_watermark <= head {
        return Some(0);
    }
    let seam = source.seam.as_ref()?;
    let ahead = match seam.mirror == seam.source && !seam.periodic {
        true => 0,
        false => seam.ahead?,
    };
    let next = source.last_mirrored.map_or(0, |last| last + 1);
    Some(next.saturating_sub(head) + ahead)
}
