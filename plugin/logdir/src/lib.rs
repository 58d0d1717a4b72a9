//! Kafka's log directories, read offline, as brokers leave them: on a restored
//! volume, on a clone of a snapshot, on the disk of a broker that is stopped.
//!
//! [`survey`] lists what is there; [`scan`] reads one replica's log; [`range`]
//! a part of it, for replicas that differ elsewhere. What is found is given as
//! it is: whether it is right is for others to judge.
//!
//! It only reads, and only files: no network, no clock, and never a write. It
//! trusts no byte, and its memory has a bound whatever it reads.

mod ages;
mod batch;
mod decompress;
mod error;
mod file;
pub mod kraft;
mod name;
mod pass;
mod pool;
mod range;
mod record;
mod records;
mod rolling;
mod scan;
mod segment;
pub mod small;
pub mod state;
mod survey;
mod tail;
mod transactions;
pub mod wire;

pub use ages::{SegmentAge, ages};
pub use batch::{BatchHeader, Codec, HEADER, NotABatch};
pub use decompress::{DecompressError, MAX_DECOMPRESSED, decompress};
pub use error::LogdirError;
pub use pool::on_all_cores;
pub use range::{RangeSeen, range};
pub use record::{Control, Record, RecordError, control, for_each};
pub use records::{Isolation, RecordsEnd, broken_at, control_records, records};
pub use scan::{Bad, Depth, Hole, ReplicaScan, ScanOptions, scan};
pub use segment::{BatchSeen, MAX_HELD, SegmentEnd, SegmentFile, SegmentReader, Want};
pub use survey::{Locked, LogDir, Replica, survey};
