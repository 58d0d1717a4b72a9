//! The plan: where the log of each partition is cut, and why. A document like
//! the cut: canonical, with its own digest, and refused where that does not
//! hold. Nothing is done by it yet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use slackwater_cut::{canonical_json, sha256_hex};
use slackwater_ports::{Digest128, PartitionId};

use crate::depends::Depends;
use crate::replica::Standing;

/// The only version that this program writes and reads.
pub const PLAN_VERSION: &str = "slackwater/v1beta1";

/// No plan is larger: 10,000 partitions of three copies need about 8 MB.
pub const MAX_PLAN_BYTES: usize = 64 << 20;

/// What kind of document it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PlanKind {
    /// The only one.
    Plan,
}

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// `slackwater/v1beta1`
    pub api_version: String,
    /// `Plan`
    pub kind: PlanKind,
    /// The cut of these volumes; `null` where it was made without one.
    pub cut: Option<OfCut>,
    /// `cluster.id` of the log directories.
    pub cluster_id: Option<String>,
    /// In which order the point was looked for, and where it is.
    pub order: Ordered,
    /// What follows from it, in one sentence.
    pub guarantee: String,
    /// What pulls the point back; `null` where nothing goes.
    pub pulled_by: Option<PulledBy>,
    /// Topics that were left out of the order.
    pub excluded: Vec<String>,
    /// Whether Connect's own topics are left as they are, since that was asked for: what it
    /// skips then is known to whoever did. Left out where they are not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaves_connect: bool,
    /// All partitions of all log directories, sorted.
    pub partitions: Vec<PlannedPartition>,
    /// How far messages were apart as the volumes are.
    pub spread_before: Option<Spread>,
    /// And as they will be.
    pub spread_after: Option<Spread>,
    /// What else points into what goes, or past it.
    pub depends: Depends,
    /// How much was read.
    pub read: ReadCount,
    /// SHA-256 of the canonical form of all the rest.
    pub digest: Option<String>,
}

/// A cut that a plan rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfCut {
    /// Its run.
    pub run_id: String,
    /// SHA-256 of the document as it was read.
    pub sha256: String,
    /// Whether the volumes are not those of its run, or hold more than it saw: it says which
    /// topic is what, and not what the source had by then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_volumes: bool,
}

/// An order, and the point in it. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Ordered {
    /// That of the source's own acceptance.
    Source {
        /// All that was accepted before is kept.
        all_before_ms: u64,
        /// Nothing that was accepted after it is kept.
        none_after_ms: u64,
    },
    /// That of the messages' timestamps.
    Timestamp {
        /// Nothing kept is later, and nothing that goes is earlier.
        at_ms: i64,
        /// As it was stated: by so much may a record be out of order.
        epsilon_ms: u64,
    },
    /// That of a number which each message has, by a component of the site's own.
    Sequence {
        /// SHA-256 of that component.
        component: String,
        /// By how much a partition's numbers may be out of order, as it was stated.
        disorder: u64,
        /// The number that was stated to be there first; left out where it was found.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stated: Option<i64>,
        /// The number from which on missing ones count.
        first: i64,
        /// All from the first to this one are kept, and none above; nor goes one below the
        /// first. It may lie below that itself, where a transaction reaches so far back.
        last: i64,
        /// Runs of numbers that no partition holds, from the first to the greatest.
        gaps: u64,
        /// How many numbers these are.
        missing: u64,
        /// The first runs, each by its first and last number.
        listed: Vec<(i64, i64)>,
    },
}

