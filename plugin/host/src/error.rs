//! Why a run has no end of its own.

use std::path::PathBuf;
use std::time::Duration;

use crate::{Capability, Entry, PhaseName};

/// Why a phase was not run, or did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The directory for compiled components can't be used.
    #[error("can't use {} as the cache of compiled phases: {why}", dir.display())]
    Cache {
        /// The directory.
        dir: PathBuf,
        /// What wasmtime said.
        why: String,
    },
    /// wasmtime refused something of ours.
    #[error("can't {what}: {why}; this is a bug of slackwater's")]
    Engine {
        /// What was tried.
        what: &'static str,
        /// What wasmtime said.
        why: String,
    },
    /// A component's file can't be read.
    #[error("can't read the component {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no component, or not one of this phase's world.
    #[error("not a component of a phase: {why}")]
    Invalid {
        /// In one line.
        why: String,
    },
    /// `--require-digest` names another one.
    #[error("the component has sha256 {found}, and {wanted} is required")]
    DigestMismatch {
        /// What was asked for.
        wanted: String,
        /// What it is.
        found: String,
    },
    /// What is required is no sha256.
    #[error("a digest to require has 64 hex digits, not {0:?}")]
    NotADigest(String),
    /// The component imports what its phase's world does not.
    #[error("the component wants {import}, which {phase} is not granted")]
    NotGranted {
        /// Which phase it was to be.
        phase: PhaseName,
        /// The import's name.
        import: String,
    },
    /// The caller gave no port for a capability of the phase's world.
    #[error("{phase} needs {capability}, and no adapter is there for it")]
    NoPort {
        /// Which phase.
        phase: PhaseName,
        /// What is missing.
        capability: Capability,
    },
    /// The phase's world has no such export.
    #[error("{phase} has no {entry}")]
    NoEntry {
        /// Which phase.
        phase: PhaseName,
        /// What was asked for.
        entry: Entry,
    },
    /// The fuel limit.
    #[error("{phase} was ended: it used up its fuel, {limit} units (about one an instruction)")]
    OutOfFuel {
        /// Which phase.
        phase: PhaseName,
        /// Units.
        limit: u64,
    },
    /// The memory limit.
    #[error("{phase} was ended: it wanted more memory than its limit, {limit} bytes")]
    OutOfMemory {
        /// Which phase.
        phase: PhaseName,
        /// Bytes.
        limit: usize,
    },
    /// The limit on tables, instances or memories.
    #[error("{phase} was ended: it wanted more {what} than {limit}")]
    OutOfRoom {
        /// Which phase.
        phase: PhaseName,
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// The wall time limit.
    #[error("{phase} was ended: it took longer than its time limit, {} ms", limit.as_millis())]
    OutOfTime {
        /// Which phase.
        phase: PhaseName,
        /// The limit.
        limit: Duration,
    },
    /// The phase panicked: a bug in it.
    #[error("{phase} {message}")]
    Panicked {
        /// Which phase.
        phase: PhaseName,
        /// Its last line to the log, as in "panicked at …".
        message: String,
    },
    /// The phase trapped and said nothing.
    #[error("{phase} was ended by a trap: {trap}")]
    Trapped {
        /// Which phase.
        phase: PhaseName,
        /// wasmtime's word for it.
        trap: String,
    },
}

impl HostError {
    pub(crate) fn engine(what: &'static str, error: &wasmtime::Error) -> Self {
        Self::Engine {
            what,
            why: one_line(error),
        }
    }

    pub(crate) fn invalid(error: &wasmtime::Error) -> Self {
        Self::Invalid {
            why: one_line(error),
        }
    }
}

/// The whole chain of causes, in one line.
pub(crate) fn one_line(error: &wasmtime::Error) -> String {
    crate::text::line(&format!("{error:#}"))
}
