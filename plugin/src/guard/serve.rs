//! The guard's process: takes the lease, opens the volumes, answers on its
//! socket, and watches the deadline.
#![allow(
    clippy::disallowed_methods,
    reason = "the guard's own loop is an adapter: it waits for the deadline and for callers"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use slackwater_cut::Cut;
use slackwater_hold::{Chore, LetGo, Standing, TICK_MS, Watch, standing};
use slackwater_ports::Clock;
use slackwater_store::{Holder, RunId};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast;
use tokio::time::MissedTickBehavior;

use super::hands::GuardHands;
use super::protocol::{Asked, MOST_LINE_BYTES, Request, Response};
use super::stand_by::stand_by;
use crate::adapters::{Lines, SystemClock, Terminal};
use crate::exit::Stop;
use crate::site::{Flush, GuardWith, Held, Site};

/// Whoever asked for the end is answered before this process ends, unless he
/// takes longer than this to read it.
const LAST_WORDS_MS: u64 = 5_000;

/// A guard that has its like waits until that one is there, too: its image is
/// pulled. Then whoever launched both gives it its deadline.
const IDLE_MS: u64 = 300_000;

/// Its clones count the questions that are not answered yet.
type Asking = Arc<()>;

/// Lines of progress that a slow caller may be behind.
const PROGRESS_BACKLOG: usize = 64;

struct Broadcast(broadcast::Sender<String>);

impl Lines for Broadcast {
    fn line(&self, text: &str) {
        // Nobody listening is no fault.
        let _ = self.0.send(text.to_owned());
    }
}

