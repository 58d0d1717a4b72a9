//! One segment, batch after batch, in bounded memory.
//!
//! A batch is found by its length, so a length that can't be ends the reading:
//! what follows is counted as invalid bytes. A checksum that fails does not.

use std::fs::File;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crc_fast::{CrcAlgorithm, Digest};
use rustix::fs::{Advice, fadvise};

use crate::LogdirError;
use crate::batch::{BatchHeader, CRC_FROM, HEADER, NotABatch, crc_of};
use crate::file;

/// What is read at once: small enough to stay in a core's cache between the
/// copy from the kernel and the checksum.
const CHUNK: usize = 512 << 10;

/// Batches up to this are held whole, to be decoded. One is as large as
/// `message.max.bytes` allows, 1 MiB by default. A larger one is checked piece
/// by piece, and not decoded.
pub const MAX_HELD: usize = 8 << 20;

/// A batch where it lies.
#[derive(Debug)]
pub struct BatchSeen<'b> {
    /// Position of its first byte in the file.
    pub position: u64,
    /// Its header.
    pub header: BatchHeader,
    /// Whether its bytes have the checksum that they claim; `false` also where
    /// it was not computed.
    pub crc_holds: bool,
    /// Its records as they lie there, compressed or not; `None` where it is
    /// larger than [`MAX_HELD`] or was not asked for.
    pub records: Option<&'b [u8]>,
}

/// How the reading of a segment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentEnd {
    /// Bytes of the file when it was opened.
    pub bytes: u64,
    /// Position after the last batch.
    pub valid: u64,
    /// Why what follows is no batch; `None` where nothing follows.
    pub stopped: Option<NotABatch>,
}

impl SegmentEnd {
    /// Bytes that are no batch.
    pub fn invalid(&self) -> u64 {
        self.bytes - self.valid
    }
}

/// What is wanted of each batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Its header; the rest is not read.
    Headers,
    /// Its checksum, and its records.
    Content,
}

/// Reads segments. Its buffer is used again for each.
#[derive(Debug)]
pub struct SegmentReader {
    buffer: Vec<u8>,
    /// Where the buffer's first byte lies in the file.
    at: u64,
    /// How much of the buffer is filled.
    filled: usize,
}

impl Default for SegmentReader {
    fn default() -> Self {
        Self {
            buffer: vec![0; CHUNK],
            at: 0,
            filled: 0,
        }
    }
}

struct Source<'p> {
    file: File,
    path: &'p Path,
}

impl SegmentReader {
    /// Gives each batch of `path` to `visit`.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn read(
        &mut self,
        path: &Path,
        want: Want,
        mut visit: impl FnMut(&BatchSeen<'_>),
    ) -> Result<SegmentEnd, LogdirError> {
        self.read_while(path, 0, want, |batch| {
            visit(batch);
            ControlFlow::Continue(())
        })
    }

    /// The same from byte `from` on, where a batch begins, until `visit` has
    /// seen enough.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn read_while(
        &mut self,
        path: &Path,
        from: u64,
        want: Want,
        mut visit: impl FnMut(&BatchSeen<'_>) -> ControlFlow<()>,
    ) -> Result<SegmentEnd, LogdirError> {
        let file = file::open(path).map_err(LogdirError::io("open", path))?;
        let bytes = file
            .metadata()
            .map_err(LogdirError::io("stat", path))?
            .len();
        // Advice; a file system that takes none is read all the same.
        let _ = fadvise(&file, 0, None, Advice::Sequential);
        let source = Source { file, path };
        (self.at, self.filled) = (from, 0);
        let mut position = from;
        let stopped = loop {
            let left = bytes.saturating_sub(position);
            if left == 0 {
                break None;
            }
            if left < HEADER as u64 {
                break Some(NotABatch::Short(left));
            }
            let head = self.hold(&source, position, HEADER)?;
            let Some(head) = head.first_chunk::<HEADER>() else {
                break Some(NotABatch::Short(left));
            };
            let header = match BatchHeader::read(head, left) {
                Ok(header) => header,
                Err(why) => break Some(why),
            };
            let (crc_holds, records) = match (want, usize::try_from(header.size)) {
                (Want::Headers, _) => (false, None),
                (Want::Content, Ok(size)) if size <= MAX_HELD => {
                    let batch = self.hold(&source, position, size)?;
                    if batch.len() < size {
                        break Some(NotABatch::Torn {
                            size: header.size,
                            left: batch.len() as u64,
                        });
                    }
                    (crc_of(batch) == header.crc, Some(&batch[HEADER..]))
                }
                (Want::Content, _) => (self.crc_in_pieces(&source, position, &header)?, None),
            };
            let seen = visit(&BatchSeen {
                position,
                header,
                crc_holds,
                records,
            });
            position += header.size;
            if seen.is_break() {
                break None;
            }
        };
        self.buffer.truncate(CHUNK);
        Ok(SegmentEnd {
            bytes,
            valid: position,
            stopped,
        })
    }

    /// `length` bytes at `position`, or as many as there are.
    fn hold(
        &mut self,
        source: &Source<'_>,
        position: u64,
        length: usize,
    ) -> Result<&[u8], LogdirError> {
        let held = self.at + self.filled as u64;
        let inside = position >= self.at && position <= held;
        let begin = if inside {
            (position - self.at) as usize
        } else {
            self.filled
        };
        if inside && self.filled - begin >= length {
            return Ok(&self.buffer[begin..begin + length]);
        }
        self.buffer.copy_within(begin..self.filled, 0);
        self.filled -= begin;
        self.at = if inside {
            position
        } else {
            self.filled = 0;
            position
        };
        if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
        while self.filled < length {
            let room = &mut self.buffer[self.filled..];
            let offset = self.at + self.filled as u64;
            match source.file.read_at(room, offset) {
                Ok(0) => break,
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(LogdirError::io("read", source.path)(error)),
            }
        }
        Ok(&self.buffer[..length.min(self.filled)])
    }

    fn crc_in_pieces(
        &mut self,
        source: &Source<'_>,
        position: u64,
        header: &BatchHeader,
    ) -> Result<bool, LogdirError> {
        let mut digest = Digest::new(CrcAlgorithm::Crc32Iscsi);
        let end = position + header.size;
        let mut next = position + CRC_FROM as u64;
        while next < end {
            let length = (end - next).min(CHUNK as u64) as usize;
            let piece = self.hold(source, next, length)?;
            if piece.len() < length {
                return Ok(false);
            }
            digest.update(piece);
            next += length as u64;
        }
        Ok(digest.finalize() as u32 == header.crc)
    }
}

/// A segment's file, as its directory shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentFile {
    /// Its first offset, by its name.
    pub base: u64,
    /// Where it is.
    pub path: PathBuf,
    /// Its size when it was listed.
    pub bytes: u64,
}
