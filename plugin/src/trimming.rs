//! What is asked of this program where all volumes of a mirror are mounted to be written
//! to: lines that go there, and lines that come back. Knows no Kubernetes, and does
//! nothing itself.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use slackwater_cut::SourcePartition;
use slackwater_cut::claims::Trimmed;
use slackwater_point::{MaxJettison, Plan};
use slackwater_ports::PartitionId;

/// A partition, and how many more, in words.
pub fn first_and_more(first: &PartitionId, more: usize) -> String {
    match more {
        0 => first.to_string(),
        more => format!("{first} and {more} more"),
    }
}

/// In which order the point is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Order {
    /// That of the source's acceptance.
    Source,
    /// That of timestamps.
    Timestamp {
        /// By how much they may be out of order, ms.
        epsilon_ms: u64,
    },
    /// That of numbers, which a component of the site's own gives.
    Sequence {
        /// That component.
        key: OrderKey,
        /// The number that must be there first; `None` to have it found.
        first: Option<u64>,
        /// By how much numbers of a partition may be out of order.
        disorder: u64,
    },
}

/// A component that numbers messages, as it goes to where the volumes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderKey {
    /// What it is called by in words.
    pub name: String,
    /// Its bytes, in base64.
    base64: String,
}

impl OrderKey {
    /// Of these bytes.
    pub fn new(name: String, bytes: &[u8]) -> Self {
        Self {
            name,
            base64: STANDARD.encode(bytes),
        }
    }

    /// They.
    ///
    /// # Errors
    /// In words: no base64.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        let bytes = STANDARD.decode(&self.base64);
        bytes.map_err(|error| format!("{} did not come whole: {error}", self.name))
    }
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
    /// Plan only.
    Plan(Box<ToTrim>),
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
    /// What the sources were found to have where nothing on the volumes tells it.
    pub at_source: Vec<AtSource>,
}

impl ToTrim {
    /// The same by partition.
    pub fn at_source(&self) -> BTreeMap<SourcePartition, u64> {
        let each = self.at_source.iter();
        each.map(|one| (one.source.clone(), one.last)).collect()
    }
}

/// Where the last record that is kept of a partition lies on its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AtSource {
    /// The partition there.
    pub source: SourcePartition,
    /// The record's offset, or that of the same one that came before it.
    pub last: u64,
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
    /// Log directories on which an earlier trim lay and was over: what that had set aside is
    /// deleted.
    #[serde(default, skip_serializing_if = "is_none")]
    pub ended: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(dirs: &u64) -> bool {
    *dirs == 0
}

/// That MirrorMaker may skip something of topics that nobody wants protected, in words.
pub fn skips_unasked(plan: &Plan) -> Option<String> {
    let positions = plan.depends.positions.iter();
    let mut skips = positions.filter(|one| one.may_skip_unasked());
    let first = skips.next().filter(|_| !plan.leaves_connect)?;
    let those = first_and_more(&first.mirror, skips.count());
    Some(format!(
        "MirrorMaker may skip records in {those}: not protected, and the plan has its positions"
    ))
}

/// That an earlier trim was ended in so many log directories, in words.
pub fn earlier_ended(dirs: u64) -> Option<String> {
    (dirs > 0).then(|| {
        format!(
            "an earlier trim, by another plan, was over in {dirs} log directories, and what it had set \
             aside is deleted"
        )
    })
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Answered {
    /// To who may write.
    Owner(Owner),
    /// To who plans; nothing where what was begun goes on by a plan of its own.
    Planned(Option<Box<Plan>>),
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
