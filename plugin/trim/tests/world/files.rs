//! The files of a world, to be compared and to be had once more.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::MEMORY;

/// All files below a directory with their bytes, but for a broker's lock.
pub fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if !path.ends_with(".lock") {
                let name = path.strip_prefix(root).unwrap().to_owned();
                all.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    all
}

/// The same files elsewhere.
pub fn clone_of(tree: &BTreeMap<PathBuf, Vec<u8>>) -> TempDir {
    let root = match Path::new(MEMORY).is_dir() {
        true => tempfile::tempdir_in(MEMORY).unwrap(),
        false => tempfile::tempdir().unwrap(),
    };
    for (name, bytes) in tree {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    root
}

pub fn nodes(root: &Path) -> Vec<PathBuf> {
    (1..=3)
        .map(|node| root.join(format!("node-{node}")))
        .collect()
}
