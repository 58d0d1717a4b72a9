//! Images of volumes and of snapshots, side by side on a file system that clones
//! blocks.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use crate::StandInError;

/// Bytes of a volume, sparse, whatever a claim asks for.
const BYTES: u64 = 4 << 30;

/// The folder; a name in it is a handle.
pub(super) struct Images {
    pub(super) folder: PathBuf,
}

impl Images {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// An empty file system; one that is there already is as good.
    pub(super) fn make(&self, handle: &str) -> Result<(), StandInError> {
        let path = self.path(handle);
        if path.exists() {
            return Ok(());
        }
        // Whole, or not there.
        let making = path.with_extension("making");
        let failed = |said: String| StandInError::Image {
            action: "make",
            path: path.clone(),
            said,
        };
        File::create(&making)
            .and_then(|file| file.set_len(BYTES))
            .map_err(|error| failed(error.to_string()))?;
        let words = ["-q", "-F", "-m", "0", "-J", "size=16", "-E", "nodiscard"];
        run(Command::new("mkfs.ext4").args(words).arg(&making)).map_err(failed)?;
        fs::rename(&making, &path).map_err(|error| failed(error.to_string()))
    }

    /// A clone of what the image has at this moment.
    pub(super) fn clone_of(&self, source: &str, handle: &str) -> Result<(), StandInError> {
        let (from, path) = (self.path(source), self.path(handle));
        if path.exists() {
            return Ok(());
        }
        let words = ["--reflink=always", "--sparse=auto"];
        let mut copy = Command::new("cp");
        copy.args(words).arg(&from).arg(&path);
        run(&mut copy).map_err(|said| StandInError::Image {
            action: "clone",
            path: from,
            said,
        })
    }

    /// That it is gone already is as good.
    pub(super) fn remove(&self, handle: &str) {
        let _ = fs::remove_file(self.path(handle));
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}
