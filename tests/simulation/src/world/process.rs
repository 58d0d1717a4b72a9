//! Processes: the program's, the guard's. Each has a clock.

/// Position in the world's list.
pub(crate) type ProcessId = usize;

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Program,
    Guard,
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) role: Role,
    pub(crate) alive: bool,
    /// It does nothing before then.
    pub(crate) frozen_until: u64,
    /// It can't reach the API server before then.
    pub(crate) cut_off_until: u64,
    /// How far its clock is off.
    pub(crate) shift_ms: i64,
}
