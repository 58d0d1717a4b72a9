//! Partitions of which Connect has a position and no row of the cut says what they are copies
//! of: of topics that are not protected, and of such as were made when the run had begun. No
//! order cuts them, and Connect goes on in them all the same: its position may come from a
//! volume that was cut later than theirs.
//!
//! Decides; reads nothing.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::SourcePartition;
use slackwater_point::PositionSeen;
use slackwater_ports::PartitionId;

use crate::connect::{self, Committed};
use crate::plan::Work;

/// What every source connector copies, with those that come from further on, and nobody
/// misses (`MirrorClientConfig.HEARTBEATS_TOPIC`).
const HEARTBEATS: &str = "heartbeats";

/// Connect keeps positions of topics that were deleted long ago, and nothing is to be done
/// about those. One that was written since the run began, or so shortly before it that
/// clocks may differ by that much, is of a topic that is copied.
const CLOCKS_DIFFER_BY_MS: u64 = 600_000;

/// What there is of them.
#[derive(Debug, Default)]
pub(crate) struct Unlisted {
    /// Those that lie on the volumes, with the source's partition of each.
    pub(crate) here: BTreeMap<PartitionId, SourcePartition>,
    /// Those of which there was nothing yet when their volumes were cut.
    pub(crate) nowhere: Vec<PositionSeen>,
}

impl Work<'_> {
    /// Finds them, from Connect's positions that are kept.
    pub(crate) fn unlisted(&self, committed: &BTreeMap<usize, Vec<Committed>>) -> Unlisted {
        let cut = self.site.cut;
        let mut found = Unlisted::default();
        let of_rows = self.sources();
        let listed: BTreeSet<&SourcePartition> = of_rows.values().collect();
        let logs = self.examined.iter().map(|one| &one.log.partition);
        let logs: BTreeSet<&PartitionId> = logs.collect();
        let sampled = cut.quiesce.iter().flat_map(|one| &one.sampled);
        let sampled: BTreeSet<(&str, &PartitionId)> = sampled
            .map(|one| (one.alias.as_str(), &one.partition))
            .collect();
        let positions = connect::positions(cut, committed.values().flatten());
        for ((alias, partition), position) in positions {
            let source = SourcePartition { alias, partition };
            let is_beat = source.partition.topic.ends_with(HEARTBEATS);
            if !connect::is_of_mirror(cut, position) || is_beat || listed.contains(&source) {
                continue;
            }
            // Its source may have deleted it long ago.
            let is_new = !self.is_of_before(position);
            if !is_new && !sampled.contains(&(source.alias.as_str(), &source.partition)) {
                continue;
            }
            let names = cut.copies_named(&source.alias, &source.partition.topic);
            let of = |name: &String| PartitionId::new(name, source.partition.partition);
            let mut mirrors = names.iter().map(of);
            let here = mirrors
                .clone()
                .find(|one| logs.contains(one) && !of_rows.contains_key(one));
            match (here, mirrors.next()) {
                (Some(mirror), _) => drop(found.here.insert(mirror, source)),
                // Of a mirror that stood still nothing was made meanwhile.
                (None, Some(mirror)) if is_new && !self.stood_still() => {
                    // By another name there may be a copy.
                    let is_sure = names.len() == 1;
                    let from_first = is_sure && connect::begins_with_the_first(cut, &source.alias);
                    found.nowhere.push(PositionSeen {
                        source,
                        committed: Some(position.offset),
                        last_kept: None,
                        put_right: false,
                        not_ahead: false,
                        from_first,
                        unprotected: !cut.settings.protects(&mirror.topic),
                        mirror,
                    });
                }
                (None, _) => {}
            }
        }
        found
    }

    /// Whether it was written before the run began: what it stands for was acknowledged then,
    /// and every volume was written out later.
    pub(crate) fn is_of_before(&self, position: &Committed) -> bool {
        let began = self.site.cut.created_ms;
        position.written_ms < began.saturating_sub(CLOCKS_DIFFER_BY_MS)
    }
}
