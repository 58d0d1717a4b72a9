//! What is done to a run, and to whom. Pure.

use std::fmt;

/// Who is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    /// `slackwater backup`
    Program,
    /// The guard that it started.
    Guard,
    /// Both at once.
    Both,
    /// The Connect worker.
    Connect,
    /// A broker of the mirror.
    Broker(i32),
    /// The source's only broker.
    Source,
}

impl fmt::Display for Victim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Victim::Program => "program",
            Victim::Guard => "guard",
            Victim::Both => "program and guard",
            Victim::Connect => "Connect",
            Victim::Broker(_) => "a broker",
            Victim::Source => "the source",
        })
    }
}

/// A signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGKILL
    Kill,
    /// SIGSTOP, and SIGCONT later.
    Freeze,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Signal::Kill => "kill",
            Signal::Freeze => "freeze",
        })
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing: the run must prove all.
    Nothing,
    /// A signal at the moment.
    Signal(Signal, Victim),
    /// A signal in place of the n-th request of one of the victim's threads,
    /// counted from the moment on. What the program starts is counted as it
    /// is: the guard may be hit in its place.
    AtRequest(Signal, Victim, u32),
    /// The network between Connect and the mirror.
    Unplug,
    /// No free block on a broker's volume.
    FillVolume(i32),
    /// No free block where the run documents lie.
    FillStore,
    /// The clock on the wall jumps by so many seconds, for program and guard.
    Clock(i64),
    /// A broker dies, and its volume comes back without what was not flushed.
    PowerLoss(i32),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Nothing => f.write_str("nothing"),
            Fault::Signal(signal, victim) => write!(f, "{signal} {victim}"),
            Fault::AtRequest(signal, victim, _) => write!(f, "{signal} {victim} at a request"),
            Fault::Unplug => f.write_str("cut network"),
            Fault::FillVolume(_) => f.write_str("fill a broker's disk"),
            Fault::FillStore => f.write_str("fill the store's disk"),
            Fault::Clock(_) => f.write_str("move the clock"),
            Fault::PowerLoss(_) => f.write_str("power loss of a broker"),
        }
    }
}

impl Fault {
    /// What its name does not say.
    pub(crate) fn detail(self) -> String {
        match self {
            Fault::Signal(_, Victim::Broker(id)) | Fault::FillVolume(id) | Fault::PowerLoss(id) => {
                format!(" {id}")
            }
            Fault::AtRequest(_, _, request) => format!(" {request}"),
            Fault::Clock(seconds) => format!(" by {seconds} s"),
            _ => String::new(),
        }
    }

    /// Whether a resume can't be expected while it lasts: Connect can't be
    /// reached or can't write, or nobody is there to ask it.
    pub(crate) fn stands_in_the_way(self) -> bool {
        matches!(
            self,
            Fault::Signal(_, Victim::Both | Victim::Connect | Victim::Broker(_))
                | Fault::Unplug
                | Fault::FillVolume(_)
                | Fault::PowerLoss(_)
        )
    }
}
