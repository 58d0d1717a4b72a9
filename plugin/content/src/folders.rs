//! Folders as the port: the volumes as they are mounted.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use slackwater_ports::{
    ContentDepth, ContentSurvey, MetadataSeen, RangeRow, RangeWanted, ScanRow, ScanWanted, Seen,
    TransactionsSeen, VolumeContent,
};

use crate::state::State;
use crate::{ContentError, Located, ReplicaAges, ages, metadata, read, transactions};

/// A volume and where it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its name in the configuration.
    pub volume: String,
    /// `node.id` of the broker that writes to it.
    pub broker: i32,
    /// Where it is.
    pub path: PathBuf,
    /// The handle of the snapshot that was opened there; the path itself where
    /// it lies there for good.
    pub opened_from: String,
}

/// Some folders. What was listed is kept until it is listed again.
#[derive(Debug)]
pub struct Folders {
    folders: Vec<Folder>,
    state: Mutex<Option<Arc<State>>>,
}

impl Folders {
    /// Nothing is read yet.
    pub fn new(folders: Vec<Folder>) -> Self {
        Self {
            folders,
            state: Mutex::new(None),
        }
    }

    fn state(&self) -> Result<Arc<State>, ContentError> {
        let kept = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clone().ok_or(ContentError::NotListed)
    }

    /// The metadata logs, held against these replicas in place of those here.
    ///
    /// # Errors
    /// Nothing was listed.
    pub(crate) fn metadata_of(&self, all: &[Located]) -> Seen<Vec<MetadataSeen>> {
        Ok(metadata::seen(&*self.state()?, all))
    }

    /// How old the segments of what was listed are.
    ///
    /// # Errors
    /// Nothing was listed.
    pub fn ages(&self) -> Seen<Vec<ReplicaAges>> {
        Ok(ages::of(&*self.state()?))
    }
}

impl VolumeContent for Folders {
    fn survey(&self) -> Seen<ContentSurvey> {
        let (state, found) = State::list(&self.folders);
        let mut kept = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(Arc::new(state));
        Ok(found)
    }

    fn scan(&self, depth: ContentDepth, wanted: &[ScanWanted]) -> Seen<Vec<ScanRow>> {
        Ok(read::scan_rows(&*self.state()?, depth, wanted))
    }

    fn range(&self, wanted: &[RangeWanted]) -> Seen<Vec<RangeRow>> {
        Ok(read::range_rows(&*self.state()?, wanted))
    }

    fn transactions(&self) -> Seen<TransactionsSeen> {
        Ok(transactions::seen(&*self.state()?))
    }

    fn metadata(&self) -> Seen<Vec<MetadataSeen>> {
        let state = self.state()?;
        Ok(metadata::seen(&state, &metadata::located(&state)))
    }
}
