//! What the targets share: how a fuzzer's bytes are taken apart.

use std::fs;
use std::path::Path;

use slackwater_logdir::{HEADER, Replica, SegmentFile};
use slackwater_ports::PartitionId;
use tempfile::TempDir;

/// Before the bytes of a log: flags, log start, cut, length of the tail, base
/// of the second segment, and where it begins (two bytes).
pub const PREFIX: usize = 7;

/// Flag: the CRCs are made right, so that what lies behind them is reached.
pub const SEAL: u8 = 1;

/// Flag: there is a cut.
pub const CUT: u8 = 2;

/// A log, as a fuzzer would have it.
pub struct Wanted {
    /// Log start offset.
    pub start: u64,
    /// The cut.
    pub until: Option<u64>,
    /// Records of the tail.
    pub most: u32,
    /// First offset and bytes of each segment.
    pub segments: [(u64, Vec<u8>); 2],
}

/// `None` for too few bytes.
pub fn wanted(bytes: &[u8]) -> Option<Wanted> {
    let (prefix, log) = bytes.split_first_chunk::<PREFIX>()?;
    let [flags, start, until, most, base, high, low] = *prefix;
    let split = usize::from(u16::from_be_bytes([high, low])).min(log.len());
    let (first, second) = log.split_at(split);
    let mut segments = [(0, first.to_vec()), (u64::from(base), second.to_vec())];
    if flags & SEAL != 0 {
        for (_, bytes) in &mut segments {
            seal_all(bytes);
        }
    }
    Some(Wanted {
        start: u64::from(start),
        until: (flags & CUT != 0).then_some(u64::from(until)),
        most: u32::from(most),
        segments,
    })
}

/// Makes the CRC of each batch right, as far as batches can be found.
pub fn seal_all(mut bytes: &mut [u8]) {
    while let Some(size) = bytes.get(8..12).and_then(|size| size.try_into().ok()) {
        let size = i64::from(i32::from_be_bytes(size)) + 12;
        let Ok(size) = usize::try_from(size) else {
            return;
        };
        if size < HEADER || size > bytes.len() {
            return;
        }
        let (batch, rest) = bytes.split_at_mut(size);
        let crc = crc32c(&batch[21..]);
        batch[17..21].copy_from_slice(&crc.to_be_bytes());
        bytes = rest;
    }
}

fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 * (crc & 1));
        }
    }
    !crc
}

/// The pieces of an input: each after its length in one byte.
pub fn pieces(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first()?;
        let (piece, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        bytes = rest;
        Some(piece)
    })
}

/// A place for the files of a log, in memory: the same ones each time.
pub struct Shelf(TempDir);

impl Default for Shelf {
    fn default() -> Self {
        Self(tempfile::tempdir_in("/dev/shm").expect("a directory in memory"))
    }
}

impl Shelf {
    /// Writes the segments, and gives what a survey would find.
    pub fn replica(&self, wanted: &Wanted) -> Replica {
        let file = |name: usize, base: u64, bytes: &[u8]| -> SegmentFile {
            let path = self.0.path().join(name.to_string());
            put(&path, bytes);
            SegmentFile {
                base,
                path,
                bytes: bytes.len() as u64,
            }
        };
        let segments = wanted.segments.iter().enumerate();
        let mut segments: Vec<SegmentFile> = segments
            .filter(|(_, (_, bytes))| !bytes.is_empty())
            .map(|(name, (base, bytes))| file(name, *base, bytes))
            .collect();
        segments.sort_by_key(|segment| segment.base);
        segments.dedup_by_key(|segment| segment.base);
        let first = segments.first().map_or(0, |segment| segment.base);
        Replica {
            partition: PartitionId::new("t", 0),
            topic_id: None,
            path: self.0.path().to_owned(),
            segments,
            unfinished_swaps: 0,
            start: wanted.start.max(first),
            high_watermark: None,
            recovery_point: None,
            cleaner_offset: None,
            epochs: Vec::new(),
        }
    }
}

fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a file in memory");
}
