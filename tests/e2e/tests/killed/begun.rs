//! A run of the program that is to be killed: how far it is, seen from
//! outside, in its run document and in what it prints.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;
use slackwater_cut::{Cut, State};
use slackwater_e2e::{Finished, Scene, signal, wait_until};

/// For a backup to get where it is to be killed: it samples for 3 s first.
const REACHED: Duration = Duration::from_secs(60);

/// Between two looks at the run document: a stop takes a tenth of a second.
const LOOK: Duration = Duration::from_millis(2);

/// The program, running.
pub(crate) struct Begun {
    child: Child,
    run: RunFile,
}

impl Begun {
    /// `slackwater backup`.
    pub(crate) fn backup(scene: &Scene) -> Self {
        Self::start(scene, &["backup", "--allow-plain-copy"])
    }

    /// Waits until its run document is there.
    pub(crate) fn start(scene: &Scene, args: &[&str]) -> Self {
        let child = scene.start(args).unwrap();
        // A run's name ends with the process that began it.
        let end = format!("-{}.json", child.id());
        let mut file = None;
        let folder = scene.store().join("runs");
        let found = wait_until("a run document", REACHED, || {
            file = fs::read_dir(&folder).ok().and_then(|entries| {
                let mut paths = entries.flatten().map(|entry| entry.path());
                paths.find(|path| path.to_string_lossy().ends_with(&end))
            });
            file.is_some()
        });
        let mut begun = Self {
            child,
            run: RunFile(file.unwrap_or_default()),
        };
        if let Err(error) = found {
            begun.fail(&error.to_string());
        }
        begun
    }

    /// Waits for a line on standard error that begins so.
    pub(crate) fn wait_for_line(&mut self, start: &str) {
        let stderr = self.child.stderr.take().unwrap();
        let found = BufReader::new(stderr)
            .lines()
            .map_while(Result::ok)
            .any(|line| line.starts_with(start));
        assert!(found, "{start:?} was never printed");
    }

    /// Waits until the run document shows it.
    pub(crate) fn wait_until(&mut self, what: &str, is_reached: fn(&Cut) -> bool) {
        let began = Instant::now();
        while !is_reached(&self.run.cut()) {
            if self.child.try_wait().unwrap().is_some() || began.elapsed() > REACHED {
                self.fail(what);
            }
            std::thread::sleep(LOOK);
        }
    }

    fn fail(&mut self, what: &str) -> ! {
        let _ = self.child.kill();
        let mut said = String::new();
        if let Some(stderr) = &mut self.child.stderr {
            let _ = stderr.read_to_string(&mut said);
        }
        panic!("{what} was not reached: {said}");
    }

    /// SIGSTOP: it sees and does nothing any more.
    pub(crate) fn freeze(&self) {
        signal("STOP", u64::from(self.child.id())).unwrap();
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) -> RunFile {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), None, "it ended before it was killed");
        self.run
    }

    /// Its own end.
    pub(crate) fn wait(self) -> (RunFile, Finished) {
        let output = self.child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let finished = Finished {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        };
        (self.run, finished)
    }
}

/// The document of a run.
pub(crate) struct RunFile(PathBuf);

impl RunFile {
    /// The run.
    pub(crate) fn id(&self) -> &str {
        self.0.file_stem().unwrap().to_str().unwrap()
    }

    /// As it is stored now.
    pub(crate) fn cut(&self) -> Cut {
        let envelope: Value = serde_json::from_slice(&fs::read(&self.0).unwrap()).unwrap();
        Cut::parse(envelope["document"].as_str().unwrap()).unwrap()
    }

    /// Waits until it is void.
    pub(crate) fn wait_until_void(&self, limit: Duration) -> Cut {
        let is_void = || matches!(self.cut().state, State::Void { .. });
        wait_until(&format!("the end of {}", self.id()), limit, is_void).unwrap();
        self.cut()
    }
}
