//! Reading a recording back.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use slackwater_tape::{MOST_BYTES, Player, TapeError};

/// With what a compressed file begins (RFC 8878).
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Why a recording can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file.
    #[error("can't read {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// See [`MOST_BYTES`].
    #[error("{} has more than {MOST_BYTES} bytes of lines: no recording is so long", .0.display())]
    TooLong(PathBuf),
    /// What is in it.
    #[error("{}: {source}", path.display())]
    Tape {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: TapeError,
    },
}

/// Reads a recording, compressed or not.
///
/// # Errors
/// See [`ReadError`].
pub fn read(path: &Path) -> Result<Player, ReadError> {
    let wrong = |source| ReadError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(wrong)?;
    let mut head = Vec::new();
    let mut start = file.by_ref().take(MAGIC.len() as u64);
    start.read_to_end(&mut head).map_err(wrong)?;
    let whole = io::Cursor::new(head.clone()).chain(file);
    let lines: Box<dyn io::Read> = if head == MAGIC {
        Box::new(zstd::stream::read::Decoder::new(whole).map_err(wrong)?)
    } else {
        Box::new(whole)
    };
    let mut text = String::new();
    lines
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(wrong)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(ReadError::TooLong(path.to_owned()));
    }
    Player::read(&text).map_err(|source| ReadError::Tape {
        path: path.to_owned(),
        source,
    })
}
