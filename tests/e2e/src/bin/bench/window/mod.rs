//! `window`: how long a mirror stands still for a backup, by ours and by
//! kafka-kasten's steps, in turns on one lab under load.
//!
//! Both are measured alike, by a reader at the mirror's ends: from before the
//! first thing is asked to stop to the first record that arrives after the
//! mirror was let go. Ours says in its cut how long its window was; that is
//! reported beside it.

#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark measures by the clock on the wall"
)]

mod ours;
mod peer;
mod report;
mod stage;
mod steps;

use std::time::Duration;

use crate::{BenchError, say};
use ours::Ours;
use peer::Peer;
pub(crate) use report::Report;
use stage::Stage;

/// Of each side: the 95th percentile of ten is the longest of them.
pub(crate) const RUNS: u32 = 10;

/// The volumes would not hold the load of more.
pub(crate) const MOST_RUNS: i64 = 30;

/// Between two runs, once the mirror has caught up: Connect commits, the
/// brokers write out, and a run does not begin in the echo of another.
const REST: Duration = Duration::from_secs(5);

/// Sets the lab up and measures so many runs of each side.
pub(crate) fn measure(runs: u32) -> Result<Report, BenchError> {
    let stage = Stage::set()?;
    let (mut ours, mut peers): (Vec<Ours>, Vec<Peer>) = (Vec::new(), Vec::new());
    for run in 0..runs {
        // Who comes second finds Connect as the first has left it: by turns.
        for ours_now in [run % 2 == 0, run % 2 == 1] {
            stage.catch_up()?;
            std::thread::sleep(REST);
            let (who, ms) = if ours_now {
                ours.push(ours::run(&stage)?);
                ("slackwater", ours.last().map(|one| one.window_ms))
            } else {
                peers.push(peer::run(&stage)?);
                ("kafka-kasten", peers.last().map(|one| one.window_ms))
            };
            let ms = ms.unwrap_or_default();
            say(&format!("run {} of {runs}: {who} {ms} ms", run + 1));
        }
    }
    Ok(Report {
        ours,
        peers,
        produced: stage.end()?,
    })
}

fn unfit(what: impl Into<String>) -> BenchError {
    BenchError::Unfit { what: what.into() }
}

fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
