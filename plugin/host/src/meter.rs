//! The limits on memory and time, while a run is under way. Fuel is
//! wasmtime's own.
#![allow(
    clippy::disallowed_methods,
    reason = "the wall time of a run is the host's to limit, whatever the clock port says"
)]

use std::time::{Duration, Instant};

use wasmtime::ResourceLimiter;

use crate::limits::{INSTANCES, MEMORIES, TABLE_ENTRIES, TABLES};
use crate::{HostError, Limits, PhaseName};

/// A limit that was hit, or a bug of the host: what ends a run from within a
/// call.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(crate) enum Stop {
    #[error("the time limit")]
    Time,
    #[error("the memory limit")]
    Memory,
    #[error("the limit on table entries")]
    TableEntries,
    #[error("a port that is not there")]
    NoPort,
}

/// The meters of one run.
#[derive(Debug)]
pub(crate) struct Meter {
    limits: Limits,
    started: Instant,
    memory_bytes: usize,
}

impl Meter {
    /// Starts the time.
    pub(crate) fn start(limits: Limits) -> Self {
        Self {
            limits,
            started: Instant::now(),
            memory_bytes: 0,
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// What is left of the time, in whole milliseconds.
    pub(crate) fn left_ms(&self) -> u64 {
        let left = self.limits.wall.saturating_sub(self.elapsed());
        u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn check_time(&self) -> Result<(), Stop> {
        if self.elapsed() < self.limits.wall {
            Ok(())
        } else {
            Err(Stop::Time)
        }
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let others = self.memory_bytes.saturating_sub(current);
        let all = others.saturating_add(desired);
        if all > self.limits.memory_bytes {
            // A phase that is refused memory would abort without a word.
            return Err(Stop::Memory.into());
        }
        self.memory_bytes = all;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > TABLE_ENTRIES {
            return Err(Stop::TableEntries.into());
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}

/// The limit that `stop` names, as an error of the run.
pub(crate) fn named(stop: Stop, phase: PhaseName, limits: Limits) -> HostError {
    match stop {
        Stop::Time => HostError::OutOfTime {
            phase,
            limit: limits.wall,
        },
        Stop::Memory => HostError::OutOfMemory {
            phase,
            limit: limits.memory_bytes,
        },
        Stop::TableEntries => HostError::OutOfRoom {
            phase,
            what: "entries in a table",
            limit: TABLE_ENTRIES,
        },
        Stop::NoPort => HostError::Engine {
            what: "call a port that was checked to be there",
            why: "it is not".to_owned(),
        },
    }
}
