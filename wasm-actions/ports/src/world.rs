//! Time, and what a person sees.

use serde::{Deserialize, Serialize};

/// The clock, as a capability.
pub trait Clock {
    /// Milliseconds since the Unix epoch; the machine may set it back.
    fn now_ms(&self) -> u64;
    /// Milliseconds of a clock that never goes back; its zero means nothing.
    fn monotonic_ms(&self) -> u64;
    /// Waits.
    fn sleep_ms(&self, ms: u64);
}

/// What a person sees while a phase runs.
pub trait Progress {
    /// What is waited for in which step, and how long still at the most.
    fn waiting(&self, step: &str, awaited: &str, remaining_ms: Option<u64>);
}

/// How loud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// For us.
    Debug,
    /// For a person who watches.
    Info,
    /// For a person who should know.
    Warn,
    /// For a person who has to act.
    Error,
}

/// The log; also where a panic's message goes.
pub trait Log {
    /// One line.
    fn log(&self, level: Level, message: &str);
}
