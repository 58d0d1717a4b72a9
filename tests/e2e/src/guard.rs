//! The end of a guard, from outside.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::{Scene, SceneError, wait_until};

/// For a process that was killed.
const ENDED: Duration = Duration::from_secs(30);

/// A signal to a process, by its short name.
///
/// # Errors
/// A process that is not there.
pub fn signal(name: &str, pid: u64) -> Result<(), SceneError> {
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

/// SIGKILL to the guard that holds the mirror, by the process that signed the
/// lease.
///
/// # Errors
/// Nobody holds it.
pub fn kill_guard(scene: &Scene) -> Result<(), SceneError> {
    let signature = scene.store().join("leases/lab.json");
    let bytes = fs::read(&signature).map_err(SceneError::io("read", &signature))?;
    let unexpected = |what: String| SceneError::Unexpected(what);
    let holder: Value =
        serde_json::from_slice(&bytes).map_err(|error| unexpected(error.to_string()))?;
    let pid = holder["pid"]
        .as_u64()
        .ok_or_else(|| unexpected(format!("the lease names no process: {holder}")))?;
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
