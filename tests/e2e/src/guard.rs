//! The end of a process, from outside.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::{Scene, SceneError, guard_pid, wait_until};

/// For a process that was killed.
const ENDED: Duration = Duration::from_secs(30);

/// A signal to a process, by its short name.
///
/// # Errors
/// A process that is not there.
pub fn signal(name: &str, pid: u32) -> Result<(), SceneError> {
    let status = Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .status()
        .map_err(SceneError::io("run", "kill".as_ref()))?;
    if !status.success() {
        let failed = format!("kill -{name} {pid} failed");
        return Err(SceneError::Unexpected(failed));
    }
    Ok(())
}

/// SIGKILL to the guard that holds the mirror.
///
/// # Errors
/// Nobody holds it.
pub fn kill_guard(scene: &Scene) -> Result<(), SceneError> {
    let pid = guard_pid(scene)
        .ok_or_else(|| SceneError::Unexpected("no lease names a guard".to_owned()))?;
    signal("KILL", pid)?;
    wait_until("the guard's end", ENDED, || {
        match fs::read_to_string(format!("/proc/{pid}/stat")) {
            // What is dead and not yet waited for holds nothing any more.
            Ok(stat) => stat
                .rsplit(") ")
                .next()
                .is_some_and(|rest| rest.starts_with('Z')),
            Err(_) => true,
        }
    })
}
