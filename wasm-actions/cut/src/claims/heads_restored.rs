//! `headsRestored`: what running brokers show of a restored mirror is the
//! cut's. Heads don't prove bodies: that is why it has a name of its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::falls::{Change, Fall};
use super::{Judgement, name_some};
use crate::{Cut, PartitionRow, RestoredLook, RestoredRow, Rows, State};

/// The evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HeadsRestoredEvidence {
    /// The cut's own digest; `null` where it was not closed.
    pub cut: Option<String>,
    /// The mirror's `cluster.id` in the cut.
    pub cluster_id: String,
    /// What was seen.
    pub look: RestoredLook,
}

impl HeadsRestoredEvidence {
    pub(super) fn new(cut: &Cut, look: RestoredLook) -> Self {
        let cluster_id = cut.mirror_cluster_id().to_owned();
        let closed = matches!(cut.state, State::Closed { .. });
        Self {
            cut: cut.digest.clone().filter(|_| closed),
            cluster_id,
            look,
        }
    }

    pub(super) fn judge(&self, rows: &Rows) -> Judgement {
        let expected: Vec<&PartitionRow> = rows.still_rows().collect();
        let examined = expected.len() as u64;
        let mut contrary = Vec::new();
        let mut unknown = Vec::new();
        let mut trailing = 0u64;
        for (row, seen) in expected.iter().zip(&self.look.rows) {
            let name = rows.name(row);
            match compare(row, &rows.topic(row).id, seen) {
                Found::Same => {}
                Found::TrailingMarkers => trailing += 1,
                Found::Other(what) => contrary.push(format!("{name} {what}")),
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
        if expected.len() != self.look.rows.len() || !unknown.is_empty() {
            return Judgement::unproven(examined, format!("no answer for {}", name_some(&unknown)));
        }
        if self.cut.is_none() {
            return Judgement::unproven(examined, "the cut is not closed");
        }
        if self.cluster_id.is_empty() || !self.look.asked.is_well_formed() {
            return Judgement::unproven(examined, "the look has no time or no cluster");
        }
        let mut reason = format!("{examined} partitions have the cut's ends and last records");
        if trailing > 0 {
            reason += &format!("; {trailing} end in transaction markers beyond it");
        }
        if !self.look.groups_beyond_end.is_empty() {
            reason += &format!(
                "; committed beyond the end: {}",
                name_some(&self.look.groups_beyond_end)
            );
        }
        Judgement::proven(examined, reason)
    }
}

enum Found {
    Same,
    /// A restored coordinator aborts what was open: markers follow, no data.
    TrailingMarkers,
    Other(String),
    Nothing,
}

fn compare(row: &PartitionRow, topic_id: &str, seen: &RestoredRow) -> Found {
    let Some(id) = &seen.topic_id else {
        return Found::Other("is not there".to_owned());
    };
    if id != topic_id {
        return Found::Other(format!("has topic id {id}, not {topic_id}"));
    }
    let Some(end) = seen.end else {
        return Found::Nothing;
    };
    if end < row.end {
        return Found::Other(format!("ends at {end}, {} before the cut", row.end - end));
    }
    if seen.beyond > 0 {
        return Found::Other(format!("has {} records past the cut's end", seen.beyond));
    }
    if !seen.tail_read {
        return Found::Nothing;
    }
    if seen.tail != row.tail {
        return Found::Other("has other last records than the cut".to_owned());
    }
    if end > row.end {
        return Found::TrailingMarkers;
    }
    Found::Same
}

/// Changes that must make it fall.
pub(super) fn falls() -> Vec<Fall> {
    vec![
        Fall::evidence("cut", Change::Set(serde_json::Value::Null)),
        Fall::evidence("clusterId", Change::OtherText),
        Fall::evidence("look.clusterId", Change::OtherText),
        Fall::evidence("look.asked.firstRequestMs", Change::Set(0.into())),
        Fall::evidence("look.asked.lastAnswerMs", Change::Set(1.into())),
        Fall::evidence("look.rows[].topicId", Change::OtherText),
        Fall::evidence("look.rows[].topicId", Change::Set(serde_json::Value::Null)),
        Fall::evidence("look.rows[].end", Change::Set(serde_json::Value::Null)),
        Fall::evidence("look.rows[].end", Change::Set(0.into())).where_positive(),
        Fall::evidence("look.rows[].beyond", Change::Add(1)),
        Fall::evidence("look.rows[].tailRead", Change::Set(false.into())),
        Fall::evidence("look.rows[].tail.count", Change::Add(1)),
        Fall::evidence("look.rows[].tail.digest", Change::OtherDigest),
        Fall::evidence("look.rows[].tail.lastOffset", Change::Add(1)),
        Fall::evidence("look.rows[].tail.lastTimestampMs", Change::Add(1)),
        Fall::evidence("look.rows[].tail.batchEpoch", Change::Add(1)),
        Fall::evidence("look.rows", Change::Clear),
        Fall::evidence("look.extra", Change::Push("t".into())),
        Fall::still_rows("end", Change::Add(1)),
        Fall::still_rows("tail.digest", Change::OtherDigest),
        Fall::topics_that_stand_still("id", Change::OtherText),
    ]
}
