//! What kernels have told of a mirror's volumes, kept beside its runs: each error is
//! told once, to whoever flushes first, and the run that met it fails.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::{MirrorName, Store, StoreError, file};

/// One line a volume; a disk that fails says more than this helps with.
const MOST_BYTES: usize = 1_000;

impl Store {
    /// Where they are. Whoever has replaced a volume, or read it whole, takes its line
    /// away, or the file.
    pub fn flush_errors_file(&self, mirror: &MirrorName) -> PathBuf {
        self.dir().join(format!("{mirror}.flush-errors.json"))
    }

    /// What was told, by the volumes' names.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn flush_errors(
        &self,
        mirror: &MirrorName,
    ) -> Result<BTreeMap<String, String>, StoreError> {
        let path = self.flush_errors_file(mirror);
        let Some(bytes) = file::read(&path)? else {
            return Ok(BTreeMap::new());
        };
        serde_json::from_slice(&bytes).map_err(|error| StoreError::Torn {
            path,
            why: error.to_string(),
        })
    }

    /// Keeps what was told of a volume: the first of it.
    ///
    /// # Errors
    /// A file that can't be written, or was not read back as it was written.
    pub fn note_flush_error(
        &self,
        mirror: &MirrorName,
        volume: &str,
        told: &str,
    ) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        let path = self.flush_errors_file(mirror);
        let mut known = self.flush_errors(mirror)?;
        let told = told.chars().take(MOST_BYTES).collect();
        known.entry(volume.to_owned()).or_insert(told);
        let torn = |why: String| StoreError::Torn {
            path: path.clone(),
            why,
        };
        let bytes = serde_json::to_vec_pretty(&known).map_err(|error| torn(error.to_string()))?;
        file::replace(&path, &bytes)?;
        match self.flush_errors(mirror)? == known {
            true => Ok(()),
            false => Err(torn("it is not what was just written".to_owned())),
        }
    }
}
