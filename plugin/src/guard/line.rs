//! The way to a guard on this machine: its socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use slackwater_ports::{PortError, PortErrorKind, Seen};

use super::protocol::MOST_LINE_BYTES;
use crate::site::Line;

/// For a line to go out: it is read at once.
const SENT: Duration = Duration::from_secs(5);

/// See the module.
pub struct SocketLine {
    socket: PathBuf,
}

impl SocketLine {
    /// Nothing is asked yet.
    pub fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    fn send(&self, line: &str, silence: Duration) -> Seen<UnixStream> {
        let mut stream = UnixStream::connect(&self.socket).map_err(|error| {
            PortError::new(
                PortErrorKind::Unreachable,
                format!("no guard answers at {}: {error}", self.socket.display()),
            )
        })?;
        stream.set_read_timeout(Some(silence)).map_err(broken)?;
        stream.set_write_timeout(Some(SENT)).map_err(broken)?;
        let line = format!("{line}\n");
        stream.write_all(line.as_bytes()).map_err(broken)?;
        Ok(stream)
    }
}

/// `None` at its end.
fn next(reader: &mut BufReader<&UnixStream>) -> Seen<Option<String>> {
    let mut line = String::new();
    let read = reader
        .take(MOST_LINE_BYTES)
        .read_line(&mut line)
        .map_err(broken)?;
    Ok((read > 0).then_some(line))
}

impl Line for SocketLine {
    fn ask(&self, line: &str, silence: Duration, heard: &mut dyn FnMut(&str) -> bool) -> Seen<()> {
        let stream = self.send(line, silence)?;
        let mut reader = BufReader::new(&stream);
        while let Some(line) = next(&mut reader)? {
            if heard(&line) {
                break;
            }
        }
        Ok(())
    }

    fn hold_open(&self, line: &str, silence: Duration) -> Seen<(String, Box<dyn Send>)> {
        let stream = self.send(line, silence)?;
        let answer = next(&mut BufReader::new(&stream))?.unwrap_or_default();
        Ok((answer, Box::new(stream)))
    }
}

fn broken(error: std::io::Error) -> PortError {
    let kind = match error.kind() {
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => PortErrorKind::Timeout,
        _ => PortErrorKind::Unreachable,
    };
    PortError::new(kind, format!("the guard does not answer: {error}"))
}
