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

/// A broker that did not end was seen in one of the first nine runs.
const PEER_TRIES: u32 = 5;

/// Sets the lab up and measures so many runs of each side.
pub(crate) fn measure(runs: u32) -> Result<Report, BenchError> {
    let stage = Stage::set()?;
    let mut report = Report::default();
    for run in 0..runs {
        // Who comes second finds Connect as the first has left it: by turns.
        let ours_first = run % 2 == 0;
        say(&format!("run {} of {runs}", run + 1));
        for ours in [ours_first, !ours_first] {
            match ours {
                true => report.ours.push(ours_once(&stage)?),
                false => report
                    .peers
                    .push(peer_once(&stage, &mut report.not_counted)?),
            }
        }
    }
    report.produced = stage.end()?;
    Ok(report)
}

fn ours_once(stage: &Stage) -> Result<Ours, BenchError> {
    rest(stage)?;
    let ours = ours::run(stage)?;
    say(&format!("  slackwater {} ms", ours.window_ms));
    Ok(ours)
}

/// One in which every process ended when it was asked to: the others would
/// make kafka-kasten look slower than it is.
fn peer_once(stage: &Stage, not_counted: &mut u32) -> Result<Peer, BenchError> {
    for _ in 0..PEER_TRIES {
        rest(stage)?;
        let peer = peer::run(stage)?;
        if peer.cleanly {
            say(&format!("  kafka-kasten {} ms", peer.window_ms));
            return Ok(peer);
        }
        say("  kafka-kasten: a process had to be killed, once more");
        *not_counted += 1;
    }
    Err(unfit(format!(
        "brokers did not end when they were asked to, {PEER_TRIES} times in a row"
    )))
}

fn rest(stage: &Stage) -> Result<(), BenchError> {
    stage.catch_up()?;
    std::thread::sleep(REST);
    Ok(())
}

fn unfit(what: impl Into<String>) -> BenchError {
    BenchError::Unfit { what: what.into() }
}

fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
