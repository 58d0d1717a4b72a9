//! How much may go. One record with a wrong timestamp can pull the point back
//! by years; that must not cost the backup in silence.

use std::collections::BTreeMap;

use crate::error::Refused;
use crate::log::Log;
use crate::point::Point;

/// What a topic may lose: the last so many milliseconds, or so many percent of
/// its records where that is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxJettison {
    /// Of its newest records, by their timestamps.
    pub ms: u64,
    /// Of its records.
    pub percent: u64,
}

/// A volume is cut some seconds after the first one, and a mirror that catches
/// up was seen to spread over a quarter of a minute: a minute holds that, and
/// one percent lets a topic that hardly moves be cut at all.
impl Default for MaxJettison {
    fn default() -> Self {
        Self {
            ms: 60_000,
            percent: 1,
        }
    }
}

/// From when on a topic loses records.
#[derive(Debug, Clone, Copy)]
pub enum Since<'l> {
    /// The point is a time.
    Point(i64),
    /// It is none.
    Records {
        /// The earliest timestamp of what each log loses, in their order; `None`
        /// where it loses nothing that has one.
        earliest: &'l [Option<i64>],
        /// That of the record which pulls the point back.
        pull_ms: Option<i64>,
    },
}

impl Since<'_> {
    fn of(&self, log: usize) -> Option<i64> {
        match self {
            Self::Point(time) => Some(*time),
            Self::Records { earliest, .. } => earliest.get(log).copied().flatten(),
        }
    }

    fn pull_ms(&self, point: &Point) -> Option<i64> {
        match self {
            Self::Point(_) => point.pull.and_then(|pull| pull.at),
            Self::Records { pull_ms, .. } => *pull_ms,
        }
    }
}

#[derive(Default)]
struct Topic {
    ordered: bool,
    lost: u64,
    of: u64,
    newest: Option<i64>,
    since: Option<i64>,
}

/// Whether every topic keeps enough. `by_share`: of topics in no order those that may lose no
/// more than that share either. Their records are not read, so offsets count, and no time does:
/// transactions that can't be kept whole are all that takes anything of them.
///
/// # Errors
/// The topic that would lose most, and what pulls the point back: where nothing does, the
/// point itself.
pub fn within_limit(
    logs: &[Log],
    point: &Point,
    since: Since<'_>,
    max: MaxJettison,
    by_share: impl Fn(&str) -> bool,
) -> Result<(), Refused> {
    let mut topics: BTreeMap<&str, Topic> = BTreeMap::new();
    let each = logs.iter().zip(&point.cuts).enumerate();
    let counts = |log: &Log| log.ordered || by_share(&log.partition.topic);
    for (at, (log, cut)) in each.filter(|(_, (log, _))| counts(log)) {
        let topic = topics.entry(&log.partition.topic).or_default();
        topic.ordered |= log.ordered;
        topic.of += log.end - log.start;
        topic.lost += log.end - cut;
        if log.ordered && *cut < log.end {
            topic.newest = topic.newest.max(log.newest);
            let begins = [topic.since, since.of(at)].into_iter().flatten();
            topic.since = begins.min();
        }
    }
    let beyond = |topic: &Topic| {
        let percent = u128::from(topic.lost) * 100 > u128::from(topic.of) * u128::from(max.percent);
        let span = match (topic.since, topic.newest) {
            (Some(since), Some(newest)) => newest.saturating_sub(since).max(0).unsigned_abs(),
            _ => u64::MAX,
        };
        topic.lost > 0 && percent && span > max.ms
    };
    let worst = topics.into_iter().filter(|(_, topic)| beyond(topic));
    let Some((name, topic)) = worst.max_by_key(|(_, topic)| topic.lost) else {
        return Ok(());
    };
    if !topic.ordered {
        return Err(Refused::TooMuchBeside {
            topic: name.to_owned(),
            lost: topic.lost,
            of: topic.of,
        });
    }
    let (lost, of) = (topic.lost, topic.of);
    let Some(pull) = point.pull else {
        let of_it = logs.iter().zip(&point.cuts);
        let of_it = of_it.filter(|(log, _)| log.partition.topic == name);
        let most = of_it.max_by_key(|(log, cut)| log.end - *cut);
        let (log, offset) = most.unwrap_or((&logs[0], &point.cuts[0]));
        return Err(Refused::TooMuchPastPoint {
            topic: name.to_owned(),
            lost,
            of,
            partition: log.partition.clone(),
            offset: *offset,
            end: log.end,
        });
    };
    Err(Refused::TooMuch {
        topic: name.to_owned(),
        lost,
        of,
        partition: logs[pull.log].partition.clone(),
        offset: pull.offset,
        timestamp_ms: since.pull_ms(point),
        is_end: pull.is_end,
        is_ordered: logs[pull.log].ordered,
    })
}
