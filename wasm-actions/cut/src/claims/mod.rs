//! What a cut claims, and how each claim is judged.
//!
//! Each claim has a module with three things: its evidence, taken from the
//! run document by `gather`; its verdict, a pure function of that evidence and
//! of the rows; and the changes that must make it fall, one at least for each
//! field of the evidence. A test applies all of them to evidence of real runs.

mod consistent;
mod covers;
mod durable;
mod falls;
mod heads_restored;
mod intact;
mod led_anew;
mod others;
mod replicas;
mod restored;
mod resumable;
mod start;
mod still;
mod volumes;

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use consistent::{ConsistentEvidence, Trimmed, TrimmedCopy, TrimmedPartition};
pub use covers::{CoversEvidence, newest_covered};
pub use durable::{DurableEvidence, FlushSeen, ProcessPair};
pub use falls::{Change, Fall, FallError, apply_falls, falls_of, leaf_paths};
pub use heads_restored::{HeadsRestoredEvidence, PlannedHead, PlannedHeads};
pub use intact::IntactEvidence;
pub use led_anew::LedAnew;
pub use restored::{Basis, RestoredEvidence};
pub use resumable::{CopyingConnect, ResumableEvidence};
pub use still::{EQUAL_LOOKS, StillEvidence, StillLook, TWO_FETCH_ROUNDS_MS};
pub use volumes::SnapshotHandle;

use crate::{Content, Cut, PartitionRow, RestoredLook, RowContent, Rows, Unreachable};

/// The claims.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum ClaimName {
    /// Nothing that MirrorMaker writes moved from the drain to the last cut.
    Still,
    /// What was acknowledged, and only that, is in the snapshot.
    Durable,
    /// The content is whole.
    Intact,
    /// MirrorMaker had read past all that the source had accepted before a
    /// stated instant.
    Covers,
    /// A restored mirror goes on with no hole and no duplicate.
    Resumable,
    /// On volumes, before a broker starts, what came back is the cut.
    Restored,
    /// On running brokers, what came back has the cut's heads.
    HeadsRestored,
    /// Volumes that were cut while the mirror ran, and trimmed, are one point.
    Consistent,
}

impl ClaimName {
    /// All, in the order in which they are reported.
    pub const ALL: [ClaimName; 8] = [
        ClaimName::Still,
        ClaimName::Durable,
        ClaimName::Intact,
        ClaimName::Covers,
        ClaimName::Resumable,
        ClaimName::Restored,
        ClaimName::HeadsRestored,
        ClaimName::Consistent,
    ];

    /// Whether it is of what came back, and not of the backup.
    pub fn is_of_a_restore(self) -> bool {
        matches!(
            self,
            Self::Restored | Self::HeadsRestored | Self::Consistent
        )
    }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ClaimName::Still => "still",
            ClaimName::Durable => "durable",
            ClaimName::Intact => "intact",
            ClaimName::Covers => "covers",
            ClaimName::Resumable => "resumable",
            ClaimName::Restored => "restored",
            ClaimName::HeadsRestored => "headsRestored",
            ClaimName::Consistent => "consistent",
        })
    }
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// The evidence shows it.
    Proven,
    /// The evidence shows the contrary.
    Refuted,
    /// The evidence shows neither.
    Unproven,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Proven => "proven",
            Verdict::Refuted => "refuted",
            Verdict::Unproven => "unproven",
        })
    }
}

/// A verdict, with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// How many things were examined.
    pub examined: u64,
    /// Why, in one line.
    pub reason: String,
}

impl Judgement {
    /// Proven, unless nothing was examined: nothing examined is never proven.
    pub fn proven(examined: u64, reason: impl Into<String>) -> Self {
        if examined == 0 {
            return Self::unproven(0, "nothing was examined");
        }
        Self {
            verdict: Verdict::Proven,
            examined,
            reason: reason.into(),
        }
    }

    /// The evidence shows the contrary.
    pub fn refuted(examined: u64, reason: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Refuted,
            examined,
            reason: reason.into(),
        }
    }

    /// The evidence shows neither.
    pub fn unproven(examined: u64, reason: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Unproven,
            examined,
            reason: reason.into(),
        }
    }
}

