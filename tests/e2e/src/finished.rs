//! A program that has ended.

use std::process::Output;
use std::time::{Duration, Instant};

use crate::SceneError;

/// Between two looks at something that is waited for.
const LOOK: Duration = Duration::from_millis(50);

/// What it said, and its exit code.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Finished {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The last line of standard error: the cause.
    pub fn cause(&self) -> &str {
        self.stderr.lines().last().unwrap_or_default()
    }

    /// Itself, if it ended with `code`.
    ///
    /// # Errors
    /// All that it said.
    pub fn expect(self, code: i32) -> Result<Self, SceneError> {
        if self.code == Some(code) {
            return Ok(self);
        }
        let ended = match self.code {
            Some(code) => format!("exit code {code}"),
            None => "a signal".to_owned(),
        };
        Err(SceneError::Unexpected(format!(
            "ended with {ended}, not {code}\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout, self.stderr
        )))
    }
}

/// Waits until `is` says so.
///
/// # Errors
/// It did not within `limit`.
pub fn wait_until(
    what: &str,
    limit: Duration,
    mut is: impl FnMut() -> bool,
) -> Result<(), SceneError> {
    let began = Instant::now();
    while began.elapsed() < limit {
        if is() {
            return Ok(());
        }
        std::thread::sleep(LOOK);
    }
    Err(SceneError::Unexpected(format!(
        "{what} did not happen within {} s",
        limit.as_secs()
    )))
}
