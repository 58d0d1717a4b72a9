//! `headsRestored`: what running brokers show of a restored mirror is the
//! cut's. Heads don't prove bodies: that is why it has a name of its own.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use slackwater_ports::PartitionId;

use super::falls::{Change, Fall};
use super::{ClaimName, Evidence, Judgement, TrimmedPartition, Verdict, is_zero, name_some};
use crate::{Cut, PartitionRow, RestoredLook, RestoredRow, Rows, State, Tail, TopicRow};

/// The evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HeadsRestoredEvidence {
    /// The cut's own digest; `null` where it was not closed.
    pub cut: Option<String>,
    /// The revision that sealed it, where that is all that there is to hold it against;
    /// left out otherwise, so that cuts from before there was this field keep their
    /// digest.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sealed_revision: u64,
    /// The mirror's `cluster.id` in the cut.
    pub cluster_id: String,
    /// Where the volumes were trimmed: what is to be seen instead of the cut's own ends.
    /// Left out otherwise, for the same reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<PlannedHeads>,
    /// What was seen.
    pub look: RestoredLook,
}

/// The ends of volumes that were trimmed, by the claim `consistent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedHeads {
    /// Digest of the plan that they were trimmed by.
    pub plan: String,
    /// One for each row of the cut that may not move, in that order; `null` where the
    /// volumes had no such partition.
    pub rows: Vec<Option<PlannedHead>>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedHead {
    /// From where on its last records were read. Left out where it is 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub start: u64,
    /// Log end offset.
    pub end: u64,
    /// The last records below it; `null` where there are none.
    pub tail: Option<Tail>,
}

impl PlannedHeads {
    /// Those of a cut that has the claim, unless it is refuted, or the plan was made of
    /// another one.
    pub fn of(cut: &Cut) -> Option<Self> {
        let mut claims = cut.claims.iter();
        let claim = claims.find(|one| one.name == ClaimName::Consistent)?;
        let Evidence::Consistent(evidence) = &claim.evidence else {
            return None;
        };
        let found = &evidence.found;
        if claim.verdict == Verdict::Refuted || found.planned_of != evidence.document {
            return None;
        }
        let by_id: BTreeMap<&PartitionId, &TrimmedPartition> = found
            .partitions
            .iter()
            .map(|one| (&one.partition, one))
            .collect();
        let rows = cut.rows.still_rows().map(|row| {
            let id = PartitionId::new(cut.rows.topic(row).name.clone(), row.partition);
            by_id.get(&id).map(|one| PlannedHead {
                start: one.start,
                end: one.cut,
                tail: one.tail.clone(),
            })
        });
        Some(Self {
            plan: found.plan.clone(),
            rows: rows.collect(),
        })
    }
}

impl HeadsRestoredEvidence {
    pub(super) fn new(cut: &Cut, look: RestoredLook) -> Self {
        let cluster_id = cut.mirror_cluster_id().to_owned();
        let closed = matches!(cut.state, State::Closed { .. });
        let sealed = cut.snapshot.as_ref().map(|one| one.sealed_revision);
        Self {
            cut: cut.digest.clone().filter(|_| closed),
            // What became void since was sealed all the same.
            sealed_revision: match cut.state {
                State::Sealed | State::Void { .. } => sealed.unwrap_or_default(),
                State::Open | State::Closed { .. } => 0,
            },
            cluster_id,
            planned: PlannedHeads::of(cut),
            look,
        }
    }

    /// What is to be seen of each row; `None` where that is not known.
    fn wanted(&self, rows: &Rows) -> Vec<Option<PlannedHead>> {
        match &self.planned {
            Some(planned) => planned.rows.clone(),
            None => rows.still_rows().map(|row| Some(own(row))).collect(),
        }
    }

