//! The records of a batch, decompressed, within a limit.

use std::io::{self, Read};

use crate::batch::Codec;

/// Most that one batch may decompress to. Kafka's own clients compress what
/// fits into `max.request.size`, 1 MiB by default; this is for others, and
/// against bombs. Zstandard's window comes on top: up to 128 MiB, which its
/// best level asks for.
pub const MAX_DECOMPRESSED: usize = 64 << 20;

/// Why there are no records.
#[derive(Debug, thiserror::Error)]
pub enum DecompressError {
    /// A codec that there is not.
    #[error("has an unknown codec")]
    Codec,
    /// What the codec says.
    #[error("does not decompress: {0}")]
    Broken(String),
    /// See [`MAX_DECOMPRESSED`].
    #[error("decompresses to more than {MAX_DECOMPRESSED} bytes")]
    TooLarge,
}

/// snappy-java's framing (`SnappyOutputStream`): magic, two versions of four
/// bytes, then blocks, each after its length. Clients that don't use it write
/// one bare block.
const XERIAL: &[u8; 8] = b"\x82SNAPPY\0";
const XERIAL_HEADER: usize = 16;

/// Decompresses `bytes` into `out`, whose room is used again.
///
/// # Errors
/// Bytes that are not of this codec, or of too many records.
pub fn decompress(codec: Codec, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), DecompressError> {
    out.clear();
    match codec {
        Codec::None => {
            out.extend_from_slice(bytes);
            Ok(())
        }
        Codec::Gzip => drain(flate2::read::MultiGzDecoder::new(bytes), out),
        Codec::Lz4 => drain(lz4_flex::frame::FrameDecoder::new(bytes), out),
        Codec::Zstd => drain(
            zstd::stream::read::Decoder::with_buffer(bytes).map_err(broken)?,
            out,
        ),
        Codec::Snappy => snappy(bytes, out),
    }
}

fn broken(error: impl ToString) -> DecompressError {
    DecompressError::Broken(error.to_string())
}

fn drain(mut from: impl Read, out: &mut Vec<u8>) -> Result<(), DecompressError> {
    let read = from
        .by_ref()
        .take(MAX_DECOMPRESSED as u64)
        .read_to_end(out)
        .map_err(broken)?;
    if read < MAX_DECOMPRESSED {
        return Ok(());
    }
    match from.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(DecompressError::TooLarge),
        Err(error) => Err(broken(error)),
    }
}

fn snappy(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), DecompressError> {
    if !bytes.starts_with(XERIAL) {
        return snappy_block(bytes, out);
    }
    let short = || broken(io::ErrorKind::UnexpectedEof);
    let mut rest = bytes.get(XERIAL_HEADER..).ok_or_else(short)?;
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = u32::from_be_bytes(*length) as usize;
        let (block, next) = after.split_at_checked(length).ok_or_else(short)?;
        snappy_block(block, out)?;
        rest = next;
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(short())
    }
}

fn snappy_block(block: &[u8], out: &mut Vec<u8>) -> Result<(), DecompressError> {
    let length = snap::raw::decompress_len(block).map_err(broken)?;
    let begin = out.len();
    if length > MAX_DECOMPRESSED - begin {
        return Err(DecompressError::TooLarge);
    }
    out.resize(begin + length, 0);
    let written = snap::raw::Decoder::new()
        .decompress(block, &mut out[begin..])
        .map_err(broken)?;
    out.truncate(begin + written);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    fn xerial(blocks: &[&[u8]]) -> Vec<u8> {
        let mut framed = [XERIAL.as_slice(), &[0, 0, 0, 1, 0, 0, 0, 1]].concat();
        for block in blocks {
            let block = snap::raw::Encoder::new().compress_vec(block).unwrap();
            framed.extend((block.len() as u32).to_be_bytes());
            framed.extend(block);
        }
        framed
    }

    #[test]
    fn snappy_is_read_framed_and_bare() {
        let mut out = Vec::new();
        decompress(Codec::Snappy, &xerial(&[b"ab", b"cd"]), &mut out).unwrap();
        assert_eq!(out, b"abcd");
        let bare = snap::raw::Encoder::new().compress_vec(b"xy").unwrap();
        decompress(Codec::Snappy, &bare, &mut out).unwrap();
        assert_eq!(out, b"xy");
    }

    #[test]
    fn a_bomb_is_stopped_at_its_limit() {
        let zeros = vec![0; MAX_DECOMPRESSED + 1];
        let bomb = zstd::stream::encode_all(zeros.as_slice(), 1).unwrap();
        let mut out = Vec::new();
        let error = decompress(Codec::Zstd, &bomb, &mut out).unwrap_err();
        assert!(matches!(error, DecompressError::TooLarge), "{error}");
        decompress(Codec::Gzip, &gzip(&zeros[1..]), &mut out).unwrap();
        assert_eq!(out.len(), MAX_DECOMPRESSED);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes_are_decompressed_or_refused(bytes: Vec<u8>, framed: bool) {
            let bytes = if framed { [XERIAL.as_slice(), &bytes].concat() } else { bytes };
            for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
                let _ = decompress(codec, &bytes, &mut Vec::new());
            }
        }
    }
}
