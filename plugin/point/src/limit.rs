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

#[derive(Default)]
struct Topic {
    lost: u64,
    of: u64,
    newest: Option<i64>,
}

/// Whether every topic keeps enough. `time` is that of the point; `None` where
/// its order is no time.
///
/// # Errors
/// The topic that would lose most, and what pulls the point back.
pub fn within_limit(
    logs: &[Log],
    point: &Point,
    time: Option<i64>,
    max: MaxJettison,
) -> Result<(), Refused> {
    let mut topics: BTreeMap<&str, Topic> = BTreeMap::new();
    for (log, cut) in logs.iter().zip(&point.cuts).filter(|(log, _)| log.ordered) {
        let topic = topics.entry(&log.partition.topic).or_default();
        topic.of += log.end - log.start;
        topic.lost += log.end - cut;
        if *cut < log.end {
            topic.newest = topic.newest.max(log.newest);
        }
    }
    let beyond = |topic: &Topic| {
        let percent = u128::from(topic.lost) * 100 > u128::from(topic.of) * u128::from(max.percent);
        let span = match (time, topic.newest) {
            (Some(time), Some(newest)) => newest.saturating_sub(time).max(0).unsigned_abs(),
            _ => u64::MAX,
        };
        topic.lost > 0 && percent && span > max.ms
    };
    let worst = topics.into_iter().filter(|(_, topic)| beyond(topic));
    let Some((name, topic)) = worst.max_by_key(|(_, topic)| topic.lost) else {
        return Ok(());
    };
    let pull = point.pull;
    let log = pull.map_or(0, |pull| pull.log);
    Err(Refused::TooMuch {
        topic: name.to_owned(),
        lost: topic.lost,
        of: topic.of,
        partition: logs[log].partition.clone(),
        offset: pull.map_or(point.cuts[log], |pull| pull.offset),
        timestamp_ms: pull.and_then(|pull| pull.at).filter(|_| time.is_some()),
        is_end: pull.is_some_and(|pull| pull.is_end),
    })
}
