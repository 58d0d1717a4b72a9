//! Compares source and mirror: what is paired with what, where each side is
//! read, and the work on many partitions at once. How two logs are compared is
//! the crate `slackwater-compare`'s.

mod feed;
mod job;
mod pairs;
mod report;
mod show;
mod sides;

pub use job::{PARTITIONS_AT_ONCE, run};
pub use pairs::{AtCut, Pair, Pairing, of_cut, of_pairing};
pub(crate) use report::why_open;
pub use report::{Report, Row};
pub use sides::{Extent, Side};
