//! `slackwater reader`: reads the volumes of one node where they are mounted, for
//! a phase that runs elsewhere: a question a line on standard input, an answer a
//! line on standard output, and empty lines while it works.

use std::io::{self, BufRead as _, Write as _};
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use clap::Args;
use slackwater_content::{Asked, Folder, Folders, Part as _};
use slackwater_ports::{PortError, PortErrorKind};

use crate::exit::Stop;

/// Between two empty lines: whoever waits, and what lies between, must not think
/// that nobody is there.
const ALIVE: Duration = Duration::from_secs(5);

/// Read volumes for a phase that runs elsewhere.
#[derive(Debug, Args)]
pub(super) struct Reader {
    /// A volume: its name, the node that writes to it, where it is mounted, and
    /// what it was made from.
    #[arg(long, value_name = "NAME,BROKER,PATH,HANDLE", value_parser = folder)]
    volume: Vec<Folder>,
    /// Keep the pod there instead, until it is deleted.
    #[arg(long, conflicts_with = "volume")]
    wait: bool,
}

fn folder(text: &str) -> Result<Folder, String> {
    let parts: Vec<&str> = text.splitn(4, ',').collect();
    let &[volume, broker, path, opened_from] = parts.as_slice() else {
        return Err(format!("{text:?} is not NAME,BROKER,PATH,HANDLE"));
    };
    Ok(Folder {
        volume: volume.to_owned(),
        broker: broker
            .parse()
            .map_err(|_| format!("{broker:?} is no node.id"))?,
        path: PathBuf::from(path),
        opened_from: opened_from.to_owned(),
    })
}

impl Reader {
    pub(super) fn run(&self) -> Result<(), Stop> {
        if self.wait {
            return until_told();
        }
        let folders = Folders::new(self.volume.clone());
        for line in io::stdin().lock().lines() {
            let line = line.map_err(Stop::failed)?;
            let answer = match serde_json::from_str::<Asked>(&line) {
                Ok(asked) => working(|| folders.ask(&asked))?,
                Err(error) => Err(PortError::new(
                    PortErrorKind::Malformed,
                    format!("the question can't be read: {error}"),
                )),
            };
            let text = serde_json::to_string(&answer).map_err(Stop::failed)?;
            say(&text)?;
        }
        Ok(())
    }
}

/// With empty lines while it works.
pub(super) fn working<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Stop> {
    let (done, ended) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // Whoever waits for it is below.
            let _ = done.send(work());
        });
        loop {
            match ended.recv_timeout(ALIVE) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Timeout) => say("")?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Stop::failed("reading ended without an answer"));
                }
            }
        }
    })
}

pub(super) fn say(line: &str) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(Stop::failed)
}

/// A process that is its pod's first gets no signal that it does not handle.
fn until_told() -> Result<(), Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Stop::failed)?;
    runtime.block_on(async {
        let kind = tokio::signal::unix::SignalKind::terminate();
        let mut told = tokio::signal::unix::signal(kind).map_err(Stop::failed)?;
        told.recv().await;
        Ok(())
    })
}
