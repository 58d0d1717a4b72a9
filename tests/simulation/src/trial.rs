//! One seed tried, and what came of it.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::fault::{ANYWHERE, IN_STRIMZI, Kind};
use crate::schedule::Schedule;
use crate::sim::{self, Sim};
use crate::step::Step;
use crate::{driver, invariants};

/// What came of a seed.
#[derive(Debug)]
pub struct Trial {
    schedule: Schedule,
    /// What is broken, in words; empty where all invariants hold.
    pub broken: Vec<String>,
    fired: Vec<(Kind, Step)>,
    /// How each command ended, in words.
    pub ended: Vec<String>,
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.schedule)?;
        for line in &self.ended {
            writeln!(f, "  {line}")?;
        }
        for line in &self.broken {
            writeln!(f, "  BROKEN: {line}")?;
        }
        Ok(())
    }
}

/// Tries the schedule of `seed`.
pub fn try_seed(seed: u64) -> Trial {
    attempt(Schedule::of(seed))
}

/// What each phase did and was told in the schedule of `seed`, of those that got
/// to their ends.
pub fn record_seed(seed: u64) -> Vec<String> {
    let sim = Sim::new(Schedule::of(seed), true);
    driver::begin(&sim);
    sim::run(&sim);
    sim.recordings()
}

pub(crate) fn attempt(schedule: Schedule) -> Trial {
    let tried = catch_unwind(AssertUnwindSafe(|| {
        let sim = Sim::new(schedule.clone(), false);
        driver::begin(&sim);
        let ended = sim::run(&sim);
        let mut broken = invariants::check(&sim);
        if !ended {
            broken.insert(0, "the schedule does not end".to_owned());
        }
        let fired = sim.faults.borrow().fired.clone();
        let record = sim.record.borrow();
        let results = record.results().map(|(command, run, result)| match result {
            Ok(()) => format!("{command:?} {run}: done"),
            Err(failure) => format!("{command:?} {run}: {}", failure.reason),
        });
        (broken, fired, results.collect())
    }));
    let (broken, fired, ended) = tried.unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let why = format!("it panicked: {}", text.unwrap_or_default());
        (vec![why], Vec::new(), Vec::new())
    });
    Trial {
        schedule,
        broken,
        fired,
        ended,
    }
}

/// The same with as few faults as still break something.
pub fn shrink(mut trial: Trial) -> Trial {
    let mut at = 0;
    while at < trial.schedule.faults.len() {
        let fewer = attempt(trial.schedule.without(at));
        if fewer.broken.is_empty() {
            at += 1;
        } else {
            trial = fewer;
        }
    }
    trial
}

fn kinds() -> impl Iterator<Item = Kind> {
    ANYWHERE.into_iter().chain(IN_STRIMZI)
}

/// How often each fault befell each step.
#[derive(Debug, Default)]
pub struct Coverage(BTreeMap<(Kind, Step), u64>);

impl Coverage {
    /// Adds what befell a trial.
    pub fn add(&mut self, trial: &Trial) {
        for cell in &trial.fired {
            *self.0.entry(*cell).or_default() += 1;
        }
    }

    /// Adds another one's.
    pub fn merge(&mut self, other: &Self) {
        for (cell, count) in &other.0 {
            *self.0.entry(*cell).or_default() += count;
        }
    }

    /// Faults that never befell a step.
    pub fn empty_cells(&self) -> Vec<String> {
        let cells = kinds().flat_map(|kind| Step::ALL.map(|step| (kind, step)));
        cells
            .filter(|cell| !self.0.contains_key(cell))
            .map(|(kind, step)| format!("{} in {}", kind.in_words(), step.name()))
            .collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:44}", "")?;
        for step in Step::ALL {
            write!(f, "{:>8}", step.name())?;
        }
        writeln!(f)?;
        for kind in kinds() {
            write!(f, "{:44}", kind.in_words())?;
            for step in Step::ALL {
                let count = self.0.get(&(kind, step)).copied().unwrap_or(0);
                write!(f, "{count:>8}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
