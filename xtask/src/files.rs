//! The files of a checkout, and writing and copying them. Nothing here knows
//! what is in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::error::Error;

/// The tree's files as git sees them, tracked or not yet, without ignored
/// ones; relative to the root.
pub(crate) fn of_checkout(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut git = Command::new("git");
    git.current_dir(root)
        .args(["ls-files", "-co", "--exclude-standard", "-z"]);
    let names = command::output(&mut git)?;
    let mut files: Vec<PathBuf> = names
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        // Deleted, but still in the index.
        .filter(|name| root.join(name).is_file())
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// Writes only where the bytes differ, so that what watches the file does not
/// run again.
pub(crate) fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
    }
    fs::write(path, bytes).map_err(Error::io("write", path))
}

/// Makes `to` a copy of the folder `from`: hard links where the file system
/// allows, bytes where not. Symbolic links are copied as links.
pub(crate) fn link_tree(from: &Path, to: &Path) -> Result<(), Error> {
    if let Some(dir) = to.parent() {
        fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
    }
    let copy = |how: &str| {
        let mut cp = Command::new("cp");
        command::output(cp.arg(how).arg("-T").arg(from).arg(to)).map(drop)
    };
    copy("-al").or_else(|_| copy("-af"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchanged_file_is_not_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b.txt");
        write_if_changed(&path, b"one").unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        write_if_changed(&path, b"one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }

    #[test]
    fn a_linked_tree_has_the_same_files() {
        let dir = tempfile::tempdir().unwrap();
        write_if_changed(&dir.path().join("from/x/y"), b"bytes").unwrap();
        let to = dir.path().join("deep/to");
        link_tree(&dir.path().join("from"), &to).unwrap();
        assert_eq!(fs::read(to.join("x/y")).unwrap(), b"bytes");
    }
}
