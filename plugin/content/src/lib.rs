//! What lies on volumes, as the port `VolumeContent`: of folders, and of a
//! snapshot that is opened for it.
//!
//! It gathers what the offline reader finds and decides nothing. May touch the
//! volumes (to read them), the folder where a snapshot is opened, and the
//! clock, which tells when something was read.

#![allow(
    clippy::disallowed_methods,
    reason = "an adapter: an observation says when it was made"
)]

mod ages;
mod clock;
mod error;
mod folders;
mod metadata;
mod parts;
mod read;
mod snapshot;
mod state;
mod transactions;

pub use ages::ReplicaAges;
pub use error::ContentError;
pub use folders::{Folder, Folders};
pub use parts::{Answered, Asked, Located, Part, Parts};
pub use snapshot::SnapshotContent;