impl Ordered {
    /// What the point guarantees.
    pub fn guarantee(&self) -> String {
        match self {
            Self::Source {
                all_before_ms,
                none_after_ms,
            } => format!(
                "all that the source accepted before {all_before_ms} ms is kept, nothing that it \
                 accepted after {none_after_ms} ms: no message is kept without another that was \
                 accepted more than {} ms earlier",
                none_after_ms.saturating_sub(*all_before_ms)
            ),
            Self::Timestamp { at_ms, epsilon_ms } => format!(
                "no message is kept that is later than {at_ms} ms, and none earlier is missing, as \
                 long as no partition's timestamps are out of order by more than {epsilon_ms} ms, \
                 producers' clocks apart included"
            ),
            Self::Sequence {
                disorder,
                first,
                last,
                gaps,
                missing,
                ..
            } => {
                let kept = match first <= last {
                    true => format!("messages {first} to {last} are all kept"),
                    // Transactions that can't be kept whole began below the first.
                    false => format!("of messages to {last} those that were there are all kept"),
                };
                format!(
                    "{kept}, and none above, as long as no partition's numbers are out of order by more \
                     than {disorder}; {missing} numbers in {gaps} runs were missing from {first} on"
                )
            }
        }
    }
}

/// What pulls the point back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PulledBy {
    /// Where.
    pub partition: PartitionId,
    /// Of a record, or where the log ends.
    pub offset: u64,
    /// Its place in the order; `null` where it has none.
    pub at: Option<i64>,
    /// The log ends there: what comes next was not there when it was copied.
    pub is_end: bool,
}

/// Whether a partition takes part in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// It does.
    Ordered,
    /// It is the mirror's own or Connect's: cut only where a transaction asks
    /// for it.
    Carried,
    /// Its topic was left out.
    Excluded,
}

/// Why a log is cut where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// Nothing goes.
    Whole,
    /// What follows comes after the point.
    Order,
    /// What follows belongs to a transaction that can't be kept whole.
    Transaction,
}

/// The last data record that is kept, so that it can be found on the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LastKept {
    /// Its offset on the mirror.
    pub offset: u64,
    /// Milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// Over key, value and headers.
    pub content: Digest128,
}

/// A record of Connect's own that a trim writes behind what it keeps, so that Connect
/// comes up as what is kept wants it. Both are JSON, or begin with a connector's name, as
/// Connect writes them (`KafkaConfigBackingStore`, `ConnectorOffsetBackingStore`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddedRecord {
    /// Its key.
    pub key: String,
    /// Its value; left out where it takes the key away (a tombstone).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
}

/// A transactional id that a trim lets its coordinator forget, as one that expired: by a
/// tombstone in `__transaction_state`. A coordinator that finds a transaction under way
/// ends it as it starts, by markers behind what is kept; and one that finds an epoch lower
/// than that of what is kept has its producer's records refused. Whoever comes next with
/// this id is given another producer id (`TransactionStateManager`, `InitProducerId`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ForgottenId {
    /// As its producer is configured.
    pub transactional_id: String,
    /// Of the tombstone, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedPartition {
    /// Which.
    pub partition: PartitionId,
    /// Whether it takes part.
    pub role: Role,
    /// The greatest log start of its copies.
    pub start: u64,
    /// Where the log that is kept ends now.
    pub end: u64,
    /// Up to where all copies keep it.
    pub cut: u64,
    /// Why there.
    pub why: Why,
    /// Data records that go; `null` where it takes no part and was not decoded.
    pub jettisoned_records: Option<u64>,
    /// The greatest timestamp now, in milliseconds since the Unix epoch.
    pub newest_ms: Option<i64>,
    /// And of what is kept; `null` where it has none or takes no part, or where the
    /// order is no time and something goes.
    pub newest_kept_ms: Option<i64>,
    /// The last record that is kept; `null` where that was not read.
    pub last_kept: Option<LastKept>,
    /// What is written behind what is kept; left out where that is nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<AddedRecord>,
    /// And then, of `__transaction_state`; left out where that is nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forgotten: Vec<ForgottenId>,
    /// The broker whose log is kept.
    pub kept_of: i32,
    /// Its copies, by broker.
    pub replicas: Vec<PlannedReplica>,
}

impl PlannedPartition {
    /// Where all copies will end: at the cut, or behind what is added there.
    pub fn ends_at(&self) -> u64 {
        self.cut + (self.added.len() + self.forgotten.len()) as u64
    }
}

