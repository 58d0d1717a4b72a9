//! Volumes that were cut one after another while the mirror ran, planned and trimmed, and
//! started as a real cluster: its partitions end where the plan says, nothing that is kept
//! is later than anything that is not, and MirrorMaker goes on without a hole, with the
//! duplicates that its position tells.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "real brokers are loaded for a real while; a test may panic"
)]

use std::time::Duration;

mod ahead;
mod copied;
mod logs;
mod pairs;
mod run;
mod stood_still;
mod trimmed;

/// What the mirror is given to reach a state.
const REACH: Duration = Duration::from_secs(60);

/// Messages a second, over all topics.
const RATE: u32 = 1_500;

/// A batch of each partition spans that much, and MirrorMaker, which is given it whole,
/// packs much of it into one of its own: a point lies inside of some.
const LINGER_MS: u32 = 100;

/// MirrorMaker gives the mirror's topics the source's `compression.type`, and
/// brokers pack by it: a batch that is cut inside is packed anew.
const CODECS: [&str; 5] = ["uncompressed", "gzip", "snappy", "lz4", "zstd"];

/// Of each of their topics.
const PARTITIONS: u16 = 2;
