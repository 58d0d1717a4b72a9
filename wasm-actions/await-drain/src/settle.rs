//! What moved between the looks, and whether that is still the stop's echo.

use std::collections::BTreeMap;

use slackwater_cut::Class;
use slackwater_kit::{Look, TopicMap};
use slackwater_ports::PartitionId;

/// A mirrored partition that moved in this many looks, with every connector
/// STOPPED and without tasks, has another producer.
const FOREIGN_MOVES: u32 = 5;

/// The moves of the mirrored partitions.
#[derive(Default)]
pub(crate) struct Movement {
    ends: BTreeMap<PartitionId, u64>,
    moves: BTreeMap<PartitionId, u32>,
    last: Option<(PartitionId, u64, u64)>,
}

impl Movement {
    /// Compares a look with the one before.
    pub(crate) fn note(&mut self, look: &Look, map: &TopicMap) {
        let heads = look.heads();
        for topic in &look.view.topics {
            let class = map.class(topic);
            if !matches!(class, Some(Class::Mirrored | Class::MirrorState)) {
                continue;
            }
            for partition in &topic.partitions {
                let id = PartitionId::new(topic.name.clone(), partition.partition);
                let Some(Ok(head)) = heads.get(&id) else {
                    continue;
                };
                let end = head.high_watermark;
                if let Some(before) = self.ends.insert(id.clone(), end)
                    && before != end
                {
                    // Connect writes to its own topics for a while.
                    if class == Some(Class::Mirrored) {
                        *self.moves.entry(id.clone()).or_default() += 1;
                    }
                    self.last = Some((id, before, end));
                }
            }
        }
    }

    /// Names a partition that somebody else writes to.
    pub(crate) fn foreign_writer(&self) -> Option<String> {
        let (id, moves) = self
            .moves
            .iter()
            .find(|(_, moves)| **moves >= FOREIGN_MOVES)?;
        Some(format!(
            "{id} is written by someone else than MirrorMaker: it moved in {moves} looks while \
             every connector was STOPPED; stop that producer, or list the topic under `own`"
        ))
    }

    /// The last move seen.
    pub(crate) fn last_moved(&self) -> Option<String> {
        let (id, before, after) = self.last.as_ref()?;
        Some(format!(
            "{id} moved from {before} to {after}; does someone else write to it?"
        ))
    }
}
