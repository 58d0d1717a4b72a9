//! A guard that waits for the lease while its like has it.
#![allow(
    clippy::disallowed_methods,
    reason = "the guard's own loop is an adapter: it waits for the lease"
)]

use std::sync::Arc;
use std::time::Duration;

use slackwater_cut::Cut;
use slackwater_store::{Holder, LeaseState, RunId};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};

use super::protocol::{Asked, MOST_LINE_BYTES, Request, Response};
use super::serve::say;
use crate::exit::{Exit, Stop};
use crate::site::{Held, Site};

/// Between two looks at the lease.
const LOOK: Duration = Duration::from_secs(1);

/// Waits until the lease is taken, and answers meanwhile that it is ready.
/// `None` where the run is over.
pub(super) async fn stand_by(
    site: Arc<Site>,
    listener: &UnixListener,
    run: &RunId,
    holder: Holder,
) -> Result<Option<Box<dyn Held>>, Stop> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Stop::failed)?;
    let of = run.clone();
    let mut taken = tokio::task::spawn_blocking(move || take(&site, &of, &holder));
    loop {
        tokio::select! {
            taken = &mut taken => return taken.map_err(Stop::failed)?,
            // It holds nothing: whoever does goes on without it.
            _ = terminate.recv() => {
                return Err(Stop::failed("the guard was told to end while it stood by"));
            }
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    tokio::spawn(answer(stream, run.clone()));
                }
            }
        }
    }
}

fn take(site: &Site, run: &RunId, holder: &Holder) -> Result<Option<Box<dyn Held>>, Stop> {
    loop {
        match may_take(site, run) {
            Ok(May::Take) => match site.ground().leases().take(holder.clone()) {
                Ok(lease) => return Ok(Some(lease)),
                Err(stop) if stop.exit == Exit::Held => tracing::info!("{stop}"),
                Err(stop) => tracing::warn!("the lease can't be taken: {stop}"),
            },
            Ok(May::Wait) => {}
            Ok(May::Go) => return Ok(None),
            Err(stop) => tracing::warn!("it is not known who holds the mirror: {stop}"),
        }
        std::thread::sleep(LOOK);
    }
}

enum May {
    Take,
    Wait,
    Go,
}

fn may_take(site: &Site, run: &RunId) -> Result<May, Stop> {
    Ok(match site.ground().leases().look()? {
        // Another's: a restore comes when a run is over.
        LeaseState::Held(Some(other)) if other.run_id != *run && is_over(site, run)? => May::Go,
        LeaseState::Held(_) => May::Wait,
        // What it stopped has to be let go, whatever became of the run.
        LeaseState::Expired(left) if left.run_id == *run => May::Take,
        // Another's has to be put right by whoever comes for it.
        LeaseState::Free | LeaseState::Expired(_) if is_over(site, run)? => May::Go,
        LeaseState::Free => May::Take,
        LeaseState::Expired(_) => May::Wait,
    })
}

fn is_over(site: &Site, run: &RunId) -> Result<bool, Stop> {
    match site.runs().load(run) {
        Ok(record) => {
            let cut = Cut::parse(&record.document).map_err(Stop::failed)?;
            Ok(cut.state.is_final())
        }
        Err(error) if error.is_missing() => Ok(true),
        Err(error) => Err(Stop::failed(error)),
    }
}

async fn answer(stream: UnixStream, run: RunId) {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let read = BufReader::new(read.take(MOST_LINE_BYTES))
        .read_line(&mut line)
        .await;
    if read.is_err() {
        return;
    }
    let response = match serde_json::from_str::<Asked>(&line) {
        Ok(asked) if asked.run == run && asked.request == Request::Ready => Response::Done,
        _ => Response::Refused(format!("this guard stands by for run {run}")),
    };
    let _ = say(&mut write, &response).await;
}
