//! The sources' side of the rows: committed offsets, the next data record,
//! the last ones up to the committed offset.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::{Cut, Next, Quiesce, Rows, SourceRow, Unreachable};
use slackwater_kit::{
    Deadline, Look, SourceFeed, SourceKey, TailRequest, configurations, read_tails, rows_of,
    sampled, tail_of,
};
use slackwater_ports::{
    Cluster, ConnectorState, Ended, Failure, Head, Isolation, Level, PartitionId, PortError,
    RecordSeen, Span, SpanRead,
};

use crate::World;
use crate::drained::Held;
use crate::gap::{Known, gap};
use crate::seams;

/// How long one reading of records may take, for all partitions together.
const READ_MS: u64 = 15_000;

/// Connect may hold the answer back while a transaction is open; asked again
/// until the drain's deadline.
const ASK_AGAIN_MS: u64 = 500;

/// What was gathered between the looks.
#[derive(Default)]
pub(crate) struct Sources {
    /// What there was no answer of while the mirror was held: done without, where the run
    /// may.
    pub(crate) unreachable: Vec<Unreachable>,
    committed: BTreeMap<SourceKey, u64>,
    heads: BTreeMap<SourceKey, Head>,
    next: BTreeMap<SourceKey, SpanRead>,
    source_tails: BTreeMap<SourceKey, Vec<RecordSeen>>,
    mirror_tails: BTreeMap<PartitionId, Vec<RecordSeen>>,
}

/// Gathers it. The mirror's tails are those of `look`, which must turn out to
/// be equal to the last one.
pub(crate) fn gather(
    world: &impl World,
    cut: &Cut,
    held: &Held,
    look: &Look,
    deadline: Deadline,
) -> Result<Sources, Failure> {
    let most = cut.settings.tail_records;
    let mut sources = Sources {
        mirror_tails: mirror_tails(world, held, look, most)?,
        ..Sources::default()
    };
    for feed in &held.feed.sources {
        committed(world, feed, deadline, &mut sources.committed)?;
        if is_done_without(cut, &feed.alias) {
            continue;
        }
        let read = of_source(world, cut, feed, &sources.committed);
        match read {
            Ok(read) => {
                sources.heads.extend(read.heads);
                sources.next.extend(read.next);
                sources.source_tails.extend(read.source_tails);
            }
            Err(Unread::Silent(silence)) if cut.settings.allow_unreachable => {
                world.log(
                    Level::Warn,
                    &format!("done without source {}: {silence}", feed.alias),
                );
                sources.unreachable.push(Unreachable {
                    alias: feed.alias.clone(),
                    why: silence.message,
                });
            }
            Err(Unread::Silent(silence)) => return Err(silence.into()),
            Err(Unread::Failed(failure)) => return Err(failure),
        }
    }
    Ok(sources)
}

/// Whether the run has done without a source from its begin: what it would say now, nothing
/// before the stop is there to compare with.
fn is_done_without(cut: &Cut, alias: &str) -> bool {
    let mut found = cut.quiesce.iter().flat_map(|one| &one.unreachable);
    found.any(|one| one.alias == alias)
}

/// Why a source was not read.
enum Unread {
    Silent(PortError),
    Failed(Failure),
}

impl From<PortError> for Unread {
    fn from(error: PortError) -> Self {
        match error.is_silence() {
            true => Self::Silent(error),
            false => Self::Failed(error.into()),
        }
    }
}

/// All that is needed of one source, or nothing.
fn of_source(
    world: &impl World,
    cut: &Cut,
    feed: &SourceFeed,
    committed: &BTreeMap<SourceKey, u64>,
) -> Result<Sources, Unread> {
    let mut read = Sources {
        committed: committed.clone(),
        ..Sources::default()
    };
    let cluster = Cluster::Source(feed.alias.clone());
    let partitions = copied(cut, feed);
    let rows = world.sweep(&cluster, &partitions)?.rows;
    let is_answered = rows.iter().any(|row| row.head.is_ok());
    for row in rows {
        let head = match row.head {
            Ok(head) => head,
            Err(why) => {
                // A source that is there says so, and has no answer for these alone.
                if !is_answered {
                    world.describe(&cluster)?;
                }
                return Err(Unread::Failed(Failure::failed(format!(
                    "no answer for {} of {cluster}: {why}",
                    row.partition
                ))));
            }
        };
        read.heads.insert((feed.alias.clone(), row.partition), head);
    }
    let spans = partitions
        .iter()
        .map(|id| read.next_span(feed, id))
        .collect::<Vec<_>>();
    for next in world.read(&cluster, feed.isolation, &spans, READ_MS)? {
        let key = (feed.alias.clone(), next.partition.clone());
        read.next.insert(key, next);
    }
    let requests: Vec<TailRequest> = partitions
        .iter()
        .filter_map(|id| read.tail_request(feed, id))
        .collect();
    let most = cut.settings.tail_records;
    let tails = read_tails(world, &cluster, feed.isolation, &requests, most, READ_MS)?;
    for (id, records) in tails {
        read.source_tails.insert((feed.alias.clone(), id), records);
    }
    Ok(read)
}

