//! Speaking to a guard, by whichever way there is to it.

use std::sync::Arc;
use std::time::Duration;

use slackwater_hold::Released;
use slackwater_ports::{
    Answer, BrokerAnswer, ConnectorRef, Flushed, GuardView, PortError, PortErrorKind, Seen,
};
use slackwater_store::RunId;

use super::protocol::{Asked, Request, Response};
use crate::adapters::Terminal;
use crate::site::{Line, Site};

/// For a question that is answered at once.
const AT_ONCE: Duration = Duration::from_secs(5);

/// For a stop: Connect may answer it after 30 s.
const STOP: Duration = Duration::from_secs(45);

/// For the brokers' stop: longer than one may take by the configuration.
const BROKERS: Duration = Duration::from_secs(660);

/// For a flush: syncfs takes as long as the disk does, and the guard's
/// deadline ends the window anyway.
const FLUSH: Duration = Duration::from_secs(120);

/// Between two lines of a release: the guard says every second or so what it
/// waits for, so that long without one means that it is gone.
const SILENCE: Duration = Duration::from_secs(120);

/// One run's guard.
#[derive(Clone)]
pub struct GuardClient {
    line: Arc<dyn Line>,
    run: RunId,
    terminal: Arc<Terminal>,
}

impl GuardClient {
    /// Nothing is asked yet.
    pub fn new(line: Arc<dyn Line>, run: RunId, terminal: Arc<Terminal>) -> Self {
        Self {
            line,
            run,
            terminal,
        }
    }

    /// That of a run of this site.
    pub fn of(site: &Site, run: &RunId) -> Self {
        let line = site.ground().guard_line(run);
        Self::new(line, run.clone(), site.terminal.clone())
    }

    /// Is it alive?
    pub fn look(&self) -> Seen<GuardView> {
        self.view(&Request::Look)
    }

    /// Sets its deadline, if there is none.
    pub fn engage(&self, window_ms: u64) -> Seen<GuardView> {
        self.view(&Request::Engage { window_ms })
    }

    fn view(&self, request: &Request) -> Seen<GuardView> {
        match self.ask(request, AT_ONCE)? {
            Response::Guard(view) => Ok(view),
            other => Err(unexpected(&other)),
        }
    }

    /// Asks connectors to stop.
    pub fn stop(&self, connectors: &[ConnectorRef]) -> Seen<Vec<Answer>> {
        let request = Request::Stop {
            connectors: connectors.to_vec(),
        };
        match self.ask(&request, STOP)? {
            Response::Answers(answers) => Ok(answers),
            other => Err(unexpected(&other)),
        }
    }

    /// Stops the brokers.
    pub fn stop_brokers(&self) -> Seen<Vec<BrokerAnswer>> {
        match self.ask(&Request::StopBrokers, BROKERS)? {
            Response::Brokers(answers) => Ok(answers),
            other => Err(unexpected(&other)),
        }
    }

    /// Flushes the volumes.
    pub fn flush(&self) -> Seen<Vec<Flushed>> {
        match self.ask(&Request::Flush, FLUSH)? {
            Response::Flushed(flushed) => Ok(flushed),
            other => Err(unexpected(&other)),
        }
    }

    /// Has it wait for the snapshots that others make; that is not waited for.
    pub fn await_others(&self) -> Seen<()> {
        match self.ask(&Request::AwaitOthers, AT_ONCE)? {
            Response::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Takes the closing look and resumes the mirror.
    pub fn release(&self) -> Seen<Released> {
        self.released(&Request::Release)
    }

    /// Resumes the mirror and gives the run up.
    pub fn abandon(&self, reason: &str) -> Seen<Released> {
        self.released(&Request::Abandon {
            reason: reason.to_owned(),
        })
    }

    fn released(&self, request: &Request) -> Seen<Released> {
        match self.ask(request, SILENCE)? {
            Response::Released(released) => Ok(released),
            other => Err(unexpected(&other)),
        }
    }

    /// The run is closed.
    pub fn finish(&self) -> Seen<()> {
        match self.ask(&Request::Finish, AT_ONCE)? {
            Response::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Ties the run to the life of this process: as long as what it gives is
    /// kept.
    pub fn attach(&self) -> Seen<Box<dyn Send>> {
        let line = self.line_of(&Request::Attach)?;
        let (answer, way) = self.line.hold_open(&line, AT_ONCE)?;
        match self.heard(&answer)? {
            Some(Response::Done) => Ok(way),
            other => Err(unexpected(&other)),
        }
    }

    fn ask(&self, request: &Request, silence: Duration) -> Seen<Response> {
        let line = self.line_of(request)?;
        let mut answer = None;
        let heard = &mut |line: &str| match self.heard(line) {
            Ok(None) => false,
            Ok(Some(response)) => {
                answer = Some(Ok(response));
                true
            }
            Err(error) => {
                answer = Some(Err(error));
                true
            }
        };
        self.line.ask(&line, silence, heard)?;
        answer.unwrap_or_else(|| {
            Err(PortError::new(
                PortErrorKind::Unreachable,
                "the guard went away before it answered",
            ))
        })
    }

    fn line_of(&self, request: &Request) -> Seen<String> {
        let asked = Asked {
            run: self.run.clone(),
            request: request.clone(),
        };
        serde_json::to_string(&asked).map_err(|error| {
            PortError::new(
                PortErrorKind::Malformed,
                format!("can't ask the guard: {error}"),
            )
        })
    }

    /// `None` where the answer is still to come.
    fn heard(&self, line: &str) -> Seen<Option<Response>> {
        match serde_json::from_str(line) {
            Ok(Response::Progress(text)) => {
                self.terminal.progress_line(&text);
                Ok(None)
            }
            Ok(Response::Refused(why)) => Err(PortError::new(PortErrorKind::Refused, why)),
            Ok(response) => Ok(Some(response)),
            Err(error) => Err(PortError::new(
                PortErrorKind::Malformed,
                format!("the guard's answer can't be read: {error}"),
            )),
        }
    }
}

fn unexpected(response: &impl std::fmt::Debug) -> PortError {
    PortError::new(
        PortErrorKind::Malformed,
        format!("the guard answered something else: {response:?}"),
    )
}
