//! The file system, as far as a trim changes it: a port, so that tests can have
//! it fail at each step. Each call is durable in itself but for names, which
//! are when their directory was synced.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

/// A part of a new file.
#[derive(Debug, Clone)]
pub enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A part of another file.
    Of {
        /// Which file.
        path: PathBuf,
        /// From here on.
        from: u64,
        /// So many bytes.
        bytes: u64,
    },
}

impl Piece {
    /// How many bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Of { bytes, .. } => *bytes,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// See the module.
pub trait Disk {
    /// A file of these pieces, in place of one of that name.
    ///
    /// # Errors
    /// Of the operating system; a file may be there then, of any length.
    fn write(&self, path: &Path, pieces: &[Piece]) -> io::Result<()>;
    /// The file gets `piece` at `from`, and ends there.
    ///
    /// # Errors
    /// Of the operating system.
    fn end_with(&self, path: &Path, from: u64, piece: &Piece) -> io::Result<()>;
    /// The file ends there.
    ///
    /// # Errors
    /// Of the operating system.
    fn truncate(&self, path: &Path, bytes: u64) -> io::Result<()>;
    /// In place of what has the other name.
    ///
    /// # Errors
    /// Of the operating system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// It is gone.
    ///
    /// # Errors
    /// Of the operating system.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Its names are as they are now.
    ///
    /// # Errors
    /// Of the operating system.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
}

/// The real one.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn write(&self, path: &Path, pieces: &[Piece]) -> io::Result<()> {
        let mut file = File::create(path)?;
        own_as_directory(&file, path)?;
        for piece in pieces {
            put(&mut file, piece)?;
        }
        file.sync_all()
    }

    fn end_with(&self, path: &Path, from: u64, piece: &Piece) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.set_len(from)?;
        file.seek(SeekFrom::Start(from))?;
        put(&mut file, piece)?;
        file.sync_all()
    }

    fn truncate(&self, path: &Path, bytes: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(bytes)?;
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

/// A broker may be another user than who trims: a new file belongs to whom its
/// directory does, with that one's rights but to execute.
pub(crate) fn own_as_directory(file: &File, path: &Path) -> io::Result<()> {
    let directory = fs::metadata(path.parent().unwrap_or(path))?;
    let is = file.metadata()?;
    if (is.uid(), is.gid()) != (directory.uid(), directory.gid()) {
        fchown(file, Some(directory.uid()), Some(directory.gid()))?;
    }
    file.set_permissions(fs::Permissions::from_mode(directory.mode() & 0o666))
}

fn put(file: &mut File, piece: &Piece) -> io::Result<()> {
    match piece {
        Piece::Bytes(bytes) => file.write_all(bytes),
        Piece::Of { path, from, bytes } => {
            let mut source = File::open(path)?;
            source.seek(SeekFrom::Start(*from))?;
            match io::copy(&mut source.take(*bytes), file)? {
                copied if copied == *bytes => Ok(()),
                _ => Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }
}