/// The rows of the cut: those of `look`, with tails and sources.
pub(crate) fn rows(
    world: &impl World,
    cut: &Cut,
    held: &Held,
    look: &Look,
    sources: Sources,
) -> Result<Rows, Failure> {
    let configs = configurations(world, &held.map, &look.view)?;
    let mut rows = rows_of(look, &held.map, &configs);
    let topics = rows.topics.clone();
    for row in &mut rows.partitions {
        let topic = &topics[row.topic as usize];
        let id = PartitionId::new(topic.name.clone(), row.partition);
        let mirror = sources.mirror_tails.get(&id);
        row.tail = mirror.and_then(|records| tail_of(records));
        let Some(source) = &topic.source else {
            continue;
        };
        let key = (
            source.alias.clone(),
            PartitionId::new(source.topic.clone(), row.partition),
        );
        row.source = source_row(cut, &sources, &key, mirror, topic.compacted);
    }
    seams::find_how_far_ahead(world, cut, held, &mut rows, &sources.mirror_tails)?;
    Ok(rows)
}

/// Source partitions that were copied when the run began and that no row is a
/// copy of: a restored mirror would go on without them.
pub(crate) fn unmatched(cut: &Cut, held: &Held, rows: &Rows) -> Vec<String> {
    let known: BTreeSet<SourceKey> = rows
        .partitions
        .iter()
        .filter_map(|row| {
            let source = rows.topic(row).source.as_ref()?;
            let id = PartitionId::new(source.topic.clone(), row.partition);
            Some((source.alias.clone(), id))
        })
        .collect();
    let sampled = cut.quiesce.iter().flat_map(sampled);
    sampled
        .filter(|key| !known.contains(key))
        .filter(|(alias, id)| {
            let feed = held.feed.sources.iter().find(|feed| feed.alias == *alias);
            let copy = feed.map_or_else(String::new, |feed| feed.policy.copy_of(alias, &id.topic));
            !held.map.is_state(&copy) && held.map.is_protected(&copy)
        })
        .map(|(alias, id)| format!("{id} of source {alias}"))
        .collect()
}

impl Sources {
    fn needed(&self, key: &SourceKey) -> u64 {
        self.committed.get(key).map_or(0, |offset| offset + 1)
    }

    fn next_span(&self, feed: &SourceFeed, id: &PartitionId) -> Span {
        let key = (feed.alias.clone(), id.clone());
        let head = &self.heads[&key];
        Span {
            partition: id.clone(),
            start: self
                .needed(&key)
                .max(head.log_start_offset)
                .min(head.high_watermark),
            until: head.high_watermark,
            most: 1,
            keep_last: 1,
        }
    }

    fn tail_request(&self, feed: &SourceFeed, id: &PartitionId) -> Option<TailRequest> {
        let key = (feed.alias.clone(), id.clone());
        let head = self.heads.get(&key)?;
        let committed = self.committed.get(&key)?;
        Some(TailRequest {
            partition: id.clone(),
            start: head.log_start_offset,
            end: committed + 1,
        })
    }
}