/// What a claim rests on, beside the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Evidence {
    /// Nothing: what would have to be examined was not.
    NotExamined {
        /// Why not.
        why: String,
    },
    /// Of `still`.
    Still(Box<StillEvidence>),
    /// Of `durable`.
    Durable(Box<DurableEvidence>),
    /// Of `intact`.
    Intact(Box<IntactEvidence>),
    /// Of `covers`.
    Covers(Box<CoversEvidence>),
    /// Of `resumable`.
    Resumable(Box<ResumableEvidence>),
    /// Of `restored`.
    Restored(Box<RestoredEvidence>),
    /// Of `headsRestored`.
    HeadsRestored(Box<HeadsRestoredEvidence>),
    /// Of `consistent`.
    Consistent(Box<ConsistentEvidence>),
}

impl Evidence {
    /// The verdict: a pure function of this and of the rows.
    pub fn judge(&self, rows: &Rows) -> Judgement {
        match self {
            Evidence::NotExamined { why } => Judgement::unproven(0, why.clone()),
            Evidence::Still(evidence) => evidence.judge(rows),
            Evidence::Durable(evidence) => evidence.judge(rows),
            Evidence::Intact(evidence) => evidence.judge(rows),
            Evidence::Restored(evidence) => evidence.judge(rows),
            Evidence::Covers(evidence) => evidence.judge(rows),
            Evidence::Resumable(evidence) => evidence.judge(rows),
            Evidence::HeadsRestored(evidence) => evidence.judge(rows),
            Evidence::Consistent(evidence) => evidence.judge(rows),
        }
    }
}

impl Evidence {
    /// Whether a claim is unproven because sources could not be asked, and for nothing else.
    pub fn wants_sources_alone(&self, rows: &Rows) -> bool {
        match self {
            Evidence::Covers(evidence) => evidence.wants_sources_alone(rows),
            Evidence::Resumable(evidence) => evidence.wants_sources_alone(rows),
            _ => false,
        }
    }
}

impl Evidence {
    /// Whether a claim is unproven because other brokers lead by now, and for nothing else:
    /// the snapshots, which were not read yet, tell whether nothing was written.
    pub fn wants_snapshots_alone(&self, rows: &Rows) -> bool {
        match self {
            Evidence::Still(evidence) => evidence.wants_snapshots_alone(rows),
            _ => false,
        }
    }
}

/// A claim with its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Claim {
    /// Which.
    pub name: ClaimName,
    /// What became of it.
    pub verdict: Verdict,
    /// How many things were examined for it.
    pub examined: u64,
    /// Why, in one line.
    pub reason: String,
    /// What it rests on, beside the rows of the cut.
    pub evidence: Evidence,
}

impl Claim {
    /// Judges `evidence`.
    pub fn from_evidence(name: ClaimName, evidence: Evidence, rows: &Rows) -> Self {
        let judgement = evidence.judge(rows);
        Self {
            name,
            verdict: judgement.verdict,
            examined: judgement.examined,
            reason: judgement.reason,
            evidence,
        }
    }

    /// Whether the evidence is of this claim's kind.
    pub(crate) fn is_consistent(&self) -> bool {
        let of = match &self.evidence {
            Evidence::NotExamined { .. } => return self.verdict != Verdict::Proven,
            Evidence::Still(_) => ClaimName::Still,
            Evidence::Durable(_) => ClaimName::Durable,
            Evidence::Intact(_) => ClaimName::Intact,
            Evidence::Covers(_) => ClaimName::Covers,
            Evidence::Resumable(_) => ClaimName::Resumable,
            Evidence::Restored(_) => ClaimName::Restored,
            Evidence::HeadsRestored(_) => ClaimName::HeadsRestored,
            Evidence::Consistent(_) => ClaimName::Consistent,
        };
        of == self.name
    }

    /// What stands for a claim that is not in the cut.
    pub(crate) fn missing(claim: &Claim) -> Self {
        Self {
            verdict: Verdict::Unproven,
            reason: "the cut does not have this claim".to_owned(),
            ..claim.clone()
        }
    }
}

/// Why a hot run proves little.
const RAN_ON: &str = "the mirror ran on while its volumes were cut";

