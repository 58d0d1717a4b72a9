//! Starts the lab's long-lived processes, each killed by the kernel when this
//! process dies. May start processes; never ends one.
//!
//! The kernel sends a parent-death signal when the *thread* that made the
//! child ends (prctl(2), PR_SET_PDEATHSIG), and test threads are short-lived.
//! So one thread, which lives as long as the process, makes them all.

use std::io;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

use crate::error::LabError;

struct Request {
    command: Command,
    answer: Sender<io::Result<Child>>,
}

static SPAWNER: OnceLock<Sender<Request>> = OnceLock::new();

/// The words that make a command line die with its parent; `setpriv` sets the
/// signal and then becomes the program, so the process id is the program's.
pub(crate) const WITH_PARENT: [&str; 3] = ["setpriv", "--pdeathsig", "KILL"];

/// Starts `command` from the process's one spawning thread.
pub(crate) fn spawn(command: Command) -> Result<Child, LabError> {
    let what = format!("{command:?}");
    let failed = |source: io::Error| LabError::Io {
        action: format!("start {what}"),
        source,
    };
    let (answer, answered) = channel();
    spawner()
        .send(Request { command, answer })
        .map_err(|_| failed(io::Error::other("the spawning thread has ended")))?;
    answered
        .recv()
        .unwrap_or_else(|_| Err(io::Error::other("the spawning thread has ended")))
        .map_err(failed)
}

fn spawner() -> &'static Sender<Request> {
    SPAWNER.get_or_init(|| {
        let (sender, requests) = channel::<Request>();
        std::thread::spawn(move || {
            for mut request in requests {
                let _ = request.answer.send(request.command.spawn());
            }
        });
        sender
    })
}
