//! A run's snapshot as the port: a throw-away clone of each volume is opened
//! when it is listed, and closed when this is dropped.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use slackwater_ports::{
    ContentDepth, ContentSurvey, MetadataSeen, RangeRow, RangeWanted, ScanRow, ScanWanted, Seen,
    SnapshotSeen, TransactionsSeen, VolumeContent,
};
use slackwater_volumes::{RunName, Snapshots, VolumeError};

use crate::folders::Folders;
use crate::{ContentError, Folder, ReplicaAges};

/// See the module.
pub struct SnapshotContent {
    snapshots: Snapshots,
    run: RunName,
    /// Each volume is opened in a folder below it.
    at: PathBuf,
    opened: Mutex<Opened>,
}

#[derive(Default)]
struct Opened {
    /// Volumes that have to be closed, and where they are open.
    volumes: Vec<(String, PathBuf)>,
    folders: Option<Folders>,
}

impl SnapshotContent {
    /// The snapshot of `run`, to be opened below `at`, an absolute path that
    /// is made if it is not there. Nothing is done yet.
    pub fn new(snapshots: Snapshots, run: RunName, at: PathBuf) -> Self {
        Self {
            snapshots,
            run,
            at,
            opened: Mutex::new(Opened::default()),
        }
    }

    /// Opens each volume; what a process that died left open is closed first.
    fn open(&self, opened: &mut Opened) -> Result<Vec<Folder>, ContentError> {
        let mut folders = Vec::new();
        let found = self.snapshots.find(&self.run)?;
        for volume in self.snapshots.volumes() {
            let (name, at) = (volume.name().to_owned(), self.at.join(volume.name()));
            if at.exists() {
                self.close_one(&name, &at);
            }
            std::fs::create_dir_all(&at).map_err(VolumeError::io("make folder", &at))?;
            let path = self.snapshots.open(&self.run, &name, &at)?;
            opened.volumes.push((name.clone(), at));
            folders.push(Folder {
                volume: name,
                broker: volume.broker(),
                path,
                opened_from: handle_of(&found, volume.name()),
            });
        }
        Ok(folders)
    }

    fn close_one(&self, volume: &str, at: &PathBuf) {
        let closed = self.snapshots.close(&self.run, volume, at);
        if let Err(error) = closed {
            tracing::warn!(%error, volume, "the clone of a snapshot is still open");
        }
        // Never more than the empty folder: what could not be closed stays.
        if let Err(error) = std::fs::remove_dir(at) {
            tracing::debug!(%error, ?at, "the folder of a clone stays");
        }
    }

    fn close(&self, opened: &mut Opened) {
        opened.folders = None;
        for (volume, at) in opened.volumes.drain(..) {
            self.close_one(&volume, &at);
        }
        // Empty by now, or not ours to remove.
        drop(std::fs::remove_dir(&self.at));
    }

    /// How old the segments of what was listed are.
    ///
    /// # Errors
    /// Nothing was listed.
    pub fn ages(&self) -> Seen<Vec<ReplicaAges>> {
        self.with(Folders::ages)
    }

    fn with<T>(&self, look: impl FnOnce(&Folders) -> Seen<T>) -> Seen<T> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        look(opened.folders.as_ref().ok_or(ContentError::NotListed)?)
    }
}

/// Empty where no such volume is in the snapshot: that is nobody's handle.
fn handle_of(found: &[SnapshotSeen], volume: &str) -> String {
    let of_it = found.iter().find(|one| one.volume == volume);
    of_it.map_or_else(String::new, |one| one.handle.clone())
}

impl Drop for SnapshotContent {
    fn drop(&mut self) {
        let mut opened = std::mem::take(
            self.opened
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner),
        );
        self.close(&mut opened);
    }
}

impl VolumeContent for SnapshotContent {
    fn survey(&self) -> Seen<ContentSurvey> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.folders.is_none() {
            match self.open(&mut opened) {
                Ok(folders) => opened.folders = Some(Folders::new(folders)),
                Err(error) => {
                    self.close(&mut opened);
                    return Err(error.into());
                }
            }
        }
        match &opened.folders {
            Some(folders) => folders.survey(),
            None => Err(ContentError::NotListed.into()),
        }
    }

    fn scan(&self, depth: ContentDepth, wanted: &[ScanWanted]) -> Seen<Vec<ScanRow>> {
        self.with(|folders| folders.scan(depth, wanted))
    }

    fn range(&self, wanted: &[RangeWanted]) -> Seen<Vec<RangeRow>> {
        self.with(|folders| folders.range(wanted))
    }

    fn transactions(&self) -> Seen<TransactionsSeen> {
        self.with(VolumeContent::transactions)
    }

    fn metadata(&self) -> Seen<Vec<MetadataSeen>> {
        self.with(VolumeContent::metadata)
    }
}
