//! Files that are whole or not there: written beside, synced, renamed, read
//! back. Knows nothing of what they hold.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::StoreError;

/// Largest file that is read or written. A cut of 10,000 partitions takes
/// about 5 MiB as text; this leaves room for ten times that, and a file that
/// somebody filled with something else can't take all the memory.
pub const MAX_FILE: u64 = 64 << 20;

/// How a file is called that is not finished.
const UNFINISHED: &str = ".tmp";

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED);
    PathBuf::from(name)
}

/// Reads a whole file; `None` where there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io("open", path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(StoreError::io("read", path))?;
    check_size(path, bytes.len())?;
    Ok(Some(bytes))
}

fn check_size(path: &Path, len: usize) -> Result<(), StoreError> {
    let bytes = len as u64;
    if bytes > MAX_FILE {
        return Err(StoreError::TooLarge {
            path: path.to_owned(),
            bytes,
            limit: MAX_FILE,
        });
    }
    Ok(())
}

/// Puts `bytes` in the place of `path`. The caller holds the lock of the
/// folder: two writers would share the unfinished file.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    check_size(path, bytes.len())?;
    let unfinished = beside(path);
    let mut file = File::create(&unfinished).map_err(StoreError::io("create", &unfinished))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(StoreError::io("write", &unfinished))?;
    drop(file);
    fs::rename(&unfinished, path).map_err(StoreError::io("rename to", path))?;
    sync_folder_of(path)?;
    if read(path)?.as_deref() != Some(bytes) {
        return Err(StoreError::ReadBack {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Removes a file; one that is not there is fine.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder_of(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::io("remove", path)(error)),
    }
}

/// Removes what writers that died left unfinished. The caller holds the lock
/// of the folder.
pub(crate) fn remove_unfinished(folder: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(folder).map_err(StoreError::io("list", folder))? {
        let path = entry.map_err(StoreError::io("list", folder))?.path();
        if path.to_string_lossy().ends_with(UNFINISHED) {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Makes a folder, its parents included.
pub(crate) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    // Compiled phases lie below it and are run as they are: nobody else may
    // write there.
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(StoreError::io("make folder", folder))
}

/// A rename is safe from a power cut only once its folder is synced.
fn sync_folder_of(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(StoreError::io("sync", folder))
}