    pub(super) fn judge(&self, rows: &Rows) -> Judgement {
        let expected: Vec<&PartitionRow> = rows.still_rows().collect();
        let examined = expected.len() as u64;
        let mut contrary = Vec::new();
        let (mut unknown, mut undecided) = (Vec::new(), Vec::new());
        let (mut trailing, mut compacted) = (0u64, 0u64);
        let wanted = self.wanted(rows);
        let each = expected.iter().zip(&wanted).zip(&self.look.rows);
        for ((row, wanted), seen) in each {
            let name = rows.name(row);
            let Some(wanted) = wanted else {
                unknown.push(name);
                continue;
            };
            match compare(wanted, rows.topic(row), seen) {
                Found::Same => {}
                Found::TrailingMarkers => trailing += 1,
                Found::Compacted => compacted += 1,
                Found::Other(what) => contrary.push(format!("{name} {what}")),
                Found::MaybeCompacted => undecided.push(name),
                Found::Nothing => unknown.push(name),
            }
        }
        if self.cluster_id != self.look.cluster_id {
            return Judgement::refuted(
                examined,
                format!(
                    "this is cluster {}, the cut is of {}",
                    self.look.cluster_id, self.cluster_id
                ),
            );
        }
        if !contrary.is_empty() {
            return Judgement::refuted(examined, name_some(&contrary));
        }
        if !self.look.extra.is_empty() {
            return Judgement::refuted(
                examined,
                format!("not in the cut: {}", name_some(&self.look.extra)),
            );
        }
        let all = expected.len() == self.look.rows.len() && expected.len() == wanted.len();
        if !all || !unknown.is_empty() {
            return Judgement::unproven(examined, format!("no answer for {}", name_some(&unknown)));
        }
        if !undecided.is_empty() {
            let names = name_some(&undecided);
            return Judgement::unproven(
                examined,
                format!("compacted, or other last records: {names}"),
            );
        }
        if self.cut.is_none() && self.sealed_revision == 0 {
            return Judgement::unproven(examined, "the cut is neither closed nor sealed");
        }
        if self.cluster_id.is_empty() || !self.look.asked.is_well_formed() {
            return Judgement::unproven(examined, "the look has no time or no cluster");
        }
        if self.planned.as_ref().is_some_and(|one| one.plan.is_empty()) {
            return Judgement::unproven(examined, "nothing says by which plan it was trimmed");
        }
        let which = match (&self.planned, &self.cut) {
            (Some(_), _) => "plan",
            (None, Some(_)) => "cut",
            (None, None) => "sealed cut",
        };
        let mut reason = format!("{examined} partitions have the {which}'s ends and last records");
        if trailing > 0 {
            reason += &format!("; {trailing} end in transaction markers beyond it");
        }
        if compacted > 0 {
            reason += &format!("; of {compacted}, which are compacted, the last one");
        }
        reason += &match self.look.groups {
            Some(0) => "; no consumer group's offset was seen: there is none, or this program's \
                        user may not describe groups"
                .to_owned(),
            Some(n) if self.look.groups_beyond_end.is_empty() => {
                format!("; {n} consumer groups are within them")
            }
            Some(_) | None => String::new(),
        };
        if !self.look.groups_beyond_end.is_empty() {
            reason += &format!(
                "; committed beyond the end: {}",
                name_some(&self.look.groups_beyond_end)
            );
        }
        Judgement::proven(examined, reason)
    }
}

/// As the cut has it.
fn own(row: &PartitionRow) -> PlannedHead {
    PlannedHead {
        start: row.log_start_offset,
        end: row.high_watermark,
        tail: row.tail.clone(),
    }
}

enum Found {
    Same,
    /// A restored coordinator aborts what was open: markers follow, no data.
    TrailingMarkers,
    /// Each replica compacts by itself, and another one may lead now or have
    /// compacted since: more records or fewer, the same last one.
    Compacted,
    /// As many others, with the same last one: what a compaction may leave of
    /// many keys, which can't be told from here.
    MaybeCompacted,
    Other(String),
    Nothing,
}

impl Found {
    fn other_records() -> Self {
        Self::Other("has other last records than the cut".to_owned())
    }
}

/// A cleaner never takes the last record away.
fn same_last(cut: &Tail, seen: &Tail) -> bool {
    cut.last_offset == seen.last_offset
        && cut.last_timestamp_ms == seen.last_timestamp_ms
        && cut.batch_epoch == seen.batch_epoch
}

fn compare(wanted: &PlannedHead, topic: &TopicRow, seen: &RestoredRow) -> Found {
    let Some(id) = &seen.topic_id else {
        return Found::Other("is not there".to_owned());
    };
    if *id != topic.id {
        return Found::Other(format!("has topic id {id}, not {}", topic.id));
    }
    let Some(end) = seen.high_watermark else {
        return Found::Nothing;
    };
    if end < wanted.end {
        return Found::Other(format!(
            "ends at {end}, {} before the cut",
            wanted.end - end
        ));
    }
    if seen.beyond > 0 {
        return Found::Other(format!("has {} records past the cut's end", seen.beyond));
    }
    if !seen.tail_read {
        return Found::Nothing;
    }
    if seen.tail != wanted.tail {
        return match (&wanted.tail, &seen.tail) {
            (Some(cut), Some(seen)) if topic.compacted && same_last(cut, seen) => {
                match (seen.count == cut.count, seen.digest == cut.digest) {
                    (false, false) => Found::Compacted,
                    (true, _) => Found::MaybeCompacted,
                    // The digest covers how many there are.
                    (false, true) => Found::other_records(),
                }
            }
            _ => Found::other_records(),
        };
    }
    if end > wanted.end {
        return Found::TrailingMarkers;
    }
    Found::Same
}

