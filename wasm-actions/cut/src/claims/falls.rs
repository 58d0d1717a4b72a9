//! Changes to evidence that must make a claim fall, and how they are applied.
//!
//! Evidence is changed as JSON, by path, so that a test can also list every
//! field that real evidence has and see that none was forgotten.

mod paths;

use serde_json::{Value, json};

use super::{
    ClaimName, Evidence, Verdict, consistent, covers, durable, heads_restored, intact, restored,
    resumable, still,
};
use crate::{Class, Rows};

pub use paths::leaf_paths;
use paths::{expand, head_of, row_of};

/// What is done to a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It gets this value.
    Set(Value),
    /// A number grows by this.
    Add(i64),
    /// A digest becomes another one.
    OtherDigest,
    /// A text becomes another one.
    OtherText,
    /// A list gets one element more.
    Push(Value),
    /// A list becomes empty.
    Clear,
}

/// Whose field it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Evidence,
    Rows,
    StillRows,
    /// Rows that `moved` in the evidence names.
    MovedRows,
    Copies,
    Seams,
    SeamOwners,
    StillTopics,
}

/// Where it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Only {
    Everywhere,
    /// The field's value is above zero.
    Positive,
    /// The field has a value at all.
    Said,
    /// The sampled head of the copy is above zero.
    HeadPositive,
    /// After one row has lost its seam.
    UnanswerableRow,
    /// The row's topic is not compacted.
    NotCompacted,
    /// It is.
    Compacted,
    /// The source has no record that is not copied yet.
    NothingNext,
    /// After one row's source has lost something before the run.
    GapBeforeRun,
    /// Of a list that is left out where it is empty.
    LeftOutWhereEmpty,
    /// The row may not move in the window.
    Still,
    /// An end moved after the volumes were cut at rest.
    EndMoved,
    /// The snapshot is of brokers that ran.
    NotAtRest,
}

/// One change that must make a claim fall.
#[derive(Debug, Clone, PartialEq)]
pub struct Fall {
    target: Target,
    field: String,
    change: Change,
    only: Only,
    /// Only where the evidence has this basis.
    basis: Option<&'static str>,
    /// Only where the evidence does not have this field.
    unless: Option<&'static str>,
}

impl Fall {
    fn new(target: Target, field: impl Into<String>, change: Change) -> Self {
        Self {
            target,
            field: field.into(),
            change,
            only: Only::Everywhere,
            basis: None,
            unless: None,
        }
    }

    pub(super) fn evidence(field: impl Into<String>, change: Change) -> Self {
        Self::new(Target::Evidence, field, change)
    }

    pub(super) fn rows(field: &str, change: Change) -> Self {
        Self::new(Target::Rows, field, change)
    }

    pub(super) fn still_rows(field: &str, change: Change) -> Self {
        Self::new(Target::StillRows, field, change)
    }

    pub(super) fn moved_rows(field: &str, change: Change) -> Self {
        Self::new(Target::MovedRows, field, change)
    }

    pub(super) fn copies(field: &str, change: Change) -> Self {
        Self::new(Target::Copies, field, change)
    }

    pub(super) fn seams(field: &str, change: Change) -> Self {
        Self::new(Target::Seams, format!("source.seam.{field}"), change)
    }

    pub(super) fn seam_owners(field: &str, change: Change) -> Self {
        Self::new(Target::SeamOwners, field, change)
    }

    pub(super) fn topics_that_stand_still(field: &str, change: Change) -> Self {
        Self::new(Target::StillTopics, field, change)
    }

    pub(super) fn where_positive(mut self) -> Self {
        self.only = Only::Positive;
        self
    }

    pub(super) fn where_said(mut self) -> Self {
        self.only = Only::Said;
        self
    }

    pub(super) fn where_not_compacted(mut self) -> Self {
        self.only = Only::NotCompacted;
        self
    }

    pub(super) fn where_compacted(mut self) -> Self {
        self.only = Only::Compacted;
        self
    }

