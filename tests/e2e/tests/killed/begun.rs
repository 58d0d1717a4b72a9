//! A run of the program that is to be killed: how far it is, seen from
//! outside, in its run document and in what it prints.

use std::io::Read;
use std::process::Child;
use std::time::{Duration, Instant};

use slackwater_cut::{Cut, State};
use slackwater_e2e::{Finished, RunFile, Scene, Stage, send_signal, wait_until};

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
        let mut run = None;
        let _ = wait_until("a run document", REACHED, || {
            run = RunFile::of_process(scene, child.id());
            run.is_some()
        });
        match run {
            Some(run) => Self { child, run },
            None => fail(child, "a run document"),
        }
    }

    /// Waits until the run document shows it.
    pub(crate) fn wait_until(mut self, stage: Stage) -> Self {
        let began = Instant::now();
        while !stage.is_reached(&self.run.cut().unwrap()) {
            if self.child.try_wait().unwrap().is_some() || began.elapsed() > REACHED {
                fail(self.child, stage.words());
            }
            std::thread::sleep(LOOK);
        }
        self
    }

    /// SIGSTOP: it sees and does nothing any more.
    pub(crate) fn freeze(&self) {
        assert!(send_signal("STOP", self.child.id()));
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

/// Waits until a run is void.
pub(crate) fn wait_until_void(run: &RunFile, limit: Duration) -> Cut {
    let is_void = || matches!(run.cut().unwrap().state, State::Void { .. });
    wait_until(&format!("the end of {}", run.id()), limit, is_void).unwrap();
    run.cut().unwrap()
}

fn fail(mut child: Child, what: &str) -> ! {
    let _ = child.kill();
    let mut said = String::new();
    if let Some(stderr) = &mut child.stderr {
        let _ = stderr.read_to_string(&mut said);
    }
    panic!("{what} was not reached: {said}");
}
