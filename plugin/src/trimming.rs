//! What is asked of this program where all volumes of a mirror are mounted to be written
//! to: lines that go there, and lines that come back. Knows no Kubernetes, and does
//! nothing itself.

use serde::{Deserialize, Serialize};
use slackwater_cut::claims::Trimmed;
use slackwater_point::{MaxJettison, Plan};

/// In which order the point is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Order {
    /// That of the source's acceptance.
    Source,
    /// That of timestamps.
    Timestamp {
        /// By how much they may be out of order, ms.
        epsilon_ms: u64,
    },
}

/// How volumes are to be trimmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct How {
    /// The order.
    pub order: Order,
    /// What a topic may lose: ms.
    pub most_ms: u64,
    /// Or percent of its records, where that is more.
    pub most_percent: u64,
    /// Topics that say nothing of the order.
    pub exclude: Vec<String>,
}

impl How {
    /// What a topic may lose.
    pub fn most(&self) -> MaxJettison {
        MaxJettison {
            ms: self.most_ms,
            percent: self.most_percent,
        }
    }
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Asked {
    /// Who may write there.
    Owner,
    /// Plan and trim; what was begun goes on.
    Trim(Box<ToTrim>),
}

/// What, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToTrim {
    /// The cut of these volumes, in its canonical form.
    pub cut: String,
    /// How.
    pub how: How,
}

/// Whose the log directories are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Owner {
    /// Of the first one.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Whether whoever answers is that user, and so may do what a broker does.
    pub is_asked: bool,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Done {
    /// By which plan.
    pub plan: Plan,
    /// What lies there now.
    pub found: Trimmed,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Answered {
    /// To who may write.
    Owner(Owner),
    /// To a trim.
    Done(Box<Done>),
    /// What forbids it, or failed.
    No {
        /// In one line.
        why: String,
        /// What was found there forbids it; else it was not done.
        is_forbidden: bool,
    },
}
