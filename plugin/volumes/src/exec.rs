//! Runs one command of the user's: no shell, no input, bounded output, a time
//! limit at which its whole process group is ended.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::VolumeError;
use crate::clock::{Deadline, sleep};
use crate::template::{Template, Values};

/// Most of its output that is kept: a listing of some ten thousand snapshots.
pub const MAX_STDOUT: usize = 1 << 20;

/// Most of its errors that is kept, the last of them: one line is shown.
pub const MAX_STDERR: usize = 64 << 10;

/// Between two looks at a command that says nothing.
const STEP: Duration = Duration::from_millis(20);

/// How long output is awaited from what a command left running behind it.
const GRACE: Duration = Duration::from_millis(500);

/// Longest piece of its text in a message.
const MAX_LINE: usize = 300;

/// Runs it, and gives what it wrote to stdout. Anything but exit status 0 is
/// an error.
pub(crate) fn run(
    template: &Template,
    values: Values<'_>,
    limit: Duration,
) -> Result<Vec<u8>, VolumeError> {
    let failed = |why: String| VolumeError::Command {
        program: template.program().to_owned(),
        purpose: template.purpose().name(),
        why,
    };
    let mut child = Command::new(template.program())
        .args(template.arguments(values))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, so that its children can be ended with it.
        .process_group(0)
        .spawn()
        .map_err(|error| failed(format!("can't be started: {error}")))?;
    let mut out = Pipe::new(child.stdout.take(), MAX_STDOUT);
    let mut err = Pipe::new(child.stderr.take(), MAX_STDERR);
    let ended = watch(&mut child, &mut out, &mut err, limit);
    let says = last_line(&err.kept);
    match ended {
        Err(error) => Err(failed(format!("can't be watched: {error}"))),
        Ok(None) => Err(failed(format!("was ended at its limit of {limit:?}{says}"))),
        Ok(Some(status)) if !status.success() => Err(failed(format!("failed, {status}{says}"))),
        Ok(Some(_)) if out.lost => Err(failed(format!("wrote more than {MAX_STDOUT} bytes"))),
        Ok(Some(_)) => Ok(out.kept),
    }
}

/// The end of a pipe, and what came out of it.
struct Pipe<R> {
    open: Option<R>,
    kept: Vec<u8>,
    most: usize,
    lost: bool,
}

impl<R: Read + AsFd> Pipe<R> {
    fn new(open: Option<R>, most: usize) -> Self {
        Self {
            open,
            kept: Vec::new(),
            most,
            lost: false,
        }
    }

    /// Reads once; the caller knows that this does not block.
    fn read(&mut self) {
        let mut chunk = [0; 8192];
        let Some(open) = &mut self.open else {
            return;
        };
        match open.read(&mut chunk) {
            Ok(0) | Err(_) => self.open = None,
            Ok(n) => {
                self.kept.extend_from_slice(&chunk[..n]);
                let over = self.kept.len().saturating_sub(self.most);
                self.lost |= over > 0;
                // The last line says why it failed.
                self.kept.drain(..over);
            }
        }
    }
}

/// Reads both pipes until the command has ended; `None` at the limit.
fn watch(
    child: &mut Child,
    out: &mut Pipe<impl Read + AsFd>,
    err: &mut Pipe<impl Read + AsFd>,
    limit: Duration,
) -> io::Result<Option<ExitStatus>> {
    let deadline = Deadline::after(limit);
    let mut ended: Option<(ExitStatus, Deadline)> = None;
    loop {
        if ended.is_none() {
            let status = child.try_wait()?;
            ended = status.map(|status| (status, Deadline::after(GRACE)));
        }
        if let Some((status, grace)) = ended {
            let silent = out.open.is_none() && err.open.is_none();
            if silent || grace.remaining().is_zero() {
                return Ok(Some(status));
            }
        } else if deadline.remaining().is_zero() {
            end(child)?;
            return Ok(None);
        }
        wait_and_read(out, err)?;
    }
}

