//! One replica's log, from its first batch to its last: what is in it, and
//! whether it is whole. Decides nothing: what it finds is for others to judge.

use serde::Serialize;
use slackwater_ports::{Digest128, TailRead};

use crate::LogdirError;
use crate::pass::Pass;
use crate::segment::SegmentReader;
use crate::survey::Replica;

/// How much of the log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The last segments, as far back as the last records reach.
    Tail,
    /// All of it: headers and checksums.
    Full,
    /// All of it, and every record is decoded.
    Deep,
}

/// What is wanted of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanOptions {
    /// How much is read.
    pub depth: Depth,
    /// The digest begins with the batch that holds this offset.
    pub digest_from: u64,
    /// Where the cut is. The digest and the last records end there, and what
    /// lies at or past it is counted apart. `None`: the end of the log.
    pub until: Option<u64>,
    /// How many of the last data records are digested.
    pub tail: u32,
}

/// A batch that is not what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bad {
    /// The file's name.
    pub file: String,
    /// Position in it.
    pub position: u64,
    /// The offset that is expected or claimed there.
    pub offset: u64,
    /// What is wrong.
    pub why: String,
}

/// Offsets that no batch covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hole {
    /// The first one.
    pub first: u64,
    /// The offset at which the log goes on.
    pub next: u64,
}

/// What a replica's log holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaScan {
    /// Offset at which the reading began.
    pub scanned_from: u64,
    /// Log end offset as a broker that recovers the last segment would have
    /// it: where the valid batches of that segment end, or the log start where
    /// that lies further. Damage in an earlier segment does not change it.
    pub end: u64,
    /// Segments that were read.
    pub segments: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Batches that were read.
    pub batches: u64,
    /// Records by the headers, markers not counted.
    pub records: u64,
    /// Data records at or past the cut.
    pub beyond: u64,
    /// Leader epoch of the last batch before the cut.
    pub last_epoch: Option<i32>,
    /// Greatest timestamp, ms since the Unix epoch.
    pub last_timestamp_ms: Option<i64>,
    /// How many batches before the cut are not what they say.
    pub bad: u64,
    /// The first of them.
    pub first_bad: Option<Bad>,
    /// Runs of offsets that no batch covers: what compaction leaves, or loss.
    pub holes: u64,
    /// The first of them.
    pub first_hole: Option<Hole>,
    /// The offset below which the log shows that it was compacted: holes,
    /// batches with records taken out, delete horizons. 0 where it does not.
    pub cleaned_to: u64,
    /// Bytes of the last segment from the first on that is no valid batch: a
    /// write that a crash cut short, preallocated, or damage. What lies there
    /// is left out of all else but `bad`.
    pub torn_bytes: u64,
    /// Transactions without a marker at the end.
    pub open_transactions: u64,
    /// Batches that are larger than this reader decodes; 0 unless it was asked
    /// to.
    pub undecoded: u64,
    /// Over the batches from `digest_from` to the cut.
    pub digest: Digest128,
    /// Over all batches that were read, to the cut.
    pub whole: Digest128,
    /// The last data records before the cut that a reader of committed
    /// records gets; `None` where they were not found.
    pub tail: Option<TailRead>,
}

/// Reads `replica`. `progress` is given bytes as they are read.
///
/// # Errors
/// A file that can't be read.
pub fn scan(
    reader: &mut SegmentReader,
    replica: &Replica,
    options: &ScanOptions,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<ReplicaScan, LogdirError> {
    let last = replica.segments.len().saturating_sub(1);
    let mut first = match options.depth {
        Depth::Tail => last,
        Depth::Full | Depth::Deep => 0,
    };
    loop {
        let mut pass = Pass::new(replica, options, first);
        for (index, segment) in replica.segments.iter().enumerate().skip(first) {
            pass.segment(reader, index, index == last)?;
            progress(segment.bytes);
        }
        let found = pass.finish(reader)?;
        let enough = found
            .tail
            .as_ref()
            .is_some_and(|tail| tail.count >= options.tail);
        if first == 0 || enough {
            return Ok(found);
        }
        // Further back by as much again, so that a long way is few passes.
        first = first.saturating_sub(last - first + 1);
    }
}
