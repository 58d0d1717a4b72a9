//! The clock on the wall that program and guard see, by libfaketime. The
//! monotonic one stays what it is, and so does everybody else's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use slackwater_e2e::{Scene, SceneError};

/// Where Debian has it, by architecture.
const LIBRARIES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
];

/// What libfaketime lacks, beside it.
const TIMED_WAIT: &str = include_str!("timedwait.c");

/// See the module.
#[derive(Debug)]
pub(crate) struct Clock {
    /// `LD_PRELOAD`.
    libraries: String,
    /// Holds what it is off by. `None`: nobody's clock is touched.
    file: Option<PathBuf>,
}

impl Clock {
    /// One that shows the time until it is moved.
    pub(crate) fn new(scene: &Scene, moves: bool) -> Result<Self, SceneError> {
        let there = LIBRARIES
            .into_iter()
            .find(|library| PathBuf::from(library).is_file());
        let library = there.ok_or_else(|| {
            SceneError::Unexpected("there is no libfaketime: install faketime".to_owned())
        })?;
        let own = scene.lab.run_dir().join("timedwait.so");
        if moves && !own.exists() {
            compile(&own)?;
        }
        let clock = Self {
            libraries: format!("{} {library}", own.display()),
            file: moves.then(|| scene.lab.run_dir().join("clock")),
        };
        clock.move_by(0)?;
        Ok(clock)
    }

    /// Has a program, and what it starts, see it.
    pub(crate) fn shown_to(&self, command: &mut Command) {
        if let Some(file) = &self.file {
            command
                .env("LD_PRELOAD", &self.libraries)
                .env("FAKETIME_TIMESTAMP_FILE", file)
                .env("FAKETIME_NO_CACHE", "1")
                .env("DONT_FAKE_MONOTONIC", "1")
                .env("NO_FAKE_STAT", "1");
        }
    }

    /// From now on it is off by so much.
    pub(crate) fn move_by(&self, seconds: i64) -> Result<(), SceneError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let new = file.with_extension("new");
        fs::write(&new, format!("{seconds:+}\n"))
            .and_then(|()| fs::rename(&new, file))
            .map_err(|source| SceneError::Io {
                what: "write",
                path: file.clone(),
                source,
            })
    }
}

/// With the compiler that librdkafka was built with.
fn compile(to: &Path) -> Result<(), SceneError> {
    let source = to.with_extension("c");
    let io = |what, path: PathBuf| move |source| SceneError::Io { what, path, source };
    fs::write(&source, TIMED_WAIT).map_err(io("write", source.clone()))?;
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-O2", "-o"])
        .args([to, &source])
        .status()
        .map_err(io("start", PathBuf::from("cc")))?;
    if status.success() {
        return Ok(());
    }
    let what = format!("cc could not compile {}: {status}", source.display());
    Err(SceneError::Unexpected(what))
}
