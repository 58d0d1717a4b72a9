//! A `slackwater backup` under way: how far it is, and how it ends.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use slackwater_cut::Cut;
use slackwater_e2e::{RunFile, Scene, SceneError};

use crate::clock::Clock;
use crate::plan::Moment;
use crate::watch::now_ms;

/// Between two looks at the run document: a stop takes a tenth of a second.
const LOOK: Duration = Duration::from_millis(5);

/// A run ends within its own limits, which add up to less. One that does not
/// is ended, and counted.
pub(crate) const LONGEST: Duration = Duration::from_secs(240);

/// See the module.
#[derive(Debug)]
pub(crate) struct Backup {
    child: Child,
    began: Instant,
    pub(crate) began_ms: u64,
    run: Option<RunFile>,
    said: PathBuf,
    ended: Option<ExitStatus>,
}

/// How it ended.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    /// `None` after a signal.
    pub(crate) code: Option<i32>,
    /// The last line that it said.
    pub(crate) cause: String,
    /// It had to be ended.
    pub(crate) hung: bool,
}

impl Backup {
    /// What it says goes into a file of the lab.
    pub(crate) fn start(scene: &Scene, number: usize, clock: &Clock) -> Result<Self, SceneError> {
        let said = scene
            .lab
            .run_dir()
            .join("logs")
            .join(format!("backup-{number}.log"));
        let io = |source| SceneError::Io {
            what: "write",
            path: said.clone(),
            source,
        };
        let log = File::create(&said).map_err(io)?;
        let out = File::create(said.with_extension("out")).map_err(io)?;
        let mut command = scene.command(&["backup", "--output", "json"]);
        clock.shown_to(&mut command);
        let began_ms = now_ms();
        let child = command.stdout(out).stderr(log).spawn().map_err(io)?;
        Ok(Self {
            child,
            began: Instant::now(),
            began_ms,
            run: None,
            said,
            ended: None,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it says.
    pub(crate) fn log(&self) -> &Path {
        &self.said
    }

    /// Its run document, as it is now.
    pub(crate) fn cut(&mut self, scene: &Scene) -> Option<Cut> {
        if self.run.is_none() {
            let since = UNIX_EPOCH + Duration::from_millis(self.began_ms);
            self.run = RunFile::of_process_since(scene, self.pid(), since);
        }
        self.run.as_ref()?.cut().ok()
    }

    pub(crate) fn run_id(&self) -> Option<String> {
        self.run.as_ref().map(RunFile::id)
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended.is_some()
    }

    /// Waits for the moment. `false`: the run never came there.
    pub(crate) fn wait_for(&mut self, scene: &Scene, moment: Moment) -> bool {
        if let Some(stage) = moment.stage {
            while !self.cut(scene).is_some_and(|cut| stage.is_reached(&cut)) {
                if self.has_ended() || self.began.elapsed() > LONGEST {
                    return false;
                }
                thread::sleep(LOOK);
            }
        }
        thread::sleep(Duration::from_millis(moment.delay_ms));
        !self.has_ended()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> Ended {
        let mut hung = false;
        while !self.has_ended() {
            if self.began.elapsed() > LONGEST {
                hung = true;
                let _ = self.child.kill();
            }
            thread::sleep(LOOK);
        }
        let said = fs::read_to_string(&self.said).unwrap_or_default();
        Ended {
            code: self.ended.and_then(|status| status.code()),
            cause: said.lines().last().unwrap_or_default().to_owned(),
            hung,
        }
    }
}

impl Drop for Backup {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
