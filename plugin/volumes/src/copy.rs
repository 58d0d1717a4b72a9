//! The copy driver: a clone of each volume's directory, file by file.
//!
//! ```text
//! <into>/<run>.partial/            being made; removed by the next try
//! <into>/<run>/<volume>/…          finished: the manifest is the last thing
//! <into>/<run>/manifest.json       written before the rename
//! <into>/<run>.deleted/            being deleted
//! ```
//!
//! Each file is cut at its own instant. That is one cut all the same where
//! the mirror stands still, and nowhere else.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rustix::fs::syncfs;
use slackwater_ports::SnapshotSeen;

use crate::clock::now_ms;
use crate::snapshots::{Restored, at_once};
use crate::target::{Staging, remove_tree};
use crate::{Manifest, ManifestVolume, RunName, Volume, VolumeError, Volumes, manifest, tree};

const NAME: &str = "copy";

/// Its settings, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyDriver {
    into: PathBuf,
    allow_plain: bool,
}

impl CopyDriver {
    /// `into` is the folder of all snapshots, on the file system of the
    /// volumes; `allow_plain` accepts one that can't share blocks with them.
    pub fn new(into: impl Into<PathBuf>, allow_plain: bool) -> Result<Self, VolumeError> {
        let into = into.into();
        if !into.is_absolute() {
            let why = format!("copy into {}: must be an absolute path", into.display());
            return Err(VolumeError::Settings(why));
        }
        Ok(Self { into, allow_plain })
    }

    /// A folder of snapshots inside of a volume would be cloned into itself.
    pub(crate) fn check(&self, volumes: &Volumes) -> Result<(), VolumeError> {
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let into = real(&self.into);
        for volume in volumes.iter() {
            let path = real(volume.path());
            if into.starts_with(&path) || path.starts_with(&into) {
                return Err(VolumeError::Settings(format!(
                    "copy into {}: must lie beside volume {} ({}), not in it or around it",
                    self.into.display(),
                    volume.name(),
                    volume.path().display()
                )));
            }
        }
        Ok(())
    }

    pub(crate) fn take(
        &self,
        run: &RunName,
        volumes: &Volumes,
    ) -> Result<Vec<SnapshotSeen>, VolumeError> {
        fs::create_dir_all(&self.into).map_err(VolumeError::io("make folder", &self.into))?;
        // Only now do its links resolve.
        self.check(volumes)?;
        let partial = self.folder(run, ".partial");
        remove_tree(&partial)?;
        fs::create_dir(&partial).map_err(VolumeError::io("make folder", &partial))?;
        let made = at_once(volumes.as_slice(), |volume| {
            self.take_one(run, volume, &partial)
        });
        if made.iter().any(|volume| volume.snapshot.error.is_some()) {
            if let Err(error) = remove_tree(&partial) {
                tracing::warn!(%error, "what was made of a failed snapshot stays");
            }
            return Ok(made.into_iter().map(|volume| volume.snapshot).collect());
        }
        File::open(&partial)
            .and_then(|folder| Ok(syncfs(&folder)?))
            .map_err(VolumeError::io("flush", &partial))?;
        Manifest::new(run, made).write(&partial.join("manifest.json"))?;
        manifest::rename(&partial, &self.folder(run, ""))?;
        self.find(run, volumes)
    }

    fn take_one(&self, run: &RunName, volume: &Volume, partial: &Path) -> ManifestVolume {
        let started_ms = now_ms();
        let cloned = tree::clone(
            volume.path(),
            &partial.join(volume.name()),
            self.allow_plain,
        );
        let handle = self.folder(run, "").join(volume.name());
        let mut snapshot = SnapshotSeen {
            volume: volume.name().to_owned(),
            broker: volume.broker(),
            driver: NAME.to_owned(),
            method: String::new(),
            handle: handle.display().to_string(),
            started_ms,
            cut_ms: None,
            ready: false,
            error: None,
        };
        let mut files = Vec::new();
        match cloned {
            Ok(cloned) => {
                snapshot.method = cloned.method().to_owned();
                snapshot.cut_ms = Some(now_ms().max(started_ms));
                snapshot.ready = true;
                files = cloned.files;
            }
            Err(error) => snapshot.error = Some(error.to_string()),
        }
        ManifestVolume { snapshot, files }
    }

    pub(crate) fn find(
        &self,
        run: &RunName,
        volumes: &Volumes,
    ) -> Result<Vec<SnapshotSeen>, VolumeError> {
        let Some(manifest) = self.manifest(run)? else {
            return Ok(Vec::new());
        };
        let mut rows = manifest.rows(volumes, NAME);
        for row in rows.iter_mut().filter(|row| row.error.is_none()) {
            if let Some(volume) = manifest.volume(&row.volume) {
                let checked = self.verify_one(run, volume);
                row.error = checked.err().map(|error| error.to_string());
            }
        }
        Ok(rows)
    }

