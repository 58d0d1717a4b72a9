//! The records in a batch. Source: Kafka's `DefaultRecord`.

use slackwater_ports::{Digest128, TimestampType};

use crate::batch::BatchHeader;
use crate::decompress::{DecompressError, decompress};
use crate::wire::{Cursor, WireError};

/// Room for so many headers of a record is made at once; for more as they
/// come.
const HEADERS_AT_ONCE: usize = 64;

/// Most headers of one record. Each takes two bytes at least, so that a record
/// of 1 MiB can't have more; held apart they take twenty times as much, and a
/// few bytes can decompress to millions of them.
const MAX_HEADERS: usize = 1 << 19;

/// Why a batch's records can't be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Not even decompressed.
    #[error("the batch {0}")]
    Decompress(#[from] DecompressError),
    /// Bytes that are no record.
    #[error("record {index} of the batch {why}")]
    Wire {
        /// Which, from 0.
        index: u32,
        /// What is wrong.
        why: WireError,
    },
    /// A length, an offset or a count that contradicts the header.
    #[error("record {0} of the batch contradicts its header")]
    Contradiction(u32),
    /// More headers than there can be.
    #[error("record {0} of the batch has more than {MAX_HEADERS} headers")]
    Headers(u32),
    /// Bytes after the last record.
    #[error("the batch has {0} bytes after its last record")]
    Trailing(usize),
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'b> {
    /// Its offset.
    pub offset: u64,
    /// Ms since the Unix epoch; -1 for none.
    pub timestamp_ms: i64,
    /// Whose clock that was.
    pub timestamp_type: TimestampType,
    /// Epoch of the leader that wrote its batch.
    pub batch_epoch: i32,
    /// Producer id and epoch, where its batch is of a transaction.
    pub transaction: Option<(i64, i16)>,
    /// `None` for null.
    pub key: Option<&'b [u8]>,
    /// `None` for null.
    pub value: Option<&'b [u8]>,
    /// Names and values.
    pub headers: Vec<(&'b [u8], Option<&'b [u8]>)>,
}

impl Record<'_> {
    /// What it holds, as the port `Records` digests it.
    pub fn content(&self) -> Digest128 {
        Digest128::of_content(self.key, self.value, &self.headers)
    }
}

/// Gives each record of a batch to `visit`. `scratch` is used again.
///
/// # Errors
/// Records that are not those of the header. Those before it were visited.
pub fn for_each(
    header: &BatchHeader,
    bytes: &[u8],
    scratch: &mut Vec<u8>,
    mut visit: impl FnMut(&Record<'_>),
) -> Result<(), RecordError> {
    let codec = header.codec.ok_or(DecompressError::Codec)?;
    let bytes = match codec {
        crate::batch::Codec::None => bytes,
        codec => {
            decompress(codec, bytes, scratch)?;
            scratch.as_slice()
        }
    };
    let mut cursor = Cursor::new(bytes);
    let mut record = Record {
        offset: 0,
        timestamp_ms: -1,
        timestamp_type: timestamp_type(header),
        batch_epoch: header.leader_epoch,
        transaction: header
            .transactional
            .then_some((header.producer_id, header.producer_epoch)),
        key: None,
        value: None,
        headers: Vec::new(),
    };
    let mut next = header.base_offset;
    for index in 0..header.records {
        one(&mut cursor, header, &mut record).map_err(|wrong| match wrong {
            Wrong::Wire(why) => RecordError::Wire { index, why },
            Wrong::Contradiction => RecordError::Contradiction(index),
            Wrong::Headers => RecordError::Headers(index),
        })?;
        if record.offset < next || record.offset > header.last_offset {
            return Err(RecordError::Contradiction(index));
        }
        next = record.offset + 1;
        visit(&record);
    }
    match cursor.rest().len() {
        0 => Ok(()),
        more => Err(RecordError::Trailing(more)),
    }
}

fn timestamp_type(header: &BatchHeader) -> TimestampType {
    if header.log_append_time {
        TimestampType::LogAppendTime
    } else if header.max_timestamp < 0 {
        TimestampType::None
    } else {
        TimestampType::CreateTime
    }
}

/// What is wrong with a record of which it is not known which one it is.
enum Wrong {
    Wire(WireError),
    Contradiction,
    Headers,
}

impl From<WireError> for Wrong {
    fn from(why: WireError) -> Self {
        Self::Wire(why)
    }
}

/// Reads the next record.
fn one<'b>(
    cursor: &mut Cursor<'b>,
    header: &BatchHeader,
    record: &mut Record<'b>,
) -> Result<(), Wrong> {
    let body = cursor.varint_bytes()?.ok_or(Wrong::Contradiction)?;
    let mut body = Cursor::new(body);
    body.i8()?;
    let since_base = body.varint()?;
    let delta = u64::try_from(body.varint()?).map_err(|_| Wrong::Contradiction)?;
    record.offset = header
        .base_offset
        .checked_add(delta)
        .ok_or(Wrong::Contradiction)?;
    record.timestamp_ms = if header.log_append_time {
        header.max_timestamp
    } else {
        header.base_timestamp.wrapping_add(since_base)
    };
    record.key = body.varint_bytes()?;
    record.value = body.varint_bytes()?;
    let headers = usize::try_from(body.varint()?).map_err(|_| Wrong::Contradiction)?;
    if headers > MAX_HEADERS {
        return Err(Wrong::Headers);
    }
    record.headers.clear();
    record.headers.reserve(headers.min(HEADERS_AT_ONCE));
    for _ in 0..headers {
        let name = body.varint_bytes()?.ok_or(Wrong::Contradiction)?;
        record.headers.push((name, body.varint_bytes()?));
    }
    if body.is_empty() {
        Ok(())
    } else {
        Err(Wrong::Contradiction)
    }
}

/// What a control batch marks. Source: `ControlRecordType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// The transaction was given up.
    Abort,
    /// The transaction counts.
    Commit,
    /// KRaft's own.
    Other(i16),
}

/// The marker in a control batch; `None` where it holds none.
pub fn control(header: &BatchHeader, bytes: &[u8], scratch: &mut Vec<u8>) -> Option<Control> {
    let mut found = None;
    for_each(header, bytes, scratch, |record| {
        let mut key = Cursor::new(record.key.unwrap_or_default());
        if let (Ok(_version), Ok(kind)) = (key.i16(), key.i16()) {
            found = Some(match kind {
                0 => Control::Abort,
                1 => Control::Commit,
                other => Control::Other(other),
            });
        }
    })
    .ok()?;
    found
}

/// How many records there are, every one decoded.
pub(crate) fn decoded(
    header: &BatchHeader,
    bytes: &[u8],
    scratch: &mut Vec<u8>,
) -> Result<u32, RecordError> {
    let mut count = 0;
    for_each(header, bytes, scratch, |_| count += 1)?;
    Ok(count)
}
