//! What running brokers show of a restored mirror, against a closed cut.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use slackwater_cut::{Class, Cut, PartitionRow, RestoredLook, RestoredRow, claims};
use slackwater_kit::{Session, TailRequest, read_tails, tail_of};
use slackwater_ports::{
    Cluster, ClusterView, Failure, GroupOffset, Head, Isolation, Outcome, PartitionId, RecordSeen,
    Span, SpanRead,
};

use crate::World;

/// How long one reading of records may take, for all partitions together.
const READ_MS: u64 = 30_000;

/// Looks at the restored mirror and adds the claim to the document that it
/// was given.
///
/// # Errors
/// A cluster that can't be asked.
pub fn compare_restored(world: &impl World) -> Result<Outcome, Failure> {
    let mut session = Session::load_any(world)?;
    world.waiting("validateHead", "the restored mirror's heads", None);
    let look = restored_look(world, session.cut())?;
    let claim = claims::judge_restored(session.cut(), look);
    session.update(world, |cut| cut.add_claim(claim.clone()))?;
    Ok(Outcome::new(format!(
        "{} {}: {}",
        claim.name, claim.verdict, claim.reason
    ))
    .with("runId", &session.cut().run_id)
    .with(&claim.name.to_string(), claim.verdict))
}

fn restored_look(world: &impl World, cut: &Cut) -> Result<RestoredLook, Failure> {
    let view = world.describe(&Cluster::Mirror)?;
    let wanted: Vec<PartitionId> = cut
        .rows
        .still_rows()
        .map(|row| PartitionId::new(cut.rows.topic(row).name.clone(), row.partition))
        .collect();
    let ids = topic_ids(&view);
    let there: Vec<PartitionId> = wanted
        .iter()
        .filter(|id| ids.contains_key(*id))
        .cloned()
        .collect();
    let sweep = world.sweep(&Cluster::Mirror, &there)?;
    let heads: BTreeMap<PartitionId, Head> = sweep
        .rows
        .into_iter()
        .filter_map(|row| Some((row.partition, row.head.ok()?)))
        .collect();
    let spans = spans_of(cut);
    let tails = tails(world, cut, &spans, &heads)?;
    let beyond = beyond(world, cut, &spans, &heads)?;
    let committed = world.committed()?;
    let groups: BTreeSet<&str> = committed
        .iter()
        .filter(|one| heads.contains_key(&one.partition))
        .map(|one| one.group.as_str())
        .collect();
    let rows = wanted
        .iter()
        .map(|id| RestoredRow {
            topic_id: ids.get(id).cloned(),
            // Without what lies beyond the end there is no answer.
            high_watermark: beyond
                .get(id)
                .and(heads.get(id))
                .map(|head| head.high_watermark),
            tail_read: tails.contains_key(id),
            tail: tails.get(id).and_then(|records| tail_of(records)),
            beyond: beyond.get(id).copied().unwrap_or(0),
        })
        .collect();
    Ok(RestoredLook {
        cluster_id: view.cluster_id.clone(),
        asked: sweep.asked,
        rows,
        extra: extra(cut, &view),
        groups: Some(groups.len() as u64),
        groups_beyond_end: groups_beyond_end(&committed, &heads),
    })
}

/// Groups whose committed offset lies beyond their partition's end: they were
/// further than the snapshot, and would be reset or wait.
fn groups_beyond_end(
    committed: &[GroupOffset],
    heads: &BTreeMap<PartitionId, Head>,
) -> Vec<String> {
    committed
        .iter()
        .filter_map(|one| {
            let end = heads.get(&one.partition)?.high_watermark;
            (one.offset > end).then(|| {
                format!(
                    "{} at {} of {} ({end})",
                    one.group, one.offset, one.partition
                )
            })
        })
        .collect()
}

fn topic_ids(view: &ClusterView) -> BTreeMap<PartitionId, String> {
    view.topics
        .iter()
        .flat_map(|topic| {
            topic.partitions.iter().map(|partition| {
                (
                    PartitionId::new(topic.name.clone(), partition.partition),
                    topic.topic_id.clone(),
                )
            })
        })
        .collect()
}

/// From where on the last records of each row that may not move were read, and where it is
/// to end: by the plan, where it was trimmed.
fn spans_of(cut: &Cut) -> Vec<Range<u64>> {
    let planned = claims::PlannedHeads::of(cut);
    let rows = cut.rows.still_rows().enumerate();
    let span = |(at, row): (usize, &PartitionRow)| {
        let planned = planned.as_ref().and_then(|one| one.rows.get(at)?.as_ref());
        planned.map_or(row.log_start_offset..row.high_watermark, |one| {
            one.start..one.end
        })
    };
    rows.map(span).collect()
}

