//! The command driver: the user's own programs, for LVM, ZFS, btrfs, an array.
//!
//! ```text
//! <state>/<run>.partial     create or delete has begun and not ended
//! <state>/<run>.json        the manifest: all volumes are cut
//! ```
//!
//! Placeholders and their meaning: [`crate::Purpose`]. Exit status 0 is
//! success; what `list` prints, one snapshot a line, is compared as a whole
//! line with the snapshot's name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use slackwater_ports::SnapshotSeen;

use crate::clock::now_ms;
use crate::snapshots::{Restored, at_once};
use crate::target::check_empty;
use crate::template::{Handle, Values};
use crate::{
    Manifest, ManifestVolume, Purpose, RunName, Template, Volume, VolumeError, Volumes, copy, exec,
    manifest,
};

const NAME: &str = "command";

/// Its settings as they were typed. A command is a program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawCommandDriver {
    /// What a snapshot is called, for example `{run}-{volume}`.
    pub snapshot: String,
    /// Makes one.
    pub create: Vec<String>,
    /// Removes one.
    pub delete: Vec<String>,
    /// Prints those that there are. Without it the manifest is believed.
    pub list: Option<Vec<String>>,
    /// Makes the files of one readable.
    pub open: Option<Vec<String>>,
    /// Undoes an open.
    pub close: Option<Vec<String>>,
    /// Puts one into a target.
    pub restore: Option<Vec<String>>,
    /// For each command.
    pub timeout: Duration,
    /// Folder of the manifests.
    pub state: PathBuf,
}

/// Its settings, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandDriver {
    handle: Handle,
    create: Template,
    delete: Template,
    list: Option<Template>,
    open: Option<Template>,
    close: Option<Template>,
    restore: Option<Template>,
    timeout: Duration,
    state: PathBuf,
}

impl CommandDriver {
    /// Checks the settings.
    pub fn new(raw: RawCommandDriver) -> Result<Self, VolumeError> {
        let line = |purpose, line: Option<Vec<String>>| -> Result<_, VolumeError> {
            line.map(|line| Template::new(purpose, &line)).transpose()
        };
        if raw.timeout.is_zero() || !raw.state.is_absolute() {
            let why = "the command driver needs a timeout over 0 and an absolute state folder";
            return Err(VolumeError::Settings(why.to_owned()));
        }
        Ok(Self {
            handle: Handle::new(&raw.snapshot)?,
            create: Template::new(Purpose::Create, &raw.create)?,
            delete: Template::new(Purpose::Delete, &raw.delete)?,
            list: line(Purpose::List, raw.list)?,
            open: line(Purpose::Open, raw.open)?,
            close: line(Purpose::Close, raw.close)?,
            restore: line(Purpose::Restore, raw.restore)?,
            timeout: raw.timeout,
            state: raw.state,
        })
    }

    pub(crate) fn take(
        &self,
        run: &RunName,
        volumes: &Volumes,
    ) -> Result<Vec<SnapshotSeen>, VolumeError> {
        fs::create_dir_all(&self.state).map_err(VolumeError::io("make folder", &self.state))?;
        let partial = self.file(run, ".partial");
        if partial.exists() {
            // A try that died: its snapshots have the names of ours.
            self.delete_what_is_there(run, volumes);
        }
        let intended = volumes.iter().map(|v| self.row(run, v, now_ms(), None));
        Manifest::new(run, intended.collect()).write(&partial)?;
        let made = at_once(volumes.as_slice(), |volume| {
            let started_ms = now_ms();
            let told = self.run(&self.create, run, volume, None);
            let error = told.err().map(|error| error.to_string());
            self.row(run, volume, started_ms, error)
        });
        if made.iter().any(|volume| volume.snapshot.error.is_some()) {
            self.delete_what_is_there(run, volumes);
            return Ok(made.into_iter().map(|volume| volume.snapshot).collect());
        }
        Manifest::new(run, made).write(&partial)?;
        manifest::rename(&partial, &self.file(run, ".json"))?;
        self.find(run, volumes)
    }

    /// Best effort: the marker stays, and with it the knowledge that
    /// something may be left.
    fn delete_what_is_there(&self, run: &RunName, volumes: &Volumes) {
        for told in at_once(volumes.as_slice(), |v| self.run(&self.delete, run, v, None)) {
            if let Err(error) = told {
                tracing::warn!(%error, "while an unfinished snapshot was removed");
            }
        }
    }

    pub(crate) fn find(
        &self,
        run: &RunName,
        volumes: &Volumes,
    ) -> Result<Vec<SnapshotSeen>, VolumeError> {
        let Some(manifest) = Manifest::read(&self.file(run, ".json"), run)? else {
            return Ok(Vec::new());
        };
        let mut rows = manifest.rows(volumes, NAME);
        let there = at_once(volumes.as_slice(), |volume| self.is_there(run, volume));
        for (row, there) in rows.iter_mut().zip(there) {
            if row.error.is_none() && !there? {
                row.error = Some(format!("snapshot {} is not listed", row.handle));
            }
        }
        Ok(rows)
    }

    /// Without a list command: yes.
    fn is_there(&self, run: &RunName, volume: &Volume) -> Result<bool, VolumeError> {
        let Some(list) = &self.list else {
            return Ok(true);
        };
        let printed = self.run(list, run, volume, None)?;
        let handle = self.handle_of(run, volume);
        let printed = String::from_utf8_lossy(&printed);
        Ok(printed.lines().any(|line| line.trim() == handle))
    }

