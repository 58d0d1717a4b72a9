//! What a person sees while a phase runs: on standard error, so that standard
//! output is the result's.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use slackwater_ports::{Clock, Level, Log, Progress};

use super::SystemClock;

/// Where nobody watches, the same thing that is waited for is said again only
/// after this long.
const REPEAT_MS: u64 = 5_000;

/// Somebody who is told lines of progress too: the guard's callers.
pub trait Lines: Send + Sync {
    /// One line.
    fn line(&self, text: &str);
}

/// Standard error.
pub struct Terminal {
    /// Not even warnings are hidden when quiet, but progress is.
    quiet: bool,
    also: Option<Box<dyn Lines>>,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    text: String,
    at_ms: u64,
    /// A progress line that the next line overwrites.
    open: bool,
}

impl Terminal {
    /// Progress unless `quiet`.
    pub fn new(quiet: bool) -> Self {
        Self {
            quiet,
            also: None,
            last: Mutex::default(),
        }
    }

    /// The same lines go to somebody else too.
    #[must_use]
    pub fn also_to(mut self, lines: Box<dyn Lines>) -> Self {
        self.also = Some(lines);
        self
    }

    /// A line of progress from elsewhere.
    pub fn progress_line(&self, text: &str) {
        if let Some(also) = &self.also {
            also.line(text);
        }
        if self.quiet {
            return;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemClock.monotonic_ms();
        let mut out = std::io::stderr().lock();
        if out.is_terminal() {
            // Nothing is lost if a terminal goes away.
            let _ = write!(out, "\r\x1b[2K{text}");
            let _ = out.flush();
            last.open = true;
        } else if without_numbers(&last.text) != without_numbers(text)
            || now.saturating_sub(last.at_ms) >= REPEAT_MS
        {
            let _ = writeln!(out, "{text}");
            last.at_ms = now;
            text.clone_into(&mut last.text);
        }
    }

    /// A line that stays.
    pub fn say(&self, text: &str) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = std::io::stderr().lock();
        if last.open {
            let _ = write!(out, "\r\x1b[2K");
            last.open = false;
        }
        let _ = writeln!(out, "{text}");
    }
}

/// So that a count that goes down is no new line each time.
fn without_numbers(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

impl Progress for Terminal {
    fn waiting(&self, step: &str, awaited: &str, remaining_ms: Option<u64>) {
        let still = remaining_ms.map_or_else(String::new, |ms| {
            format!(" ({} s at most)", ms.div_ceil(1000))
        });
        self.progress_line(&format!("{step}: waiting for {awaited}{still}"));
    }
}

impl Log for Terminal {
    fn log(&self, level: Level, message: &str) {
        match level {
            Level::Debug => tracing::debug!("{message}"),
            Level::Info if self.quiet => {}
            Level::Info => self.say(message),
            Level::Warn => self.say(&format!("warning: {message}")),
            Level::Error => self.say(&format!("error: {message}")),
        }
    }
}
