//! The header of a record batch, format 2 (KIP-98), and its checksum. Source:
//! Kafka's `DefaultRecordBatch`.

use crc_fast::{CrcAlgorithm, checksum};

/// Bytes of a header, up to the first record.
pub const HEADER: usize = 61;

/// Bytes before those that `batchLength` counts.
pub(crate) const BEFORE_LENGTH: usize = 12;

/// The checksum covers what follows it, from the attributes on: what a broker
/// writes into a batch (base offset, leader epoch) stands before.
pub(crate) const CRC_FROM: usize = 21;

/// The only format that a broker of Kafka 4 writes.
const MAGIC: i8 = 2;

/// How records are compressed: the low bits of the attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// Not at all.
    None,
    /// gzip
    Gzip,
    /// Snappy, in snappy-java's framing or bare.
    Snappy,
    /// LZ4 frames.
    Lz4,
    /// Zstandard.
    Zstd,
}

/// What a header says. Offsets, timestamps and ids as Kafka defines them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record that the batch had when it was written.
    pub base_offset: u64,
    /// Of the last; it stays when compaction removes that record.
    pub last_offset: u64,
    /// All of its bytes, header included.
    pub size: u64,
    /// Epoch of the leader that wrote it.
    pub leader_epoch: i32,
    /// CRC-32C as written.
    pub crc: u32,
    /// `None` where it names a codec that there is not.
    pub codec: Option<Codec>,
    /// Timestamps are the broker's.
    pub log_append_time: bool,
    /// Part of a transaction.
    pub transactional: bool,
    /// Holds markers, no data.
    pub control: bool,
    /// The base timestamp is a delete horizon (KIP-534): the cleaner was here.
    pub delete_horizon: bool,
    /// Of the first record, ms since the Unix epoch.
    pub base_timestamp: i64,
    /// The greatest of its records', ms since the Unix epoch; -1 for none.
    pub max_timestamp: i64,
    /// -1 without an idempotent producer.
    pub producer_id: i64,
    /// Of that producer.
    pub producer_epoch: i16,
    /// Sequence number of the first record; -1 without.
    pub base_sequence: i32,
    /// How many records it holds now.
    pub records: u32,
}

/// Why bytes are no batch. Nothing that follows can be found after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotABatch {
    /// Less than a header is left.
    #[error("{0} bytes are no batch header")]
    Short(u64),
    /// Preallocated, or never written.
    #[error("zeros, where a batch would start")]
    Zeros,
    /// Format 0 or 1, or none.
    #[error("magic {0}, where a batch would have 2")]
    Magic(i8),
    /// A length that no batch has.
    #[error("a batch of {0} bytes")]
    Length(i64),
    /// A batch that ends after the file does.
    #[error("a batch of {size} bytes, of which {left} are there")]
    Torn {
        /// By its header.
        size: u64,
        /// Up to the end of the file.
        left: u64,
    },
    /// Numbers that contradict each other.
    #[error("a batch whose offsets or counts can't be")]
    Numbers,
}

impl BatchHeader {
    /// Reads a header, of which `left` bytes of the file are left.
    pub fn read(bytes: &[u8; HEADER], left: u64) -> Result<Self, NotABatch> {
        if bytes.iter().all(|byte| *byte == 0) {
            return Err(NotABatch::Zeros);
        }
        let magic = bytes[16] as i8;
        if magic != MAGIC {
            return Err(NotABatch::Magic(magic));
        }
        let length = i64::from(i32_at(bytes, 8));
        let size = length + BEFORE_LENGTH as i64;
        let size = match u64::try_from(size) {
            Ok(size) if size >= HEADER as u64 => size,
            _ => return Err(NotABatch::Length(size)),
        };
        if size > left {
            return Err(NotABatch::Torn { size, left });
        }
        let attributes = i16::from_be_bytes([bytes[21], bytes[22]]);
        let base = u64::try_from(i64_at(bytes, 0)).map_err(|_| NotABatch::Numbers)?;
        let delta = u64::try_from(i32_at(bytes, 23)).map_err(|_| NotABatch::Numbers)?;
        let records = u32::try_from(i32_at(bytes, 57)).map_err(|_| NotABatch::Numbers)?;
        if u64::from(records) > delta + 1 || base > i64::MAX as u64 - delta - 1 {
            return Err(NotABatch::Numbers);
        }
        Ok(Self {
            base_offset: base,
            last_offset: base + delta,
            size,
            leader_epoch: i32_at(bytes, 12),
            crc: i32_at(bytes, 17) as u32,
            codec: codec(attributes),
            log_append_time: attributes & 0x08 != 0,
            transactional: attributes & 0x10 != 0,
            control: attributes & 0x20 != 0,
            delete_horizon: attributes & 0x40 != 0,
            base_timestamp: i64_at(bytes, 27),
            max_timestamp: i64_at(bytes, 35),
            producer_id: i64_at(bytes, 43),
            producer_epoch: i16::from_be_bytes([bytes[51], bytes[52]]),
            base_sequence: i32_at(bytes, 53),
            records,
        })
    }

    /// Whether the cleaner took records out of it, or marked it.
    pub fn was_cleaned(&self) -> bool {
        self.delete_horizon || u64::from(self.records) < self.last_offset - self.base_offset + 1
    }

    /// Data records at or past `offset`, if none was taken out.
    pub fn data_from(&self, offset: u64) -> u64 {
        if self.control || self.last_offset < offset {
            return 0;
        }
        let there = self.last_offset - self.base_offset.max(offset) + 1;
        there.min(u64::from(self.records))
    }
}

fn codec(attributes: i16) -> Option<Codec> {
    Some(match attributes & 0x07 {
        0 => Codec::None,
        1 => Codec::Gzip,
        2 => Codec::Snappy,
        3 => Codec::Lz4,
        4 => Codec::Zstd,
        _ => return None,
    })
}

fn i32_at(bytes: &[u8; HEADER], at: usize) -> i32 {
    i32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn i64_at(bytes: &[u8; HEADER], at: usize) -> i64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[at..at + 8]);
    i64::from_be_bytes(eight)
}

/// CRC-32C of a batch whose bytes are all here.
pub(crate) fn crc_of(batch: &[u8]) -> u32 {
    checksum(CrcAlgorithm::Crc32Iscsi, &batch[CRC_FROM..]) as u32
}
