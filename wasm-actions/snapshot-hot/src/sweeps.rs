//! Sweeps of the sources' heads, and the records below them, by which a head is found in
//! a log of the mirror. The records are read when all volumes are cut, since nothing waits
//! for them; but where the source compacts they may be others by then, and where the last
//! one is not right below the head, the head has none.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::{Cut, HotHead, HotRecord, HotSweep};
use slackwater_kit::{TailRequest, read_tails, sampled};
use slackwater_ports::{Cluster, Failure, Head, Interval, Isolation, PartitionId, RecordSeen};

use crate::{Copies, World};

/// By so many records in a row a head is found again: as many that repeat are no chance.
const MARKS: u32 = 16;

/// At most so many sweeps are kept: the first, which the mirror had passed before anything
/// was flushed, and the newest ones, of which the plan takes the newest that all volumes
/// hold.
const MOST_SWEEPS: usize = 8;

/// At most so many records are kept in all: of 10,000 partitions there are two sweeps with
/// 16 each then, 30 MB of a document that may have 64.
const MOST_RECORDS: usize = 320_000;

/// How long the records of one sweep may be read.
const READ_MS: u64 = 60_000;

/// Heads in the order of the copies.
pub(crate) struct Sweep {
    asked: Interval,
    heads: Vec<Option<u64>>,
}

/// The samples of quiesceMirror.
pub(crate) fn of_the_run(cut: &Cut, copies: &Copies) -> Vec<Sweep> {
    let Some(quiesce) = &cut.quiesce else {
        return Vec::new();
    };
    let place: BTreeMap<_, _> = sampled(quiesce)
        .enumerate()
        .map(|(at, key)| (key, at))
        .collect();
    let each = quiesce.samples.iter().map(|sample| Sweep {
        asked: sample.asked,
        heads: copies
            .rows()
            .iter()
            .map(|row| {
                let key = (row.source.alias.clone(), row.source.partition.clone());
                sample.heads.get(*place.get(&key)?).copied().flatten()
            })
            .collect(),
    });
    each.collect()
}

impl Sweep {
    /// Takes one, of all sources.
    pub(crate) fn take(world: &impl World, copies: &Copies) -> Result<Self, Failure> {
        let mut asked: Option<Interval> = None;
        let mut heads = vec![None; copies.rows().len()];
        for (alias, source) in copies.sources() {
            let of = |at: &usize| copies.rows()[*at].source.partition.clone();
            let partitions: Vec<PartitionId> = source.copies.iter().map(of).collect();
            let sweep = world.sweep(&Cluster::Source(alias.clone()), &partitions)?;
            asked = Some(match asked {
                None => sweep.asked,
                // A clock that was set back shows: what follows began before what went.
                Some(before) => Interval {
                    first_request_ms: before.first_request_ms,
                    last_answer_ms: match sweep.asked.first_request_ms < before.last_answer_ms {
                        true => 0,
                        false => sweep.asked.last_answer_ms,
                    },
                },
            });
            for (at, row) in source.copies.iter().zip(sweep.rows) {
                heads[*at] = row.head.ok().map(|head| head.high_watermark);
            }
        }
        let nothing = Interval {
            first_request_ms: 0,
            last_answer_ms: 0,
        };
        Ok(Self {
            asked: asked.unwrap_or(nothing),
            heads,
        })
    }
}

/// Those that are kept, each head with the records below it.
pub(crate) fn with_their_records(
    world: &impl World,
    copies: &Copies,
    sweeps: Vec<Sweep>,
) -> Result<Vec<HotSweep>, Failure> {
    let each = copies.rows().len().max(1) * MARKS as usize;
    let most = (MOST_RECORDS / each).clamp(2, MOST_SWEEPS);
    let kept = keep(sweeps, most);
    let mut known: BTreeMap<(usize, u64), Option<Vec<HotRecord>>> = BTreeMap::new();
    let compacted = compacted(world, copies)?;
    for sweep in &kept {
        read(world, copies, sweep, &compacted, &mut known)?;
    }
    let kept = kept.into_iter().map(|sweep| HotSweep {
        asked: sweep.asked,
        heads: sweep
            .heads
            .iter()
            .enumerate()
            .map(|(at, head)| {
                let high_watermark = (*head)?;
                let last = known.get(&(at, high_watermark))?.clone()?;
                Some(HotHead {
                    high_watermark,
                    last,
                })
            })
            .collect(),
    });
    Ok(kept.collect())
}