/// How a copy stands to the log that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PlannedStanding {
    /// It is that log.
    Kept,
    /// It is the same.
    Same,
    /// It ends earlier, and gets what it lacks.
    Shorter,
    /// What it has past the common part is of a leader whose log did not last.
    Superseded,
    /// It ends before that log begins, and is replaced.
    Behind,
}

impl TryFrom<Standing> for PlannedStanding {
    type Error = ();

    fn try_from(standing: Standing) -> Result<Self, ()> {
        Ok(match standing {
            Standing::Kept => Self::Kept,
            Standing::Same => Self::Same,
            Standing::Shorter => Self::Shorter,
            Standing::Superseded => Self::Superseded,
            Standing::Behind => Self::Behind,
            Standing::Divergent => return Err(()),
        })
    }
}

/// A copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedReplica {
    /// `node.id` of its broker.
    pub node: i32,
    /// Log start offset.
    pub start: u64,
    /// Where its valid log ends now.
    pub end: u64,
    /// The offset up to which it has the batches of the log that is kept.
    pub agrees_to: u64,
    /// How it stands.
    pub standing: PlannedStanding,
    /// Why its log ends there though bytes follow; `null` where none do.
    pub broken: Option<String>,
    /// The offset from which on it was read.
    pub read_from: u64,
    /// Over what was read, and the names and sizes of all its segments: a plan
    /// is for these bytes, and no others.
    pub seen: Digest128,
}

/// How far messages are apart that can't be told from lost ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spread {
    /// From the earliest that may be missing to the latest that is there.
    pub ms: u64,
    /// How many are there that are later than the earliest that may be missing.
    pub messages: u64,
}

/// How much was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadCount {
    /// Copies of partitions.
    pub replicas: u64,
    /// Their last segments, and those before them.
    pub segments: u64,
    /// How many of these were not the last of their log.
    pub older_segments: u64,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// Why a document is no plan to go by.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Too large.
    #[error("the document has {0} bytes; no plan has more than {MAX_PLAN_BYTES}")]
    TooLarge(usize),
    /// No JSON, or another shape.
    #[error("the document is not a plan: {0}")]
    Shape(#[from] serde_json::Error),
    /// Another version.
    #[error("the document has apiVersion {0:?}; this program reads {PLAN_VERSION}")]
    Version(String),
    /// The digest is another one, or there is none.
    #[error("the plan's digest is not that of its content: it was changed")]
    Digest,
}

impl Plan {
    /// Reads a document, and holds it against its digest.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub fn parse(text: &str) -> Result<Self, PlanError> {
        if text.len() > MAX_PLAN_BYTES {
            return Err(PlanError::TooLarge(text.len()));
        }
        let plan: Self = serde_json::from_str(text)?;
        if plan.api_version != PLAN_VERSION {
            return Err(PlanError::Version(plan.api_version));
        }
        match plan.digest.is_some() && plan.digest == plan.compute_digest().ok() {
            true => Ok(plan),
            false => Err(PlanError::Digest),
        }
    }

    /// The canonical form.
    ///
    /// # Errors
    /// It would be larger than one that is read.
    pub fn to_canonical(&self) -> Result<String, PlanError> {
        let text = canonical_json(self)?;
        match text.len() > MAX_PLAN_BYTES {
            true => Err(PlanError::TooLarge(text.len())),
            false => Ok(text),
        }
    }

    /// SHA-256 of the canonical form of all but the digest.
    ///
    /// # Errors
    /// As above.
    pub fn compute_digest(&self) -> Result<String, PlanError> {
        let mut bare = self.clone();
        bare.digest = None;
        Ok(sha256_hex(bare.to_canonical()?.as_bytes()))
    }

    /// The same plan with its digest.
    ///
    /// # Errors
    /// As above.
    pub fn sealed(mut self) -> Result<Self, PlanError> {
        self.digest = Some(self.compute_digest()?);
        Ok(self)
    }
}
