//! One long-lived process of the lab: start, signals, end, log. Knows nothing
//! of Kafka. Ends only the process that it started.
#![allow(
    clippy::disallowed_methods,
    reason = "an adapter at the edge: it waits for real processes"
)]

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::LabError;
use crate::spawner;

/// How long a stopped process may take: a broker under load needs seconds to
/// hand over its leaders; after this it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// How much of a log an error repeats.
const TAIL_LINES: usize = 25;
/// How often a process that must end is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A running child process. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program args…`, preceded by `prefix` (`nsenter …`, or nothing),
    /// in `directory`, with all output appended to `log`.
    pub(crate) fn start(
        name: &str,
        prefix: &[String],
        program: &[String],
        directory: &Path,
        log: &Path,
    ) -> Result<Self, LabError> {
        let open = || {
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(log)
                .map_err(LabError::io("open", log))
        };
        let words: Vec<String> = prefix
            .iter()
            .cloned()
            .chain(spawner::WITH_PARENT.iter().map(ToString::to_string))
            .chain(program.iter().cloned())
            .collect();
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(open()?)
            .stderr(open()?);
        Ok(Self {
            name: name.to_owned(),
            child: spawner::spawn(command)?,
            log: log.to_owned(),
        })
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the process, which is known to be unreaped: its id
    /// can't be anybody else's.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), LabError> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).map_err(|errno| LabError::Io {
            action: format!("signal {} (process {})", self.name, self.pid()),
            source: errno.into(),
        })
    }

    /// `Err(Died)` when the process has ended.
    pub(crate) fn check_alive(&mut self) -> Result<(), LabError> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(LabError::Died {
                name: self.name.clone(),
                status: status.to_string(),
                log: self.log.clone(),
                tail: tail_of(&self.log),
            }),
            Err(source) => Err(LabError::Io {
                action: format!("look at {}", self.name),
                source,
            }),
        }
    }

    /// SIGTERM, and SIGKILL after [`STOP_LIMIT`]. Tells whether it ended by
    /// the first. A paused process is continued, else it would never see it.
    pub(crate) fn stop(&mut self) -> Result<bool, LabError> {
        if self.check_alive().is_err() {
            return Ok(false);
        }
        self.signal(Signal::TERM)?;
        self.signal(Signal::CONT)?;
        let started = Instant::now();
        while started.elapsed() < STOP_LIMIT {
            if self.check_alive().is_err() {
                return Ok(true);
            }
            std::thread::sleep(LOOK);
        }
        self.kill();
        Ok(false)
    }

    /// SIGKILL, and waits for the end.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGKILL without waiting, so that several can end at once.
    pub(crate) fn kill_soon(&mut self) {
        let _ = self.child.kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The last lines of a log, for an error's message.
pub(crate) fn tail_of(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(words: &[&str]) -> (Process, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let process =
            Process::start("it", &[], &words, dir.path(), &dir.path().join("log")).unwrap();
        (process, dir)
    }

    fn wait_dead(process: &mut Process) -> LabError {
        for _ in 0..500 {
            if let Err(died) = process.check_alive() {
                return died;
            }
            std::thread::sleep(LOOK);
        }
        panic!("still alive");
    }

    #[test]
    fn a_process_that_ended_is_reported_with_its_last_words() {
        let (mut process, _dir) = start(&["sh", "-c", "echo the reason; exit 7"]);
        let text = wait_dead(&mut process).to_string();
        assert!(text.contains("the reason") && text.contains('7'), "{text}");
    }

    #[test]
    fn a_paused_process_can_be_stopped() {
        let (mut process, _dir) = start(&["sleep", "60"]);
        process.check_alive().unwrap();
        process.signal(Signal::STOP).unwrap();
        assert!(process.stop().unwrap());
    }

    #[test]
    fn a_process_outlives_the_thread_that_asked_for_it() {
        let (mut process, _dir) = std::thread::spawn(|| start(&["sleep", "60"]))
            .join()
            .unwrap();
        std::thread::sleep(Duration::from_millis(100));
        process.check_alive().unwrap();
    }
}
