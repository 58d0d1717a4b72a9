//! Speaking to a guard.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use slackwater_hold::Released;
use slackwater_ports::{
    Answer, BrokerAnswer, ConnectorRef, Flushed, GuardView, PortError, PortErrorKind, Seen,
};
use slackwater_store::RunId;

use super::protocol::{Asked, MOST_LINE_BYTES, Request, Response};
use crate::adapters::Terminal;

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

/// The socket of one run's guard.
#[derive(Clone)]
pub struct GuardClient {
    socket: PathBuf,
    run: RunId,
    terminal: Arc<Terminal>,
}

impl GuardClient {
    /// Nothing is asked yet.
    pub fn new(socket: PathBuf, run: RunId, terminal: Arc<Terminal>) -> Self {
        Self {
            socket,
            run,
            terminal,
        }
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

    /// Ties the run to the life of this process: as long as the connection
    /// that it gives is open.
    pub fn attach(&self) -> Seen<UnixStream> {
        let mut stream = self.connect(AT_ONCE)?;
        self.send(&mut stream, &Request::Attach)?;
        match self.answer(&stream)? {
            Response::Done => Ok(stream),
            other => Err(unexpected(&other)),
        }
    }

    fn ask(&self, request: &Request, timeout: Duration) -> Seen<Response> {
        let mut stream = self.connect(timeout)?;
        self.send(&mut stream, request)?;
        self.answer(&stream)
    }

    fn connect(&self, timeout: Duration) -> Seen<UnixStream> {
        let stream = UnixStream::connect(&self.socket).map_err(|error| {
            PortError::new(
                PortErrorKind::Unreachable,
                format!("no guard answers at {}: {error}", self.socket.display()),
            )
        })?;
        stream.set_read_timeout(Some(timeout)).map_err(broken)?;
        stream.set_write_timeout(Some(AT_ONCE)).map_err(broken)?;
        Ok(stream)
    }

    fn send(&self, stream: &mut UnixStream, request: &Request) -> Seen<()> {
        let asked = Asked {
            run: self.run.clone(),
            request: request.clone(),
        };
        let mut line = serde_json::to_string(&asked).map_err(|error| {
            PortError::new(
                PortErrorKind::Malformed,
                format!("can't ask the guard: {error}"),
            )
        })?;
        line.push('\n');
        stream.write_all(line.as_bytes()).map_err(broken)
    }

    fn answer(&self, stream: &UnixStream) -> Seen<Response> {
        let mut reader = BufReader::new(stream);
        loop {
            let mut line = String::new();
            let read = (&mut reader)
                .take(MOST_LINE_BYTES)
                .read_line(&mut line)
                .map_err(broken)?;
            if read == 0 {
                return Err(PortError::new(
                    PortErrorKind::Unreachable,
                    "the guard went away before it answered",
                ));
            }
            match serde_json::from_str(&line) {
                Ok(Response::Progress(text)) => self.terminal.progress_line(&text),
                Ok(Response::Refused(why)) => {
                    return Err(PortError::new(PortErrorKind::Refused, why));
                }
                Ok(response) => return Ok(response),
                Err(error) => {
                    return Err(PortError::new(
                        PortErrorKind::Malformed,
                        format!("the guard's answer can't be read: {error}"),
                    ));
                }
            }
        }
    }
}

fn broken(error: std::io::Error) -> PortError {
    let kind = match error.kind() {
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => PortErrorKind::Timeout,
        _ => PortErrorKind::Unreachable,
    };
    PortError::new(kind, format!("the guard does not answer: {error}"))
}

fn unexpected(response: &Response) -> PortError {
    PortError::new(
        PortErrorKind::Malformed,
        format!("the guard answered something else: {response:?}"),
    )
}
