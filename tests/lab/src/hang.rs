//! Threads of a process that hang while the rest of it goes on: what a stuck
//! disk or a fetcher that waits for nothing looks like from outside, where a
//! stopped process is noticed by its missing heartbeats. strace(1) holds them
//! at their next system call. Root only.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::error::LabError;

/// Each system call is put off by this, in microseconds: longer than a test
/// lets it hang.
const DELAY: &str = "inject=all:delay_enter=120000000";

/// The threads go on when it is dropped.
#[derive(Debug)]
pub struct Hang {
    strace: Child,
}

impl Hang {
    /// The threads of `pid` whose names begin so; the kernel keeps 15
    /// characters of a name.
    ///
    /// # Errors
    /// No such thread; no strace.
    pub fn threads(pid: u32, name: &str) -> Result<Self, LabError> {
        let tasks = PathBuf::from(format!("/proc/{pid}/task"));
        let mut strace = Command::new("strace");
        strace.args(["-qq", "-o", "/dev/null", "-e", "trace=all", "-e", DELAY]);
        let mut found = false;
        for task in fs::read_dir(&tasks).map_err(LabError::io("list", &tasks))? {
            let task = task.map_err(LabError::io("list", &tasks))?;
            // One that ends meanwhile has no name any more.
            let called = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            if called.starts_with(name) {
                strace.arg("-p").arg(task.file_name());
                found = true;
            }
        }
        if !found {
            let what = format!("process {pid} has no thread whose name begins with {name}");
            return Err(LabError::Invalid(what));
        }
        let strace = strace
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(LabError::io("start", &PathBuf::from("strace")))?;
        Ok(Self { strace })
    }
}

impl Drop for Hang {
    fn drop(&mut self) {
        // It lets go of the threads on this signal, and not on a kill.
        let id = self.strace.id().to_string();
        drop(Command::new("kill").args(["-INT", &id]).status());
        drop(self.strace.wait());
    }
}
