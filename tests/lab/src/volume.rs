//! Volumes of the mirror's brokers: file systems in image files on a
//! reflink-capable file system, or plain directories. Owns its mounts.
//!
//! With images, what a broker has written but the kernel has not yet flushed
//! is *not* in a reflink clone of the image, just as on real storage.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::command;
use crate::error::LabError;
use crate::mounts;

/// Size of the lab's XFS, sparse: three volumes and many clones of them.
const STORE_BYTES: u64 = 32 << 30;
/// Size of a broker's volume, sparse, where nothing else is wanted: minutes of
/// load at 8,000 msg/s × 200 B.
pub(crate) const VOLUME_BYTES: u64 = 4 << 30;

/// What the mirror's brokers store their data on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volumes {
    /// One ext4 in an image file a broker, on an XFS with reflinks, all on
    /// loop devices. Needs root.
    LoopImages,
    /// Plain directories. Needs no root; a copy of one is no snapshot.
    Directories,
}

/// The XFS on which volumes and their snapshots lie; unmounted when dropped.
#[derive(Debug)]
pub(crate) struct Store {
    point: PathBuf,
}

impl Store {
    /// Makes and mounts the lab's XFS at `<run_dir>/store`.
    pub(crate) fn make(run_dir: &Path) -> Result<Self, LabError> {
        command::need_root("an XFS on a loop device")?;
        let image = run_dir.join("store.img");
        sparse(&image, STORE_BYTES)?;
        let text = image.display().to_string();
        command::run(
            "mkfs.xfs",
            &["-q", "-K", "-m", "reflink=1", "-l", "size=64m", &text],
        )?;
        let store = Self {
            point: run_dir.join("store"),
        };
        mounts::mount_image(&image, &store.point)?;
        for directory in [store.snapshots(), store.volumes()] {
            fs::create_dir(&directory).map_err(LabError::io("create", &directory))?;
        }
        Ok(store)
    }

    /// Where clones of the volumes' images belong: on the same XFS.
    pub(crate) fn snapshots(&self) -> PathBuf {
        self.point.join("snapshots")
    }

    /// Where the volumes' images are.
    pub(crate) fn volumes(&self) -> PathBuf {
        self.point.join("volumes")
    }

    fn image(&self, id: i32) -> PathBuf {
        self.volumes().join(format!("volume-{id}.img"))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        mounts::unmount(&self.point);
    }
}

/// One broker's volume; unmounted when dropped.
#[derive(Debug)]
pub(crate) struct Volume {
    pub(crate) point: PathBuf,
    pub(crate) image: Option<PathBuf>,
}

impl Volume {
    /// A new, empty volume of this size for broker `id`, at `point`.
    pub(crate) fn make(
        store: Option<&Store>,
        id: i32,
        bytes: u64,
        point: PathBuf,
    ) -> Result<Self, LabError> {
        let Some(store) = store else {
            return Self::directory(point);
        };
        Self::make_at(store.image(id), bytes, point)
    }

    /// A new file system in a new image.
    pub(crate) fn make_at(image: PathBuf, bytes: u64, point: PathBuf) -> Result<Self, LabError> {
        sparse(&image, bytes)?;
        let text = image.display().to_string();
        command::run(
            "mkfs.ext4",
            &[
                "-q",
                "-F",
                "-m",
                "0",
                "-J",
                "size=16",
                "-E",
                "nodiscard",
                &text,
            ],
        )?;
        Self::of_image(image, point)
    }

    /// A plain directory as a volume.
    pub(crate) fn directory(point: PathBuf) -> Result<Self, LabError> {
        fs::create_dir_all(&point).map_err(LabError::io("create", &point))?;
        Ok(Self { point, image: None })
    }

    /// Mounts an image that holds a file system already.
    pub(crate) fn of_image(image: PathBuf, point: PathBuf) -> Result<Self, LabError> {
        mounts::mount_image(&image, &point)?;
        Ok(Self {
            point,
            image: Some(image),
        })
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        if self.image.is_some() {
            mounts::unmount(&self.point);
        }
    }
}

fn sparse(path: &Path, bytes: u64) -> Result<(), LabError> {
    let file = File::create(path).map_err(LabError::io("create", path))?;
    file.set_len(bytes).map_err(LabError::io("size", path))
}
