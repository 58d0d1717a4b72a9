//! The manifest: what makes a snapshot a finished one.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use slackwater_ports::SnapshotSeen;

use crate::{RunName, VolumeError, Volumes};

const VERSION: &str = "v1beta1";

/// Largest manifest: a million files with long names.
const MAX_BYTES: u64 = 256 << 20;

/// A snapshot of all volumes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Of this form.
    pub version: String,
    /// Which run made it.
    pub run: String,
    /// One a volume.
    pub volumes: Vec<ManifestVolume>,
}

/// The snapshot of one volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ManifestVolume {
    /// As it was reported.
    pub snapshot: SnapshotSeen,
    /// Its files, sorted by path; none where a command made it.
    pub files: Vec<ManifestFile>,
}

/// A file of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ManifestFile {
    /// Relative to the volume.
    pub path: String,
    /// Its size.
    pub bytes: u64,
}

impl Manifest {
    pub(crate) fn new(run: &RunName, volumes: Vec<ManifestVolume>) -> Self {
        Self {
            version: VERSION.to_owned(),
            run: run.to_string(),
            volumes,
        }
    }

    /// What was reported of each volume that is configured now; one that is
    /// not in it has an error.
    pub(crate) fn rows(&self, volumes: &Volumes, driver: &str) -> Vec<SnapshotSeen> {
        let of = |name: &str| self.volumes.iter().find(|v| v.snapshot.volume == name);
        volumes
            .iter()
            .map(|volume| match of(volume.name()) {
                Some(found) => found.snapshot.clone(),
                None => SnapshotSeen {
                    volume: volume.name().to_owned(),
                    broker: volume.broker(),
                    driver: driver.to_owned(),
                    method: String::new(),
                    handle: String::new(),
                    started_ms: 0,
                    cut_ms: None,
                    ready: false,
                    error: Some(format!("the snapshot of run {} is without it", self.run)),
                },
            })
            .collect()
    }

    /// The snapshot of this volume.
    pub(crate) fn volume(&self, name: &str) -> Option<&ManifestVolume> {
        self.volumes.iter().find(|v| v.snapshot.volume == name)
    }

    /// Writes and syncs the file. It is not in place before its caller
    /// renames it.
    pub(crate) fn write(&self, path: &Path) -> Result<(), VolumeError> {
        let bytes = serde_json::to_vec(self).expect("text and numbers always serialise");
        let write = || -> io::Result<()> {
            let mut file = File::create(path)?;
            file.write_all(&bytes)?;
            file.sync_all()
        };
        write().map_err(VolumeError::io("write", path))?;
        if fs::read(path).map_err(VolumeError::io("read back", path))? != bytes {
            return Err(VolumeError::unsuitable(
                path,
                "reads back differently: check its disk",
            ));
        }
        Ok(())
    }

    /// Reads and checks it; `None` where there is none.
    pub(crate) fn read(path: &Path, run: &RunName) -> Result<Option<Self>, VolumeError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(VolumeError::io("open", path)(error)),
        };
        let damaged = |what: String| VolumeError::Damaged {
            run: run.to_string(),
            what: format!("{} {what}", path.display()),
        };
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(VolumeError::io("read", path))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(damaged(format!("is over {MAX_BYTES} bytes")));
        }
        let read: Self =
            serde_json::from_slice(&bytes).map_err(|error| damaged(format!("is torn: {error}")))?;
        let names: BTreeSet<_> = read.volumes.iter().map(|v| &v.snapshot.volume).collect();
        let whole = read.version == VERSION && read.run == run.as_str() && !names.is_empty();
        if !whole || names.len() != read.volumes.len() {
            return Err(damaged("is not this run's manifest".to_owned()));
        }
        Ok(Some(read))
    }
}

/// A rename is safe from a power cut only once its folder is synced.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), VolumeError> {
    fs::rename(from, to).map_err(VolumeError::io("rename to", to))?;
    let folder = to.parent().unwrap_or(to);
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(VolumeError::io("sync", folder))
}
