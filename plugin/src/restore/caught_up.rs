//! Whether what copies has come as far as its source was when this began: by what
//! Connect has committed, which a worker that starts anew goes on from. Of records
//! between there and the end only transaction markers may be left.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::{ConnectorPrior, Cut, PartitionRow};
use slackwater_kit::Feed;
use slackwater_ports::{
    Clock as _, Cluster, ConnectorState, Heads as _, PartitionId, Records as _, Seen, Span,
};

use crate::adapters::SystemClock;
use crate::exit::Stop;
use crate::site::Site;

/// Between two looks. Connect commits once a minute by default
/// (`offset.flush.interval.ms`).
const LOOK_MS: u64 = 3_000;

/// Until Connect has an answer.
const ANSWERS_MS: u64 = 60_000;

/// One reading of what lies beyond what was committed.
const READ_MS: u64 = 30_000;

/// Where each copied partition of a source ends, and from where there is anything.
type Goal = BTreeMap<(String, PartitionId), (u64, u64)>;

/// Waits until it has; gives how many partitions have not when the time is up.
///
/// # Errors
/// A source without an answer at the begin: it is not known how far there is to go.
/// Where loss is accepted, nothing is awaited of a partition that its source has no more.
pub(super) fn wait(site: &Site, cut: &Cut, most_ms: u64, accept_loss: bool) -> Result<usize, Stop> {
    let goal = goal(site, cut, accept_loss)?;
    let began = SystemClock.monotonic_ms();
    let mut told = None;
    loop {
        // A look without an answer is none: the next one may have it.
        let behind = behind(site, cut, &goal).unwrap_or(goal.len());
        let passed = SystemClock.monotonic_ms().saturating_sub(began);
        if behind == 0 || passed >= most_ms {
            return Ok(behind);
        }
        if told != Some(behind) {
            let words = format!("{behind} partitions to be caught up");
            site.terminal.say(&words);
            told = Some(behind);
        }
        SystemClock.sleep_ms(LOOK_MS);
    }
}

/// What copies, and was found to run.
fn copying(cut: &Cut) -> impl Iterator<Item = &ConnectorPrior> {
    let all = cut.quiesce.iter().flat_map(|quiesce| &quiesce.connectors);
    all.filter(|one| one.copies && !rests(one))
}

/// Whether it was found not to run.
pub(super) fn rests(one: &ConnectorPrior) -> bool {
    matches!(one.state, ConnectorState::Stopped | ConnectorState::Paused)
}

/// Alias and partition of each copied partition of the sources. A run that stopped
/// nothing has compared no rows, and lists its copies apart; one that did without a source
/// has not compared those of that one.
pub(super) fn copied(cut: &Cut) -> BTreeSet<(String, PartitionId)> {
    let compared = cut.rows.copies();
    let compared = compared.filter_map(|(row, _)| at_source(cut, row));
    let without: BTreeSet<&str> = cut.unreachable().map(|one| one.alias.as_str()).collect();
    let not_compared = cut.rows.unmatched_copies();
    let not_compared = not_compared.filter_map(|row| at_source(cut, row));
    let not_compared = not_compared.filter(|(alias, _)| without.contains(alias.as_str()));
    let hot = cut.hot.iter().flat_map(|hot| &hot.copies);
    let hot = hot.map(|one| (one.source.alias.clone(), one.source.partition.clone()));
    compared.chain(not_compared).chain(hot).collect()
}

/// Alias and partition of that of which a row is the copy.
pub(super) fn at_source(cut: &Cut, row: &PartitionRow) -> Option<(String, PartitionId)> {
    let of = cut.rows.topic(row).source.as_ref()?;
    let id = PartitionId::new(of.topic.clone(), row.partition);
    Some((of.alias.clone(), id))
}

/// Of what a run could not ask its source for, what that has: a topic that was deleted there
/// before is copied from it no more, and its positions stay for ever.
pub(super) fn there(
    site: &Site,
    cut: &Cut,
    alias: &str,
    partitions: Vec<PartitionId>,
) -> Result<Vec<PartitionId>, Stop> {
    if cut.unreachable().all(|one| one.alias != alias) {
        return Ok(partitions);
    }
    let source = Cluster::Source(alias.to_owned());
    let view = site.kafka().describe(&source);
    let view = view.map_err(|error| Stop::failed(error.message))?;
    let topics = view.topics.iter();
    let has: BTreeSet<(&str, u32)> = topics
        .flat_map(|topic| {
            let of = topic.partitions.iter();
            of.map(|one| (topic.name.as_str(), one.partition))
        })
        .collect();
    let (there, not): (Vec<_>, Vec<_>) = partitions
        .into_iter()
        .partition(|id| has.contains(&(id.topic.as_str(), id.partition)));
    for id in not {
        tracing::warn!("source {alias} has no {id}, and what the mirror has under its name stays");
    }
    Ok(there)
}