/// Changes that must make it fall.
pub(super) fn falls() -> Vec<Fall> {
    vec![
        Fall::evidence("cut", Change::Set(serde_json::Value::Null)).where_said(),
        Fall::evidence("sealedRevision", Change::Set(0.into())),
        Fall::evidence("clusterId", Change::OtherText),
        Fall::evidence("look.clusterId", Change::OtherText),
        Fall::evidence("look.asked.firstRequestMs", Change::Set(0.into())),
        Fall::evidence("look.asked.lastAnswerMs", Change::Set(1.into())),
        Fall::evidence("look.rows[].topicId", Change::OtherText),
        Fall::evidence("look.rows[].topicId", Change::Set(serde_json::Value::Null)),
        Fall::evidence(
            "look.rows[].highWatermark",
            Change::Set(serde_json::Value::Null),
        ),
        Fall::evidence("look.rows[].highWatermark", Change::Set(0.into())).where_positive(),
        Fall::evidence("look.rows[].beyond", Change::Add(1)),
        Fall::evidence("look.rows[].tailRead", Change::Set(false.into())),
        Fall::evidence("look.rows[].tail.count", Change::Add(1)),
        Fall::evidence("look.rows[].tail.digest", Change::OtherDigest),
        Fall::evidence("look.rows[].tail.lastOffset", Change::Add(1)),
        Fall::evidence("look.rows[].tail.lastTimestampMs", Change::Add(1)),
        Fall::evidence("look.rows[].tail.batchEpoch", Change::Add(1)),
        Fall::evidence("planned.plan", Change::Set("".into())).where_said(),
        Fall::evidence("planned.rows", Change::Clear).where_said(),
        Fall::evidence("planned.rows[].end", Change::Add(1)).where_said(),
        Fall::evidence("planned.rows[].tail.count", Change::Add(1)).where_said(),
        Fall::evidence("planned.rows[].tail.digest", Change::OtherDigest).where_said(),
        Fall::evidence("planned.rows[].tail.lastOffset", Change::Add(1)).where_said(),
        Fall::evidence("planned.rows[].tail.lastTimestampMs", Change::Add(1)).where_said(),
        Fall::evidence("planned.rows[].tail.batchEpoch", Change::Add(1)).where_said(),
        Fall::evidence("look.rows", Change::Clear),
        Fall::evidence("look.extra", Change::Push("t".into())),
        Fall::still_rows("highWatermark", Change::Add(1)).unless("planned"),
        Fall::still_rows("tail.digest", Change::OtherDigest).unless("planned"),
        Fall::topics_that_stand_still("id", Change::OtherText),
    ]
}

#[cfg(test)]
mod tests {
    use slackwater_ports::Digest128;

    use super::*;
    use crate::Class;

    fn tail(count: u32, digest: u128, last_offset: u64) -> Tail {
        Tail {
            count,
            digest: Digest128(digest),
            last_offset,
            last_timestamp_ms: 5,
            batch_epoch: Some(0),
        }
    }

    fn found(compacted: bool, seen: Tail) -> Found {
        let topic = TopicRow {
            name: "heartbeats".to_owned(),
            id: "id".to_owned(),
            class: Class::MirrorState,
            partitions: 1,
            config: Digest128(0),
            compacted,
            retention_ms: None,
            retention_bytes: None,
            remote_storage: false,
            source: None,
        };
        let row = PartitionRow {
            closing_log_start_offset: None,
            topic: 0,
            partition: 0,
            log_start_offset: 0,
            high_watermark: 91,
            last_stable_offset: 91,
            leader_epoch: Some(0),
            replicas: Vec::new(),
            tail: Some(tail(64, 1, 90)),
            source: None,
            content: None,
        };
        let seen = RestoredRow {
            topic_id: Some("id".to_owned()),
            high_watermark: Some(91),
            tail_read: true,
            tail: Some(seen),
            beyond: 0,
        };
        compare(&own(&row), &topic, &seen)
    }

    #[test]
    fn what_replicas_compact_is_no_difference_as_long_as_the_last_record_is_the_same() {
        assert!(matches!(found(true, tail(64, 1, 90)), Found::Same));
        assert!(matches!(found(true, tail(6, 2, 90)), Found::Compacted));
        assert!(matches!(found(true, tail(80, 2, 90)), Found::Compacted));
        assert!(matches!(found(true, tail(6, 1, 90)), Found::Other(_)));
        assert!(matches!(
            found(true, tail(64, 2, 90)),
            Found::MaybeCompacted
        ));
        assert!(matches!(found(true, tail(6, 2, 89)), Found::Other(_)));
        assert!(matches!(found(false, tail(6, 2, 90)), Found::Other(_)));
    }
}
