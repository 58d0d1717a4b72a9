//! The mirror's side at one instant. Positions are asked for first: what they say was
//! copied lies below the ends that are asked for next.

use std::collections::BTreeMap;

use slackwater_cut::HotLook;
use slackwater_kit::positions;
use slackwater_ports::{Cluster, Failure, Interval, PartitionId};

use crate::{Copies, PHASE, World};

/// Looks.
pub(crate) fn take(world: &impl World, copies: &Copies) -> Result<HotLook, Failure> {
    let first_request_ms = world.now_ms();
    let mut committed: BTreeMap<(&str, PartitionId), u64> = BTreeMap::new();
    for (alias, source) in copies.sources() {
        for one in positions(world, PHASE, &source.connector)? {
            committed.insert((alias, one.partition), one.offset);
        }
    }
    let rows = copies.rows();
    let positions = rows.iter().map(|row| {
        let key = (row.source.alias.as_str(), row.source.partition.clone());
        committed.get(&key).copied()
    });
    let positions = positions.collect();
    let mirror: Vec<PartitionId> = rows.iter().map(|row| row.mirror.clone()).collect();
    let sweep = world.sweep(&Cluster::Mirror, &mirror)?;
    let heads: BTreeMap<PartitionId, u64> = sweep
        .rows
        .into_iter()
        .filter_map(|row| Some((row.partition, row.head.ok()?.high_watermark)))
        .collect();
    let asked = Interval {
        first_request_ms: first_request_ms.min(sweep.asked.first_request_ms),
        last_answer_ms: sweep.asked.last_answer_ms,
    };
    Ok(HotLook {
        asked,
        positions,
        high_watermarks: mirror.iter().map(|id| heads.get(id).copied()).collect(),
    })
}
