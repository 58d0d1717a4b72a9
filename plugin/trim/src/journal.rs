//! The journal of a trim, beside the data: one in each log directory. It is
//! written when all that will be needed lies ready, and nothing was changed
//! yet; from then on the same steps can be taken again, forth or back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk::{Disk, Piece};
use crate::error::TrimError;

/// Its name. A broker looks at directories there, and at files of its own.
const NAME: &str = "slackwater-trim.json";

/// Before it has that name.
const NEW: &str = "slackwater-trim.json.new";

/// No journal is larger: 10,000 copies need a dozen steps each.
const MAX_BYTES: u64 = 256 << 20;

/// Files of ours in a replica's directory begin with it. A broker goes by the
/// endings of files, and takes what stands before a name's first point for an
/// offset: of these it can't.
pub(crate) const PREFIX: &str = "slackwater-";

/// How far a trim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Stage {
    /// All lies ready; steps may have been taken.
    Prepared,
    /// All steps were taken, and the log was read back.
    Done,
    /// Steps are being taken back.
    Untrimming,
    /// All were taken back; what lies beside the data is being deleted.
    Untrimmed,
    /// What was set aside is being deleted.
    Discarding,
}

/// One change. Paths are below the log directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub(crate) enum Step {
    /// A file gets a name that no broker reads.
    SetAside {
        file: PathBuf,
        aside: PathBuf,
        /// How long it was; left out in journals of before this was noted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<u64>,
    },
    /// A file ends earlier; its tail was copied.
    Truncate {
        file: PathBuf,
        to: u64,
        was: u64,
        tail: PathBuf,
    },
    /// A file that lies ready gets its name.
    Place {
        ready: PathBuf,
        file: PathBuf,
        bytes: u64,
    },
}

/// What kind of document it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    TrimJournal,
}

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Journal {
    kind: Kind,
    /// Digest of the plan.
    pub(crate) plan: String,
    /// How many log directories the trim is of; 0 where that was not written down.
    #[serde(default)]
    dirs: usize,
    pub(crate) stage: Stage,
    pub(crate) steps: Vec<Step>,
}

impl Journal {
    pub(crate) fn prepared(plan: &str, dirs: usize, steps: Vec<Step>) -> Self {
        Self {
            kind: Kind::TrimJournal,
            plan: plan.to_owned(),
            dirs,
            stage: Stage::Prepared,
            steps,
        }
    }

    /// Whether it changes anything in its directory.
    pub(crate) fn changes(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Whether these are as many log directories as the trim is of: what is done to some of
    /// them would leave copies that differ.
    pub(crate) fn is_of_all(&self, dirs: usize) -> bool {
        self.dirs == 0 || self.dirs == dirs
    }

    /// That of a log directory; `None` where there is none.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>, TrimError> {
        let path = dir.join(NAME);
        let malformed = |why: String| TrimError::Journal {
            path: path.clone(),
            why,
        };
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(TrimError::io("look at", &path)(error)),
            Ok(seen) if seen.len() > MAX_BYTES => return Err(malformed("it is too large".into())),
            Ok(_) => {}
        }
        let text = fs::read(&path).map_err(TrimError::io("read", &path))?;
        let journal: Self =
            serde_json::from_slice(&text).map_err(|error| malformed(error.to_string()))?;
        let below = |path: &Path| {
            path.components()
                .all(|one| matches!(one, std::path::Component::Normal(_)))
        };
        let all_below = journal.steps.iter().flat_map(Step::paths).all(below);
        match all_below {
            true => Ok(Some(journal)),
            false => Err(malformed("it names files elsewhere".into())),
        }
    }

    /// Writes it: whole, or the one before stays.
    pub(crate) fn write(&self, disk: &dyn Disk, dir: &Path) -> Result<(), TrimError> {
        let (new, path) = (dir.join(NEW), dir.join(NAME));
        let text = serde_json::to_vec(self).map_err(|error| TrimError::Journal {
            path: path.clone(),
            why: error.to_string(),
        })?;
        if text.len() as u64 > MAX_BYTES {
            return Err(TrimError::Journal {
                path,
                why: "it would be too large to be read".to_owned(),
            });
        }
        disk.write(&new, &[Piece::Bytes(text)])
            .map_err(TrimError::io("write", &new))?;
        disk.rename(&new, &path)
            .map_err(TrimError::io("rename", &new))?;
        disk.sync_directory(dir).map_err(TrimError::io("sync", dir))
    }

    /// Deletes what was never renamed to be one; whether there was any.
    pub(crate) fn remove_unfinished(disk: &dyn Disk, dir: &Path) -> Result<bool, TrimError> {
        let new = dir.join(NEW);
        let there = new.exists();
        if there {
            disk.remove(&new).map_err(TrimError::io("remove", &new))?;
        }
        Ok(there)
    }

    /// Deletes it.
    pub(crate) fn remove(disk: &dyn Disk, dir: &Path) -> Result<(), TrimError> {
        let path = dir.join(NAME);
        disk.remove(&path).map_err(TrimError::io("remove", &path))?;
        disk.sync_directory(dir).map_err(TrimError::io("sync", dir))
    }

    /// The directories in which something changes, below the log directory.
    pub(crate) fn directories(&self) -> Vec<PathBuf> {
        let parents = self
            .steps
            .iter()
            .flat_map(Step::paths)
            .filter_map(Path::parent);
        let mut all: Vec<PathBuf> = parents.map(Path::to_owned).collect();
        all.sort();
        all.dedup();
        all
    }
}

impl Step {
    fn paths(&self) -> [&Path; 2] {
        match self {
            Self::SetAside { file, aside, .. } => [file, aside],
            Self::Truncate { file, tail, .. } => [file, tail],
            Self::Place { ready, file, .. } => [ready, file],
        }
    }
}