    pub(super) fn with_a_gap_before_the_run(mut self) -> Self {
        self.only = Only::GapBeforeRun;
        self
    }

    pub(super) fn where_nothing_is_next(mut self) -> Self {
        self.only = Only::NothingNext;
        self
    }

    pub(super) fn where_still(mut self) -> Self {
        self.only = Only::Still;
        self
    }

    pub(super) fn where_not_at_rest(mut self) -> Self {
        self.only = Only::NotAtRest;
        self
    }

    pub(super) fn where_an_end_moved(mut self) -> Self {
        self.only = Only::EndMoved;
        self
    }

    pub(super) fn of_basis(mut self, basis: &'static str) -> Self {
        self.basis = Some(basis);
        self
    }

    pub(super) fn unless(mut self, field: &'static str) -> Self {
        self.unless = Some(field);
        self
    }

    pub(super) fn where_head_is_positive(mut self) -> Self {
        self.only = Only::HeadPositive;
        self
    }

    pub(super) fn left_out_where_empty(mut self) -> Self {
        self.only = Only::LeftOutWhereEmpty;
        self
    }

    pub(super) fn with_an_unanswerable_row(mut self) -> Self {
        self.only = Only::UnanswerableRow;
        self
    }

    /// Whether this change is to the evidence field at `leaf`, or to one in
    /// or above it.
    pub fn reaches(&self, leaf: &str) -> bool {
        self.target == Target::Evidence && self.covers(leaf)
    }

    /// Whether this change is to a row's field at `leaf`, as above.
    pub fn reaches_row(&self, leaf: &str) -> bool {
        !matches!(self.target, Target::Evidence | Target::StillTopics) && self.covers(leaf)
    }

    fn covers(&self, leaf: &str) -> bool {
        leaf == self.field
            || leaf.starts_with(&format!("{}.", self.field))
            || leaf.starts_with(&format!("{}[]", self.field))
            || self.field.starts_with(&format!("{leaf}."))
    }

    /// For a message.
    pub fn describe(&self) -> String {
        format!("{:?} {} {:?}", self.target, self.field, self.change)
    }
}

/// A change that a claim survived, or that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum FallError {
    /// It is still proven.
    #[error("{claim} is still proven after {fall} at {at}")]
    Survived {
        /// Which claim.
        claim: ClaimName,
        /// What was changed.
        fall: String,
        /// Where.
        at: String,
    },
    /// The change gave no readable evidence.
    #[error("{fall} gave unreadable evidence: {source}")]
    Unreadable {
        /// What was changed.
        fall: String,
        /// Why it can't be read.
        source: serde_json::Error,
    },
}

/// The changes that must make this claim fall.
pub fn falls_of(claim: ClaimName) -> Vec<Fall> {
    match claim {
        ClaimName::Still => still::falls(),
        ClaimName::Covers => covers::falls(),
        ClaimName::Resumable => resumable::falls(),
        ClaimName::HeadsRestored => heads_restored::falls(),
        ClaimName::Consistent => consistent::falls(),
        ClaimName::Durable => durable::falls(),
        ClaimName::Intact => intact::falls(),
        ClaimName::Restored => restored::falls(),
    }
}

/// Applies every change of `falls` to proven evidence, at the first, a middle
/// and the last place that it fits, and sees the claim fall each time. Gives
/// for each change at how many places it was tried.
pub fn apply_falls(
    claim: ClaimName,
    evidence: &Evidence,
    rows: &Rows,
    falls: &[Fall],
) -> Result<Vec<usize>, FallError> {
    falls
        .iter()
        .map(|fall| apply(claim, evidence, rows, fall))
        .collect()
}

