//! What a run may use up.

use std::time::Duration;

/// Units of fuel: about one for each instruction that the phase executes, so
/// the same run uses the same amount everywhere. To ask for the ends of 10,000
/// partitions and to take the answer was measured at 2.4 * 10^7, so this is
/// eight thousand such looks, or some thousand run documents of a few MiB read
/// and written. Compiled code burns about 10^10 units a second: a phase that
/// only computes ends within a minute, long before the time limit.
const FUEL: u64 = 200_000_000_000;

/// Bytes of all memories of a phase together. A run document of 10,000
/// partitions takes some 10 MiB as JSON and a few times that as a tree; twice
/// that while a new one is written.
const MEMORY_BYTES: usize = 256 << 20;

/// How long a run may take by the clock on the wall. The phases have their
/// own deadlines, which are shorter and give a better cause. This one ends a
/// phase that does not keep them; the longest is the wait for a mirror that
/// catches up.
const WALL: Duration = Duration::from_secs(30 * 60);

/// Core instances: a component has one of its module, and two or three small
/// ones that join it to its imports.
pub(crate) const INSTANCES: usize = 16;

/// Memories: a component of ours has one.
pub(crate) const MEMORIES: usize = 4;

/// Tables: one of the module, one or two of the joints.
pub(crate) const TABLES: usize = 16;

/// Entries of one table: one for each function whose address is taken, some
/// hundreds in ours.
pub(crate) const TABLE_ENTRIES: usize = 65_536;

/// Bytes that one call may bring from the component to the host, as wasmtime
/// counts them. A run document is the greatest of them.
pub(crate) const CALL_BYTES: usize = 128 << 20;

/// What a run may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Units of fuel: about one for each instruction.
    pub fuel: u64,
    /// Bytes of all its memories together.
    pub memory_bytes: usize,
    /// Wall time, from the instantiation on. A call of a port that is under
    /// way when it is up is waited for: each has its own, shorter limit. A
    /// sleep is cut.
    pub wall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: FUEL,
            memory_bytes: MEMORY_BYTES,
            wall: WALL,
        }
    }
}
