//! A batch that is cut inside: the same batch without its last records. What
//! its header says of time, producer and leader stays, and so does its codec;
//! its records are not touched, only their number.

use std::io::Write as _;

use crc_fast::{CrcAlgorithm, checksum};
use slackwater_logdir::wire::Cursor;
use slackwater_logdir::{BatchHeader, Codec, HEADER, decompress};

/// snappy-java's framing, as `SnappyOutputStream` writes it: what a Java client
/// sends, and what a batch keeps that had it.
const XERIAL: &[u8; 8] = b"\x82SNAPPY\0";
const XERIAL_VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];

/// Bytes of one of its blocks, by default.
const XERIAL_BLOCK: usize = 32 << 10;

/// As `DefaultRecordBatch` lays a header out.
const LENGTH: usize = 8;
const CRC: usize = 17;
const ATTRIBUTES: usize = 21;
const LAST_DELTA: usize = 23;
const MAX_TIMESTAMP: usize = 35;
const COUNT: usize = 57;

/// The batch in `whole` up to `cut`, an offset inside it.
///
/// # Errors
/// In words: a batch that can't be decoded.
pub fn recode(whole: &[u8], cut: u64) -> Result<Vec<u8>, String> {
    let head: &[u8; HEADER] = whole.first_chunk().ok_or("it has no header")?;
    let header = BatchHeader::read(head, whole.len() as u64).map_err(|why| why.to_string())?;
    if header.control || header.transactional {
        return Err("it is part of a transaction, which is kept whole or dropped whole".to_owned());
    }
    if !(header.base_offset + 1..=header.last_offset).contains(&cut) {
        return Err("it does not lie in it".to_owned());
    }
    let codec = header.codec.ok_or("it has an unknown codec")?;
    let packed = &whole[HEADER..];
    let mut plain = Vec::new();
    decompress(codec, packed, &mut plain).map_err(|why| why.to_string())?;
    let kept = keep(&header, &plain, cut)?;
    let body = compress(codec, packed, &plain[..kept.bytes])?;
    let mut batch = whole[..HEADER].to_vec();
    batch.extend(body);
    let mut put = |at: usize, bytes: &[u8]| batch[at..at + bytes.len()].copy_from_slice(bytes);
    put(COUNT, &kept.records.to_be_bytes());
    let delta = i32::try_from(cut - 1 - header.base_offset).map_err(|why| why.to_string())?;
    put(LAST_DELTA, &delta.to_be_bytes());
    if !header.log_append_time {
        put(MAX_TIMESTAMP, &kept.max_timestamp.to_be_bytes());
    }
    let length = i32::try_from(batch.len() - LENGTH - 4).map_err(|why| why.to_string())?;
    batch[LENGTH..LENGTH + 4].copy_from_slice(&length.to_be_bytes());
    let crc = checksum(CrcAlgorithm::Crc32Iscsi, &batch[ATTRIBUTES..]) as u32;
    batch[CRC..CRC + 4].copy_from_slice(&crc.to_be_bytes());
    Ok(batch)
}

struct Kept {
    /// Of the records, as they lie there uncompressed.
    bytes: usize,
    records: i32,
    max_timestamp: i64,
}

/// The records before `cut`.
fn keep(header: &BatchHeader, plain: &[u8], cut: u64) -> Result<Kept, String> {
    let mut kept = Kept {
        bytes: 0,
        records: 0,
        max_timestamp: -1,
    };
    let mut cursor = Cursor::new(plain);
    for _ in 0..header.records {
        let body = cursor.varint_bytes().map_err(|why| why.to_string())?;
        let mut body = Cursor::new(body.ok_or("it has a record without length")?);
        let read = |error: slackwater_logdir::wire::WireError| format!("a record {error}");
        body.i8().map_err(read)?;
        let since_base = body.varint().map_err(read)?;
        let delta = u64::try_from(body.varint().map_err(read)?).map_err(|why| why.to_string())?;
        if header.base_offset.saturating_add(delta) >= cut {
            break;
        }
        kept.bytes = plain.len() - cursor.rest().len();
        kept.records += 1;
        let timestamp = header.base_timestamp.wrapping_add(since_base);
        kept.max_timestamp = kept.max_timestamp.max(timestamp);
    }
    Ok(kept)
}

/// Packs `plain` as `packed` was.
fn compress(codec: Codec, packed: &[u8], plain: &[u8]) -> Result<Vec<u8>, String> {
    let failed = |why: std::io::Error| why.to_string();
    match codec {
        Codec::None => Ok(plain.to_vec()),
        Codec::Gzip => {
            let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            to.write_all(plain).map_err(failed)?;
            to.finish().map_err(failed)
        }
        Codec::Lz4 => {
            // Blocks that don't depend on each other, without a checksum of the
            // content: all that Kafka's own reader takes (`Lz4BlockInputStream`).
            let mut to = lz4_flex::frame::FrameEncoder::new(Vec::new());
            to.write_all(plain).map_err(failed)?;
            to.finish().map_err(|why| why.to_string())
        }
        Codec::Zstd => zstd::stream::encode_all(plain, 0).map_err(failed),
        Codec::Snappy if packed.starts_with(XERIAL) => {
            let mut framed = [XERIAL.as_slice(), &XERIAL_VERSIONS].concat();
            for block in plain.chunks(XERIAL_BLOCK) {
                let block = snappy(block)?;
                let length = u32::try_from(block.len()).map_err(|why| why.to_string())?;
                framed.extend(length.to_be_bytes());
                framed.extend(block);
            }
            Ok(framed)
        }
        Codec::Snappy => snappy(plain),
    }
}

fn snappy(plain: &[u8]) -> Result<Vec<u8>, String> {
    let packed = snap::raw::Encoder::new().compress_vec(plain);
    packed.map_err(|why| why.to_string())
}
