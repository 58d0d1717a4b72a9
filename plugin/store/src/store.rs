//! Run documents in a folder, changed by compare-and-swap.
//!
//! Readers need no lock, since a file appears by rename; writers of all
//! processes exclude each other with one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use slackwater_ports::RunRecord;

use crate::{RunId, StoreError, envelope, file, lock};

/// Most runs of one store: a year of a run every hour. A folder that somebody
/// filled by mistake is then an error and not an endless listing.
pub const MAX_RUNS: usize = 10_000;

/// How long a writer waits for another one: a write takes milliseconds, on a
/// disk that is busy with snapshots a second or two.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// The store.
#[derive(Debug, Clone)]
pub struct Store {
    dir: PathBuf,
}

/// One line of a listing.
#[derive(Debug)]
pub struct RunSummary {
    /// Which run.
    pub run_id: RunId,
    /// When it was last written. Milliseconds since the Unix epoch.
    pub modified_ms: u64,
    /// The document with its revision, or why it can't be read.
    pub record: Result<RunRecord, StoreError>,
}

impl Store {
    /// Opens the store in `dir`, which is made if it is not there, and
    /// removes what a writer that died left unfinished.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let store = Self { dir: dir.into() };
        file::make_folder(&store.runs())?;
        let _lock = store.lock()?;
        file::remove_unfinished(&store.runs())?;
        Ok(store)
    }

    /// The directory that it was opened in; leases lie there too.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes the first revision, and gives its number.
    pub fn create_run(&self, run: &RunId, document: &str) -> Result<u64, StoreError> {
        let _lock = self.lock()?;
        let path = self.path(run);
        if path.exists() {
            return Err(StoreError::Exists { run: run.clone() });
        }
        Self::write(&path, 1, document)
    }

    /// What is stored.
    pub fn load(&self, run: &RunId) -> Result<RunRecord, StoreError> {
        let path = self.path(run);
        let bytes = file::read(&path)?.ok_or_else(|| StoreError::Missing {
            run: run.clone(),
            dir: self.runs(),
        })?;
        envelope::decode(&path, &bytes)
    }

    /// Writes the next revision if the stored one is `expected`, and gives
    /// its number.
    pub fn save(&self, run: &RunId, expected: u64, document: &str) -> Result<u64, StoreError> {
        let _lock = self.lock()?;
        let found = self.load(run)?.revision;
        if found != expected {
            return Err(StoreError::Conflict {
                run: run.clone(),
                expected,
                found,
            });
        }
        Self::write(&self.path(run), expected.saturating_add(1), document)
    }

    /// Writes the next revision of a document that was final, and keeps what
    /// it was beside it, as `<run>.<revision>.previous`.
    pub fn supersede(&self, run: &RunId, expected: u64, document: &str) -> Result<u64, StoreError> {
        let before = self.load(run)?;
        let kept = self.runs().join(format!("{run}.{expected}.previous"));
        file::replace(&kept, &envelope::encode(&before))?;
        self.save(run, expected, document)
    }

    /// All runs, the last one written first. One that can't be read is among
    /// them and says so.
    pub fn list(&self) -> Result<Vec<RunSummary>, StoreError> {
        let folder = self.runs();
        let mut found = Vec::new();
        for entry in fs::read_dir(&folder).map_err(StoreError::io("list", &folder))? {
            let entry = entry.map_err(StoreError::io("list", &folder))?;
            let name = entry.file_name();
            let run = name.to_str().and_then(|name| name.strip_suffix(".json"));
            let Some(Ok(run_id)) = run.map(str::parse::<RunId>) else {
                continue;
            };
            if found.len() == MAX_RUNS {
                return Err(StoreError::TooMany {
                    dir: folder,
                    limit: MAX_RUNS,
                });
            }
            let modified_ms = entry
                .metadata()
                .and_then(|metadata| metadata.modified())
                .ok()
                .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
                .map_or(0, |since| since.as_millis() as u64);
            let record = self.load(&run_id);
            found.push(RunSummary {
                run_id,
                modified_ms,
                record,
            });
        }
        found.sort_by(|a, b| {
            let newest = b.modified_ms.cmp(&a.modified_ms);
            newest.then_with(|| a.run_id.cmp(&b.run_id))
        });
        Ok(found)
    }

    fn write(path: &Path, revision: u64, document: &str) -> Result<u64, StoreError> {
        let record = RunRecord {
            revision,
            document: document.to_owned(),
        };
        file::replace(path, &envelope::encode(&record))?;
        Ok(revision)
    }

    pub(crate) fn lock(&self) -> Result<File, StoreError> {
        let path = self.runs().join(".lock");
        lock::take(&path, LOCK_WAIT)?.ok_or(StoreError::Busy {
            path,
            waited: LOCK_WAIT,
        })
    }

    fn runs(&self) -> PathBuf {
        self.dir.join("runs")
    }

    fn path(&self, run: &RunId) -> PathBuf {
        self.runs().join(format!("{run}.json"))
    }
}
