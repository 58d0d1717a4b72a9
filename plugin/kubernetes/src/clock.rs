//! The clock, for what is written into objects.
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: it says when something was done"
)]

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}

/// As the API takes it (`MicroTime`): for people, nothing is decided by it.
pub(crate) fn micro_time() -> String {
    format!("{:.6}", Timestamp::now())
}