fn apply(
    claim: ClaimName,
    evidence: &Evidence,
    rows: &Rows,
    fall: &Fall,
) -> Result<usize, FallError> {
    let unreadable = |source| FallError::Unreadable {
        fall: fall.describe(),
        source,
    };
    let mut base = json!({
        "evidence": serde_json::to_value(evidence).map_err(unreadable)?,
        "rows": serde_json::to_value(rows).map_err(unreadable)?,
    });
    let prepared = match fall.only {
        Only::UnanswerableRow => take_one_seam(&mut base),
        Only::GapBeforeRun => open_one_gap(&mut base),
        Only::LeftOutWhereEmpty => put_in(&mut base, &fall.field),
        _ => true,
    };
    if !prepared {
        return Ok(0);
    }
    let places = places(&base, rows, fall);
    let picked: Vec<&String> = match places.len() {
        0..=3 => places.iter().collect(),
        n => vec![&places[0], &places[n / 2], &places[n - 1]],
    };
    for pointer in &picked {
        let mut changed = base.clone();
        if let Some(value) = changed.pointer_mut(pointer) {
            change(value, &fall.change);
        }
        let after: Evidence =
            serde_json::from_value(changed["evidence"].take()).map_err(unreadable)?;
        let rows: Rows = serde_json::from_value(changed["rows"].take()).map_err(unreadable)?;
        if after.judge(&rows).verdict == Verdict::Proven {
            return Err(FallError::Survived {
                claim,
                fall: fall.describe(),
                at: (*pointer).clone(),
            });
        }
    }
    Ok(picked.len())
}

/// The JSON pointers at which a change fits.
fn places(base: &Value, rows: &Rows, fall: &Fall) -> Vec<String> {
    let of_rows = |keep: &dyn Fn(usize) -> bool| -> Vec<String> {
        (0..rows.partitions.len())
            .filter(|at| keep(*at))
            .map(|at| format!("/rows/partitions/{at}"))
            .collect()
    };
    let of_topics = |keep: &dyn Fn(usize) -> bool| -> Vec<String> {
        (0..rows.topics.len())
            .filter(|at| keep(*at))
            .map(|at| format!("/rows/topics/{at}"))
            .collect()
    };
    let class = |at: usize| rows.topic(&rows.partitions[at]).class;
    let source = |at: usize| rows.partitions[at].source.as_ref();
    // `Evidence` is an enum: its one key holds the evidence itself.
    let variant = base["evidence"]
        .as_object()
        .and_then(|map| map.keys().next().cloned())
        .unwrap_or_default();
    let moved = base.pointer(&format!("/evidence/{variant}/moved"));
    let has_moved = |at: usize| {
        let row = &rows.partitions[at];
        let partition = json!({"topic": rows.topic(row).name, "partition": row.partition});
        let mut moved = moved.and_then(Value::as_array).into_iter().flatten();
        moved.any(|moved| moved["partition"] == partition)
    };
    let roots = match fall.target {
        Target::Evidence => vec![format!("/evidence/{variant}")],
        Target::Rows => of_rows(&|_| true),
        Target::StillRows => of_rows(&|at| class(at) != Class::Own),
        Target::MovedRows => of_rows(&|at| has_moved(at)),
        Target::Copies => of_rows(&|at| source(at).is_some()),
        Target::Seams => of_rows(&|at| {
            source(at)
                .and_then(|source| source.seam.as_ref())
                .is_some_and(|seam| seam.uneven.is_none())
        }),
        Target::SeamOwners => of_rows(&|at| source(at).is_some_and(|source| source.seam.is_some())),
        Target::StillTopics => {
            of_topics(&|at| rows.still_rows().any(|row| row.topic as usize == at))
        }
    };
    let has_basis = |basis| {
        base.pointer(&format!("/evidence/{variant}/basis/{basis}"))
            .is_some()
    };
    if fall.basis.is_some_and(|basis| !has_basis(basis)) {
        return Vec::new();
    }
    let has = |field| {
        base.pointer(&format!("/evidence/{variant}/{field}"))
            .is_some()
    };
    if fall.unless.is_some_and(has) {
        return Vec::new();
    }
    let mut places = Vec::new();
    for root in roots {
        expand(base, &root, &fall.field, &mut places);
    }
    places.retain(|pointer| match fall.only {
        Only::Positive => base
            .pointer(pointer)
            .and_then(Value::as_u64)
            .is_some_and(|n| n > 0),
        Only::Said => base.pointer(pointer).is_some_and(|value| !value.is_null()),
        Only::HeadPositive => head_of(base, &variant, rows, pointer).is_some_and(|head| head > 0),
        Only::NotCompacted => {
            row_of(pointer).is_some_and(|at| !rows.topic(&rows.partitions[at]).compacted)
        }
        Only::NothingNext => {
            let source = row_of(pointer).and_then(source);
            let idle = source.is_some_and(|source| source.next.is_none());
            idle && head_of(base, &variant, rows, pointer).is_some_and(|head| head > 0)
        }
        Only::Compacted => {
            row_of(pointer).is_some_and(|at| rows.topic(&rows.partitions[at]).compacted)
        }
        Only::NotAtRest => {
            let dirs = base.pointer(&format!("/evidence/{variant}/dirs"));
            let mut dirs = dirs.and_then(Value::as_array).into_iter().flatten();
            dirs.any(|dir| dir["cleanShutdown"] == false)
        }
        Only::EndMoved => {
            let mut moved = moved.and_then(Value::as_array).into_iter().flatten();
            moved.any(|moved| moved["change"].get("highWatermark").is_some())
        }
        Only::Still => row_of(pointer).is_some_and(|at| class(at) != Class::Own),
        Only::Everywhere | Only::UnanswerableRow | Only::GapBeforeRun | Only::LeftOutWhereEmpty => {
            true
        }
    });
    // A change that changes nothing says nothing.
    places.retain(|pointer| {
        base.pointer(pointer).is_some_and(|value| {
            let mut changed = value.clone();
            change(&mut changed, &fall.change);
            changed != *value
        })
    });
    places
}

