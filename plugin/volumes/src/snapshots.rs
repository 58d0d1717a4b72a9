//! Snapshots of all volumes, through whichever driver.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::thread;

use slackwater_ports::{PortError, PortErrorKind, Seen, SnapshotSeen, VolumeSnapshot};

use crate::{CommandDriver, CopyDriver, Manifest, RunName, Volume, VolumeError, Volumes};

/// How a snapshot is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Driver {
    /// By cloning files.
    Copy(CopyDriver),
    /// By the user's commands.
    Command(Box<CommandDriver>),
}

/// A volume that was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Which.
    pub volume: String,
    /// Where to.
    pub target: PathBuf,
    /// `reflink`, `plain-copy` or `command`.
    pub method: String,
}

/// The snapshots of a mirror.
#[derive(Debug, Clone)]
pub struct Snapshots {
    driver: Driver,
    volumes: Volumes,
}

impl Snapshots {
    /// Checks that driver and volumes fit together. Nothing is done yet.
    pub fn new(driver: Driver, volumes: Volumes) -> Result<Self, VolumeError> {
        match &driver {
            Driver::Copy(copy) => copy.check(&volumes)?,
            Driver::Command(command) => command.check(&volumes)?,
        }
        Ok(Self { driver, volumes })
    }

    /// The port for one run.
    pub fn of_run(self, run: RunName) -> RunSnapshots {
        RunSnapshots {
            snapshots: self,
            run,
        }
    }

    /// Cuts all volumes at once, unless this run has done so already. Either
    /// no row has an error, or the snapshot is not finished.
    pub fn take(&self, run: &RunName) -> Result<Vec<SnapshotSeen>, VolumeError> {
        let found = self.find(run)?;
        if !found.is_empty() {
            return Ok(found);
        }
        match &self.driver {
            Driver::Copy(copy) => copy.take(run, &self.volumes),
            Driver::Command(command) => command.take(run, &self.volumes),
        }
    }

    /// What is there of this run; empty if nothing is finished. A row whose
    /// files are not those of the manifest has an error.
    pub fn find(&self, run: &RunName) -> Result<Vec<SnapshotSeen>, VolumeError> {
        match &self.driver {
            Driver::Copy(copy) => copy.find(run, &self.volumes),
            Driver::Command(command) => command.find(run, &self.volumes),
        }
    }

    /// Runs whose snapshot is finished, sorted.
    pub fn list(&self) -> Result<Vec<RunName>, VolumeError> {
        match &self.driver {
            Driver::Copy(copy) => copy.list(),
            Driver::Command(command) => command.list(),
        }
    }

    /// Compares the manifest with what is there.
    pub fn verify(&self, run: &RunName) -> Result<Manifest, VolumeError> {
        match &self.driver {
            Driver::Copy(copy) => copy.verify(run),
            Driver::Command(command) => command.verify(run, &self.volumes),
        }
    }

    /// Deletes a run's snapshot, or what is left of an unfinished one.
    pub fn delete(&self, run: &RunName) -> Result<(), VolumeError> {
        match &self.driver {
            Driver::Copy(copy) => copy.delete(run),
            Driver::Command(command) => command.delete(run, &self.volumes),
        }
    }

    /// Puts each volume of the snapshot where `targets` says. All of them
    /// must be named, and no target may hold anything.
    pub fn restore(
        &self,
        run: &RunName,
        targets: &BTreeMap<String, PathBuf>,
    ) -> Result<Vec<Restored>, VolumeError> {
        self.check_targets(run, targets)?;
        match &self.driver {
            Driver::Copy(copy) => copy.restore(run, targets),
            Driver::Command(command) => command.restore(run, &self.volumes, targets),
        }
    }

    fn check_targets(
        &self,
        run: &RunName,
        targets: &BTreeMap<String, PathBuf>,
    ) -> Result<(), VolumeError> {
        let manifest = self.verify(run)?;
        let held: Vec<_> = manifest
            .volumes
            .iter()
            .map(|v| &v.snapshot.volume)
            .collect();
        if let Some(name) = held.iter().find(|name| !targets.contains_key(**name)) {
            let why = format!("no target for volume {name}: a mirror is restored as a whole");
            return Err(VolumeError::Settings(why));
        }
        if let Some(name) = targets.keys().find(|name| !held.contains(name)) {
            let why = format!("the snapshot of run {run} holds no volume {name}");
            return Err(VolumeError::Settings(why));
        }
        let mut places = BTreeSet::new();
        if let Some(twice) = targets.values().find(|target| !places.insert(*target)) {
            let why = format!("{} is the target of two volumes", twice.display());
            return Err(VolumeError::Settings(why));
        }
        Ok(())
    }

    /// The volumes that are configured, in their order.
    pub fn volumes(&self) -> impl ExactSizeIterator<Item = &Volume> {
        self.volumes.iter()
    }

    /// Makes the files of one volume readable, at `at` where a command does
    /// it, and gives the folder.
    pub fn open(&self, run: &RunName, volume: &str, at: &Path) -> Result<PathBuf, VolumeError> {
        let volume = self.volume(volume)?;
        match &self.driver {
            Driver::Copy(copy) => Ok(copy.path(run, volume.name())),
            Driver::Command(command) => {
                command.open(run, volume, at)?;
                Ok(at.to_owned())
            }
        }
    }

    /// Undoes [`Snapshots::open`].
    pub fn close(&self, run: &RunName, volume: &str, at: &Path) -> Result<(), VolumeError> {
        let volume = self.volume(volume)?;
        match &self.driver {
            Driver::Copy(_) => Ok(()),
            Driver::Command(command) => command.close(run, volume, at),
        }
    }

    fn volume(&self, name: &str) -> Result<&Volume, VolumeError> {
        let found = self.volumes.iter().find(|volume| volume.name() == name);
        found.ok_or_else(|| VolumeError::Settings(format!("no volume {name} is configured")))
    }
}

/// The snapshot of one run, as a port.
#[derive(Debug, Clone)]
pub struct RunSnapshots {
    snapshots: Snapshots,
    run: RunName,
}

impl VolumeSnapshot for RunSnapshots {
    fn request(&self) -> Seen<()> {
        let taken = self.snapshots.take(&self.run).map_err(PortError::from)?;
        match taken
            .into_iter()
            .find_map(|one| Some((one.volume, one.error?)))
        {
            Some((volume, error)) => {
                let message = format!("volume {volume} could not be cut: {error}");
                Err(PortError::new(PortErrorKind::Refused, message))
            }
            None => Ok(()),
        }
    }

    fn snapshots(&self) -> Seen<Vec<SnapshotSeen>> {
        self.snapshots.find(&self.run).map_err(PortError::from)
    }
}

/// One answer for each, in their order, worked on at once.
pub(crate) fn at_once<T: Sync, A: Send>(each: &[T], work: impl Fn(&T) -> A + Sync) -> Vec<A> {
    thread::scope(|scope| {
        let begun: Vec<_> = each.iter().map(|one| scope.spawn(|| work(one))).collect();
        begun
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(answer) => answer,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}