/// Connect's, once it has one: it may just have started, or hold the answer back while a
/// transaction is open.
///
/// # Errors
/// The last one, after a minute.
pub(super) fn answer<T>(ask: impl Fn() -> Seen<T>) -> Result<T, Stop> {
    let began = SystemClock.monotonic_ms();
    loop {
        match ask() {
            Ok(answer) => return Ok(answer),
            Err(error) if SystemClock.monotonic_ms().saturating_sub(began) > ANSWERS_MS => {
                return Err(Stop::failed(error.message));
            }
            Err(_) => SystemClock.sleep_ms(LOOK_MS),
        }
    }
}

/// What tasks copy by now, of topics that were not there at the backup, too: the syncs of the
/// mirror from before name offsets of these.
///
/// # Errors
/// Connect has no answer for a minute.
fn assigned(site: &Site) -> Result<Vec<(String, PartitionId)>, Stop> {
    let seen = answer(|| site.ground().feeders().look.mirror())?;
    let feed = Feed::check(&seen).map_err(|failure| Stop::failed(failure.reason))?;
    let of_each = feed.sources.into_iter().flat_map(|source| {
        let alias = source.alias;
        let of = source.assigned.into_iter();
        of.map(move |partition| (alias.clone(), partition))
    });
    Ok(of_each.collect())
}

fn goal(site: &Site, cut: &Cut, accept_loss: bool) -> Result<Goal, Stop> {
    let mut of: BTreeMap<String, Vec<PartitionId>> = BTreeMap::new();
    let copied = copied(cut);
    let later = assigned(site)?.into_iter();
    let later: BTreeSet<_> = later.filter(|key| !copied.contains(key)).collect();
    for (alias, partition) in copied.into_iter().chain(later.iter().cloned()) {
        if copying(cut).any(|one| one.source_alias == alias) {
            of.entry(alias).or_default().push(partition);
        }
    }
    let mut goal = Goal::new();
    for (alias, partitions) in of {
        let partitions = there(site, cut, &alias, partitions)?;
        let sweep = site
            .kafka()
            .sweep(&Cluster::Source(alias.clone()), &partitions)
            .map_err(|error| Stop::failed(error.message))?;
        for row in sweep.rows {
            let head = match row.head {
                Ok(head) => head,
                // One that went since it was assigned holds up nobody.
                Err(why)
                    if accept_loss || later.contains(&(alias.clone(), row.partition.clone())) =>
                {
                    tracing::warn!(
                        "{} of source {alias}: {why}: it is not awaited",
                        row.partition
                    );
                    continue;
                }
                Err(why) => {
                    let why = format!("{} of source {alias}: {why}", row.partition);
                    return Err(Stop::failed(why));
                }
            };
            let ends = (head.log_start_offset, head.last_stable_offset);
            goal.insert((alias.clone(), row.partition), ends);
        }
    }
    Ok(goal)
}

fn behind(site: &Site, cut: &Cut, goal: &Goal) -> Result<usize, Stop> {
    let failed = |error: slackwater_ports::PortError| Stop::failed(error.message);
    let mut behind = 0;
    for one in copying(cut) {
        let positions = site.ground().feeders().position.positions(&one.connector);
        let committed: BTreeMap<PartitionId, u64> = positions
            .map_err(failed)?
            .into_iter()
            .map(|at| (at.partition, at.offset.saturating_add(1)))
            .collect();
        let mut spans = Vec::new();
        for ((_, partition), (start, end)) in goal
            .iter()
            .filter(|((alias, _), _)| *alias == one.source_alias)
        {
            let start = committed.get(partition).map_or(*start, |at| *start.max(at));
            if start < *end {
                spans.push(Span {
                    partition: partition.clone(),
                    start,
                    until: *end,
                    most: 1,
                    keep_last: 0,
                });
            }
        }
        let source = Cluster::Source(one.source_alias.clone());
        let reads = site
            .kafka()
            .read(&source, one.isolation, &spans, READ_MS)
            .map_err(failed)?;
        behind += spans
            .iter()
            .zip(&reads)
            .filter(|(span, read)| read.count > 0 || !read.reaches(span.until))
            .count();
    }
    Ok(behind)
}
