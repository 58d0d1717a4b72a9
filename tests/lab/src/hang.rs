//! Threads of a process that hang, or write slowly, while the rest of it goes
//! on: what a stuck disk or a fetcher that waits for nothing looks like from
//! outside, where a stopped process is noticed by its missing heartbeats.
//! strace(1) puts off their system calls. Root only.

#![allow(
    clippy::disallowed_methods,
    reason = "an adapter at the edge: it waits for a real process"
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use crate::error::LabError;

/// Longer than a test lets anything hang.
const FOR_GOOD: Duration = Duration::from_secs(120);

/// How often a thread is looked at until strace has it: ten seconds in all,
/// which a busy machine may need to start a program.
const LOOKS: u32 = 500;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// By which Java writes to files and sockets, and has files written to disks.
const WRITES: &str = "write,writev,pwrite64,pwritev,sendto,fsync,fdatasync,msync";

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
        Self::put_off(pid, name, "all", FOR_GOOD)
    }

    /// Puts off by `delay` each write and each flush of such threads.
    ///
    /// # Errors
    /// The same.
    pub fn writes(pid: u32, name: &str, delay: Duration) -> Result<Self, LabError> {
        Self::put_off(pid, name, WRITES, delay)
    }

    fn put_off(pid: u32, name: &str, calls: &str, delay: Duration) -> Result<Self, LabError> {
        let tasks = PathBuf::from(format!("/proc/{pid}/task"));
        let mut strace = Command::new("strace");
        let traced = format!("trace={calls}");
        let delayed = format!("inject={calls}:delay_enter={}", delay.as_micros());
        strace.args(["-qq", "-o", "/dev/null", "-e", &traced, "-e", &delayed]);
        let mut found = Vec::new();
        for task in fs::read_dir(&tasks).map_err(LabError::io("list", &tasks))? {
            let task = task.map_err(LabError::io("list", &tasks))?;
            // One that ends meanwhile has no name any more.
            let called = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            if called.starts_with(name) {
                strace.arg("-p").arg(task.file_name());
                found.push(task.path());
            }
        }
        if found.is_empty() {
            let what = format!("process {pid} has no thread whose name begins with {name}");
            return Err(LabError::Invalid(what));
        }
        Ok(Self {
            strace: attach(&mut strace, &found)?,
        })
    }
}

/// Starts an strace that reads nothing and says nothing, and comes back when
/// it has all of these (`/proc/…` of threads or processes), or when they have
/// ended: what is done next must meet them held.
pub(crate) fn attach(strace: &mut Command, traced: &[PathBuf]) -> Result<Child, LabError> {
    let mut strace = strace
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(LabError::io("start", &PathBuf::from("strace")))?;
    for _ in 0..LOOKS {
        if traced.iter().all(|path| is_traced(path)) {
            return Ok(strace);
        }
        if !matches!(strace.try_wait(), Ok(None)) {
            break;
        }
        thread::sleep(LOOK);
    }
    drop(strace.kill());
    drop(strace.wait());
    let what = format!("strace did not attach to {}", traced[0].display());
    Err(LabError::Invalid(what))
}

/// One that has ended is nobody's to trace.
fn is_traced(process: &Path) -> bool {
    let Ok(status) = fs::read_to_string(process.join("status")) else {
        return true;
    };
    let field = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name));
        value.unwrap_or_default().trim()
    };
    field("State:").starts_with('Z') || field("TracerPid:") != "0"
}

impl Drop for Hang {
    fn drop(&mut self) {
        // It lets go of the threads on this signal, and not on a kill.
        let id = self.strace.id().to_string();
        drop(Command::new("kill").args(["-INT", &id]).status());
        drop(self.strace.wait());
    }
}
