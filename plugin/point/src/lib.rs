//! The last point where all prior messages exist, of volumes that were cut one
//! after another while the mirror ran on: [`judge`] finds the log that is kept
//! of each partition, and [`by_timestamp`], [`by_source`] or [`by_sequence`]
//! where all of them are cut. [`Plan`] is the document that says so.
//!
//! Pure: no I/O, no clock. What it is given was read of the logs' ends, and
//! where that does not reach far enough it says what more it needs. Nothing is
//! ever guessed of what was not read.

mod depends;
mod error;
mod limit;
mod locate;
mod log;
mod numbers;
mod order;
mod plan;
mod point;
mod replica;
mod source;
mod timestamp;
mod took_part;
mod whole;

pub use depends::{
    Depends, EndOf, GROUPS, GroupBeyond, GroupSeen, OFFSET_SYNCS, POSITIONS, PositionHeld,
    PositionSeen, SyncsBeyond, depends,
};
pub use error::{Refused, Unsolved};
pub use limit::{MaxJettison, Since, within_limit};
pub use locate::{Locator, Seen};
pub use log::{Log, Marker, NO_PLACE, Older, Place, Transaction, TransactionId, Wanted, Window};
pub use numbers::{MAX_NUMBERS_BYTES, SeenNumbers, TooManyNumbers};
pub use order::{Gaps, LISTED_GAPS, Numbered, SequenceAsked, UNNUMBERED, by_sequence};
pub use plan::{
    AddedRecord, ForgottenId, LastKept, MAX_PLAN_BYTES, OfCut, Ordered, PLAN_VERSION, Plan,
    PlanError, PlanKind, PlannedPartition, PlannedReplica, PlannedStanding, PulledBy, ReadCount,
    Role, Spread, Why,
};
pub use point::{Point, Pull};
pub use replica::{Fork, Judgement, Line, Replica, Standing, judge, odd_one};
pub use source::{Between, Located, Sweep, by_source};
pub use timestamp::by_timestamp;
pub use took_part::{TookPart, Word};
