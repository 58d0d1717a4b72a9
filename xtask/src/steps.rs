//! Says on stderr which step runs and how long it took, so that stdout stays
//! the programs' own. Decides nothing.

#![allow(
    clippy::disallowed_methods,
    reason = "a build tool shows real time; nothing is decided by it"
)]

use std::time::{Duration, Instant};

use crate::error::Error;

/// The steps of one command.
pub(crate) struct Steps {
    started: Instant,
}

impl Steps {
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    /// Runs one step under a header; the time in it is since the start.
    pub(crate) fn run<T>(
        &mut self,
        name: &str,
        step: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        eprintln!("==> [{:>7}] {name}", seconds(self.started.elapsed()));
        let begun = Instant::now();
        let result = step();
        let word = if result.is_ok() {
            "done in"
        } else {
            "FAILED after"
        };
        eprintln!("    {word} {}", seconds(begun.elapsed()));
        result
    }

    /// A header without a step: of one that others go on beside.
    pub(crate) fn say(&self, name: &str) {
        eprintln!("==> [{:>7}] {name}", seconds(self.started.elapsed()));
    }

    /// Time since the start, to be read by a person.
    pub(crate) fn total(&self) -> String {
        seconds(self.started.elapsed())
    }
}

fn seconds(time: Duration) -> String {
    let tenths = time.as_millis() / 100;
    let (minutes, rest) = (tenths / 600, tenths % 600);
    if minutes == 0 {
        format!("{}.{} s", rest / 10, rest % 10)
    } else {
        format!("{minutes}m{:02}s", rest / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well_below_and_above_a_minute() {
        assert_eq!(seconds(Duration::from_millis(1_240)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2m05s");
    }
}
