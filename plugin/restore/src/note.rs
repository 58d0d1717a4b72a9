//! How far a restore is, as it is noted on the Kafka: whoever goes on with it, or
//! back, needs to know nothing else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use slackwater_store::RunId;

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Nothing runs, and the claims are gone: others restore them. The note's run is
    /// the last one before, whose volumes are kept.
    Aside,
    /// Volumes are exchanged; no broker may run.
    Volumes,
    /// What lies on them is the cut: brokers may start, and nothing else.
    VolumesProven,
    /// The brokers show the cut's heads: what feeds the mirror may start.
    HeadsProven,
    /// The volumes from before are put back; no broker may run.
    Back,
    /// They are: everything may start.
    IsBack,
}

/// The note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Note {
    /// Of which run's backup.
    pub run: RunId,
    /// How far.
    pub stage: Stage,
    /// Whether what retention would delete is held back: by a setting that is to be
    /// taken back.
    #[serde(default)]
    pub holds_retention: bool,
    /// What feeds it, as it was found before the Kafka was paused: the operator drops
    /// the addresses of a paused one, by which it is known.
    #[serde(default)]
    pub feeders: Vec<String>,
    /// Whether the Kafka was gone, and made by this restore: what went with it is
    /// made again, too.
    #[serde(default)]
    pub is_made: bool,
    /// Whether others have restored the claims: what these have is not from before it,
    /// and nobody goes back to that.
    #[serde(default)]
    pub on_claims: bool,
    /// Which claims its volumes were shown on, as [`crate::Seen::claims`]: one of the same name
    /// that was made since has another volume.
    #[serde(default)]
    pub shown_on: String,
}

/// It can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no note of a restore")]
pub struct NoteError(String);

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Text, a word and a truth always serialise.
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        serde_json::from_str(text).map_err(|_| NoteError(text.to_owned()))
    }
}