fn source_row(
    cut: &Cut,
    sources: &Sources,
    key: &SourceKey,
    mirror: Option<&Vec<RecordSeen>>,
    compacted: bool,
) -> Option<SourceRow> {
    let head = sources.heads.get(key)?;
    let read = sources.next.get(key)?;
    let next = read.records.last().map(|record| Next {
        offset: record.offset,
        timestamp_ms: record.timestamp_ms,
    });
    // What was not read to its end was not looked through: the claim sees it.
    let searched_to = match read.ended {
        Ended::Most | Ended::Until | Ended::EndOfPartition => read.position,
        _ => 0,
    };
    let quiesce = cut.quiesce.as_ref()?;
    let front = sampled(quiesce)
        .position(|one| one == *key)
        .and_then(|at| quiesce.fronts.get(at).copied());
    Some(SourceRow {
        last_mirrored: sources.committed.get(key).copied(),
        next,
        searched_to,
        log_start_offset: head.log_start_offset,
        last_stable_offset: head.last_stable_offset,
        high_watermark: head.high_watermark,
        tail_read: sources
            .source_tails
            .get(key)
            .map(|records| u32::try_from(records.len()).unwrap_or(u32::MAX)),
        gap: gap(&Known {
            needed: sources.needed(key),
            log_start: head.log_start_offset,
            front,
            was_running: was_copying(quiesce, &key.0),
        }),
        seam: mirror
            .zip(sources.source_tails.get(key))
            .and_then(|(mirror, source)| slackwater_kit::seam(mirror, source, compacted)),
    })
}

/// Whether tasks copied from a source when the run began. A connector that was started while
/// its source could not be reached is RUNNING without any, until it looks for topics again:
/// it has passed nothing that was deleted meanwhile.
fn was_copying(quiesce: &Quiesce, alias: &str) -> bool {
    let mut of = quiesce.connectors.iter();
    of.any(|prior| {
        let is_running = prior.state == ConnectorState::Running && prior.tasks > 0;
        prior.copies && prior.source_alias == alias && is_running
    })
}

fn copied(cut: &Cut, feed: &SourceFeed) -> Vec<PartitionId> {
    cut.quiesce.as_ref().map_or_else(Vec::new, |quiesce| {
        quiesce
            .sampled
            .iter()
            .filter(|one| one.alias == feed.alias)
            .map(|one| one.partition.clone())
            .collect()
    })
}

fn committed(
    world: &impl World,
    feed: &SourceFeed,
    deadline: Deadline,
    into: &mut BTreeMap<SourceKey, u64>,
) -> Result<(), Failure> {
    loop {
        match world.positions(&feed.connector) {
            Ok(positions) => {
                into.extend(
                    positions
                        .into_iter()
                        .map(|one| ((feed.alias.clone(), one.partition), one.offset)),
                );
                return Ok(());
            }
            Err(error) if deadline.has_passed(world) => {
                return Err(Failure::failed(format!(
                    "the committed offsets of {} are not settled: {error}",
                    feed.connector
                )));
            }
            Err(error) => {
                world.waiting(
                    "awaitDrain",
                    &error.message,
                    Some(deadline.remaining_ms(world)),
                );
                deadline.sleep(world, ASK_AGAIN_MS);
            }
        }
    }
}

/// The last records of all that may not move.
fn mirror_tails(
    world: &impl World,
    held: &Held,
    look: &Look,
    most: u32,
) -> Result<BTreeMap<PartitionId, Vec<RecordSeen>>, Failure> {
    let own: Vec<&str> = look
        .view
        .topics
        .iter()
        .filter(|topic| held.map.class(topic) == Some(slackwater_cut::Class::Own))
        .map(|topic| topic.name.as_str())
        .collect();
    let requests: Vec<TailRequest> = look
        .sweep
        .rows
        .iter()
        .filter(|row| !own.contains(&row.partition.topic.as_str()))
        .filter_map(|row| {
            let head = row.head.as_ref().ok()?;
            Some(TailRequest {
                partition: row.partition.clone(),
                start: head.log_start_offset,
                end: head.high_watermark,
            })
        })
        .collect();
    let isolation = Isolation::ReadCommitted;
    let tails = read_tails(world, &Cluster::Mirror, isolation, &requests, most, READ_MS)?;
    if let Some(missing) = requests
        .iter()
        .find(|one| !tails.contains_key(&one.partition))
    {
        return Err(Failure::failed(format!(
            "the last records of {} could not be read in {READ_MS} ms",
            missing.partition
        )));
    }
    Ok(tails)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use super::*;

    const CLOSED: &str = include_str!("../../cut/tests/fixtures/exactly-once.json");

    #[test]
    fn a_connector_that_runs_without_a_task_has_passed_nothing() {
        let mut quiesce = Cut::parse(CLOSED).unwrap().quiesce.unwrap();
        let mut copying = quiesce.connectors.iter().filter(|one| one.copies);
        let alias = copying.next().unwrap().source_alias.clone();
        assert!(was_copying(&quiesce, &alias));
        quiesce.connectors.iter_mut().for_each(|one| one.tasks = 0);
        assert!(!was_copying(&quiesce, &alias));
    }
}
