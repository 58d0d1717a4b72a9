//! The power of one broker fails: what its file system had not yet handed to
//! its device is gone, and it comes up again on what is left. And small
//! volumes. Root only.

use std::path::{Path, PathBuf};

use crate::command;
use crate::error::LabError;
use crate::lab::Lab;
use crate::mounts;
use crate::volume::Volume;

/// A small file system for a test's own files; unmounted when dropped.
#[derive(Debug)]
pub struct SmallVolume(Volume);

impl SmallVolume {
    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.point
    }
}

impl Lab {
    /// Makes one of `bytes`, and mounts it at `point`.
    ///
    /// # Errors
    /// [`LabError::NeedsRoot`]; a mount that failed.
    pub fn small_volume(&self, point: &Path, bytes: u64) -> Result<SmallVolume, LabError> {
        command::need_root("a volume in an image file of its own")?;
        let name = point.file_name().unwrap_or_default().to_string_lossy();
        let image = self.run_dir().join(format!("small-{name}.img"));
        Volume::make_at(image, bytes, point.to_owned()).map(SmallVolume)
    }

    /// Kills a broker of the mirror, takes a clone of its volume's image as it
    /// lies there, with what the kernel still keeps for it lost, and mounts
    /// that in the volume's place. Does not start the broker.
    ///
    /// # Errors
    /// A lab whose volumes are directories; a clone or a mount that failed.
    pub fn lose_power(&self, id: i32) -> Result<(), LabError> {
        let broker = self
            .mirror()
            .broker(id)
            .ok_or_else(|| LabError::Invalid(format!("there is no broker {id}")))?;
        let Some(image) = broker.image() else {
            return Err(LabError::NeedsRoot {
                what: "the power of a volume".to_owned(),
            });
        };
        let lost: PathBuf = image.with_extension("lost");
        let text = |path: &Path| path.display().to_string();
        broker.kill9();
        // The device's own cache is in the clone, the file system's is not.
        command::run("cp", &["--reflink=always", &text(image), &text(&lost)])?;
        mounts::unmount(broker.mount_point());
        command::run("mv", &[&text(&lost), &text(image)])?;
        mounts::mount_image(image, broker.mount_point())
    }
}
