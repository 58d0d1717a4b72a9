//! How old each segment is, as a broker's retention sees it. Reads one entry
//! of a time index and the headers of the last segment, not the log.

use std::fs::File;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::LogdirError;
use crate::file;
use crate::segment::{SegmentFile, SegmentReader, Want};
use crate::survey::Replica;

/// Bytes of an entry of a time index: the greatest timestamp so far, and the
/// offset that has it, relative to the segment's first (`TimeIndex`).
const ENTRY: u64 = 12;

/// What retention looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SegmentAge {
    /// First offset, by its name.
    pub base: u64,
    /// Its size.
    pub bytes: u64,
    /// The greatest of its timestamps, ms since the Unix epoch; where its
    /// records have none, when the file was last written
    /// (`LogSegment.largestTimestamp`).
    pub newest_ms: i64,
}

/// The segments of `replica`, oldest first.
///
/// A closed segment's time index ends with its greatest timestamp, and that is
/// what a broker goes by. The last segment's is still preallocated: there, and
/// where an index says nothing, the headers are read.
///
/// # Errors
/// A segment that can't be read.
pub fn ages(reader: &mut SegmentReader, replica: &Replica) -> Result<Vec<SegmentAge>, LogdirError> {
    let last = replica.segments.len().saturating_sub(1);
    let each = replica.segments.iter().enumerate();
    each.map(|(at, segment)| {
        let indexed = match at == last {
            true => None,
            false => indexed(&segment.path.with_extension("timeindex")),
        };
        let newest_ms = match indexed {
            Some(newest) => newest,
            None => in_headers(reader, segment)?,
        };
        Ok(SegmentAge {
            base: segment.base,
            bytes: segment.bytes,
            newest_ms,
        })
    })
    .collect()
}

/// An index that is not there, or is not one, is a broker's to make anew.
fn indexed(path: &Path) -> Option<i64> {
    let index: File = file::open(path).ok()?;
    let bytes = index.metadata().ok()?.len();
    let mut timestamp = [0; 8];
    let at = bytes.checked_sub(ENTRY).filter(|_| bytes % ENTRY == 0)?;
    index.read_exact_at(&mut timestamp, at).ok()?;
    Some(i64::from_be_bytes(timestamp)).filter(|newest| *newest > 0)
}

fn in_headers(reader: &mut SegmentReader, segment: &SegmentFile) -> Result<i64, LogdirError> {
    let mut newest = None;
    reader.read(&segment.path, Want::Headers, |batch| {
        let timestamp = batch.header.max_timestamp;
        newest = newest.max(Some(timestamp).filter(|one| *one >= 0));
    })?;
    match newest {
        Some(newest) => Ok(newest),
        None => {
            let seen = std::fs::metadata(&segment.path);
            let seen = seen.map_err(LogdirError::io("look at", &segment.path))?;
            Ok(seen.mtime().saturating_mul(1000))
        }
    }
}