    pub(crate) fn list(&self) -> Result<Vec<RunName>, VolumeError> {
        copy::list(&self.state, |name| {
            RunName::new(name.strip_suffix(".json")?).ok()
        })
    }

    pub(crate) fn verify(&self, run: &RunName, volumes: &Volumes) -> Result<Manifest, VolumeError> {
        let manifest = Manifest::read(&self.file(run, ".json"), run)?;
        let manifest = manifest.ok_or_else(|| self.missing(run))?;
        for row in self.find(run, volumes)? {
            if let Some(what) = row.error {
                return Err(VolumeError::Damaged {
                    run: run.to_string(),
                    what: format!("volume {}: {what}", row.volume),
                });
            }
        }
        Ok(manifest)
    }

    pub(crate) fn delete(&self, run: &RunName, volumes: &Volumes) -> Result<(), VolumeError> {
        let finished = self.file(run, ".json");
        let partial = self.file(run, ".partial");
        let was_finished = finished.exists();
        if was_finished {
            // What is half deleted must not look finished.
            manifest::rename(&finished, &partial)?;
        } else if !partial.exists() {
            return Err(self.missing(run));
        }
        let told = at_once(volumes.as_slice(), |volume| {
            if self.list.is_some() && !self.is_there(run, volume)? {
                return Ok(());
            }
            match self.run(&self.delete, run, volume, None) {
                Ok(_) => Ok(()),
                // Nobody can say whether it was there at all.
                Err(error) if self.list.is_none() && !was_finished => {
                    tracing::warn!(%error, "while an unfinished snapshot was removed");
                    Ok(())
                }
                Err(error) => Err(error),
            }
        });
        told.into_iter().collect::<Result<Vec<()>, _>>()?;
        match fs::remove_file(&partial) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(VolumeError::io("remove", &partial)(error)),
        }
    }

    pub(crate) fn restore(
        &self,
        run: &RunName,
        volumes: &Volumes,
        targets: &BTreeMap<String, PathBuf>,
    ) -> Result<Vec<Restored>, VolumeError> {
        let restore = self.needed(&self.restore, Purpose::Restore)?;
        self.verify(run, volumes)?;
        for target in targets.values() {
            check_empty(target)?;
        }
        let told = at_once(volumes.as_slice(), |volume| {
            let Some(target) = targets.get(volume.name()) else {
                return Ok(None);
            };
            self.run(restore, run, volume, Some(target))?;
            Ok(Some(Restored {
                volume: volume.name().to_owned(),
                target: target.clone(),
                method: NAME.to_owned(),
            }))
        });
        told.into_iter().filter_map(Result::transpose).collect()
    }

    pub(crate) fn open(&self, run: &RunName, of: &Volume, at: &Path) -> Result<(), VolumeError> {
        let open = self.needed(&self.open, Purpose::Open)?;
        self.run(open, run, of, Some(at)).map(drop)
    }

    pub(crate) fn close(&self, run: &RunName, of: &Volume, at: &Path) -> Result<(), VolumeError> {
        let close = self.needed(&self.close, Purpose::Close)?;
        self.run(close, run, of, Some(at)).map(drop)
    }

    fn needed<'a>(
        &self,
        line: &'a Option<Template>,
        purpose: Purpose,
    ) -> Result<&'a Template, VolumeError> {
        line.as_ref().ok_or_else(|| {
            let name = purpose.name();
            VolumeError::Settings(format!(
                "the command driver has no {name} command: give it one"
            ))
        })
    }

    fn run(
        &self,
        line: &Template,
        run: &RunName,
        volume: &Volume,
        target: Option<&Path>,
    ) -> Result<Vec<u8>, VolumeError> {
        let handle = self.handle_of(run, volume);
        let values = Values {
            snapshot: &handle,
            path: Some(volume.path()),
            target,
            ..names(run, volume)
        };
        exec::run(line, values, self.timeout)
    }

    fn handle_of(&self, run: &RunName, volume: &Volume) -> String {
        self.handle.of(names(run, volume))
    }

    fn row(
        &self,
        run: &RunName,
        volume: &Volume,
        started_ms: u64,
        error: Option<String>,
    ) -> ManifestVolume {
        let snapshot = SnapshotSeen {
            volume: volume.name().to_owned(),
            broker: volume.broker(),
            driver: NAME.to_owned(),
            method: NAME.to_owned(),
            handle: self.handle_of(run, volume),
            started_ms,
            cut_ms: error.is_none().then(|| now_ms().max(started_ms)),
            ready: error.is_none(),
            error,
        };
        ManifestVolume {
            snapshot,
            files: Vec::new(),
        }
    }

    /// Two volumes must not share a snapshot's name.
    pub(crate) fn check(&self, volumes: &Volumes) -> Result<(), VolumeError> {
        let run = RunName::new("run")?;
        let mut seen = BTreeSet::new();
        for volume in volumes.iter() {
            if !seen.insert(self.handle_of(&run, volume)) {
                let name = volume.name();
                let why = format!("snapshot: the name of volume {name} is another one's too");
                return Err(VolumeError::Settings(why));
            }
        }
        Ok(())
    }

    fn missing(&self, run: &RunName) -> VolumeError {
        VolumeError::Missing {
            run: run.to_string(),
            dir: self.state.clone(),
        }
    }

    fn file(&self, run: &RunName, ending: &str) -> PathBuf {
        self.state.join(format!("{run}{ending}"))
    }
}

fn names<'a>(run: &'a RunName, volume: &'a Volume) -> Values<'a> {
    Values {
        volume: volume.name(),
        broker: volume.broker(),
        run: run.as_str(),
        ..Values::default()
    }
}