/// The last records below the ends of these.
fn tails(
    world: &impl World,
    cut: &Cut,
    wanted: &[Range<u64>],
    heads: &BTreeMap<PartitionId, Head>,
) -> Result<BTreeMap<PartitionId, Vec<RecordSeen>>, Failure> {
    let requests: Vec<TailRequest> = cut
        .rows
        .still_rows()
        .zip(wanted)
        .filter_map(|(row, wanted)| {
            let partition = PartitionId::new(cut.rows.topic(row).name.clone(), row.partition);
            let head = heads.get(&partition)?;
            Some(TailRequest {
                partition,
                // A log start may have risen since; what was read for the cut
                // began no earlier than this.
                start: head.log_start_offset.max(wanted.start),
                end: head.high_watermark.min(wanted.end),
            })
        })
        .collect();
    let most = cut.settings.tail_records;
    Ok(read_tails(
        world,
        &Cluster::Mirror,
        Isolation::ReadCommitted,
        &requests,
        most,
        READ_MS,
    )?)
}

/// How many data records lie at or past the ends of these. Where that can't be told it has
/// none: what was deleted behind an end lay there, too.
fn beyond(
    world: &impl World,
    cut: &Cut,
    wanted: &[Range<u64>],
    heads: &BTreeMap<PartitionId, Head>,
) -> Result<BTreeMap<PartitionId, u64>, Failure> {
    let mut beyond = BTreeMap::new();
    let mut spans = Vec::new();
    for (row, wanted) in cut.rows.still_rows().zip(wanted) {
        let end = wanted.end;
        let partition = PartitionId::new(cut.rows.topic(row).name.clone(), row.partition);
        let Some(head) = heads.get(&partition) else {
            continue;
        };
        if head.high_watermark <= end {
            beyond.insert(partition, 0);
        } else if head.log_start_offset <= end {
            spans.push(Span {
                partition,
                start: end,
                until: head.high_watermark,
                most: u64::MAX,
                keep_last: 0,
            });
        }
    }
    // Uncommitted ones count too: they were not in the cut.
    let isolation = Isolation::ReadUncommitted;
    let reads = world.read(&Cluster::Mirror, isolation, &spans, READ_MS)?;
    beyond.extend(counted(&spans, reads));
    Ok(beyond)
}

/// Of spans that were read to their ends: one that ended before has no count.
fn counted(spans: &[Span], reads: Vec<SpanRead>) -> BTreeMap<PartitionId, u64> {
    let whole = spans.iter().zip(reads);
    let whole = whole.filter(|(span, read)| read.reaches(span.until));
    whole
        .map(|(_, read)| (read.partition, read.count))
        .collect()
}

/// Topics, and partitions of known topics, that the cut does not have.
fn extra(cut: &Cut, view: &ClusterView) -> Vec<String> {
    let known: BTreeSet<&str> = cut
        .rows
        .topics
        .iter()
        .map(|topic| topic.name.as_str())
        .collect();
    let own = |name: &str| {
        cut.rows
            .topics
            .iter()
            .any(|topic| topic.name == name && topic.class == Class::Own)
    };
    let topics = view
        .topics
        .iter()
        .filter(|topic| !topic.internal && !topic.name.starts_with("__"))
        .map(|topic| topic.name.as_str())
        .filter(|name| !known.contains(name) && !own(name) && cut.settings.protects(name))
        .map(str::to_owned);
    let partitions = cut.rows.still_topics().filter_map(|topic| {
        let there = view.topics.iter().find(|one| one.name == topic.name)?;
        let more = there
            .partitions
            .len()
            .checked_sub(topic.partitions as usize)?;
        (more > 0).then(|| format!("{more} partitions of {}", topic.name))
    });
    topics.chain(partitions).collect()
}

#[cfg(test)]
mod tests {
    use slackwater_ports::Ended;

    use super::*;

    /// By a leader that was elected after the sweep, and ends the partition at the cut's end.
    #[test]
    fn what_was_not_read_to_its_end_has_no_count_of_records_beyond_the_cut() {
        let span = |partition| Span {
            partition: PartitionId::new("t", partition),
            start: 10,
            until: 14,
            most: u64::MAX,
            keep_last: 0,
        };
        let read = |partition, position| SpanRead {
            partition: PartitionId::new("t", partition),
            records: Vec::new(),
            count: 0,
            position,
            ended: Ended::EndOfPartition,
        };
        let spans = [span(0), span(1)];
        let found = counted(&spans, vec![read(0, 14), read(1, 10)]);
        assert_eq!(found, BTreeMap::from([(PartitionId::new("t", 0), 0)]));
    }
}
