//! Run documents, wherever they are kept.

use serde_json::Value;
use slackwater_cut::Cut;
use slackwater_kubernetes::{ConfigMapRun, ConfigMapRuns, RunsError};
use slackwater_ports::{RunRecord, RunStore, Seen};
use slackwater_store::{RunHandle, RunId, Store, StoreError};

use super::strimzi::MIRROR;

/// So many runs are read whole for those of one mirror: of those whose marks don't say that
/// they are of another.
const LOOKED_AT: usize = 100;

/// Where they are.
#[derive(Clone)]
pub enum Runs {
    /// In a folder.
    Folder(Store),
    /// In a namespace's ConfigMaps.
    ConfigMaps(ConfigMapRuns),
}

/// Why a document can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Of a folder.
    #[error(transparent)]
    Folder(#[from] StoreError),
    /// Of ConfigMaps.
    #[error(transparent)]
    ConfigMaps(#[from] RunsError),
}

impl DocumentError {
    /// Whether what is there is not what this program wrote.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::ConfigMaps(RunsError::Torn { .. }))
    }

    /// Whether there is no such run.
    pub fn is_missing(&self) -> bool {
        matches!(
            self,
            Self::Folder(StoreError::Missing { .. }) | Self::ConfigMaps(RunsError::Missing { .. })
        )
    }
}

/// One of a listing.
pub struct Listed {
    /// Which run.
    pub run: RunId,
    /// Its document, or why it can't be read.
    pub record: Result<RunRecord, DocumentError>,
}

impl Listed {
    fn read(runs: &ConfigMapRuns, run: RunId) -> Self {
        Self {
            record: runs.load(&run).map_err(DocumentError::from),
            run,
        }
    }
}

impl Runs {
    /// Writes the first revision.
    ///
    /// # Errors
    /// There is such a run; it can't be written.
    pub fn create(&self, run: &RunId, document: &str) -> Result<(), DocumentError> {
        match self {
            Self::Folder(store) => store.create_run(run, document).map(drop)?,
            Self::ConfigMaps(runs) => runs.create_run(run, document).map(drop)?,
        }
        Ok(())
    }

    /// What is stored.
    ///
    /// # Errors
    /// There is none, or it can't be read.
    pub fn load(&self, run: &RunId) -> Result<RunRecord, DocumentError> {
        Ok(match self {
            Self::Folder(store) => store.load(run)?,
            Self::ConfigMaps(runs) => runs.load(run)?,
        })
    }

    /// Writes the next revision of a document that was final, and keeps what it
    /// was.
    ///
    /// # Errors
    /// Somebody else wrote first; it can't be written.
    pub fn supersede(
        &self,
        run: &RunId,
        expected: u64,
        document: &str,
    ) -> Result<(), DocumentError> {
        match self {
            Self::Folder(store) => store.supersede(run, expected, document).map(drop)?,
            Self::ConfigMaps(runs) => runs.supersede(run, expected, document).map(drop)?,
        }
        Ok(())
    }

    /// The last `most` runs of a mirror, the last one first. In a namespace there may be
    /// those of others, too. One that can't be read is among them and says so: nobody knows
    /// whose it is. Beside a clone its original's is its own.
    ///
    /// # Errors
    /// They can't be listed.
    pub fn last_of(&self, mirror: &str, most: usize) -> Result<Vec<Listed>, DocumentError> {
        let kafka = |name: &str| name.rsplit('/').next().map(str::to_owned);
        self.those(most, |of| kafka(of) == kafka(mirror))
    }

    /// The same among copies, where those of all namespaces lie side by side.
    ///
    /// # Errors
    /// They can't be listed.
    pub fn kept_of(&self, mirror: &str, most: usize) -> Result<Vec<Listed>, DocumentError> {
        self.those(most, |of| of == mirror)
    }

    fn those(
        &self,
        most: usize,
        is_of: impl Fn(&str) -> bool,
    ) -> Result<Vec<Listed>, DocumentError> {
        let runs = match self {
            Self::Folder(store) => {
                let listed = store.list()?.into_iter().take(most);
                let each = listed.map(|one| Listed {
                    run: one.run_id,
                    record: one.record.map_err(DocumentError::from),
                });
                return Ok(each.collect());
            }
            Self::ConfigMaps(runs) => runs,
        };
        let may_be = |marks: &Value| marks[MIRROR].as_str().is_none_or(&is_of);
        let listed = runs.last(most.max(LOOKED_AT), may_be)?.into_iter();
        let each = listed.map(|run| Listed::read(runs, run));
        let is_its = |listed: &Listed| {
            let document = listed.record.as_ref().map(|record| &record.document);
            let cut = document.ok().and_then(|text| Cut::parse(text).ok());
            cut.is_none_or(|cut| is_of(&cut.mirror))
        };
        Ok(each.filter(is_its).take(most).collect())
    }

    /// One document.
    pub fn document(&self, run: &RunId) -> Document {
        match self {
            Self::Folder(store) => Document::Folder(RunHandle::new(store.clone(), run.clone())),
            Self::ConfigMaps(runs) => {
                Document::ConfigMap(ConfigMapRun::new(runs.clone(), run.clone()))
            }
        }
    }
}

/// One document as the port that phases see.
#[derive(Clone)]
pub enum Document {
    /// In a folder.
    Folder(RunHandle),
    /// In a ConfigMap.
    ConfigMap(ConfigMapRun),
}

impl RunStore for Document {
    fn load(&self) -> Seen<RunRecord> {
        match self {
            Self::Folder(document) => document.load(),
            Self::ConfigMap(document) => document.load(),
        }
    }

    fn save(&self, expected: u64, document: &str) -> Seen<u64> {
        match self {
            Self::Folder(kept) => kept.save(expected, document),
            Self::ConfigMap(kept) => kept.save(expected, document),
        }
    }
}
