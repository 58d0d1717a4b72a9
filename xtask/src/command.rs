//! Runs other programs: to their end, for their output, or within a time.
//! Knows nothing of cargo or of the project.

#![allow(
    clippy::disallowed_methods,
    reason = "a build tool waits for other programs in real time"
)]

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::error::Error;

/// How often a program with a time limit is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Lines of a failed program's stderr that an error repeats.
const SAID_LINES: usize = 12;

/// Where Debian keeps programs that a user's own PATH often lacks.
const SBIN: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/// Runs it with the terminal as its own; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<(), Error> {
    let status = status(command)?;
    check(command, status, "")
}

/// Runs it with the terminal as its own, and gives how it ended.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus, Error> {
    command.status().map_err(|source| Error::Start {
        command: line(command),
        source,
    })
}

/// Runs it and gives what it printed; its stderr is shown only in the error.
pub(crate) fn output(command: &mut Command) -> Result<String, Error> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| Error::Start {
            command: line(command),
            source,
        })?;
    check(
        command,
        output.status,
        &String::from_utf8_lossy(&output.stderr),
    )?;
    text(command, output.stdout)
}

/// Runs it and gives what it printed; its stderr goes to the terminal.
pub(crate) fn output_aloud(command: &mut Command) -> Result<String, Error> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Error::Start {
            command: line(command),
            source,
        })?;
    check(command, output.status, "")?;
    text(command, output.stdout)
}

/// Runs it with the terminal as its own and ends it when the limit is over.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<(), Error> {
    run_watched(command, limit, |_| ())
}

/// The same, and calls `look` every now and then with the seconds since the start, and
/// once after its end.
pub(crate) fn run_watched(
    command: &mut Command,
    limit: Duration,
    mut look: impl FnMut(u64),
) -> Result<(), Error> {
    let mut child = command
        .stdin(Stdio::null())
        .spawn()
        .map_err(|source| Error::Start {
            command: line(command),
            source,
        })?;
    let begun = Instant::now();
    loop {
        let waited = child.try_wait();
        look(begun.elapsed().as_secs());
        match waited {
            Ok(Some(status)) => return check(command, status, ""),
            Ok(None) if begun.elapsed() < limit => std::thread::sleep(LOOK),
            _ => {
                // Already gone is as good as killed.
                drop(child.kill());
                drop(child.wait());
                return Err(Error::TooLong {
                    command: line(command),
                    seconds: limit.as_secs(),
                });
            }
        }
    }
}

/// Whether a program of this name is on the PATH or where Debian keeps it.
pub(crate) fn exists(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(SBIN.iter().map(|dir| Path::new(dir).to_path_buf()))
        .any(|dir| dir.join(program).is_file())
}

fn check(command: &Command, status: ExitStatus, stderr: &str) -> Result<(), Error> {
    if status.success() {
        return Ok(());
    }
    let lines: Vec<&str> = stderr.lines().collect();
    let tail = lines[lines.len().saturating_sub(SAID_LINES)..].join("\n");
    Err(Error::Failed {
        command: line(command),
        status: status.to_string(),
        said: if tail.is_empty() {
            String::new()
        } else {
            format!(":\n{tail}")
        },
    })
}

fn text(command: &Command, bytes: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|_| Error::Unexpected {
        command: line(command),
        what: "its output is not UTF-8".into(),
    })
}

fn line(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|part| part.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failure_repeats_what_the_program_said() {
        let error = output(&mut sh("echo no such thing >&2; exit 3")).unwrap_err();
        assert!(error.to_string().contains("no such thing"), "{error}");
        assert_eq!(output(&mut sh("echo yes")).unwrap(), "yes\n");
    }

    #[test]
    fn a_program_that_does_not_end_is_stopped_at_its_limit() {
        let error = run_within(&mut sh("exec sleep 600"), Duration::from_millis(100)).unwrap_err();
        assert!(matches!(error, Error::TooLong { .. }), "{error}");
        run_within(&mut sh("true"), Duration::from_secs(60)).unwrap();
    }

    #[test]
    fn a_program_on_the_path_is_found() {
        assert!(exists("sh"));
        assert!(!exists("no-such-program-at-all"));
    }
}
