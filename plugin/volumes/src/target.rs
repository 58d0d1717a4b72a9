//! Where a restore goes: nothing is overwritten, and what is half restored
//! does not stand where a broker looks.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::tree::{LOST_FOUND, copy_metadata};
use crate::{VolumeError, manifest};

/// Beside a folder that is to be restored.
const BESIDE: &str = ".slackwater-restore";

/// In the root of a file system that is to be restored: nothing can be
/// renamed over a mount point.
const INSIDE: &str = ".slackwater-restore";

/// A target that is free, and the place where its content is made.
pub(crate) struct Staging {
    target: PathBuf,
    /// Does not exist yet.
    pub(crate) path: PathBuf,
    inside: bool,
}

impl Staging {
    /// Checks the target, and removes what a restore that died left beside
    /// or inside.
    pub(crate) fn new(target: &Path) -> Result<Self, VolumeError> {
        check_empty(target)?;
        let inside = is_root(target)?;
        let path = if inside {
            target.join(INSIDE)
        } else {
            let mut beside = target.as_os_str().to_owned();
            beside.push(BESIDE);
            PathBuf::from(beside)
        };
        remove_tree(&path)?;
        Ok(Self {
            target: target.to_owned(),
            path,
            inside,
        })
    }

    /// Puts what was made in its place.
    pub(crate) fn finish(self) -> Result<(), VolumeError> {
        if !self.inside {
            return manifest::rename(&self.path, &self.target);
        }
        let entries = fs::read_dir(&self.path).map_err(VolumeError::io("list", &self.path))?;
        for entry in entries {
            let entry = entry.map_err(VolumeError::io("list", &self.path))?;
            manifest::rename(&entry.path(), &self.target.join(entry.file_name()))?;
        }
        let made = File::open(&self.path).map_err(VolumeError::io("open", &self.path))?;
        copy_metadata(&made, &self.target)?;
        fs::remove_dir(&self.path).map_err(VolumeError::io("remove", &self.path))
    }
}

/// An error if anything stands there that a restore would overwrite.
pub(crate) fn check_empty(target: &Path) -> Result<(), VolumeError> {
    if !target.is_absolute() {
        return Err(VolumeError::unsuitable(target, "must be an absolute path"));
    }
    let metadata = match fs::symlink_metadata(target) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(VolumeError::io("stat", target)(error)),
    };
    let not_empty = || VolumeError::NotEmpty {
        target: target.to_owned(),
    };
    if !metadata.is_dir() {
        return Err(not_empty());
    }
    for entry in fs::read_dir(target).map_err(VolumeError::io("list", target))? {
        let name = entry.map_err(VolumeError::io("list", target))?.file_name();
        if name != LOST_FOUND && name != INSIDE {
            return Err(not_empty());
        }
    }
    Ok(())
}

/// Whether the target is the root of a file system.
fn is_root(target: &Path) -> Result<bool, VolumeError> {
    let Ok(metadata) = fs::symlink_metadata(target) else {
        return Ok(false);
    };
    let Some(parent) = target.parent() else {
        return Ok(true);
    };
    let above = fs::metadata(parent).map_err(VolumeError::io("stat", parent))?;
    Ok(above.dev() != metadata.dev() || target.join(LOST_FOUND).exists())
}

/// Removes a folder with all in it; one that is not there is fine.
pub(crate) fn remove_tree(path: &Path) -> Result<(), VolumeError> {
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(VolumeError::io("remove", path)(error)),
    }
}