fn take_one_seam(base: &mut Value) -> bool {
    let Some(rows) = base["rows"]["partitions"].as_array_mut() else {
        return false;
    };
    // One that is left to be examined is needed beside it.
    if rows
        .iter()
        .filter(|row| !row["source"]["seam"].is_null())
        .count()
        < 2
    {
        return false;
    }
    for row in rows {
        if !row["source"]["seam"].is_null() {
            row["source"]["seam"] = Value::Null;
            return true;
        }
    }
    false
}

fn put_in(base: &mut Value, field: &str) -> bool {
    let evidence = base["evidence"].as_object_mut();
    let evidence = evidence.and_then(|variants| variants.values_mut().next());
    let list = evidence.and_then(Value::as_object_mut);
    list.is_some_and(|fields| {
        fields.entry(field).or_insert_with(|| json!([]));
        true
    })
}

fn open_one_gap(base: &mut Value) -> bool {
    let rows = base["rows"]["partitions"].as_array_mut();
    let copy = rows.and_then(|rows| rows.iter_mut().find(|row| !row["source"].is_null()));
    copy.is_some_and(|row| {
        row["source"]["gap"] = json!({"first": 0, "logStartOffset": 1, "cause": "beforeRun"});
        true
    })
}

fn change(value: &mut Value, change: &Change) {
    *value = match change {
        Change::Set(other) => other.clone(),
        Change::Add(by) => match value.as_i64() {
            Some(number) => (number + by).into(),
            None => value.clone(),
        },
        Change::OtherDigest if value.is_string() => "0123456789abcdef0123456789abcdef".into(),
        Change::OtherText if value.is_string() => {
            format!("{}x", value.as_str().unwrap_or_default()).into()
        }
        Change::OtherDigest | Change::OtherText => value.clone(),
        Change::Push(item) => {
            let mut list = value.as_array().cloned().unwrap_or_default();
            list.push(item.clone());
            Value::Array(list)
        }
        Change::Clear => json!([]),
    };
}
