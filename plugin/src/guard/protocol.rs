//! What is said to a guard and what it answers: one JSON line each way, and
//! lines of progress in between.

use serde::{Deserialize, Serialize};
use slackwater_hold::Released;
use slackwater_ports::{Answer, BrokerAnswer, ConnectorRef, Flushed, GuardView};
use slackwater_store::RunId;

/// No line is longer: the longest answer names every volume.
pub(super) const MOST_LINE_BYTES: u64 = 1 << 20;

/// A question, and of which run: one mirror has one socket, and a run that
/// was just overtaken must not speak to another's guard as to its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// Whose guard is meant.
    pub run: RunId,
    /// What is asked of it.
    pub request: Request,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Request {
    /// Have you seen that you can hold the mirror? One that stands by answers
    /// this, too, and nothing else.
    Ready,
    /// Are you alive, and what do you hold?
    Look,
    /// The deadline is so many milliseconds from now, if there is none yet.
    Engage {
        /// Milliseconds.
        window_ms: u64,
    },
    /// Ask these connectors to stop. Only the guard does: so none is stopped
    /// after it has begun to resume.
    Stop {
        /// Which.
        connectors: Vec<ConnectorRef>,
    },
    /// Stop the brokers cleanly; only the guard does, for the same reason.
    StopBrokers,
    /// Flush the volumes.
    Flush,
    /// Wait for the snapshots that others make of the sealed run; when each volume has
    /// one, take the closing look, and resume the mirror.
    AwaitOthers,
    /// Take the closing look, and resume the mirror.
    Release,
    /// Resume the mirror and give the run up.
    Abandon {
        /// Why, in one line.
        reason: String,
    },
    /// This connection is the life of whoever began: when it ends before the
    /// run does, give the run up.
    Attach,
    /// The run is closed: give the lease back and go.
    Finish,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Response {
    /// A line of progress; the answer is still to come.
    Progress(String),
    /// To look and engage.
    Guard(GuardView),
    /// To stop: what Connect answered.
    Answers(Vec<Answer>),
    /// To the brokers' stop: what was said of each.
    Brokers(Vec<BrokerAnswer>),
    /// To flush.
    Flushed(Vec<Flushed>),
    /// To release and abandon.
    Released(Released),
    /// To ready, attach, finish, and to what is begun and not waited for.
    Done,
    /// It can't be done.
    Refused(String),
}
