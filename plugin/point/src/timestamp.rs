//! The order of timestamps: the greatest T such that nothing is kept that is
//! later than anything which is lost or missing.
//!
//! What a partition lacks behind its end can't be seen. It is taken to be no
//! earlier than ε before the newest record that is there, or before the instant
//! up to which the source's heads show it complete; ε is for whoever knows the
//! producers to state.
//!
//! A partition is cut at its first record above T. What follows there and is
//! not above T is lost all the same, so T goes down to the earliest of it, and
//! again, until nothing changes. Each step is forced: a point that is right can
//! never lie above, so that the one where this ends is the greatest.

use crate::error::{Refused, Unsolved};
use crate::log::Log;
use crate::point::{Point, Pull, lost, lower_to, within};
use crate::took_part::TookPart;
use crate::whole::close;

/// Finds the point.
///
/// # Errors
/// More that has to be read first; or why there is none.
pub fn by_timestamp(
    logs: &[Log],
    took_part: &TookPart,
    epsilon_ms: u64,
) -> Result<Point, Unsolved> {
    let (mut at, bound) = bound(logs, epsilon_ms)?;
    let mut pull = bound;
    let mut cuts: Vec<u64> = logs.iter().map(|log| log.end).collect();
    loop {
        lower_to(logs, at, &mut cuts)?;
        close(logs, took_part, &mut cuts)?;
        let earliest = lost(logs, &cuts)?
            .into_iter()
            .flat_map(|(log, records)| records.iter().map(move |record| (log, record)))
            .filter(|(_, record)| record.at != crate::log::NO_PLACE)
            .min_by_key(|(_, record)| record.at);
        match earliest {
            Some((log, record)) if record.at < at => {
                at = record.at;
                pull = Pull {
                    log,
                    offset: record.offset,
                    at: Some(record.at),
                    is_end: false,
                };
            }
            _ => break,
        }
    }
    within(logs, &cuts)?;
    let any = logs.iter().zip(&cuts).any(|(log, cut)| *cut < log.end);
    Ok(Point {
        pull: any.then_some(pull),
        cuts,
        at,
    })
}

/// Below it nothing is missing anywhere, as far as ends can tell.
fn bound(logs: &[Log], epsilon_ms: u64) -> Result<(i64, Pull), Refused> {
    let epsilon = i64::try_from(epsilon_ms).unwrap_or(i64::MAX);
    let reached = |log: &Log| log.newest.max(log.complete_ms);
    let ordered = || logs.iter().enumerate().filter(|(_, log)| log.ordered);
    let unbounded = || ordered().filter(|(_, log)| reached(log).is_none());
    if let Some((_, log)) = unbounded().next() {
        return Err(Refused::Unbounded {
            partition: log.partition.clone(),
            topics: unbounded()
                .map(|(_, log)| log.partition.topic.clone())
                .collect(),
        });
    }
    let mut least: Option<(i64, Pull)> = None;
    for (position, log) in ordered() {
        let Some(reached) = reached(log) else {
            continue;
        };
        let at = reached.saturating_sub(epsilon);
        if least.as_ref().is_none_or(|(other, _)| at < *other) {
            let pull = Pull {
                log: position,
                offset: log.end,
                at: Some(reached),
                is_end: true,
            };
            least = Some((at, pull));
        }
    }
    least.ok_or(Refused::Nothing)
}
