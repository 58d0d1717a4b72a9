//! A signal to a process just as it makes its n-th request: strace(1) counts
//! the calls by which it sends, in each of its threads and in those that it
//! starts, and gives it the signal in place of the call. Root only.

#![allow(
    clippy::disallowed_methods,
    reason = "an adapter at the edge: it waits for a real process"
)]

use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;

use crate::error::LabError;
use crate::hang::attach;

/// By which librdkafka, and the client of Connect, send.
const SENDS: &str = "sendto,sendmsg";

/// How often its end is looked for: two seconds.
const LOOKS: u32 = 40;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// It lets go of the process when it is dropped.
#[derive(Debug)]
pub struct Strike {
    strace: Child,
}

impl Strike {
    /// `signal` is `SIGKILL` or `SIGSTOP`. Programs that the process starts
    /// are counted as it is.
    ///
    /// # Errors
    /// No strace.
    pub fn at_request(pid: u32, signal: &str, request: u32) -> Result<Self, LabError> {
        let mut strace = Command::new("strace");
        strace
            .args(["-f", "-qq", "-o", "/dev/null"])
            .args(["-e", &format!("trace={SENDS}")])
            .args([
                "-e",
                &format!("inject={SENDS}:signal={signal}:when={request}"),
            ])
            .args(["-p", &pid.to_string()]);
        let process = PathBuf::from(format!("/proc/{pid}"));
        Ok(Self {
            strace: attach(&mut strace, &[process])?,
        })
    }
}

impl Strike {
    /// Whether strace ended within so many looks.
    fn has_ended(&mut self) -> bool {
        for _ in 0..LOOKS {
            if !matches!(self.strace.try_wait(), Ok(None)) {
                return true;
            }
            std::thread::sleep(LOOK);
        }
        false
    }
}

impl Drop for Strike {
    fn drop(&mut self) {
        // It has ended with the last that it traced; one that is interrupted
        // just then waits for ever for a thread that it does not collect.
        if self.has_ended() {
            return;
        }
        let id = self.strace.id().to_string();
        let interrupted = Command::new("kill").args(["-INT", &id]).status();
        if interrupted.is_err() || !self.has_ended() {
            drop(self.strace.kill());
            drop(self.strace.wait());
        }
    }
}
