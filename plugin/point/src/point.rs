//! A point, and what all orders do alike to find it.

use crate::error::{Refused, Unsolved};
use crate::log::{Log, Older, Place, Wanted};

/// What pulled the point back to where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pull {
    /// Position of its partition.
    pub log: usize,
    /// Of a record that can't be kept though it comes first; or where the
    /// partition ends.
    pub offset: u64,
    /// Its place in the order; `None` where it has none.
    pub at: Option<i64>,
    /// It is the end of its partition: what comes next is not there.
    pub is_end: bool,
}

/// Where every partition is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// The first offset that goes, of each log in their order.
    pub cuts: Vec<u64>,
    /// The place in the order; in milliseconds since the Unix epoch, or a
    /// sequence.
    pub at: i64,
    /// What it rests on; `None` where nothing had to go.
    pub pull: Option<Pull>,
}

/// Lowers each cut to the first record above `at`.
pub(crate) fn lower_to(logs: &[Log], at: i64, cuts: &mut [u64]) -> Result<(), Unsolved> {
    let mut wanted = Vec::new();
    for (position, (log, cut)) in logs.iter().zip(cuts.iter_mut()).enumerate() {
        if !log.ordered {
            continue;
        }
        if log.window.before.is_some_and(|before| before > at) {
            wanted.push(Wanted {
                log: position,
                older: Older::Above(at),
            });
            continue;
        }
        let above = log.window.records.iter().find(|record| record.at > at);
        *cut = above.map_or(*cut, |record| record.offset.min(*cut));
    }
    match wanted.is_empty() {
        true => Ok(()),
        false => Err(Unsolved::Older(wanted)),
    }
}

/// What each log loses, for those that take part.
pub(crate) fn lost<'l>(
    logs: &'l [Log],
    cuts: &[u64],
) -> Result<Vec<(usize, &'l [Place])>, Unsolved> {
    let mut wanted = Vec::new();
    let mut lost = Vec::new();
    for (position, (log, cut)) in logs.iter().zip(cuts).enumerate() {
        if !log.ordered {
            continue;
        }
        if *cut < log.window.from {
            wanted.push(Wanted {
                log: position,
                older: Older::From(*cut),
            });
            continue;
        }
        let records = &log.window.records;
        let first = records.partition_point(|record| record.offset < *cut);
        lost.push((position, &records[first..]));
    }
    match wanted.is_empty() {
        true => Ok(lost),
        false => Err(Unsolved::Older(wanted)),
    }
}

/// No cut may lie before its log's start.
pub(crate) fn within(logs: &[Log], cuts: &[u64]) -> Result<(), Unsolved> {
    for (log, cut) in logs.iter().zip(cuts) {
        if *cut < log.start {
            return Err(Unsolved::Refused(Refused::BeforeStart {
                partition: log.partition.clone(),
                point: *cut,
                start: log.start,
            }));
        }
    }
    Ok(())
}