/// Runs until the run is over.
///
/// # Errors
/// A lease that another run holds; volumes that can't be opened.
pub fn serve(
    open: impl FnOnce(Terminal) -> Result<Site, Stop>,
    run: &RunId,
    with: &GuardWith,
) -> Result<(), Stop> {
    // Apart from whoever started it, so that a signal to his group or the end
    // of his terminal does not reach it. It fails only for a group's leader,
    // which is apart already.
    let _ = rustix::process::setsid();
    let (progress, _) = broadcast::channel(PROGRESS_BACKLOG);
    let terminal = Terminal::new(true).also_to(Box::new(Broadcast(progress.clone())));
    let mut site = open(terminal)?;
    site.allow_plain_copy = with.plain_copy;
    if with.leaves_kafka {
        site.leave_kafka()?;
    }
    if with.records {
        site.keep_recordings();
        site.recorder.of_run(run);
    }
    for pair in &with.components {
        site.take_component(pair)?;
    }
    site.prepare()?;
    site.ground().may_let_go(run)?;
    let holder = Holder {
        run_id: run.clone(),
        pid: std::process::id(),
        // Two guards in pods have the same process id.
        token: format!(
            "{run}-{}-{}-{:08x}",
            std::process::id(),
            SystemClock.now_ms(),
            fastrand::u32(..)
        ),
        deadline_ms: None,
        note: site.ground().guard_note(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Stop::failed)?;
    let path = site.ground().guard_socket();
    let site = Arc::new(site);
    // The last to let it go: what it speaks to the API server with is a runtime, too,
    // and one can't be dropped by a task of another.
    let kept = site.clone();
    let done = serve_on(&runtime, site, run, holder, &path, progress);
    match done {
        // What is under way belongs to whoever holds the mirror now.
        Err(_) => runtime.shutdown_background(),
        Ok(()) => drop(runtime),
    }
    drop(kept);
    done
}

fn serve_on(
    runtime: &tokio::runtime::Runtime,
    site: Arc<Site>,
    run: &RunId,
    holder: Holder,
    path: &Path,
    progress: broadcast::Sender<String>,
) -> Result<(), Stop> {
    if site.ground().stands_by() {
        // Whatever it needs to resume the mirror it has seen by now.
        let flush = site.ground().open_flush()?;
        site.ports(run)?;
        return runtime.block_on(async {
            let listener = listen(path)?;
            let lease = stand_by(site.clone(), &listener, run, holder).await?;
            match lease {
                Some(lease) => hold(site, run, lease, flush, listener, progress).await,
                None => Ok(()),
            }
        });
    }
    let lease = site.ground().leases().take(holder)?;
    let flush = site.ground().open_flush()?;
    runtime.block_on(async {
        let listener = listen(path)?;
        hold(site, run, lease, flush, listener, progress).await
    })
}

/// What an earlier one left there is taken away.
fn listen(path: &Path) -> Result<UnixListener, Stop> {
    let _ = std::fs::remove_file(path);
    UnixListener::bind(path)
        .map_err(|error| Stop::failed(format!("can't listen at {}: {error}", path.display())))
}

async fn hold(
    site: Arc<Site>,
    run: &RunId,
    mut lease: Box<dyn Held>,
    flush: Box<dyn Flush>,
    listener: UnixListener,
    progress: broadcast::Sender<String>,
) -> Result<(), Stop> {
    // A guard that is started again after its death keeps the deadline; where
    // nobody knows it any more, and something is stopped, it is now.
    let before = lease.taken_from().and_then(|left| left.deadline_ms);
    let now = SystemClock.now_ms();
    // By another machine's clock, which may be ahead: never longer than a window.
    let latest = now.saturating_add(site.settings.window_ms);
    let known = lease.holder().deadline_ms.or(before);
    let known = known.map(|at| at.min(latest));
    let document = site.runs().load(run).ok().map(|record| record.document);
    let standing = standing(document.as_deref());
    let deadline = known.or_else(|| (standing == Standing::Held).then_some(now));
    if deadline != lease.holder().deadline_ms {
        let mut holder = lease.holder().clone();
        holder.deadline_ms = deadline;
        lease.sign(holder).map_err(Stop::failed)?;
    }
    let mut watched = Watch::new(SystemClock.monotonic_ms(), site.close_ms);
    if site.ground().stands_by() {
        watched = watched.idle_after(IDLE_MS);
    }
    let waits = awaits_others(document.as_deref());
    let hands = Arc::new(GuardHands::new(site, run.clone(), flush, lease, standing));
    if waits {
        // The one before did, and is gone.
        hands.await_others();
    }
    watch(hands, listener, progress, watched).await
}

/// Whether others are at their snapshots of the run, by its document.
fn awaits_others(document: Option<&str>) -> bool {
    let cut = document.and_then(|document| Cut::parse(document).ok());
    cut.is_some_and(|cut| {
        let snapshot = cut.snapshot.as_ref();
        let sealed = snapshot.is_some_and(|one| one.found_before.is_some());
        let runs = cut
            .resume
            .as_ref()
            .is_some_and(|one| one.running_ms.is_some());
        sealed && !cut.state.is_final() && !runs
    })
}

async fn watch(
    hands: Arc<GuardHands>,
    listener: UnixListener,
    progress: broadcast::Sender<String>,
    mut watch: Watch,
) -> Result<(), Stop> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Stop::failed)?;
    let mut tick = tokio::time::interval(Duration::from_millis(TICK_MS));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut over_at: Option<u64> = None;
    // Each question holds a clone until it is answered.
    let asking = Asking::new(());
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    let answered = answer(hands.clone(), stream, progress.clone(), asking.clone());
                    tokio::spawn(answered);
                }
            }
            _ = terminate.recv() => {
                if hands.hold().is_resumed() && hands.has_its_like() {
                    // That one takes the lease, and waits for the close.
                    return Err(Stop::failed("the guard was told to end before the run was closed"));
                }
                abandon(&hands, "the guard was told to end", false);
            }
            _ = tick.tick() => {
                if !hands.is_ours() {
                    return Err(Stop::held("the lease was lost to another guard"));
                }
                match watch.tick(hands.hold(), &*hands) {
                    Some(Chore::Late(reason)) => abandon(&hands, reason, true),
                    Some(Chore::GiveUp(reason)) => abandon(&hands, reason, false),
                    Some(Chore::SeeIfFinal) => {
                        let looking = hands.clone();
                        tokio::task::spawn_blocking(move || {
                            looking.hold().leave_if_final(&*looking);
                            looking.see_to_its_prover();
                        });
                    }
                    None => {}
                }
                if hands.hold().is_over() {
                    let now = SystemClock.monotonic_ms();
                    let since = *over_at.get_or_insert(now);
                    if Asking::strong_count(&asking) == 1 || now.saturating_sub(since) > LAST_WORDS_MS {
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// In a thread of its own; a second one finds it done.
fn abandon(hands: &Arc<GuardHands>, reason: &'static str, only_if_late: bool) {
    let working = hands.clone();
    let work = tokio::task::spawn_blocking(move || {
        working.hold().abandon(&*working, reason, only_if_late)
    });
    let hands = hands.clone();
    tokio::spawn(async move {
        if work.await.is_err() {
            hands.hold().broke_off(&SystemClock);
        }
    });
}

async fn answer(
    hands: Arc<GuardHands>,
    stream: UnixStream,
    progress: broadcast::Sender<String>,
    asking: Asking,
) {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read.take(MOST_LINE_BYTES));
    let mut line = String::new();
    if read.read_line(&mut line).await.is_err() || line.is_empty() {
        return;
    }
    let request = match serde_json::from_str::<Asked>(&line) {
        Ok(asked) if asked.run == *hands.run() => asked.request,
        Ok(asked) => {
            let why = format!(
                "run {} holds the mirror, not run {}",
                hands.run(),
                asked.run
            );
            let _ = say(&mut write, &Response::Refused(why)).await;
            return;
        }
        Err(error) => {
            let why = format!("the question can't be read: {error}");
            let _ = say(&mut write, &Response::Refused(why)).await;
            return;
        }
    };
    tracing::debug!(?request, "asked");
    if request == Request::Attach {
        let _ = say(&mut write, &Response::Done).await;
        drop(asking);
        // Nothing comes any more but the end.
        let mut rest = [0; 1];
        while matches!(read.read(&mut rest).await, Ok(n) if n > 0) {}
        if !hands.hold().is_over() && !hands.awaits_others() {
            abandon(
                &hands,
                "the program that began the run ended before it",
                false,
            );
        }
        return;
    }
    let mut lines = progress.subscribe();
    let working = hands.clone();
    let mut work = tokio::task::spawn_blocking(move || respond(&working, request));
    loop {
        tokio::select! {
            done = &mut work => {
                let response = done.unwrap_or_else(|error| {
                    // A panic: what it held must not stay so.
                    hands.hold().broke_off(&SystemClock);
                    Response::Refused(error.to_string())
                });
                let _ = say(&mut write, &response).await;
                return;
            }
            Ok(text) = lines.recv() => {
                // A caller that is gone does not stop the work.
                let _ = say(&mut write, &Response::Progress(text)).await;
            }
        }
    }
}

fn respond(shared: &Arc<GuardHands>, request: Request) -> Response {
    let hands: &GuardHands = shared;
    let hold = hands.hold();
    match request {
        Request::Ready => Response::Done,
        // One that lost the lease speaks for nobody.
        _ if !hands.is_ours() => {
            Response::Refused("the lease was lost to another guard".to_owned())
        }
        Request::Look => Response::Guard(hold.view()),
        Request::Engage { window_ms } => match hold.engage(hands, window_ms) {
            Ok(view) => {
                hands.write_ahead();
                Response::Guard(view)
            }
            Err(why) => Response::Refused(why),
        },
        Request::Flush => match hands.flush() {
            Ok(flushed) => Response::Flushed(flushed),
            Err(error) => Response::Refused(error.message),
        },
        Request::Stop { connectors } => match hold.stop(hands, &connectors) {
            Ok(answers) => Response::Answers(answers),
            Err(why) => Response::Refused(why),
        },
        Request::StopBrokers => match hold.stop_brokers(hands) {
            Ok(Ok(answers)) => Response::Brokers(answers),
            Ok(Err(error)) => Response::Refused(error.message),
            Err(why) => Response::Refused(why),
        },
        Request::AwaitOthers => {
            shared.await_others();
            Response::Done
        }
        Request::Release => match hold.release(hands, LetGo::Asked) {
            Ok(released) => Response::Released(released),
            Err(why) => Response::Refused(why),
        },
        Request::Abandon { reason } => Response::Released(hold.abandon(hands, &reason, false)),
        Request::Finish => match hold.finish(hands) {
            Ok(()) => Response::Done,
            Err(why) => Response::Refused(why),
        },
        Request::Attach => Response::Done,
    }
}

pub(super) async fn say(
    write: &mut tokio::net::unix::OwnedWriteHalf,
    response: &Response,
) -> std::io::Result<()> {
    let mut line = serde_json::to_string(response).map_err(std::io::Error::other)?;
    line.push('\n');
    write.write_all(line.as_bytes()).await
}
