//! One layer: files of this machine, in the places that they have in the image.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};

use crate::ImageError;

/// A layer on its way into a file.
pub struct Layer {
    tar: Builder<Hashed<File>>,
    path: PathBuf,
    /// Directories that are in it already.
    directories: BTreeSet<PathBuf>,
}

impl Layer {
    pub(crate) fn create(path: PathBuf) -> Result<Self, ImageError> {
        let file = File::create(&path).map_err(ImageError::io("create", &path))?;
        Ok(Self {
            tar: Builder::new(Hashed::new(file)),
            path,
            directories: BTreeSet::new(),
        })
    }

    /// A directory, and those above it, that everybody may enter.
    ///
    /// # Errors
    /// The layer can't be written.
    pub fn directory(&mut self, at: &Path) -> Result<(), ImageError> {
        self.directory_of(at, 0o755)
    }

    /// A directory in which everybody may write, as `/tmp` is.
    ///
    /// # Errors
    /// As for [`Layer::directory`].
    pub fn open_directory(&mut self, at: &Path) -> Result<(), ImageError> {
        self.directory_of(at, 0o1777)
    }

    fn directory_of(&mut self, at: &Path, mode: u32) -> Result<(), ImageError> {
        let at = inside(at);
        if at.as_os_str().is_empty() || self.directories.contains(&at) {
            return Ok(());
        }
        if let Some(above) = at.parent() {
            self.directory_of(above, 0o755)?;
        }
        let mut header = header(EntryType::Directory, mode, 0);
        let written = self.tar.append_data(&mut header, &at, io::empty());
        written.map_err(ImageError::io("write", &self.path))?;
        self.directories.insert(at);
        Ok(())
    }

    /// A file of this machine. Whether it can be executed is kept, and it can be
    /// read by everybody.
    ///
    /// # Errors
    /// It can't be read.
    pub fn file(&mut self, at: &Path, source: &Path) -> Result<(), ImageError> {
        let reading = || ImageError::io("read", source);
        let mut file = File::open(source).map_err(reading())?;
        let meta = file.metadata().map_err(reading())?;
        let executable = meta.permissions().mode() & 0o111 != 0;
        let mode = if executable { 0o755 } else { 0o644 };
        self.above(at)?;
        let mut header = header(EntryType::Regular, mode, meta.len());
        let written = self.tar.append_data(&mut header, inside(at), &mut file);
        written.map_err(reading())
    }

    /// A file of this text.
    ///
    /// # Errors
    /// The layer can't be written.
    pub fn text(&mut self, at: &Path, text: &str) -> Result<(), ImageError> {
        self.above(at)?;
        let mut header = header(EntryType::Regular, 0o644, text.len() as u64);
        let written = self
            .tar
            .append_data(&mut header, inside(at), text.as_bytes());
        written.map_err(ImageError::io("write", &self.path))
    }

    /// A symbolic link.
    ///
    /// # Errors
    /// The layer can't be written.
    pub fn link(&mut self, at: &Path, to: &Path) -> Result<(), ImageError> {
        self.above(at)?;
        let mut header = header(EntryType::Symlink, 0o777, 0);
        let written = self.tar.append_link(&mut header, inside(at), to);
        written.map_err(ImageError::io("write", &self.path))
    }

    /// A folder of this machine with all that is in it.
    ///
    /// # Errors
    /// It can't be read.
    pub fn folder(&mut self, at: &Path, source: &Path) -> Result<(), ImageError> {
        self.directory(at)?;
        let mut entries = fs::read_dir(source)
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .map_err(ImageError::io("list", source))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (from, to) = (entry.path(), at.join(entry.file_name()));
            let kind = entry.file_type();
            let kind = kind.map_err(ImageError::io("look at", &from))?;
            if kind.is_symlink() {
                let target = fs::read_link(&from).map_err(ImageError::io("read", &from))?;
                self.link(&to, &target)?;
            } else if kind.is_dir() {
                self.folder(&to, &from)?;
            } else {
                self.file(&to, &from)?;
            }
        }
        Ok(())
    }

    fn above(&mut self, at: &Path) -> Result<(), ImageError> {
        match at.parent() {
            Some(directory) => self.directory(directory),
            None => Ok(()),
        }
    }

    /// Where it lies, and the digest and size of what is in it.
    pub(crate) fn finish(self) -> Result<(PathBuf, String, u64), ImageError> {
        let path = self.path;
        let writing = || ImageError::io("write", &path);
        let hashed = self.tar.into_inner().map_err(writing())?;
        hashed.inner.sync_all().map_err(writing())?;
        let (digest, size) = (digest(hashed.digest), hashed.size);
        Ok((path, digest, size))
    }
}

/// In the archive: without the root.
fn inside(at: &Path) -> PathBuf {
    at.strip_prefix("/").unwrap_or(at).to_owned()
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

/// As the layout names contents.
pub(crate) fn digest(of: Sha256) -> String {
    let bytes = of.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A writer that counts and digests what goes through it.
struct Hashed<W> {
    inner: W,
    digest: Sha256,
    size: u64,
}

impl<W> Hashed<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            digest: Sha256::new(),
            size: 0,
        }
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
