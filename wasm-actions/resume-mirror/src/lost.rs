//! What the source has deleted that the mirror still needs.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::{Cut, GapCause, Lost, Quiesce};
use slackwater_ports::{Cluster, Head, Heads, PartitionId};

/// Heads of the sources' partitions, by alias and partition.
pub(crate) type SourceHeads = BTreeMap<(String, PartitionId), Head>;

/// Looks at the sources. A source that can't be reached keeps nothing
/// stopped: its partitions are simply not in the answer.
pub(crate) fn look(world: &impl Heads, quiesce: &Quiesce) -> SourceHeads {
    let aliases: BTreeSet<&String> = quiesce.sampled.iter().map(|one| &one.alias).collect();
    let mut heads = BTreeMap::new();
    for alias in aliases {
        let partitions: Vec<PartitionId> = quiesce
            .sampled
            .iter()
            .filter(|one| one.alias == *alias)
            .map(|one| one.partition.clone())
            .collect();
        let Ok(sweep) = world.sweep(&Cluster::Source(alias.clone()), &partitions) else {
            continue;
        };
        for row in sweep.rows {
            if let Ok(head) = row.head {
                heads.insert((alias.clone(), row.partition), head);
            }
        }
    }
    heads
}

/// Partitions whose next data record, seen before the hold, is gone. A source
/// that starts later than that by transaction markers alone has lost nothing.
pub(crate) fn lost(cut: &Cut, sources: &SourceHeads) -> Vec<Lost> {
    cut.rows
        .copies()
        .filter_map(|(row, source)| {
            let of = cut.rows.topic(row).source.as_ref()?;
            let partition = PartitionId::new(of.topic.clone(), row.partition);
            let head = sources.get(&(of.alias.clone(), partition.clone()))?;
            let needed = match (source.gap, source.next) {
                (Some(gap), _) if gap.cause == GapCause::Lost => gap.first,
                (_, Some(next)) => next.offset,
                // Nothing was pending up to there: what came later and went.
                (_, None) => source.searched_to,
            };
            (head.log_start_offset > needed).then(|| Lost {
                alias: of.alias.clone(),
                partition,
                needed,
                log_start_offset: head.log_start_offset,
            })
        })
        .collect()
}

/// Those of them whose copies are among these.
pub(crate) fn of_copies(cut: &Cut, lost: Vec<Lost>, copies: &BTreeSet<PartitionId>) -> Vec<Lost> {
    let is_of = |lost: &Lost, id: &PartitionId| {
        cut.rows.topics.iter().any(|topic| {
            let of = topic.source.as_ref();
            let same =
                of.is_some_and(|of| of.alias == lost.alias && of.topic == lost.partition.topic);
            same && topic.name == id.topic && lost.partition.partition == id.partition
        })
    };
    let named = |one: &Lost| copies.iter().any(|id| is_of(one, id));
    lost.into_iter().filter(named).collect()
}

/// Copied partitions whose source gave no answer.
pub(crate) fn unanswered(cut: &Cut, sources: &SourceHeads) -> u32 {
    let silent = cut.rows.copies().filter(|(row, _)| {
        cut.rows.topic(row).source.as_ref().is_none_or(|of| {
            let partition = PartitionId::new(of.topic.clone(), row.partition);
            !sources.contains_key(&(of.alias.clone(), partition))
        })
    });
    u32::try_from(silent.count()).unwrap_or(u32::MAX)
}

/// The refusal.
pub(crate) fn in_words(lost: &[Lost]) -> String {
    let named: Vec<String> = lost
        .iter()
        .take(3)
        .map(|one| {
            format!(
                "{} of source {} starts at {}: {} offsets from {} are gone",
                one.partition,
                one.alias,
                one.log_start_offset,
                one.log_start_offset.saturating_sub(one.needed),
                one.needed
            )
        })
        .collect();
    format!(
        "MirrorMaker would skip records in {} partitions silently: {}; say --accept-loss to resume \
         all the same",
        lost.len(),
        named.join("; ")
    )
}