/// All claims of a backup, judged from the sections of the run document.
pub fn judge(cut: &Cut) -> Vec<Claim> {
    let not_examined = |why: &str| Evidence::NotExamined {
        why: why.to_owned(),
    };
    let gathered = [
        (
            ClaimName::Still,
            still::gather(cut).map(Box::new).map(Evidence::Still),
        ),
        (
            ClaimName::Durable,
            durable::gather(cut).map(Box::new).map(Evidence::Durable),
        ),
        (
            ClaimName::Intact,
            intact::gather(cut).map(Box::new).map(Evidence::Intact),
        ),
        (
            ClaimName::Covers,
            covers::gather(cut).map(Box::new).map(Evidence::Covers),
        ),
        (
            ClaimName::Resumable,
            resumable::gather(cut)
                .map(Box::new)
                .map(Evidence::Resumable),
        ),
    ];
    gathered
        .into_iter()
        .map(|(name, evidence)| {
            let evidence = match cut.settings.strategy.can_prove(name) {
                true => evidence.unwrap_or_else(|why| not_examined(&why)),
                false => not_examined(RAN_ON),
            };
            Claim::from_evidence(name, evidence, &cut.rows)
        })
        .collect()
}

/// What was read of the snapshot.
fn content(cut: &Cut) -> Result<&Content, String> {
    const NOT_READ: &str = "the snapshot itself was not read; a client sees the high watermark, \
                            never what lies above it";
    cut.content.as_ref().ok_or_else(|| NOT_READ.to_owned())
}

/// When the last volume was cut; 0 where none was, or one is not.
fn last_cut_ms(cut: &Cut) -> u64 {
    let volumes = cut.snapshot.iter().flat_map(|snapshot| &snapshot.volumes);
    let all: Option<Vec<u64>> = volumes.map(|one| one.cut_ms).collect();
    all.and_then(|all| all.into_iter().max()).unwrap_or(0)
}

/// The claim `restored`, of volumes that were read, against a cut; one of
/// `rows` for each row of the cut.
pub fn judge_volumes(cut: &Cut, content: Content, rows: Vec<RowContent>) -> Claim {
    let evidence = RestoredEvidence::new(cut, content, rows);
    Claim::from_evidence(
        ClaimName::Restored,
        Evidence::Restored(Box::new(evidence)),
        &cut.rows,
    )
}

/// The claim `headsRestored`, of a restored mirror against a closed cut.
pub fn judge_restored(cut: &Cut, look: RestoredLook) -> Claim {
    let evidence = HeadsRestoredEvidence::new(cut, look);
    Claim::from_evidence(
        ClaimName::HeadsRestored,
        Evidence::HeadsRestored(Box::new(evidence)),
        &cut.rows,
    )
}

/// The claim `consistent`, of trimmed volumes against a closed cut; `document` is the
/// SHA-256 of that cut's document.
pub fn judge_trimmed(cut: &Cut, document: String, found: Trimmed) -> Claim {
    let evidence = ConsistentEvidence::new(cut, document, found);
    Claim::from_evidence(
        ClaimName::Consistent,
        Evidence::Consistent(Box::new(evidence)),
        &cut.rows,
    )
}

/// At most this many partitions are named in one reason: a line is for a
/// person, and the rows hold all of them.
const MOST_NAMED: usize = 5;

/// Why nothing is said of what would be compared with sources that the run did without.
fn without(unreachable: &[Unreachable]) -> Option<String> {
    let aliases: BTreeSet<&str> = unreachable.iter().map(|one| one.alias.as_str()).collect();
    let named: Vec<String> = aliases.into_iter().map(str::to_owned).collect();
    let why = &unreachable.first()?.why;
    Some(format!(
        "source {} can't be reached ({why})",
        name_some(&named)
    ))
}

/// A row of which nothing is known on its source's side, of a source that was asked.
fn unmatched<'r>(rows: &'r Rows, unreachable: &[Unreachable]) -> Option<&'r PartitionRow> {
    rows.unmatched_copies().find(|row| {
        let of = rows.topic(row).source.as_ref();
        let is_of = |one: &Unreachable| of.is_some_and(|of| of.alias == one.alias);
        !unreachable.iter().any(is_of)
    })
}

/// For the changes that must make a claim fall.
fn silent_source() -> serde_json::Value {
    serde_json::json!({"alias": "source", "why": "nobody answers"})
}

/// `a, b, c and 4 more`.
fn name_some(names: &[String]) -> String {
    let shown = names.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>();
    match names.len().saturating_sub(MOST_NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
