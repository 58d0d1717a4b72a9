//! Two logs of one stream, compared record by record: a source's partition
//! and MirrorMaker's copy of it.
//!
//! Pure: it pulls records from two [`Items`], one pass over each, and knows
//! neither files nor brokers nor clocks. Offsets of source and mirror are
//! never compared as numbers: markers, retention and repeats make them differ.
//! Records find each other by what they are.
//!
//! # What a partition costs
//!
//! 48 bytes for each of the last [`Limits::history`] records: 25 MB for a long
//! log, less for a short one. Where the two sides part, up to
//! [`Limits::ahead`] records more of each side and an index: some 60 MB in
//! all. A compacted topic adds what is known of up to [`Limits::keys`] keys:
//! 20 MB, and 140 more if each side lacks so many. A log that is equal never
//! needs more than the first.
//!
//! # What can't be told
//!
//! A repeat of records from before the history is `unresolved`: never taken
//! for equal, never for a stranger. So is a log that repeats itself from end
//! to end and starts or ends elsewhere than its copy: any shift would fit.
//! Where a run may be a repeat or what follows a hole, it counts as the
//! hole, since a difference is better told than hidden.

mod compaction;
mod item;
mod period;
mod ranges;
mod result;
mod resync;
mod tally;
mod walk;
mod window;

pub use item::{Item, Items};
pub use ranges::{LISTED_RANGES, OffsetRange, Ranges};
pub use result::{Compacted, Difference, DifferenceKind, PartitionComparison, Side, Verdict};
pub use walk::{How, Limits, compare};
