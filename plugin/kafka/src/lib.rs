//! librdkafka as the ports of heads, records and groups.
//!
//! It gathers what brokers say and decides nothing: what counts as drained,
//! equal or lost is for the phases. It may talk to the brokers of the
//! clusters that it was made with, and for phases it only reads: it joins no
//! group and never makes a broker create a topic. What it commits is what a restore
//! gives it for a group that is past the restored end (`groups`).
//!
//! `ffi` holds all calls into librdkafka and is the one place with `unsafe`.

#![allow(
    clippy::disallowed_methods,
    reason = "an adapter: requests have time limits, and an observation says when it was made"
)]

mod clock;
mod clusters;
mod configs;
mod content;
mod describe;
mod error;
mod ffi;
mod groups;
mod heads;
mod member;
mod options;
mod read;
mod since;
mod span;
mod stream;
mod sweep;
mod topic_id;

pub use clusters::KafkaClusters;
pub use options::{ClusterOptions, FIXED_PROPERTIES};
pub use stream::{Stream, StreamRecord};
