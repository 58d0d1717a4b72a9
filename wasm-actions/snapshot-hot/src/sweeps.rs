//! Sweeps of the sources' heads, and the records below them, by which a head is found in
//! a log of the mirror. The records are read when all volumes are cut, since nothing waits
//! for them.

use std::collections::BTreeMap;

use slackwater_cut::{Cut, HotSweep};
use slackwater_kit::{Marking, Swept, sampled};
use slackwater_ports::{Cluster, Failure, Interval, PartitionId};

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

/// The samples of quiesceMirror.
pub(crate) fn of_the_run(cut: &Cut, copies: &Copies) -> Vec<Swept> {
    let Some(quiesce) = &cut.quiesce else {
        return Vec::new();
    };
    let place: BTreeMap<_, _> = sampled(quiesce)
        .enumerate()
        .map(|(at, key)| (key, at))
        .collect();
    let each = quiesce.samples.iter().map(|sample| Swept {
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

/// Takes one, of all sources.
pub(crate) fn take(world: &impl World, copies: &Copies) -> Result<Swept, Failure> {
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
    Ok(Swept {
        asked: asked.unwrap_or(nothing),
        heads,
    })
}

/// Those that are kept, each head with the records below it.
pub(crate) fn with_their_records(
    world: &impl World,
    copies: &Copies,
    sweeps: Vec<Swept>,
) -> Result<Vec<HotSweep>, Failure> {
    let each = copies.rows().len().max(1) * MARKS as usize;
    let most = (MOST_RECORDS / each).clamp(2, MOST_SWEEPS);
    let sources = copies.sources().iter();
    let marking = Marking {
        copies: copies.rows(),
        isolation: sources
            .map(|(alias, source)| (alias.as_str(), source.isolation))
            .collect(),
        marks: MARKS,
    };
    marking.mark(world, keep(sweeps, most))
}

/// The first and the newest.
fn keep(mut sweeps: Vec<Swept>, most: usize) -> Vec<Swept> {
    if sweeps.len() > most {
        sweeps.drain(1..1 + sweeps.len() - most);
    }
    sweeps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep(at: u64) -> Swept {
        Swept {
            asked: Interval {
                first_request_ms: at,
                last_answer_ms: at,
            },
            heads: Vec::new(),
        }
    }

    #[test]
    fn the_first_and_the_newest_are_kept() {
        let at = |kept: Vec<Swept>| -> Vec<u64> {
            kept.iter().map(|one| one.asked.first_request_ms).collect()
        };
        assert_eq!(at(keep((1..=9).map(sweep).collect(), 4)), [1, 7, 8, 9]);
        assert_eq!(at(keep((1..=3).map(sweep).collect(), 4)), [1, 2, 3]);
        assert_eq!(at(keep((1..=3).map(sweep).collect(), 2)), [1, 3]);
    }
}
