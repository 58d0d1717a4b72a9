//! One partition: its copies held against each other, and of the one that is
//! kept what the search for the point wants to know. Reads the last segments
//! first, and older ones only as far as something asks for them.

use slackwater_cut::HotHead;
use slackwater_logdir::{Replica, SegmentReader, ages};
use slackwater_point::{
    Judgement, Located, Locator, Log, NO_PLACE, Numbered, Place, PlannedReplica, PlannedStanding,
    ReadCount, Refused, Seen, Standing, Window, judge, odd_one,
};
use slackwater_ports::PartitionId;

use crate::copy::{Batch, Broken, CopyAt, CopyRead, read_copy};
use crate::error::TrimError;
use crate::history::{History, decode};
use crate::numbered::{Counted, KeptLog, Numbering};

/// A window goes so much further back than was asked for, within what is read by
/// then, so that a point which goes down a little does not make it begin anew.
const SLACK_MS: i64 = 10_000;

/// The copies of a partition.
pub(crate) struct Group {
    pub(crate) partition: PartitionId,
    pub(crate) ordered: bool,
    /// Sorted by node.
    pub(crate) copies: Vec<CopyAt>,
    /// How far each was read.
    pub(crate) reach: Reach,
    /// Of the kept one, where the order is one of numbers.
    pub(crate) counted: Counted,
    /// Which one that is: what was counted of it counts for the point.
    pub(crate) counted_of: Option<usize>,
}

/// How far back the copies of a partition are read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach {
    /// Segments from the end, of each copy.
    pub(crate) back: Vec<usize>,
    /// The window begins no later than the first record above it.
    pub(crate) above: Option<i64>,
    /// Nor later than this offset.
    pub(crate) from: Option<u64>,
    /// Numbers, until one below this was read.
    pub(crate) below: Option<i64>,
    /// More of the kept log, for its transactions.
    pub(crate) more: bool,
}

/// What is wanted of every partition.
pub(crate) struct Asked<'a> {
    /// Timestamps are places in the order.
    pub(crate) timestamps: bool,
    /// Numbers are, which this gives.
    pub(crate) numbering: Option<Numbering<'a>>,
    /// Records that are stamped later say nothing of how far a log is.
    pub(crate) ceiling_ms: Option<i64>,
    /// What lies below was acknowledged before the first copy was taken.
    pub(crate) then: Option<u64>,
    /// The heads of its source, the oldest first; empty without.
    pub(crate) heads: &'a [Option<HotHead>],
}

/// What was found.
pub(crate) struct Examined {
    pub(crate) log: Log,
    /// Position of the kept copy.
    pub(crate) kept: usize,
    pub(crate) replicas: Vec<PlannedReplica>,
    /// Below it one of the copies was compacted.
    pub(crate) cleaned_to: u64,
    /// What was read of its numbers, where these are the order.
    pub(crate) numbered: Numbered,
    /// The timestamps of the window's records then.
    pub(crate) window_ms: Vec<i64>,
    /// Where each head lies.
    pub(crate) located: Vec<Located>,
    pub(crate) count: ReadCount,
}

impl Examined {
    /// The earliest timestamp of what a cut there takes.
    pub(crate) fn earliest_ms(&self, cut: u64) -> Option<i64> {
        let records = self.log.window.records.iter().enumerate();
        let lost = records.filter(|(_, record)| record.offset >= cut);
        let stamps = lost.filter_map(|(at, _)| self.ms_of(at));
        stamps.filter(|ms| *ms >= 0).min()
    }

    /// Of a record of the window: where that has the order's numbers, beside it.
    fn ms_of(&self, at: usize) -> Option<i64> {
        match self.window_ms.is_empty() {
            true => self.log.window.records.get(at).map(|one| one.at),
            false => self.window_ms.get(at).copied(),
        }
    }

    /// That of one record.
    pub(crate) fn timestamp_ms(&self, offset: u64) -> Option<i64> {
        let records = &self.log.window.records;
        let at = records.binary_search_by_key(&offset, |one| one.offset);
        self.ms_of(at.ok()?)
    }
}

