//! Logs to compare, made from numbers.
#![allow(dead_code, reason = "each test program uses some of it")]

use std::convert::Infallible;

use slackwater_compare::{How, Item, Items, Limits, PartitionComparison, compare};
use slackwater_ports::Digest128;

/// A log in memory.
pub(crate) struct Log(std::vec::IntoIter<Item>);

impl Log {
    /// Records that are told apart by these numbers; offsets count from
    /// `start` on in steps of `step`, as transaction markers make them.
    pub(crate) fn of(identities: &[u128], start: u64, step: u64) -> Self {
        Self::from_items(
            (0..)
                .zip(identities)
                .map(|(at, identity)| Item {
                    offset: start + at * step,
                    identity: Digest128(*identity),
                    // The clock that the numbers are when they go up.
                    timestamp_ms: i64::try_from(*identity % (1 << 40)).unwrap(),
                    key: None,
                    tombstone: false,
                })
                .collect(),
        )
    }

    pub(crate) fn from_items(items: Vec<Item>) -> Self {
        Self(items.into_iter())
    }
}

impl Items for Log {
    type Error = Infallible;

    fn next(&mut self) -> Result<Option<Item>, Infallible> {
        Ok(self.0.next())
    }
}

/// Windows so small that tests get past them.
pub(crate) fn small() -> Limits {
    Limits {
        history: 40,
        ahead: 24,
        keys: 16,
    }
}

/// Windows that hold every log of these tests.
pub(crate) fn large() -> Limits {
    Limits {
        history: 100_000,
        ahead: 10_000,
        keys: 10_000,
    }
}

pub(crate) fn compared(mut source: Log, mut mirror: Log, how: &How) -> PartitionComparison {
    match compare(&mut source, &mut mirror, how) {
        Ok(result) => result,
    }
}

/// Two logs that both begin at 0.
pub(crate) fn of_runs(source: &[u128], mirror: &[u128]) -> PartitionComparison {
    let how = How {
        limits: large(),
        ..How::default()
    };
    compared(Log::of(source, 0, 1), Log::of(mirror, 0, 1), &how)
}
