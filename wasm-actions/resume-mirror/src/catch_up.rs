//! Catching up, counted in data records: as many new ones on the mirror as
//! the source had between the next one and its head at the resume. Committed
//! offsets don't tell it: Connect commits once a minute.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::{Cut, Resume};
use slackwater_kit::Deadline;
use slackwater_ports::{Cluster, ConnectorState, Failure, Heads, Isolation, PartitionId, Span};

use crate::World;
use crate::lost::SourceHeads;

/// Between two countings.
const COUNT_EVERY_MS: u64 = 250;

/// How long one counting may take.
const READ_MS: u64 = 30_000;

/// The ends of the mirror's copies before the start.
pub(crate) type Baseline = BTreeMap<PartitionId, u64>;

/// The cut's ends.
pub(crate) fn baseline(cut: &Cut) -> Baseline {
    cut.rows
        .copies()
        .map(|(row, _)| {
            let topic = cut.rows.topic(row).name.clone();
            (PartitionId::new(topic, row.partition), row.high_watermark)
        })
        .collect()
}

/// Whether anything waits on the sources.
pub(crate) fn is_pending(cut: &Cut, sources: &SourceHeads) -> bool {
    spans(cut, sources).next().is_some()
}

/// Whether any copy has moved past its baseline.
pub(crate) fn moved(world: &impl Heads, baseline: &Baseline) -> bool {
    let partitions: Vec<PartitionId> = baseline.keys().cloned().collect();
    world
        .sweep(&Cluster::Mirror, &partitions)
        .is_ok_and(|sweep| {
            sweep.rows.iter().any(|row| {
                row.head
                    .as_ref()
                    .is_ok_and(|head| head.high_watermark > baseline[&row.partition])
            })
        })
}

/// Source alias, mirror's partition, and what is to be counted on the source.
fn spans<'a>(
    cut: &'a Cut,
    sources: &'a SourceHeads,
) -> impl Iterator<Item = (String, PartitionId, Span)> + 'a {
    cut.rows.copies().filter_map(|(row, source)| {
        let topic = cut.rows.topic(row);
        let of = topic.source.as_ref()?;
        if !is_put_back_to_running(cut, &of.alias) {
            return None;
        }
        let partition = PartitionId::new(of.topic.clone(), row.partition);
        let head = sources.get(&(of.alias.clone(), partition.clone()))?;
        let from = source.next.map_or(source.searched_to, |next| next.offset);
        let start = from.max(head.log_start_offset);
        let copy = PartitionId::new(topic.name.clone(), row.partition);
        (start < head.last_stable_offset).then(|| {
            let span = Span {
                partition,
                start,
                until: head.last_stable_offset,
                most: u64::MAX,
                keep_last: 0,
            };
            (of.alias.clone(), copy, span)
        })
    })
}

/// What a connector that is left stopped or paused does not copy is no
/// backlog: it would be waited for in vain.
fn is_put_back_to_running(cut: &Cut, alias: &str) -> bool {
    cut.quiesce
        .iter()
        .flat_map(|quiesce| &quiesce.connectors)
        .filter(|prior| prior.copies && prior.source_alias == alias)
        .any(|prior| {
            !matches!(
                prior.state,
                ConnectorState::Stopped | ConnectorState::Paused
            )
        })
}

/// Counts the backlog, and waits until as much has arrived. Gives the copies
/// that lack something of it when the time is up.
pub(crate) fn watch(
    world: &impl World,
    cut: &Cut,
    sources: &SourceHeads,
    baseline: &Baseline,
    resume: &mut Resume,
) -> Result<BTreeSet<PartitionId>, Failure> {
    let deadline = Deadline::after(world, cut.settings.catch_up_timeout_ms);
    let Some(mut missing) = backlog(world, cut, sources, resume)? else {
        return Ok(BTreeSet::new());
    };
    let mut position = baseline.clone();
    loop {
        missing.retain(|_, count| *count > 0);
        if missing.is_empty() {
            resume.caught_up_ms = Some(world.now_ms());
            return Ok(BTreeSet::new());
        }
        if deadline.has_passed(world) {
            return Ok(missing.into_keys().collect());
        }
        let left: u64 = missing.values().sum();
        world.waiting(
            "resumeMirror",
            &format!("{left} records to be caught up"),
            Some(deadline.remaining_ms(world)),
        );
        count_arrived(world, &mut missing, &mut position)?;
        deadline.sleep(world, COUNT_EVERY_MS);
    }
}

/// Data records pending on the sources at the resume, by the mirror's
/// partition; `None` where they could not be counted.
fn backlog(
    world: &impl World,
    cut: &Cut,
    sources: &SourceHeads,
    resume: &mut Resume,
) -> Result<Option<BTreeMap<PartitionId, u64>>, Failure> {
    let mut by_alias: BTreeMap<String, Vec<(PartitionId, Span)>> = BTreeMap::new();
    for (alias, copy, span) in spans(cut, sources) {
        by_alias.entry(alias).or_default().push((copy, span));
    }
    let mut missing = BTreeMap::new();
    for (alias, asked) in by_alias {
        let isolation = cut
            .quiesce
            .iter()
            .flat_map(|quiesce| &quiesce.connectors)
            .find(|prior| prior.copies && prior.source_alias == alias)
            .map_or(Isolation::ReadUncommitted, |prior| prior.isolation);
        let spans: Vec<Span> = asked.iter().map(|(_, span)| span.clone()).collect();
        let reads = world.read(&Cluster::Source(alias), isolation, &spans, READ_MS)?;
        for ((copy, span), read) in asked.into_iter().zip(reads) {
            if !read.reaches(span.until) {
                return Ok(None);
            }
            missing.insert(copy, read.count);
        }
    }
    resume.backlog = missing.values().sum();
    Ok(Some(missing))
}

fn count_arrived(
    world: &impl World,
    missing: &mut BTreeMap<PartitionId, u64>,
    position: &mut Baseline,
) -> Result<(), Failure> {
    let partitions: Vec<PartitionId> = missing.keys().cloned().collect();
    let spans: Vec<Span> = world
        .sweep(&Cluster::Mirror, &partitions)?
        .rows
        .into_iter()
        .filter_map(|row| {
            let head = row.head.ok()?;
            let start = position.get(&row.partition)?.max(&head.log_start_offset);
            (*start < head.last_stable_offset).then(|| Span {
                partition: row.partition.clone(),
                start: *start,
                until: head.last_stable_offset,
                most: missing[&row.partition],
                keep_last: 0,
            })
        })
        .collect();
    let isolation = Isolation::ReadCommitted;
    for read in world.read(&Cluster::Mirror, isolation, &spans, READ_MS)? {
        if let Some(count) = missing.get_mut(&read.partition) {
            *count = count.saturating_sub(read.count);
        }
        position.insert(read.partition, read.position);
    }
    Ok(())
}