/// Reads the copies of `group`, as far as its reach and what is found ask for.
pub(crate) fn examine(
    reader: &mut SegmentReader,
    group: &mut Group,
    asked: &Asked<'_>,
) -> Result<Examined, TrimError> {
    group.reach.back.resize(group.copies.len(), 1);
    loop {
        let reads = read_all(reader, group)?;
        let judged: Vec<_> = group
            .copies
            .iter()
            .zip(&reads)
            .map(|(copy, read)| read.judged(copy.node, &copy.replica))
            .collect();
        let (kept, forks) = match judge(&judged) {
            Judgement::Judged { kept, forks } => (kept, forks),
            Judgement::Older(older) => {
                for at in older {
                    group.reach.back[at] *= 2;
                }
                continue;
            }
        };
        if let Some(fork) = forks.iter().find(|one| one.standing == Standing::Divergent) {
            return Err(TrimError::Divergent {
                partition: group.partition.clone(),
                offset: fork.agrees_to,
                odd: odd_one(&judged).map(|at| group.copies[at].node),
            });
        }
        let segments = group.copies[kept].replica.segments.len();
        let behind = forks.iter().any(|one| one.standing == Standing::Behind);
        if behind && !reads[kept].is_whole() {
            // It will be copied from its first batch on.
            group.reach.back[kept] = segments;
            continue;
        }
        if std::mem::take(&mut group.reach.more) {
            // By as much again, so that a long way is few readings.
            let back = segments - reads[kept].first.min(segments);
            group.reach.back[kept] = (2 * back.max(1)).min(segments);
            continue;
        }
        whole_enough(group, kept, &reads)?;
        if let Some(counted) = group.counted_of.filter(|counted| *counted != kept) {
            let why = "the other copies go further than what is whole of it";
            let why = damage(&reads[counted]).map_or(why, |broken| &broken.why);
            return Err(damaged(group, counted, &reads, why));
        }
        group.counted_of = asked.numbering.filter(|_| group.ordered).map(|_| kept);
        match kept_log(reader, group, &reads[kept], kept, asked)? {
            Some(found) => {
                let planned = group.copies.iter().zip(&reads).zip(&forks);
                let replicas = planned
                    .filter_map(|((copy, read), fork)| {
                        let standing = PlannedStanding::try_from(fork.standing).ok()?;
                        Some(PlannedReplica {
                            node: copy.node,
                            start: copy.replica.start,
                            end: read.end.max(copy.replica.start),
                            agrees_to: fork.agrees_to,
                            standing,
                            broken: read.broken.as_ref().map(|broken| broken.why.clone()),
                            read_from: read.read_from,
                            seen: read.seen(&copy.replica),
                        })
                    })
                    .collect();
                return Ok(Examined {
                    log: found.log,
                    kept,
                    replicas,
                    cleaned_to: reads.iter().map(|one| one.cleaned_to).max().unwrap_or(0),
                    numbered: found.numbered,
                    window_ms: found.window_ms,
                    located: found.located,
                    count: count(group, &reads),
                });
            }
            // Below 0 there is no number: all of it is wanted.
            None if group.reach.below.is_some_and(|below| below <= 0) => {
                group.reach.back[kept] = segments;
            }
            None => group.reach.back[kept] = (2 * group.reach.back[kept]).min(segments),
        }
    }
}

fn read_all(reader: &mut SegmentReader, group: &Group) -> Result<Vec<CopyRead>, TrimError> {
    let each = group.copies.iter().zip(&group.reach.back);
    each.map(|(copy, back)| {
        let first = copy.replica.segments.len().saturating_sub(*back);
        Ok(read_copy(reader, &copy.replica, first)?)
    })
    .collect()
}

/// The kept log goes further than all others: what is lost behind damage in it no other has.
fn whole_enough(group: &Group, kept: usize, reads: &[CopyRead]) -> Result<(), TrimError> {
    let Some(broken) = damage(&reads[kept]) else {
        return Ok(());
    };
    Err(damaged(group, kept, reads, &broken.why))
}

