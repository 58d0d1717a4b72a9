//! Processes that are not this one's children: signals to them, and how they
//! are.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::{Scene, SceneError, guard_pid, wait_until};

/// For a process that was killed.
const ENDED: Duration = Duration::from_secs(30);

/// Sends a signal, by its short name. Whether it was there to get it.
pub fn send_signal(name: &str, pid: u32) -> bool {
    Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// As proc(5) has it: `T` is stopped, `Z` dead and not yet waited for.
pub fn process_state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

/// What is dead and not yet waited for holds nothing any more.
pub fn is_alive(pid: u32) -> bool {
    process_state(pid).is_some_and(|state| state != 'Z')
}

/// SIGKILL to the guard that holds the mirror.
///
/// # Errors
/// Nobody holds it.
pub fn kill_guard(scene: &Scene) -> Result<(), SceneError> {
    let unexpected = |what: &str| SceneError::Unexpected(what.to_owned());
    let pid = guard_pid(scene).ok_or_else(|| unexpected("no lease names a guard"))?;
    if !send_signal("KILL", pid) {
        return Err(unexpected("the guard that the lease names is not there"));
    }
    wait_until("the guard's end", ENDED, || !is_alive(pid))
}
