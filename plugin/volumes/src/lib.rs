//! Local volumes: flushed and cut, and who writes to them.
//!
//! [`FlushHandles`] holds descriptors that are opened before the mirror is
//! stopped. [`Snapshots`] makes, lists, verifies, deletes and restores
//! snapshots through one of two drivers: `copy` clones a directory file by
//! file, `command` runs the user's own program. A snapshot counts only once
//! its manifest lies in place, which is the last thing that is written.
//! [`Processes`] tells which process each broker is; [`Brokers`] has them
//! stopped and started.
//!
//! May touch the volumes (to read and flush them), the folders of the driver,
//! the targets of a restore, the programs that the configuration names, /proc,
//! and the clock.

mod brokers;
mod clock;
mod command;
mod copy;
mod error;
mod exec;
mod flush;
mod identity;
mod manifest;
mod processes;
mod snapshots;
mod sparse;
mod target;
mod template;
mod tree;
mod volume;

pub use brokers::Brokers;
pub use command::{CommandDriver, RawCommandDriver};
pub use copy::CopyDriver;
pub use error::VolumeError;
pub use exec::{MAX_STDERR, MAX_STDOUT};
pub use flush::{FLUSH_TIMEOUT, FlushHandles};
pub use manifest::{Manifest, ManifestFile, ManifestVolume};
pub use processes::Processes;
pub use snapshots::{Driver, Restored, RunSnapshots, Snapshots};
pub use template::{Purpose, Template};
pub use volume::{Flush, RunName, Volume, Volumes};
