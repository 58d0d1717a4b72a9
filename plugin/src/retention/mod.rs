//! What the brokers of a restored mirror would delete soon after their start.
//!
//! MirrorMaker copies the source's retention to the mirror's topics, so the
//! records of an old backup are older than their own retention: the first
//! check, 30 s after the start, deletes what was restored. Pure: what the
//! segments are and what the topics say is given.

mod kafka;
mod report;
mod text;

pub use kafka::{Limits, log_start};
pub use report::{Expiring, Expiry, expiry};
pub use text::text;