/// The first and the newest.
fn keep(mut sweeps: Vec<Sweep>, most: usize) -> Vec<Sweep> {
    if sweeps.len() > most {
        sweeps.drain(1..1 + sweeps.len() - most);
    }
    sweeps
}

/// Copies of topics of which the source may have taken a record since, because its key came
/// again: by position.
fn compacted(world: &impl World, copies: &Copies) -> Result<BTreeSet<usize>, Failure> {
    let mut compacted = BTreeSet::new();
    for (alias, source) in copies.sources() {
        let topic = |at: &usize| copies.rows()[*at].source.partition.topic.clone();
        let topics: BTreeSet<String> = source.copies.iter().map(topic).collect();
        let topics: Vec<String> = topics.into_iter().collect();
        let configs = world.configs(&Cluster::Source(alias.clone()), &topics)?;
        let compacts = |topic: &str| {
            let mut of = configs.iter().filter(|one| one.topic == topic);
            // What is not said may be so.
            of.next().is_none_or(|one| {
                let policy = one.get("cleanup.policy");
                policy.is_none_or(|policy| policy.contains("compact"))
            })
        };
        compacted.extend(source.copies.iter().filter(|at| compacts(&topic(at))));
    }
    Ok(compacted)
}

/// Reads what is not known yet. A head above what a reader of committed records is given
/// by now has no records: whatever lies between may come, and may not.
fn read(
    world: &impl World,
    copies: &Copies,
    sweep: &Sweep,
    compacted: &BTreeSet<usize>,
    known: &mut BTreeMap<(usize, u64), Option<Vec<HotRecord>>>,
) -> Result<(), Failure> {
    for (alias, source) in copies.sources() {
        let wanted: Vec<(usize, u64)> = source
            .copies
            .iter()
            .filter_map(|at| Some((*at, sweep.heads[*at]?)))
            .filter(|key| !known.contains_key(key))
            .collect();
        if wanted.is_empty() {
            continue;
        }
        let cluster = Cluster::Source(alias.clone());
        let of = |at: usize| copies.rows()[at].source.partition.clone();
        let partitions: Vec<PartitionId> = wanted.iter().map(|(at, _)| of(*at)).collect();
        let now = world.sweep(&cluster, &partitions)?.rows;
        let mut requests = Vec::new();
        for ((at, head), row) in wanted.iter().zip(now) {
            let given = |now: &Head| match source.isolation {
                Isolation::ReadUncommitted => true,
                Isolation::ReadCommitted => now.last_stable_offset >= *head,
            };
            match row.head {
                Ok(now) if given(&now) => requests.push(TailRequest {
                    partition: of(*at),
                    start: now.log_start_offset,
                    end: *head,
                }),
                Ok(_) | Err(_) => {}
            }
        }
        let asked: BTreeSet<PartitionId> =
            requests.iter().map(|one| one.partition.clone()).collect();
        let isolation = source.isolation;
        let tails = read_tails(world, &cluster, isolation, &requests, MARKS, READ_MS)?;
        for (at, head) in wanted {
            let partition = of(at);
            let is_last = |tail: &&Vec<RecordSeen>| {
                let last = tail.last().map(|one| one.offset + 1);
                !compacted.contains(&at) || last == Some(head)
            };
            let tail = tails.get(&partition).filter(|_| asked.contains(&partition));
            let tail = tail.filter(is_last);
            known.insert((at, head), tail.map(|tail| tail.iter().map(mark).collect()));
        }
    }
    Ok(())
}

fn mark(record: &RecordSeen) -> HotRecord {
    HotRecord {
        offset: record.offset,
        timestamp_ms: record.timestamp_ms,
        content: record.content,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep(at: u64) -> Sweep {
        Sweep {
            asked: Interval {
                first_request_ms: at,
                last_answer_ms: at,
            },
            heads: Vec::new(),
        }
    }

    #[test]
    fn the_first_and_the_newest_are_kept() {
        let at = |kept: Vec<Sweep>| -> Vec<u64> {
            kept.iter().map(|one| one.asked.first_request_ms).collect()
        };
        assert_eq!(at(keep((1..=9).map(sweep).collect(), 4)), [1, 7, 8, 9]);
        assert_eq!(at(keep((1..=3).map(sweep).collect(), 4)), [1, 2, 3]);
        assert_eq!(at(keep((1..=3).map(sweep).collect(), 2)), [1, 3]);
    }
}
