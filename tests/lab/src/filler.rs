//! A file system without a free block. Writes one file, which goes when it is
//! dropped.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;

use crate::error::LabError;

/// The file's name.
const NAME: &str = "filler";

/// What is asked for at first, and then less and less: the last free blocks
/// don't lie side by side.
const MOST: u64 = 64 << 30;

/// No file system of a lab has smaller blocks.
const BLOCK: u64 = 4096;

/// The blocks are free again when it is dropped.
#[derive(Debug)]
pub struct Filler(PathBuf);

impl Filler {
    /// Takes what is free on the file system of `directory`.
    ///
    /// # Errors
    /// A file that can't be made.
    pub fn fill(directory: &Path) -> Result<Self, LabError> {
        let path = directory.join(NAME);
        let mut file = File::create(&path).map_err(LabError::io("create", &path))?;
        let filler = Self(path);
        let mut taken = 0;
        let mut ask = MOST;
        while ask >= BLOCK {
            match rustix::fs::fallocate(&file, FallocateFlags::empty(), taken, ask) {
                Ok(()) => taken += ask,
                // What did not fit may have been taken in part.
                Err(_) => ask /= 2,
            }
        }
        // To the last byte of a block that is there already.
        let _ = file.write_all(&[0]);
        Ok(filler)
    }

    /// Frees a copy of a file system that was full when it was taken; one that
    /// was not is no error.
    pub fn remove(directory: &Path) {
        let _ = fs::remove_file(directory.join(NAME));
    }
}

impl Drop for Filler {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