    pub(crate) fn list(&self) -> Result<Vec<RunName>, VolumeError> {
        list(&self.into, |name| {
            let run = RunName::new(name).ok()?;
            let finished = self.folder(&run, "").join("manifest.json").is_file();
            finished.then_some(run)
        })
    }

    pub(crate) fn verify(&self, run: &RunName) -> Result<Manifest, VolumeError> {
        let manifest = self.manifest(run)?.ok_or_else(|| self.missing(run))?;
        for volume in &manifest.volumes {
            self.verify_one(run, volume)?;
        }
        Ok(manifest)
    }

    fn verify_one(&self, run: &RunName, volume: &ManifestVolume) -> Result<(), VolumeError> {
        let path = self.path(run, &volume.snapshot.volume);
        compare(run, &path, volume)
    }

    pub(crate) fn delete(&self, run: &RunName) -> Result<(), VolumeError> {
        let finished = self.folder(run, "");
        let deleted = self.folder(run, ".deleted");
        let partial = self.folder(run, ".partial");
        if ![&finished, &deleted, &partial].iter().any(|p| p.exists()) {
            return Err(self.missing(run));
        }
        remove_tree(&deleted)?;
        if finished.exists() {
            // What is half deleted must not look finished.
            manifest::rename(&finished, &deleted)?;
        }
        remove_tree(&deleted)?;
        remove_tree(&partial)
    }

    pub(crate) fn restore(
        &self,
        run: &RunName,
        targets: &BTreeMap<String, PathBuf>,
    ) -> Result<Vec<Restored>, VolumeError> {
        let manifest = self.verify(run)?;
        let each: Vec<_> = targets.iter().collect();
        // All are checked before any is touched.
        let stagings = each.iter().map(|(_, target)| Staging::new(target));
        stagings.collect::<Result<Vec<_>, _>>()?;
        at_once(&each, |(name, target)| {
            let volume = manifest
                .volume(name)
                .ok_or_else(|| VolumeError::Settings(format!("no volume {name} in run {run}")))?;
            let staging = Staging::new(target)?;
            // Whether blocks are shared does not matter to what is restored.
            let cloned = tree::clone(&self.path(run, name), &staging.path, true)?;
            File::open(&staging.path)
                .and_then(|folder| Ok(syncfs(&folder)?))
                .map_err(VolumeError::io("flush", &staging.path))?;
            staging.finish()?;
            compare(run, target, volume)?;
            Ok(Restored {
                volume: (*name).clone(),
                target: (*target).clone(),
                method: cloned.method().to_owned(),
            })
        })
        .into_iter()
        .collect()
    }

    /// Where the files of a volume lie.
    pub(crate) fn path(&self, run: &RunName, volume: &str) -> PathBuf {
        self.folder(run, "").join(volume)
    }

    fn manifest(&self, run: &RunName) -> Result<Option<Manifest>, VolumeError> {
        Manifest::read(&self.folder(run, "").join("manifest.json"), run)
    }

    fn missing(&self, run: &RunName) -> VolumeError {
        VolumeError::Missing {
            run: run.to_string(),
            dir: self.into.clone(),
        }
    }

    fn folder(&self, run: &RunName, ending: &str) -> PathBuf {
        self.into.join(format!("{run}{ending}"))
    }
}

/// Whether exactly the files of the manifest are there, with their sizes.
fn compare(run: &RunName, path: &Path, volume: &ManifestVolume) -> Result<(), VolumeError> {
    let damaged = |what: String| VolumeError::Damaged {
        run: run.to_string(),
        what: format!("{}: {what}", path.display()),
    };
    let found = tree::survey(path).map_err(|error| damaged(error.to_string()))?;
    let in_manifest = volume.files.iter().map(Some).chain(std::iter::repeat(None));
    let on_disk = found.iter().map(Some).chain(std::iter::repeat(None));
    let most = volume.files.len().max(found.len());
    match in_manifest.zip(on_disk).take(most).find(|(a, b)| a != b) {
        None => Ok(()),
        Some((Some(wanted), _)) => Err(damaged(format!(
            "{} is not there with its {} bytes",
            wanted.path, wanted.bytes
        ))),
        Some((None, extra)) => {
            let extra = extra.map_or("", |file| file.path.as_str());
            Err(damaged(format!("{extra} is not of the snapshot")))
        }
    }
}

/// The runs whose names `finished` finds among a folder's, sorted.
pub(crate) fn list(
    folder: &Path,
    finished: impl Fn(&str) -> Option<RunName>,
) -> Result<Vec<RunName>, VolumeError> {
    let mut runs = Vec::new();
    match fs::read_dir(folder) {
        Ok(entries) => {
            for entry in entries {
                let entry = entry.map_err(VolumeError::io("list", folder))?;
                runs.extend(entry.file_name().to_str().and_then(&finished));
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(VolumeError::io("list", folder)(error)),
    }
    runs.sort();
    Ok(runs)
}
