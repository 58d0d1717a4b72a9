//! The order of sequences: each record has a number of its own over all
//! partitions, and the point is the greatest N such that 1…N are all kept.
//!
//! Logs are read whole for it: a number that is missing may lie anywhere.

use std::collections::BTreeSet;

use crate::error::{Refused, Unsolved};
use crate::log::{Log, NO_PLACE, Older, Place, Wanted};
use crate::point::{Point, Pull, lower_to, within};
use crate::whole::{TookPart, close};

/// Most runs of missing numbers that are listed; all are counted.
pub const LISTED_GAPS: usize = 100;

/// Numbers that no partition holds, between the first and the greatest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gaps {
    /// The first of them, each as first and last number.
    pub listed: Vec<(i64, i64)>,
    /// How many runs there are.
    pub runs: u64,
    /// How many numbers.
    pub numbers: u64,
}

/// Finds the point; `first` is the number that must be there first.
///
/// # Errors
/// More that has to be read first; or why there is none.
pub fn by_sequence(
    logs: &[Log],
    took_part: &TookPart,
    first: i64,
) -> Result<(Point, Gaps), Unsolved> {
    if !logs.iter().any(|log| log.ordered) {
        return Err(Refused::Nothing.into());
    }
    whole(logs)?;
    let mut cuts: Vec<u64> = logs.iter().map(|log| log.end).collect();
    let there = numbers(logs, &cuts);
    let gaps = gaps(&there, first);
    let mut at = last_of_run(&there, first, i64::MAX);
    loop {
        lower_to(logs, at, &mut cuts)?;
        close(logs, took_part, &mut cuts)?;
        let kept = last_of_run(&numbers(logs, &cuts), first, at);
        if kept == at {
            break;
        }
        at = kept;
    }
    within(logs, &cuts)?;
    let any = logs.iter().zip(&cuts).any(|(log, cut)| *cut < log.end);
    let point = Point {
        pull: any.then(|| pull(logs, at)).flatten(),
        cuts,
        at,
    };
    Ok((point, gaps))
}

fn whole(logs: &[Log]) -> Result<(), Unsolved> {
    let short = logs.iter().enumerate().filter(|(_, log)| log.ordered);
    let short = short.filter(|(_, log)| log.window.from > log.start);
    let wanted: Vec<Wanted> = short
        .map(|(position, log)| Wanted {
            log: position,
            older: Older::From(log.start),
        })
        .collect();
    match wanted.is_empty() {
        true => Ok(()),
        false => Err(Unsolved::Older(wanted)),
    }
}

fn records(logs: &[Log]) -> impl Iterator<Item = (usize, &Place)> {
    let ordered = logs.iter().enumerate().filter(|(_, log)| log.ordered);
    ordered
        .flat_map(|(position, log)| log.window.records.iter().map(move |one| (position, one)))
        .filter(|(_, record)| record.at != NO_PLACE)
}

fn numbers(logs: &[Log], cuts: &[u64]) -> BTreeSet<i64> {
    let kept = records(logs).filter(|(log, record)| record.offset < cuts[*log]);
    kept.map(|(_, record)| record.at).collect()
}

/// The last number, at most `most`, up to which all from `first` on are there.
fn last_of_run(numbers: &BTreeSet<i64>, first: i64, most: i64) -> i64 {
    let mut last = first - 1;
    for number in numbers.range(first..) {
        if *number != last + 1 || *number > most {
            break;
        }
        last = *number;
    }
    last
}

fn gaps(numbers: &BTreeSet<i64>, first: i64) -> Gaps {
    let mut gaps = Gaps::default();
    let mut next = first;
    for number in numbers.range(first..) {
        if *number > next {
            gaps.runs += 1;
            gaps.numbers += number.abs_diff(next);
            if gaps.listed.len() < LISTED_GAPS {
                gaps.listed.push((next, number - 1));
            }
        }
        next = number.saturating_add(1);
    }
    gaps
}

/// The record that has the next number, where there is one: it could not be
/// kept. Else the number is missing, and the least one above it is named.
fn pull(logs: &[Log], at: i64) -> Option<Pull> {
    let above = records(logs).filter(|(_, record)| record.at > at);
    above
        .min_by_key(|(_, record)| record.at)
        .map(|(log, record)| Pull {
            log,
            offset: record.offset,
            at: Some(record.at),
            is_end: false,
        })
}
