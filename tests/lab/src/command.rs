//! Runs short commands of the system (`mount`, `mvn`, `ip` …) to their end.
//! Starts no process that outlives the call; those are in `process`.

use std::process::{Command, Stdio};

use crate::error::LabError;

/// The end of a failed command's output that an error repeats: enough for any
/// tool's message, short enough to read.
const STDERR_CHARS: usize = 2000;

/// Runs a command and gives its standard output.
///
/// # Errors
/// When it can't be started, or ends with anything but 0.
pub(crate) fn run(program: &str, args: &[&str]) -> Result<String, LabError> {
    let mut command = Command::new(program);
    command.args(args);
    run_command(command)
}

/// As [`run`], for a command that was built elsewhere.
pub(crate) fn run_command(mut command: Command) -> Result<String, LabError> {
    let line = line_of(&command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| LabError::Io {
            action: format!("run `{line}`"),
            source,
        })?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let said = if stderr.trim().is_empty() {
        stdout.trim()
    } else {
        stderr.trim()
    };
    let skip = said.chars().count().saturating_sub(STDERR_CHARS);
    Err(LabError::Command {
        command: line,
        status: output.status.to_string(),
        stderr: said.chars().skip(skip).collect(),
    })
}

/// Whether this process may mount and make network namespaces.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// `Err(NeedsRoot)` unless root.
pub(crate) fn need_root(what: &str) -> Result<(), LabError> {
    if is_root() {
        Ok(())
    } else {
        Err(LabError::NeedsRoot {
            what: what.to_owned(),
        })
    }
}

fn line_of(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|part| part.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_is_named_with_what_it_said() {
        let error = run("sh", &["-c", "echo no such thing >&2; exit 3"]).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("no such thing") && text.contains("sh -c"),
            "{text}"
        );
    }

    #[test]
    fn the_output_of_a_command_is_given() {
        assert_eq!(run("echo", &["one", "two"]).unwrap(), "one two\n");
    }
}