fn wait_and_read(
    out: &mut Pipe<impl Read + AsFd>,
    err: &mut Pipe<impl Read + AsFd>,
) -> io::Result<()> {
    let mut ready = [false; 2];
    {
        let mut fds = Vec::with_capacity(2);
        let mut whose = Vec::with_capacity(2);
        if let Some(open) = &out.open {
            fds.push(PollFd::new(open, PollFlags::IN));
            whose.push(0);
        }
        if let Some(open) = &err.open {
            fds.push(PollFd::new(open, PollFlags::IN));
            whose.push(1);
        }
        if fds.is_empty() {
            sleep(STEP);
            return Ok(());
        }
        let step = Timespec {
            tv_sec: 0,
            tv_nsec: STEP.as_nanos() as i64,
        };
        match poll(&mut fds, Some(&step)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for (fd, whose) in fds.iter().zip(whose) {
            ready[whose] = !fd.revents().is_empty();
        }
    }
    if ready[0] {
        out.read();
    }
    if ready[1] {
        err.read();
    }
    Ok(())
}

/// Ends the group. The child has not been waited for, so its id is still its
/// own.
fn end(child: &mut Child) -> io::Result<()> {
    if let Err(error) = kill_process_group(Pid::from_child(child), Signal::KILL) {
        tracing::warn!(%error, pid = child.id(), "can't end a command");
    }
    // Uninterruptible I/O can keep it for longer; it is not waited for then.
    for _ in 0..100 {
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        sleep(STEP);
    }
    Ok(())
}

/// `: ` and the last line that says anything, or nothing.
fn last_line(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    let clean: String = line
        .unwrap_or_default()
        .trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_LINE)
        .collect();
    if clean.is_empty() {
        return clean;
    }
    format!(": {clean}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Purpose;

    fn sh(script: &str, limit: Duration) -> Result<Vec<u8>, VolumeError> {
        let line = ["sh", "-c", script].map(str::to_owned);
        let template = Template::new(Purpose::Create, &line).unwrap();
        run(&template, Values::default(), limit)
    }

    #[test]
    fn a_failing_command_shows_its_last_line_without_controls() {
        let script = r"echo first >&2; printf 'no \033[1mspace\n\n' >&2; exit 3";
        let error = sh(script, Duration::from_secs(30)).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("exit status: 3: no [1mspace"), "{message}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let line = ["/no/such/program".to_owned()];
        let template = Template::new(Purpose::Flush, &line).unwrap();
        let error = run(&template, Values::default(), STEP).unwrap_err();
        assert!(error.to_string().contains("/no/such/program (flush)"));
    }

    #[test]
    fn a_command_and_its_children_are_ended_at_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        let pids = dir.path().join("pids");
        let script = format!("sleep 1000 & echo $! $$ > {}; wait", pids.display());
        let error = sh(&script, Duration::from_secs(1)).unwrap_err();
        assert!(error.to_string().contains("limit of 1s"), "{error}");
        let pids = std::fs::read_to_string(pids).unwrap();
        for pid in pids.split_whitespace() {
            assert!(is_gone(pid), "{pid} still runs");
        }
    }

    /// Ended, or waiting for init to notice.
    fn is_gone(pid: &str) -> bool {
        (0..250).any(|_| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
            let gone = stat.map_or(true, |stat| stat.contains(") Z "));
            if !gone {
                sleep(STEP);
            }
            gone
        })
    }

    #[test]
    fn a_flood_of_output_is_an_error_and_fills_no_memory() {
        let error = sh("head -c 3000000 /dev/zero", Duration::from_secs(30)).unwrap_err();
        assert!(error.to_string().contains("more than"));
        let flood = "head -c 300000 /dev/zero >&2; echo; echo why >&2; exit 1";
        let error = sh(flood, Duration::from_secs(30)).unwrap_err();
        assert!(error.to_string().ends_with("why"));
    }

    #[test]
    fn what_a_command_leaves_running_does_not_hold_it_up() {
        let out = sh("sleep 600 & echo $!", Duration::from_secs(30)).unwrap();
        let pid = String::from_utf8(out).unwrap();
        let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, Signal::KILL).unwrap();
    }
}
