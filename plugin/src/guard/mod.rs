//! The guard: the process that holds the lease, keeps the one absolute
//! deadline, and resumes the mirror whatever happens to whoever began.
//!
//! It is started, seen alive, and spoken to through a socket in the store.
//! What it decides is in `slackwater_hold`; what it does at a release it has
//! from the phases, which it hosts.

mod ask;
mod client;
mod flushing;
mod hands;
mod launch;
mod line;
mod protocol;
mod prover;
mod recover;
mod serve;
mod stand_by;

pub use ask::ask;
pub use client::GuardClient;
pub(crate) use hands::void;
pub use launch::{GuardPort, GuardProcess};
pub use line::SocketLine;
pub use protocol::{Asked, Request, Response};
pub(crate) use recover::Salvor;
pub use recover::{Recovered, recover, recover_for_sure};
pub use serve::serve;

use std::path::{Path, PathBuf};

use slackwater_store::{MirrorName, RunId};

/// The socket of a mirror's guard.
pub(crate) fn socket(store: &Path, mirror: &MirrorName) -> PathBuf {
    store.join("leases").join(format!("{mirror}.sock"))
}

/// Where the guard of a run writes what it has to say.
pub(crate) fn log_file(store: &Path, run: &RunId) -> PathBuf {
    store.join("logs").join(format!("{run}.guard.log"))
}
