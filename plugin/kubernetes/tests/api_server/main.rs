//! What stands on a real API server: one control plane for them all, since each takes
//! longer to start than most of these tests, and each test in a namespace of its own.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
#![allow(
    clippy::disallowed_methods,
    reason = "what is waited for is that time passes, or somebody who takes his time is played"
)]

mod apart;
mod attach_limits;
mod between;
mod events;
mod flush_errors;
mod hold;
mod kept;
mod lease;
mod made_again;
mod makers;
mod others;
mod restore;
mod runs;
mod snapshots;
mod workers;

#[path = "../common/mod.rs"]
mod common;