fn damaged(group: &Group, at: usize, reads: &[CopyRead], why: &str) -> TrimError {
    let others = group.copies.iter().zip(reads);
    let whole = others.filter(|(_, read)| damage(read).is_none());
    TrimError::Damaged {
        partition: group.partition.clone(),
        node: group.copies[at].node,
        offset: reads[at].end,
        why: why.to_owned(),
        whole: whole.map(|(copy, read)| (copy.node, read.end)).collect(),
    }
}

/// What no crash has left.
fn damage(read: &CopyRead) -> Option<&Broken> {
    read.broken.as_ref().filter(|broken| !broken.at_end)
}

/// What was found of the kept log.
struct Kept {
    log: Log,
    numbered: Numbered,
    window_ms: Vec<i64>,
    located: Vec<Located>,
}

impl Kept {
    fn of(log: Log, located: Vec<Located>) -> Self {
        Self {
            log,
            numbered: Numbered::default(),
            window_ms: Vec::new(),
            located,
        }
    }
}

/// What is wanted of the kept log; `None` where more of it has to be read.
fn kept_log(
    reader: &mut SegmentReader,
    group: &mut Group,
    read: &CopyRead,
    kept: usize,
    asked: &Asked<'_>,
) -> Result<Option<Kept>, TrimError> {
    let replica = &group.copies[kept].replica;
    let start = group
        .copies
        .iter()
        .map(|copy| copy.replica.start)
        .max()
        .unwrap_or(0);
    let end = read.end.max(replica.start);
    let history = History::of(read, replica);
    let older_newest = older_newest(reader, replica, read)?;
    let mut log = Log {
        partition: group.partition.clone(),
        ordered: group.ordered,
        start,
        end,
        newest: None,
        complete_ms: None,
        window: Window {
            from: end,
            before: None,
            records: Vec::new(),
        },
        transactions_from: history.known_from,
        then: asked.then,
        // Markers count there, too: they are stamped by brokers.
        ended_by_ms: older_newest,
        transactions: history.transactions.clone(),
        front_gone: start > 0 || read.cleaned_to > 0,
    };
    if !group.ordered {
        return Ok(Some(Kept::of(log, Vec::new())));
    }
    let data = |batch: &&Batch| !batch.header.control && !history.is_aborted(batch);
    let append_time = read
        .batches
        .iter()
        .filter(data)
        .any(|one| one.header.log_append_time);
    if asked.timestamps && append_time {
        return Err(Refused::AppendTime(group.partition.clone()).into());
    }
    let newest_of = |batch: &Batch| Some(batch.header.max_timestamp).filter(|ms| *ms >= 0);
    let below = |ms: &i64| asked.ceiling_ms.is_none_or(|ceiling| *ms <= ceiling);
    log.newest = read
        .batches
        .iter()
        .filter(data)
        .filter_map(newest_of)
        .filter(below)
        .max();
    if log.newest.is_none() && !read.is_whole() {
        return Ok(None);
    }
    if let Some(numbering) = asked.numbering {
        let of = KeptLog {
            partition: &group.partition,
            replica,
            read,
            history: &history,
            end,
        };
        let found = of.count(reader, &mut group.counted, &group.reach, numbering)?;
        return Ok(found.map(|found| {
            log.window = found.window;
            Kept {
                log,
                numbered: found.numbered,
                window_ms: found.window_ms,
                located: Vec::new(),
            }
        }));
    }
    let Some(first) = window_begins(read, &group.reach, older_newest) else {
        return Ok(None);
    };
    let (before, inside) = read.batches.split_at(first);
    log.window.from = inside.first().map_or(end, |batch| batch.header.base_offset);
    log.window.before = before
        .iter()
        .filter(data)
        .filter_map(newest_of)
        .max()
        .max(older_newest);
    decode(reader, replica, inside, &history, |record| {
        log.window.records.push(Place {
            offset: record.offset,
            at: match record.timestamp_ms {
                ms if ms >= 0 => ms,
                _ => NO_PLACE,
            },
        });
    })?;
    let located = locate(reader, replica, read, &history, asked.heads, older_newest)?;
    // The newest head is what tells whether a partition is idle.
    if asked.timestamps && located.last() == Some(&Located::Older) {
        return Ok(None);
    }
    Ok(Some(Kept::of(log, located)))
}

