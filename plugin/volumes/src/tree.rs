//! Directory trees: cloned file by file, and surveyed.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, ioctl_ficlone};
use rustix::io::Errno;

use crate::{ManifestFile, VolumeError, sparse};

/// Most files and folders of one volume: a broker with 10,000 partitions has
/// about 60,000.
const MAX_ENTRIES: usize = 1_000_000;

/// A broker's log directory has two levels.
const MAX_DEPTH: usize = 32;

/// What mkfs.ext4 leaves in the root of a file system.
pub(crate) const LOST_FOUND: &str = "lost+found";

/// What was cloned.
#[derive(Debug)]
pub(crate) struct Cloned {
    /// Sorted by path.
    pub(crate) files: Vec<ManifestFile>,
    /// Whether any file had to be copied.
    pub(crate) plain: bool,
}

impl Cloned {
    pub(crate) fn method(&self) -> &'static str {
        if self.plain { "plain-copy" } else { "reflink" }
    }
}

enum Kind {
    Folder,
    File,
}

/// Clones what lies in the folder `from` into the new folder `to`, with
/// owners, modes and times (Kafka ages a segment without timestamps by its
/// file's). Without `allow_plain` a file that can't share its blocks is an
/// error.
pub(crate) fn clone(from: &Path, to: &Path, allow_plain: bool) -> Result<Cloned, VolumeError> {
    let mut cloned = Cloned {
        files: Vec::new(),
        plain: false,
    };
    let mut folders = vec![PathBuf::new()];
    fs::create_dir(to).map_err(VolumeError::io("make folder", to))?;
    walk(from, |kind, relative| {
        let target = to.join(relative);
        match kind {
            Kind::Folder => {
                fs::create_dir(&target).map_err(VolumeError::io("make folder", &target))?;
                folders.push(relative.to_owned());
            }
            Kind::File => {
                let Some(source) = open_unless_gone(&from.join(relative))? else {
                    return Ok(());
                };
                let (bytes, plain) =
                    clone_file(&source, &from.join(relative), &target, allow_plain)?;
                cloned.plain |= plain;
                cloned.files.push(ManifestFile {
                    path: name(relative)?,
                    bytes,
                });
            }
        }
        Ok(())
    })?;
    // Last, since a folder's time changes with what is put into it.
    for folder in folders.iter().rev() {
        let source = from.join(folder);
        if let Some(open) = open_unless_gone(&source)? {
            copy_metadata(&open, &to.join(folder))?;
        }
    }
    cloned.files.sort();
    Ok(cloned)
}

/// All files below `root` with their sizes, sorted by path.
pub(crate) fn survey(root: &Path) -> Result<Vec<ManifestFile>, VolumeError> {
    let mut files = Vec::new();
    walk(root, |kind, relative| {
        if matches!(kind, Kind::File) {
            let path = root.join(relative);
            let metadata = fs::symlink_metadata(&path).map_err(VolumeError::io("stat", &path))?;
            files.push(ManifestFile {
                path: name(relative)?,
                bytes: metadata.len(),
            });
        }
        Ok(())
    })?;
    files.sort();
    Ok(files)
}

/// Visits all below `root`, a folder before what is in it.
fn walk(
    root: &Path,
    mut visit: impl FnMut(Kind, &Path) -> Result<(), VolumeError>,
) -> Result<(), VolumeError> {
    let mut folders = vec![PathBuf::new()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            // A broker that is up may delete a partition's folder.
            Err(error) if is_gone(&error) && !folder.as_os_str().is_empty() => continue,
            Err(error) => return Err(VolumeError::io("list", &path)(error)),
        };
        if folder.components().count() > MAX_DEPTH {
            let why = format!("is more than {MAX_DEPTH} folders deep: no broker's directory is");
            return Err(VolumeError::unsuitable(&path, why));
        }
        for entry in entries {
            let entry = entry.map_err(VolumeError::io("list", &path))?;
            if folder.as_os_str().is_empty() && entry.file_name() == LOST_FOUND {
                continue;
            }
            seen += 1;
            if seen > MAX_ENTRIES {
                let why = format!("holds more than {MAX_ENTRIES} files: use the command driver");
                return Err(VolumeError::unsuitable(root, why));
            }
            let relative = folder.join(entry.file_name());
            let kind = entry
                .file_type()
                .map_err(VolumeError::io("stat", &entry.path()))?;
            if kind.is_dir() {
                visit(Kind::Folder, &relative)?;
                folders.push(relative);
            } else if kind.is_file() {
                visit(Kind::File, &relative)?;
            } else {
                return Err(VolumeError::unsuitable(
                    &entry.path(),
                    "is neither file nor folder: a snapshot would not hold what it stands for, \
                     move it off the volume",
                ));
            }
        }
    }
    Ok(())
}

fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// `None` for what a broker that is up deleted since it was listed.
fn open_unless_gone(path: &Path) -> Result<Option<File>, VolumeError> {
    let open = File::options()
        .read(true)
        .custom_flags(OFlags::NOFOLLOW.bits() as i32)
        .open(path);
    match open {
        Ok(file) => Ok(Some(file)),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(VolumeError::io("open", path)(error)),
    }
}

fn clone_file(
    source: &File,
    path: &Path,
    target: &Path,
    allow_plain: bool,
) -> Result<(u64, bool), VolumeError> {
    let copy = File::create_new(target).map_err(VolumeError::io("create", target))?;
    let plain = match ioctl_ficlone(&copy, source) {
        Ok(()) => false,
        Err(
            error @ (Errno::OPNOTSUPP | Errno::XDEV | Errno::NOTTY | Errno::INVAL | Errno::NOSYS),
        ) => {
            if !allow_plain {
                return Err(VolumeError::NoReflink {
                    path: path.to_owned(),
                    source: error.into(),
                });
            }
            sparse::copy_data(source, &copy).map_err(VolumeError::io("copy", path))?;
            true
        }
        Err(error) => return Err(VolumeError::io("clone", path)(error.into())),
    };
    copy_metadata(source, target)?;
    let metadata = copy.metadata().map_err(VolumeError::io("stat", target))?;
    Ok((metadata.len(), plain))
}

/// Owner, mode and time of modification.
pub(crate) fn copy_metadata(source: &File, target: &Path) -> Result<(), VolumeError> {
    let apply = || -> io::Result<()> {
        let from = source.metadata()?;
        let copy = File::open(target)?;
        let now = copy.metadata()?;
        if (now.uid(), now.gid()) != (from.uid(), from.gid()) {
            fchown(&copy, Some(from.uid()), Some(from.gid()))?;
        }
        copy.set_permissions(from.permissions())?;
        copy.set_modified(from.modified()?)
    };
    apply().map_err(VolumeError::io("give owner, mode and time to", target))
}

fn name(relative: &Path) -> Result<String, VolumeError> {
    relative.to_str().map(str::to_owned).ok_or_else(|| {
        VolumeError::unsuitable(
            relative,
            "has a name that is no UTF-8: no broker writes such",
        )
    })
}
