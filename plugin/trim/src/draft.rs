//! The parts of a plan, from what was read and the point that was found.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::SourcePartition;
use slackwater_logdir::{Replica, SegmentReader};
use slackwater_point::{
    AddedRecord, EndOf, ForgottenId, GroupSeen, LastKept, Located, NO_PLACE, PlannedPartition,
    Point, PositionSeen, PulledBy, Role, TransactionId, Why,
};
use slackwater_ports::PartitionId;

use crate::connect::{self, Committed};
use crate::coordinator;
use crate::copy::{Batch, read_copy};
use crate::error::TrimError;
use crate::examine::Examined;
use crate::history::{History, decode};
use crate::partitioner::partition_of;
use crate::plan::Work;
use crate::unlisted::Unlisted;

/// What was read past the point itself.
pub(crate) struct Read {
    pub(crate) groups: Vec<GroupSeen>,
    pub(crate) positions: Vec<PositionSeen>,
    /// What MirrorMaker copies into.
    pub(crate) copies: BTreeSet<PartitionId>,
    /// Of each log, in their order.
    pub(crate) last_kept: Vec<Option<LastKept>>,
    /// What each log gets behind what is kept, in their order.
    pub(crate) added: Vec<Vec<AddedRecord>>,
    /// And what is forgotten there.
    pub(crate) forgotten: Vec<Vec<ForgottenId>>,
}

/// What is known of the last data record that is kept of a log.
pub(crate) enum Last {
    /// It.
    Is(Kept),
    /// There is none.
    None,
    /// It was not read.
    Unread,
}

/// The last data record that is kept of a log.
pub(crate) struct Kept {
    /// Nothing where the mirror's brokers set its time: it can't be found by that.
    record: Option<LastKept>,
    /// Producer id and epoch, where it is of a transaction.
    transaction: Option<(i64, i16)>,
}

