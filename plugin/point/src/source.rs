//! The order of the source's own acceptance: every partition is cut where the
//! source's head lay at one sweep, found in the mirror by the records before it.
//!
//! A sweep is no instant. All that was accepted before its first request lies
//! below its heads, and nothing that was accepted after its last answer does:
//! two messages that were accepted further apart than it is wide, can't be
//! inverted. Transactions may pull a partition below its head; what then holds
//! is measured from an earlier sweep, which lies below every cut.

use std::collections::BTreeSet;

use slackwater_ports::{Interval, PartitionId};

use crate::error::{Refused, Unsolved};
use crate::log::{Log, Older, Wanted};
use crate::point::{Point, Pull, lost, within};
use crate::took_part::TookPart;
use crate::whole::close;

/// Where a head of the source lies in a partition of the mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Located {
    /// At this offset: the record before it is the last one below the head.
    At(u64),
    /// Its last record is not there: the copy was taken before it came.
    NotThere,
    /// It may lie further back than was read.
    Older,
}

/// One sweep of the source's heads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// When it was made.
    pub asked: Interval,
    /// In the order of the logs; of those that don't take part it says nothing.
    pub located: Vec<Located>,
}

/// What the point rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Between {
    /// All that the source accepted before this instant is kept.
    pub all_before_ms: u64,
    /// Nothing that it accepted after this one is.
    pub none_after_ms: u64,
}

impl Between {
    /// Messages that were accepted further apart can't be inverted.
    pub fn epsilon_ms(&self) -> u64 {
        self.none_after_ms.saturating_sub(self.all_before_ms)
    }
}

/// Finds the point of the newest sweep that all partitions hold; `sweeps` with
/// the oldest first.
///
/// # Errors
/// More that has to be read first; or why there is none.
pub fn by_source(
    logs: &[Log],
    took_part: &TookPart,
    sweeps: &[Sweep],
) -> Result<(Point, Between), Unsolved> {
    let ordered = || logs.iter().enumerate().filter(|(_, log)| log.ordered);
    if ordered().next().is_none() {
        return Err(Refused::Nothing.into());
    }
    let ascend = sweeps
        .windows(2)
        .all(|two| two[0].asked.last_answer_ms <= two[1].asked.first_request_ms);
    if !ascend || sweeps.iter().any(is_set_back) {
        return Err(Refused::Clock.into());
    }
    let mut newest_lacks = None;
    let mut found = None;
    for (at, sweep) in sweeps.iter().enumerate().rev() {
        let lacks = ordered().find(|(log, _)| sweep.located[*log] == Located::NotThere);
        let older = ordered().filter(|(log, _)| sweep.located[*log] == Located::Older);
        match lacks {
            Some((log, _)) => drop(newest_lacks.get_or_insert(log)),
            None => {
                further_back(older.map(|(log, _)| log))?;
                found = Some(at);
                break;
            }
        }
    }
    let Some(high) = found else {
        return Err(no_sample(logs, sweeps).into());
    };
    let mut cuts: Vec<u64> = logs.iter().map(|log| log.end).collect();
    for (log, _) in ordered() {
        if let Located::At(offset) = sweeps[high].located[log] {
            cuts[log] = cuts[log].min(offset);
        }
    }
    close(logs, took_part, &mut cuts)?;
    within(logs, &cuts)?;
    let low = floor(logs, &sweeps[..=high], &cuts)?;
    // What goes has to be told.
    lost(logs, &cuts)?;
    let between = Between {
        all_before_ms: low.asked.first_request_ms,
        none_after_ms: sweeps[high].asked.last_answer_ms,
    };
    let pull = newest_lacks.map(|log| Pull {
        log,
        offset: logs[log].end,
        at: logs[log].newest,
        is_end: true,
    });
    let point = Point {
        cuts,
        at: i64::try_from(sweeps[high].asked.first_request_ms).unwrap_or(i64::MAX),
        pull,
    };
    Ok((point, between))
}

/// All lack some log: what is named lacks the one that the fewest topics lack, the newest of
/// these.
fn no_sample(logs: &[Log], sweeps: &[Sweep]) -> Refused {
    let lack = |sweep: &Sweep| -> BTreeSet<&PartitionId> {
        let all = logs.iter().enumerate().filter(|(_, log)| log.ordered);
        let not_there = all.filter(|(at, _)| sweep.located[*at] == Located::NotThere);
        not_there.map(|(_, log)| &log.partition).collect()
    };
    let topics = |lack: &BTreeSet<&PartitionId>| -> BTreeSet<String> {
        lack.iter().map(|one| one.topic.clone()).collect()
    };
    let each = sweeps.iter().rev().map(lack);
    let fewest = each.min_by_key(|lack| topics(lack).len());
    let fewest = fewest.unwrap_or_default();
    Refused::NoSample {
        samples: sweeps.len(),
        partition: fewest
            .first()
            .map_or_else(|| logs[0].partition.clone(), |one| (*one).clone()),
        topics: topics(&fewest),
    }
}

/// An interval that ends before it begins, as a clock leaves it that is set back.
fn is_set_back(sweep: &Sweep) -> bool {
    sweep.asked.last_answer_ms < sweep.asked.first_request_ms
}

/// The newest sweep whose heads lie below every cut.
fn floor<'s>(logs: &[Log], sweeps: &'s [Sweep], cuts: &[u64]) -> Result<&'s Sweep, Unsolved> {
    let ordered = || logs.iter().enumerate().filter(|(_, log)| log.ordered);
    for sweep in sweeps.iter().rev() {
        let above = |log: usize| match sweep.located[log] {
            Located::At(offset) => offset > cuts[log],
            Located::NotThere => true,
            Located::Older => false,
        };
        if ordered().any(|(log, _)| above(log)) {
            continue;
        }
        let older = ordered().filter(|(log, _)| sweep.located[*log] == Located::Older);
        further_back(older.map(|(log, _)| log))?;
        return Ok(sweep);
    }
    let above = |log: usize| {
        let first = sweeps.first().map(|one| one.located[log]);
        matches!(first, Some(Located::At(offset)) if offset > cuts[log])
    };
    let pulled = ordered().find(|(log, _)| above(*log));
    let log = pulled.map_or(0, |(log, _)| log);
    Err(Unsolved::Refused(Refused::NoFloor {
        partition: logs[log].partition.clone(),
        point: cuts[log],
    }))
}

/// Asks for more of all of these logs.
fn further_back(older: impl Iterator<Item = usize>) -> Result<(), Unsolved> {
    let wanted: Vec<Wanted> = older
        .map(|log| Wanted {
            log,
            older: Older::Segments,
        })
        .collect();
    match wanted.is_empty() {
        true => Ok(()),
        false => Err(Unsolved::Older(wanted)),
    }
}
