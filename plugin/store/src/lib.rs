//! The cut store and the lease, in a directory.
//!
//! ```text
//! <dir>/runs/<run id>.json        one run document with its revision
//! <dir>/runs/.lock                taken by whoever writes one
//! <dir>/leases/<mirror>.lock      locked for as long as the mirror is held
//! <dir>/leases/<mirror>.json      who holds it, left behind by a crash
//! ```
//!
//! A document is opaque text here. What is written is whole or not there, and
//! is read back. Locks are flock(2), which the kernel frees with the process;
//! the directory must therefore be local (NFS before Linux 2.6.12 and some
//! FUSE file systems don't exclude other machines).
//!
//! May touch that directory and the clock of a bounded wait for its lock.

mod envelope;
mod error;
mod file;
mod flush_errors;
mod handle;
mod lease;
mod lock;
mod name;
mod store;

pub use envelope::sha256;
pub use error::{LeaseError, StoreError};
pub use file::MAX_FILE;
pub use handle::RunHandle;
pub use lease::{Holder, Lease, LeaseState};
pub use name::{MirrorName, NameError, RunId};
pub use store::{MAX_RUNS, RunSummary, Store};