impl Work<'_> {
    /// Groups and positions below the cuts of their topics, and the last record
    /// that is kept of each log.
    pub(crate) fn read_what_depends(&self, point: &Point) -> Result<Read, TrimError> {
        let mut reader = SegmentReader::default();
        let mut groups = Vec::new();
        for at in self.of_topic(coordinator::GROUPS) {
            groups.extend(coordinator::groups(
                &mut reader,
                &self.kept(at),
                point.cuts[at],
            )?);
        }
        let mut committed: BTreeMap<usize, Vec<Committed>> = BTreeMap::new();
        let connects = &self.site.cut.settings.connects;
        for topic in connect::offset_topics(self.site.cut) {
            for at in self.of_topic(topic) {
                let (kept, until) = (self.kept(at), point.cuts[at]);
                let there = connect::committed(&mut reader, topic, &kept, until)?;
                committed.insert(at, there);
            }
        }
        let all: Vec<usize> = (0..self.examined.len()).collect();
        let unlisted = self.unlisted(&committed);
        let last_kept = self.on_all(&all, |reader, at| {
            self.last_kept(reader, at, point.cuts[at], &unlisted)
        })?;
        let mut sources = self.sources();
        sources.extend(unlisted.here.clone());
        let mut positions = self.positions(point, &last_kept, &committed, &unlisted);
        positions.extend(unlisted.nowhere);
        let last_kept = last_kept.into_iter().map(|one| one.kept()?.record);
        let last_kept = last_kept.collect();
        let mut added = vec![Vec::new(); self.examined.len()];
        let now_ms = i64::try_from(self.site.cut.created_ms).unwrap_or(i64::MAX);
        let forgotten = self.forgotten(&mut reader, point, now_ms)?;
        if self.site.options.stops_connect {
            for (at, there) in &committed {
                added[*at] = connect::put_right(there, &positions, now_ms);
            }
            let mut known: BTreeSet<SourcePartition> = BTreeSet::new();
            for topic in connect::offset_topics(self.site.cut) {
                known.extend(self.add_first(topic, &committed, &positions, now_ms, &mut added));
            }
            let all: Vec<&Committed> = committed.values().flatten().collect();
            for one in &mut positions {
                let source = &one.source;
                let is_there = known.contains(source) || connect::has(self.site.cut, &all, source);
                // Where none is right it is taken away wherever it stands.
                let is_written = is_there && one.last_kept.is_some() || one.from_first;
                one.put_right = is_written && !one.is_right();
            }
            for connect in connects {
                for at in self.of_topic(&connect.topics.config) {
                    let (kept, until) = (self.kept(at), point.cuts[at]);
                    let cut = self.site.cut;
                    added[at] = connect::stopped(&mut reader, &kept, until, cut, connect, now_ms)?;
                }
            }
        }
        Ok(Read {
            groups,
            positions,
            copies: sources.into_keys().collect(),
            last_kept,
            added,
            forgotten,
        })
    }

    /// Whether these are the volumes of a mirror that stood still.
    pub(crate) fn stood_still(&self) -> bool {
        self.site.options.is_of_cut && !self.site.still.is_empty()
    }

    /// What is to be forgotten by coordinators, of each log in their order.
    fn forgotten(
        &self,
        reader: &mut SegmentReader,
        point: &Point,
        now_ms: i64,
    ) -> Result<Vec<Vec<ForgottenId>>, TrimError> {
        let stood_still = self.stood_still();
        let mut forgotten = vec![Vec::new(); self.examined.len()];
        for at in self.of_topic(coordinator::TRANSACTIONS) {
            let (kept, until) = (self.kept(at), point.cuts[at]);
            forgotten[at] = coordinator::forgotten(reader, &kept, until, !stood_still, now_ms)?;
        }
        Ok(forgotten)
    }

    /// Adds positions that Connect has none of, each to the log that its producer would put
    /// it into, and gives those that could be: a log of that topic may not be here.
    fn add_first(
        &self,
        topic: &str,
        committed: &BTreeMap<usize, Vec<Committed>>,
        positions: &[PositionSeen],
        now_ms: i64,
        added: &mut [Vec<AddedRecord>],
    ) -> Vec<SourcePartition> {
        let logs = self.of_topic(topic);
        let there = logs.iter().filter_map(|at| committed.get(at));
        let there: Vec<&Committed> = there.flatten().collect();
        let cut = self.site.cut;
        let mut topics = cut.rows.topics.iter();
        let Some(partitions) = topics
            .find(|one| one.name == topic)
            .map(|one| one.partitions)
        else {
            return Vec::new();
        };
        let mut known = Vec::new();
        for (source, record) in connect::first(cut, topic, &there, positions, now_ms) {
            let number = partition_of(record.key.as_bytes(), partitions.max(1));
            let is_it = |at: &&usize| self.examined[**at].log.partition.partition == number;
            if let Some(at) = logs.iter().find(is_it) {
                added[*at].push(record);
                known.push(source);
            }
        }
        known
    }

    /// The last data record below `cut` of the kept log, and of which transaction it is.
    fn last_kept(
        &self,
        reader: &mut SegmentReader,
        at: usize,
        cut: u64,
        unlisted: &Unlisted,
    ) -> Result<Last, TrimError> {
        let examined = &self.examined[at];
        let partition = &examined.log.partition;
        let is_copy = examined.log.ordered || unlisted.here.contains_key(partition);
        if !is_copy && !self.site.is_excluded(&partition.topic) {
            return Ok(Last::Unread);
        }
        let replica = self.kept(at);
        let from = examined.replicas[examined.kept].read_from;
        let mut first = replica
            .segments
            .iter()
            .position(|segment| segment.base == from)
            .unwrap_or(0);
        loop {
            match last_below(reader, &replica, first, cut) {
                Ok(Some(kept)) => return Ok(Last::Is(kept)),
                Ok(None) if first == 0 => return Ok(Last::None),
                Ok(None) => {
                    // By as much again, so that a long way is few readings.
                    let back = replica.segments.len() - first;
                    first = first.saturating_sub(back.max(1));
                }
                // What is left out of the order needs not be read at all.
                Err(TrimError::Unread { .. }) if !examined.log.ordered => {
                    return Ok(Last::Unread);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The copies of the source's partitions, with Connect's position of each.
    fn positions(
        &self,
        point: &Point,
        last_kept: &[Last],
        committed: &BTreeMap<usize, Vec<Committed>>,
        unlisted: &Unlisted,
    ) -> Vec<PositionSeen> {
        let sources = self.sources();
        let committed = connect::positions(self.site.cut, committed.values().flatten());
        let (copies, _) = self.site.cut.swept().unwrap_or_default();
        let copies = copies.iter().enumerate();
        let copies: BTreeMap<&PartitionId, usize> =
            copies.map(|(at, copy)| (&copy.mirror, at)).collect();
        let each = self.examined.iter().zip(last_kept).zip(&point.cuts);
        each.filter_map(|((examined, kept), cut)| {
            let mirror = &examined.log.partition;
            let is_unlisted = unlisted.here.get(mirror);
            let source = is_unlisted.or_else(|| sources.get(mirror))?;
            let key = (source.alias.clone(), source.partition.clone());
            let of = copies.get(mirror);
            let position = committed.get(&key);
            let committed = position.map(|one| one.offset);
            // A mirror that stood still has committed what it had, where that is kept whole.
            let still = self.site.still.get(mirror);
            let still = still.filter(|one| one.end == *cut && *cut == examined.log.end);
            let as_it_was = still.and_then(|one| one.last_mirrored);
            // Connect commits in the transaction of what it copies (KIP-618), and none is cut
            // through: where both records that are kept are of one, the position is right.
            let of_data = kept.kept().and_then(|one| one.transaction);
            let of_position = position.and_then(|one| one.transaction);
            let in_one = committed.filter(|_| {
                of_data == of_position && of_data.is_some_and(|id| self.is_one_transaction(id))
            });
            // A record below a head may be there twice, and the head tell of the later one: it
            // says where the log is cut, and no more.
            let last_kept = of
                .and_then(|of| self.below_a_head(*of, examined, *cut))
                .or(as_it_was)
                .or(in_one)
                .or_else(|| self.site.options.at_source.get(source).copied());
            let is_whole = *cut == examined.log.end;
            let not_ahead = match of.zip(committed) {
                Some((of, committed)) => self.had_copied(*of, committed, *cut),
                // Of one that the cut has no row of: what was committed when the mirror stood
                // still, or before the run began, lay there then, and so it does.
                None => {
                    let is_old = position.is_some_and(|one| self.is_of_before(one));
                    let of_then = self.site.options.is_of_cut && is_old;
                    is_unlisted.is_some() && is_whole && (self.stood_still() || of_then)
                }
            };
            // Where the log begins later retention took what was copied: that is not to come again.
            let begins = examined.log.start == 0
                && matches!(kept, Last::None)
                && connect::begins_with_the_first(self.site.cut, &source.alias);
            Some(PositionSeen {
                source: source.clone(),
                mirror: mirror.clone(),
                committed,
                last_kept,
                put_right: false,
                not_ahead,
                from_first: begins && last_kept.is_none() && !not_ahead,
                unprotected: is_unlisted.is_some()
                    && !self.site.cut.settings.protects(&mirror.topic),
            })
        })
        .collect()
    }

    /// Whether no log shows that this producer's epoch stands for several transactions, as
    /// before `transaction.version` 2 (KIP-890).
    fn is_one_transaction(&self, (producer, epoch): (i64, i16)) -> bool {
        let id = TransactionId { producer, epoch };
        self.examined.iter().all(|one| {
            let transactions = one.log.transactions.iter();
            transactions.filter(|one| one.id == id).count() <= 1
        })
    }

    /// The source's partition of each copy that the cut has.
    pub(crate) fn sources(&self) -> BTreeMap<PartitionId, SourcePartition> {
        let mut sources = BTreeMap::new();
        let cut = self.site.cut;
        for row in &cut.rows.partitions {
            let topic = cut.rows.topic(row);
            if let Some(source) = &topic.source {
                let of = SourcePartition {
                    alias: source.alias.clone(),
                    partition: PartitionId::new(&source.topic, row.partition),
                };
                sources.insert(PartitionId::new(&topic.name, row.partition), of);
            }
        }
        for copy in cut.swept().unwrap_or_default().0 {
            sources.insert(copy.mirror.clone(), copy.source.clone());
        }
        sources
    }
}

impl Work<'_> {
    /// Where the log is cut at a head of its source, all below that is kept, and nothing
    /// else: the last offset below it, whatever lies there.
    fn below_a_head(&self, of: usize, examined: &Examined, cut: u64) -> Option<u64> {
        let (_, sweeps) = self.site.cut.swept().unwrap_or_default();
        let located = sweeps.iter().zip(&examined.located);
        let mut at = located.filter(|(_, located)| **located == Located::At(cut));
        let (sweep, _) = at.next()?;
        let head = sweep.heads.get(of)?.as_ref()?;
        head.high_watermark.checked_sub(1)
    }
}

impl Last {
    fn kept(&self) -> Option<&Kept> {
        match self {
            Self::Is(kept) => Some(kept),
            Self::None | Self::Unread => None,
        }
    }
}

/// The last data record below `cut`, of what lies from segment `first` on.
fn last_below(
    reader: &mut SegmentReader,
    replica: &Replica,
    first: usize,
    cut: u64,
) -> Result<Option<Kept>, TrimError> {
    let read = read_copy(reader, replica, first)?;
    let history = History::of(&read, replica);
    let below = |one: &&Batch| one.header.base_offset < cut;
    for batch in read.batches.iter().rev().filter(below) {
        let mut last = None;
        decode(
            reader,
            replica,
            std::slice::from_ref(batch),
            &history,
            |record| {
                if record.offset < cut {
                    let kept = LastKept {
                        offset: record.offset,
                        timestamp_ms: record.timestamp_ms,
                        content: record.content(),
                    };
                    last = Some(Kept {
                        record: Some(kept).filter(|_| !batch.header.log_append_time),
                        transaction: record.transaction,
                    });
                }
            },
        )?;
        if last.is_some() {
            return Ok(last);
        }
    }
    Ok(None)
}

/// Where each partition ends, now and then.
pub(crate) fn ends(work: &Work<'_>, point: &Point, copies: &BTreeSet<PartitionId>) -> Vec<EndOf> {
    let each = work.examined.iter().zip(&point.cuts);
    each.map(|(examined, cut)| EndOf {
        partition: examined.log.partition.clone(),
        is_copy: copies.contains(&examined.log.partition),
        end: examined.log.end,
        cut: *cut,
    })
    .collect()
}

pub(crate) fn pulled_by(work: &Work<'_>, point: &Point) -> Option<PulledBy> {
    point.pull.map(|pull| PulledBy {
        partition: work.examined[pull.log].log.partition.clone(),
        offset: pull.offset,
        at: pull.at,
        is_end: pull.is_end,
    })
}

/// The rows of the plan.
pub(crate) fn partitions(work: &Work<'_>, point: &Point, read: &Read) -> Vec<PlannedPartition> {
    let each = work.examined.iter().enumerate();
    each.map(|(at, examined)| {
        let (log, cut) = (&examined.log, point.cuts[at]);
        let lost = log.window.records.iter().filter(|one| one.offset >= cut);
        let kept = log.window.records.iter().filter(|one| one.offset < cut);
        let kept = kept.map(|one| one.at).filter(|at| *at != NO_PLACE).max();
        let time = work.is_in_time();
        PlannedPartition {
            partition: log.partition.clone(),
            role: match (log.ordered, work.site.is_excluded(&log.partition.topic)) {
                (true, _) => Role::Ordered,
                (false, true) => Role::Excluded,
                (false, false) => Role::Carried,
            },
            start: log.start,
            end: log.end,
            cut,
            why: why(examined, cut, point.at),
            jettisoned_records: match cut == log.end {
                true => Some(0),
                false => (log.ordered && cut >= log.window.from).then(|| lost.count() as u64),
            },
            newest_ms: log.newest,
            newest_kept_ms: match cut == log.end {
                true => log.newest,
                false => kept.max(log.window.before).filter(|_| time),
            },
            last_kept: read.last_kept[at],
            added: read.added[at].clone(),
            forgotten: read.forgotten[at].clone(),
            kept_of: work.group(at).copies[examined.kept].node,
            replicas: examined.replicas.clone(),
        }
    })
    .collect()
}

fn why(examined: &Examined, cut: u64, point: i64) -> Why {
    let log = &examined.log;
    if cut == log.end {
        return Why::Whole;
    }
    let through = |one: &slackwater_point::Transaction| one.first == cut;
    let first = log.window.records.iter().find(|one| one.offset >= cut);
    let by_order = log.ordered && first.is_some_and(|one| one.at > point);
    match by_order || !log.transactions.iter().any(through) {
        true => Why::Order,
        false => Why::Transaction,
    }
}
