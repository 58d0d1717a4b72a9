//! The order of numbers: each record has one of its own over all partitions, and
//! the point is the greatest N such that all from the first to N are kept, none
//! above, and none that is there below the first is dropped.
//!
//! Where the first one lies. A copy that was taken early lacks what came after its
//! last record, and so nothing that is much lower than that: by no more than numbers
//! of one partition are out of order, which is for whoever knows the producers to
//! state. So the least of all partitions' last numbers, less that, is where missing
//! numbers begin to count; what is missing below never was, or retention took it.
//! Whoever knows better names the first one. A partition without any number may lack
//! any, and then all counts that is there.
//!
//! A topic none of whose records has a number (a heartbeat's) says nothing of the
//! order: it takes no part, and is kept whole.
//!
//! Logs are read back until they are that far below it, and no further. What they
//! hold before is lower then, and nothing rests on it. A transaction that is dropped
//! whole may have a number that lies lower still: logs are read back below that one
//! then, since another of them may have it, too.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::error::{Refused, Unsolved};
use crate::log::{Log, NO_PLACE, Older, Place, Wanted};
use crate::numbers::SeenNumbers;
use crate::point::{Point, Pull, lost, lower_to, within};
use crate::took_part::TookPart;
use crate::whole::close;

/// Most runs of missing numbers that are listed; all are counted.
pub const LISTED_GAPS: usize = 100;

/// A log shows that it may have no number when so many of its last records have none.
/// A topic that mixes messages of several kinds has one that counts among as many; and
/// heartbeats of as many seconds are quickly read.
pub const UNNUMBERED: u64 = 1000;

/// What is stated of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceAsked {
    /// The one that must be there first; `None` to have it found.
    pub first: Option<i64>,
    /// A record's number is lower than that of one before it in its partition by no
    /// more than this.
    pub disorder: u64,
}

impl SequenceAsked {
    /// No partition has this number before one that is lower than what this gives. Below 0
    /// there is none: it asks for all.
    fn below(self, number: i64) -> i64 {
        let disorder = i64::try_from(self.disorder).unwrap_or(i64::MAX);
        number.saturating_sub(disorder).max(0)
    }
}

/// What was read of the numbers of one log: at least up to one, or [`UNNUMBERED`]
/// records that have none, or all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbered {
    /// From here on.
    pub read_from: u64,
    /// The least of them; `None` where none has one.
    pub least: Option<i64>,
    /// The greatest.
    pub greatest: Option<i64>,
}

/// Numbers that no partition holds, between the first and the greatest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gaps {
    /// The number from which on they count.
    pub first: i64,
    /// The first of them, each as first and last number.
    pub listed: Vec<(i64, i64)>,
    /// How many runs there are.
    pub runs: u64,
    /// How many numbers.
    pub numbers: u64,
}

