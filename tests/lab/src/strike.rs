//! A signal to a process just as it makes its n-th request: strace(1) counts
//! the calls by which it sends, in each of its threads and in those that it
//! starts, and gives it the signal in place of the call. Root only.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::error::LabError;

/// By which librdkafka, and the client of Connect, send.
const SENDS: &str = "sendto,sendmsg";

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
        let strace = Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null"])
            .args(["-e", &format!("trace={SENDS}")])
            .args([
                "-e",
                &format!("inject={SENDS}:signal={signal}:when={request}"),
            ])
            .args(["-p", &pid.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(LabError::io("start", &PathBuf::from("strace")))?;
        Ok(Self { strace })
    }
}

impl Drop for Strike {
    fn drop(&mut self) {
        // It lets go on this signal, and not on a kill; with nobody left to
        // trace it has ended.
        let id = self.strace.id().to_string();
        drop(
            Command::new("kill")
                .args(["-INT", &id])
                .stderr(Stdio::null())
                .status(),
        );
        drop(self.strace.wait());
    }
}
