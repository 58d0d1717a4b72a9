//! Recordings of the phases that this program runs: kept beside the cut, so
//! that a backup can be audited later. A recording that fails is warned of and
//! fails nothing.

mod keep;
mod read;

use std::path::Path;

use slackwater_store::RunId;

use crate::exit::Stop;

pub use keep::{Recorder, Sink};
pub use read::{ReadError, read};

/// Where the recordings of all runs are, in the store.
pub const FOLDER: &str = "recordings";

/// Deletes the recordings of a run; finding none is success.
///
/// # Errors
/// A folder that can't be removed.
pub fn delete(store: &Path, run: &RunId) -> Result<(), Stop> {
    let folder = store.join(FOLDER).join(run.as_str());
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Stop::failed(format!(
            "can't delete the recordings in {}: {error}",
            folder.display()
        ))),
        _ => Ok(()),
    }
}

/// What the name of one ends with: JSON lines, compressed.
const ENDING: &str = ".jsonl.zst";