/// The batch at which the window begins; `None` where that lies further back.
fn window_begins(read: &CopyRead, reach: &Reach, older_newest: Option<i64>) -> Option<usize> {
    let mut first = read.batches.len();
    if let Some(from) = reach.from {
        if from < read.read_from && !read.is_whole() {
            return None;
        }
        first = first.min(
            read.batches
                .partition_point(|one| one.header.last_offset < from),
        );
    }
    if let Some(above) = reach.above {
        if older_newest.is_some_and(|newest| newest > above) && !read.is_whole() {
            return None;
        }
        let above = above.saturating_sub(SLACK_MS);
        let begins = |one: &Batch| one.header.max_timestamp > above;
        first = first.min(read.batches.iter().position(begins).unwrap_or(first));
    }
    Some(first)
}

/// The greatest timestamp in the segments before those that were read, by their
/// time indexes; markers' count there, too, so that it may be too great.
fn older_newest(
    reader: &mut SegmentReader,
    replica: &Replica,
    read: &CopyRead,
) -> Result<Option<i64>, TrimError> {
    if read.is_whole() {
        return Ok(None);
    }
    let mut older = replica.clone();
    older.segments.truncate(read.first + 1);
    let mut ages = ages(reader, &older)?;
    ages.pop();
    Ok(ages.iter().map(|one| one.newest_ms).max())
}

/// Where each head lies in what was read.
fn locate(
    reader: &mut SegmentReader,
    replica: &Replica,
    read: &CopyRead,
    history: &History,
    heads: &[Option<HotHead>],
    older_newest: Option<i64>,
) -> Result<Vec<Located>, TrimError> {
    let mut locators: Vec<Option<Locator<'_>>> = heads
        .iter()
        .map(|head| head.as_ref().map(Locator::new))
        .collect();
    let marks = heads.iter().flatten().flat_map(|head| &head.last);
    let earliest = marks.map(|mark| mark.timestamp_ms).min();
    let may_hold = |batch: &Batch| earliest.is_some_and(|ms| batch.header.max_timestamp >= ms);
    let first = read
        .batches
        .iter()
        .position(may_hold)
        .unwrap_or(read.batches.len());
    decode(reader, replica, &read.batches[first..], history, |record| {
        let seen = Seen {
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
            content: record.content(),
        };
        locators
            .iter_mut()
            .flatten()
            .for_each(|one| one.follow(seen));
    })?;
    let from_start = read.is_whole() && first == 0;
    let each = locators.iter().zip(heads).map(|(locator, head)| {
        let (Some(locator), Some(head)) = (locator, head) else {
            return Located::NotThere;
        };
        let begins = head.last.first().map(|mark| mark.timestamp_ms);
        match locator.end(from_start, replica.start) {
            // What lies further back is all older than it, or was looked through.
            Located::Older if read.is_whole() || older_newest < begins => Located::NotThere,
            // It may lie further back for the first time.
            Located::At(_) if !read.is_whole() && older_newest >= begins => Located::Older,
            Located::At(at) => Located::At(past_markers(read, at)),
            located => located,
        }
    });
    Ok(each.collect())
}

/// Past the markers that come next: they end transactions of what comes before them, and a cut
/// between the two would drop these.
fn past_markers(read: &CopyRead, mut at: u64) -> u64 {
    let first = read
        .batches
        .partition_point(|one| one.header.base_offset < at);
    for batch in &read.batches[first..] {
        if !batch.header.control || batch.header.base_offset != at {
            break;
        }
        at = batch.header.last_offset + 1;
    }
    at
}

fn count(group: &Group, reads: &[CopyRead]) -> ReadCount {
    let mut count = ReadCount::default();
    for (copy, read) in group.copies.iter().zip(reads) {
        let segments =
            (copy.replica.segments.len() - read.first.min(copy.replica.segments.len())) as u64;
        count.replicas += 1;
        count.segments += segments;
        count.older_segments += segments.saturating_sub(1);
        count.bytes += read.bytes;
    }
    count
}
