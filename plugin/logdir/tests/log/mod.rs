//! Writes log directories as brokers do, for tests only: what the reader makes
//! of them can then be held against what was written. Written from Kafka's
//! description of the format (`DefaultRecordBatch`, `DefaultRecord`), and it
//! shares no code with the reader, not even the checksum.
#![allow(
    dead_code,
    clippy::unwrap_used,
    unreachable_pub,
    unused_imports,
    reason = "tests' helpers, of which each file uses a part"
)]

pub mod agree;
pub mod arbitrary;
pub mod batch;
pub mod cleaner;
pub mod codec;
pub mod crc;
pub mod disk;
pub mod model;
pub mod record;

pub use batch::{Batch, abort, commit};
pub use codec::Packing;
pub use disk::Disk;
pub use record::Rec;

use std::cell::RefCell;

use slackwater_logdir::{Depth, Replica, ReplicaScan, ScanOptions, SegmentReader, scan};

/// Where a log lies in these tests.
pub const PARTITION: &str = "t-0";

/// All of the log, with a tail of 8.
pub fn options(depth: Depth) -> ScanOptions {
    ScanOptions {
        depth,
        digest_from: 0,
        until: None,
        tail: 8,
    }
}

/// Reads the replica.
pub fn scan_with(replica: &Replica, options: &ScanOptions) -> ReplicaScan {
    thread_local! {
        // One for all, as in the program: what a log left in it must not show
        // in the next one.
        static READER: RefCell<SegmentReader> = RefCell::default();
    }
    READER.with_borrow_mut(|reader| scan(reader, replica, options, &|_| ()).unwrap())
}

/// The same with nothing left out.
pub fn scan_full(replica: &Replica) -> ReplicaScan {
    scan_with(replica, &options(Depth::Full))
}

/// A log directory that holds these segments.
pub fn disk_with(segments: &[&[Batch]]) -> (Disk, Replica) {
    let disk = Disk::new();
    disk.segments(PARTITION, segments);
    let replica = disk.replica(PARTITION);
    (disk, replica)
}

/// A log that was never cleaned and has no gap: `batches` batches of three
/// records, from offset 0 on.
pub fn plain(batches: u64) -> Vec<Batch> {
    let packings = Packing::ALL;
    (0..batches)
        .map(|at| {
            let records = (0..3).map(|n| Rec::numbered(3 * at + n)).collect();
            let mut batch = Batch::of(records);
            batch.packing = packings[at as usize % packings.len()];
            batch.epoch = (at / 4) as i32;
            batch
        })
        .collect()
}
