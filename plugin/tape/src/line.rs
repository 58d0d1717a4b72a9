//! The lines of a recording.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use slackwater_ports::{Failure, Outcome};

/// What a recording says that it is.
pub const RECORDING: &str = "slackwater/v1beta1";

/// Its first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Begun {
    /// [`RECORDING`]
    pub recording: String,
    /// Which run it is of: the input of a phase is that run's document, which
    /// it asks for.
    pub run: String,
    /// For example `await-drain`.
    pub phase: String,
    /// Which of its exports, for example `run`.
    pub entry: String,
    /// SHA-256 of the component; empty where the phase ran natively.
    pub component: String,
}

/// A line of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Line {
    /// The first one.
    Begun(Begun),
    /// A call.
    Call {
        /// When it was answered. Milliseconds since the Unix epoch. For a
        /// reader: a replay does not look at it.
        at_ms: u64,
        /// For example `sweep`.
        name: String,
        /// Its arguments.
        asked: Value,
        /// What came back.
        answer: Value,
    },
    /// The last one.
    Ended {
        /// How the phase did.
        how: Result<Outcome, Failure>,
        /// SHA-256 over all lines before, line ends included. It finds what
        /// was damaged or edited; whoever edits on purpose can compute it
        /// anew, and then the replay differs.
        sha256: String,
    },
}

/// Why a recording can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    /// A line that is none.
    #[error("line {number} of the recording can't be read: {source}")]
    Line {
        /// From 1.
        number: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// It does not begin as one does.
    #[error("the recording does not begin with what it is a recording of")]
    NoBegin,
    /// Another version.
    #[error("the recording is {0:?}; this program reads {RECORDING}")]
    Version(String),
    /// It stops before the phase did.
    #[error("the recording breaks off after {0} calls: how the phase ended is not in it")]
    Truncated(usize),
    /// Something stands behind its end, or a second begin.
    #[error("line {0} of the recording stands where none may")]
    OutOfPlace(usize),
    /// The digest is another one.
    #[error("the recording was altered: its lines don't have the digest that stands at its end")]
    Altered,
}

/// Reads a recording: what it is of, its calls, and how it ended.
pub(crate) type Read = (Begun, Vec<(String, Value, Value)>, Result<Outcome, Failure>);

pub(crate) fn read(text: &str) -> Result<Read, TapeError> {
    let mut begun = None;
    let mut calls = Vec::new();
    let mut ended = None;
    let mut hash = Sha256::new();
    for (at, whole) in text.split_inclusive('\n').enumerate() {
        let number = at + 1;
        let line =
            serde_json::from_str(whole).map_err(|source| TapeError::Line { number, source })?;
        match line {
            Line::Begun(first) if at == 0 && first.recording != RECORDING => {
                return Err(TapeError::Version(first.recording));
            }
            Line::Begun(first) if at == 0 => begun = Some(first),
            _ if at == 0 => return Err(TapeError::NoBegin),
            _ if ended.is_some() => return Err(TapeError::OutOfPlace(number)),
            Line::Begun(_) => return Err(TapeError::OutOfPlace(number)),
            Line::Call {
                name,
                asked,
                answer,
                ..
            } => calls.push((name, asked, answer)),
            Line::Ended { how, sha256 } => {
                if sha256 != hex(hash.clone()) {
                    return Err(TapeError::Altered);
                }
                ended = Some(how);
            }
        }
        hash.update(whole.as_bytes());
    }
    let begun = begun.ok_or(TapeError::NoBegin)?;
    let ended = ended.ok_or(TapeError::Truncated(calls.len()))?;
    Ok((begun, calls, ended))
}

/// In 64 lower-case digits.
pub(crate) fn hex(hash: Sha256) -> String {
    let digits = hash.finalize();
    digits.iter().map(|byte| format!("{byte:02x}")).collect()
}