/// Finds the point. `numbered` is in the order of the logs, and `seen` has the
/// numbers of all that was read of those that take part.
///
/// # Errors
/// More that has to be read first; or why there is none.
pub fn by_sequence(
    logs: &[Log],
    took_part: &TookPart,
    numbered: &[Numbered],
    seen: &SeenNumbers,
    asked: SequenceAsked,
) -> Result<(Point, Gaps), Unsolved> {
    if !logs.iter().any(|log| log.ordered) {
        return Err(Refused::Nothing.into());
    }
    let all = Ordered::of(logs, numbered);
    if all.0.is_empty() {
        return Err(Refused::Unnumbered.into());
    }
    let first = all.first(asked)?;
    let gaps = gaps(seen, first);
    let mut at = gaps.listed.first().map_or(i64::MAX, |gap| gap.0 - 1);
    if asked.first.is_none() {
        all.explained(at)?;
    }
    if at == i64::MAX {
        at = all.greatest().unwrap_or(first);
    }
    let mut cuts: Vec<u64> = logs.iter().map(|log| log.end).collect();
    loop {
        lower_to(logs, at, &mut cuts)?;
        close(logs, took_part, &mut cuts)?;
        match least_gone(logs, &cuts, seen, at)? {
            Some(gone) => {
                all.read_below(asked.below(gone))?;
                at = gone - 1;
            }
            None => break,
        }
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

/// The logs of topics that have numbers, with their positions and these.
struct Ordered<'l>(Vec<(usize, &'l Log, &'l Numbered)>);

impl<'l> Ordered<'l> {
    fn of(logs: &'l [Log], numbered: &'l [Numbered]) -> Self {
        let takes_part = logs.iter().zip(numbered);
        let takes_part = takes_part.filter(|(log, numbers)| log.ordered && numbers.least.is_some());
        let topics: BTreeSet<&str> = takes_part
            .map(|(log, _)| log.partition.topic.as_str())
            .collect();
        let has_numbers = |log: &Log| topics.contains(log.partition.topic.as_str());
        let each = logs.iter().zip(numbered).enumerate();
        Self(
            each.filter(|(_, (log, _))| log.ordered && has_numbers(log))
                .map(|(at, (log, numbered))| (at, log, numbered))
                .collect(),
        )
    }

    fn greatest(&self) -> Option<i64> {
        self.0.iter().filter_map(|one| one.2.greatest).max()
    }

    /// The number from which on missing ones count, once enough was read to tell.
    fn first(&self, asked: SequenceAsked) -> Result<i64, Unsolved> {
        if let Some(first) = asked.first {
            self.read_below(asked.below(first))?;
            return match self.greatest() >= Some(first) {
                true => Ok(first),
                false => Err(Refused::FirstBeyond { first }.into()),
            };
        }
        // Any number will do, to begin with.
        self.wanted(i64::MAX, |numbered| numbered.greatest.is_none())?;
        let ends = self.least_end();
        let from = ends.map_or(0, |last| asked.below(last));
        self.read_below(asked.below(from))?;
        let least = self.0.iter().filter_map(|one| one.2.least).min();
        let least = least.ok_or(Refused::Unnumbered)?;
        let begun = self.begins().filter(|begun| ends >= Some(begun.1));
        Ok(from.max(least).max(begun.map_or(0, |begun| begun.1)))
    }

    /// The least of the last numbers; `None` where a log has no number.
    fn least_end(&self) -> Option<i64> {
        let ends: Option<Vec<i64>> = self.0.iter().map(|one| one.2.greatest).collect();
        ends?.into_iter().min()
    }

    /// The greatest first number of a log whose front retention took.
    fn begins(&self) -> Option<(&'l Log, i64)> {
        let gone = self
            .0
            .iter()
            .filter(|one| one.1.front_gone && is_whole(one));
        gone.filter_map(|one| Some((one.1, one.2.least?)))
            .max_by_key(|one| one.1)
    }

    /// Whether retention may have taken the first number that is missing, where it
    /// may as well have come after a copy was taken.
    fn explained(&self, at: i64) -> Result<(), Refused> {
        let (Some((log, begins)), true) = (self.begins(), at < i64::MAX) else {
            return Ok(());
        };
        let ends = self.0.iter().min_by_key(|one| one.2.greatest);
        match ends {
            Some(least) if at + 1 < begins => Err(Refused::Begins {
                missing: at + 1,
                gone: log.partition.clone(),
                begins,
                ends: least.1.partition.clone(),
                last: least.2.greatest,
            }),
            _ => Ok(()),
        }
    }

    /// Every log is read until one of its numbers is lower.
    fn read_below(&self, number: i64) -> Result<(), Unsolved> {
        self.wanted(number, |numbered| {
            numbered.least.is_none_or(|least| least >= number)
        })
    }

    fn wanted(&self, below: i64, more: impl Fn(&Numbered) -> bool) -> Result<(), Unsolved> {
        let short = self.0.iter().filter(|one| !is_whole(one) && more(one.2));
        let wanted: Vec<Wanted> = short
            .map(|one| Wanted {
                log: one.0,
                older: Older::Below(below),
            })
            .collect();
        match wanted.is_empty() {
            true => Ok(()),
            false => Err(Unsolved::Older(wanted)),
        }
    }
}

fn is_whole((_, log, numbered): &(usize, &Log, &Numbered)) -> bool {
    numbered.read_from <= log.start
}

/// What is missing from `first` on, below the greatest that is there.
fn gaps(seen: &SeenNumbers, first: i64) -> Gaps {
    let mut gaps = Gaps {
        first,
        ..Gaps::default()
    };
    let mut next = first;
    seen.runs(first, |from, to| {
        if from > next {
            gaps.runs += 1;
            gaps.numbers += from.abs_diff(next);
            if gaps.listed.len() < LISTED_GAPS {
                gaps.listed.push((next, from - 1));
            }
        }
        next = to.saturating_add(1);
        ControlFlow::Continue(())
    });
    gaps
}

/// The least number up to `at` of which no record is kept any more.
fn least_gone(
    logs: &[Log],
    cuts: &[u64],
    seen: &SeenNumbers,
    at: i64,
) -> Result<Option<i64>, Unsolved> {
    let mut gone: BTreeMap<i64, u64> = BTreeMap::new();
    for (_, records) in lost(logs, cuts)? {
        let below = |one: &&Place| one.at != NO_PLACE && one.at <= at;
        for record in records.iter().filter(below) {
            *gone.entry(record.at).or_default() += 1;
        }
    }
    let all = gone
        .into_iter()
        .find(|(at, count)| *count >= seen.count(*at));
    Ok(all.map(|(at, _)| at))
}

/// The record that has the next number, where there is one: it could not be
/// kept. Else the number is missing, and the least one above it is named.
fn pull(logs: &[Log], at: i64) -> Option<Pull> {
    let ordered = logs.iter().enumerate().filter(|(_, log)| log.ordered);
    let records = ordered.flat_map(|(position, log)| {
        let records = log.window.records.iter();
        records.map(move |record| (position, record))
    });
    records
        .filter(|(_, record)| record.at != NO_PLACE && record.at > at)
        .min_by_key(|(_, record)| record.at)
        .map(|(log, record)| Pull {
            log,
            offset: record.offset,
            at: Some(record.at),
            is_end: false,
        })
}
