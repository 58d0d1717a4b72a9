//! Processes that are not this one's children: signals to them, and how they
//! are.

use std::fs;
use std::process::{Command, Stdio};

/// Whether it was there to get it.
pub(crate) fn send(signal: &str, pid: u32) -> bool {
    Command::new("kill")
        .args([format!("-{signal}"), pid.to_string()])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// As proc(5) has it: `T` is stopped, `Z` dead and not yet waited for.
pub(crate) fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

pub(crate) fn is_there(pid: u32) -> bool {
    state(pid).is_some_and(|state| state != 'Z')
}
