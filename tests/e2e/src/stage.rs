//! How far a run is, seen from outside: in its run document.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::Value;
use slackwater_cut::{Cut, State};

use crate::{Scene, SceneError};

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The first connector was asked to stop.
    Stopping,
    /// All are STOPPED.
    Draining,
    /// The rows are final, and nothing is flushed yet.
    Sealed,
    /// Every volume is cut.
    Cut,
    /// The closing look is taken.
    Looked,
    /// The mirror runs again; the snapshot is still to be read.
    Resumed,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Stage; 6] = [
        Stage::Stopping,
        Stage::Draining,
        Stage::Sealed,
        Stage::Cut,
        Stage::Looked,
        Stage::Resumed,
    ];

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Stage::Stopping => "stopping",
            Stage::Draining => "draining",
            Stage::Sealed => "sealed",
            Stage::Cut => "cut",
            Stage::Looked => "closing look taken",
            Stage::Resumed => "resumed",
        }
    }

    /// Whether a run is that far.
    pub fn is_reached(self, cut: &Cut) -> bool {
        let quiesce = cut.quiesce.as_ref();
        match self {
            Stage::Stopping => quiesce.is_some_and(|one| one.stop_started_ms.is_some()),
            Stage::Draining => quiesce.is_some_and(|one| one.stopped.is_some()),
            Stage::Sealed => cut.state == State::Sealed,
            Stage::Cut => cut.snapshot.is_some(),
            Stage::Looked => cut.bracket.is_some(),
            Stage::Resumed => cut
                .resume
                .as_ref()
                .is_some_and(|one| one.running_ms.is_some()),
        }
    }
}

/// The document of a run.
#[derive(Debug, Clone)]
pub struct RunFile(PathBuf);

impl RunFile {
    /// Of the run that a process began: a run's name ends with its id. `None`
    /// until it is there.
    pub fn of_process(scene: &Scene, pid: u32) -> Option<Self> {
        Self::of_process_since(scene, pid, SystemTime::UNIX_EPOCH)
    }

    /// The same, where there are so many runs that another one's process may
    /// have had this id: written since then.
    pub fn of_process_since(scene: &Scene, pid: u32, since: SystemTime) -> Option<Self> {
        let end = format!("-{pid}.json");
        let entries = fs::read_dir(scene.store().join("runs")).ok()?;
        let paths = entries.flatten().map(|entry| entry.path());
        let mut its = paths.filter(|path| path.to_string_lossy().ends_with(&end));
        let written = |path: &PathBuf| fs::metadata(path).and_then(|seen| seen.modified());
        its.find(|path| written(path).is_ok_and(|at| at >= since))
            .map(Self)
    }

    /// The run.
    pub fn id(&self) -> String {
        let stem = self.0.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }

    /// As it is stored now.
    ///
    /// # Errors
    /// A file that is no run document.
    pub fn cut(&self) -> Result<Cut, SceneError> {
        let bytes = fs::read(&self.0).map_err(SceneError::io("read", &self.0))?;
        let wrong = |what: String| SceneError::Unexpected(format!("{}: {what}", self.0.display()));
        let envelope: Value =
            serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        let document = envelope["document"].as_str().unwrap_or_default();
        Cut::parse(document).map_err(|error| wrong(error.to_string()))
    }
}

/// The process that holds the mirror, as the lease names it.
pub fn guard_pid(scene: &Scene) -> Option<u32> {
    let signature = fs::read(scene.store().join("leases/lab.json")).ok()?;
    let holder: Value = serde_json::from_slice(&signature).ok()?;
    u32::try_from(holder["pid"].as_u64()?).ok()
}
