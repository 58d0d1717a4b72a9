//! What a run's calls of the host share.

use std::sync::Arc;

use slackwater_ports::Level;

use crate::meter::{Meter, Stop};
use crate::ports::{Port, Ports};
use crate::text::{Admitted, MAX_LINES, Quota, line};

/// The data of one run's store.
#[derive(Debug)]
pub(crate) struct State {
    ports: Ports,
    pub(crate) meter: Meter,
    log_lines: Quota,
    progress_lines: Quota,
    /// The error that was logged last, if no other call followed it: what a
    /// phase that traps next has died of.
    last_words: Option<String>,
}

impl State {
    pub(crate) fn new(ports: Ports, meter: Meter) -> Self {
        Self {
            ports,
            meter,
            log_lines: Quota::default(),
            progress_lines: Quota::default(),
            last_words: None,
        }
    }

    /// The adapter behind a call, if there is still time for one.
    pub(crate) fn port<T: ?Sized>(
        &mut self,
        which: fn(&Ports) -> &Port<T>,
    ) -> Result<Arc<T>, Stop> {
        self.last_words = None;
        self.meter.check_time()?;
        which(&self.ports).clone().ok_or(Stop::NoPort)
    }

    /// One line to the log. Past the limit only the last words are kept.
    pub(crate) fn log(&mut self, level: Level, message: &str) -> Result<(), Stop> {
        let log = self.port(|ports| &ports.log)?;
        let message = line(message);
        match self.log_lines.admit() {
            Admitted::Yes => log.log(level, &message),
            Admitted::FirstDropped => log.log(
                Level::Warn,
                &format!("the phase has logged {MAX_LINES} lines: no more of them are shown"),
            ),
            Admitted::Dropped => {}
        }
        if level == Level::Error {
            self.last_words = Some(message);
        }
        Ok(())
    }

    /// What is waited for, to whom it may concern.
    pub(crate) fn waiting(
        &mut self,
        step: &str,
        awaited: &str,
        remaining_ms: Option<u64>,
    ) -> Result<(), Stop> {
        let progress = self.port(|ports| &ports.progress)?;
        if self.progress_lines.admit() == Admitted::Yes {
            progress.waiting(&line(step), &line(awaited), remaining_ms);
        }
        Ok(())
    }

    pub(crate) fn take_last_words(&mut self) -> Option<String> {
        self.last_words.take()
    }
}
