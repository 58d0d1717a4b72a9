//! `resumable`: at the seam, a restored mirror goes on with no hole and no
//! duplicate.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::falls::{Change, Fall};
use super::{Judgement, name_some, silent_source, unmatched, without};
use crate::{
    Class, Cut, GapCause, Lost, PartitionRow, Quiesce, Rows, Seam, Settings, SourceRow, Unreachable,
};

/// The evidence, beside the seams in the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResumableEvidence {
    /// The mirror's `cluster.id`.
    pub mirror_cluster_id: String,
    /// The Connect clusters that copy records.
    pub connects: Vec<CopyingConnect>,
    /// How many records were to be compared in each partition.
    pub tail_records: u32,
    /// Whether partitions with nothing left to compare fail it.
    pub strict: bool,
    /// What the source had deleted when the mirror was resumed.
    pub lost: Vec<Lost>,
    /// Copied partitions whose source gave no answer then.
    pub unanswered: u32,
    /// Source partitions that are copied and that the mirror has no row for.
    pub unmatched: Vec<String>,
    /// Sources that the run did without. Left out where there are none, so that cuts from
    /// before there was this field keep their digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreachable: Vec<Unreachable>,
    /// Connectors that change records on the way.
    pub transforms: Vec<String>,
}

/// A Connect cluster that copies records. Heartbeats may run on another one,
/// whose topics are elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CopyingConnect {
    /// Its name in the configuration.
    pub name: String,
    /// The Kafka cluster that its topics are on, by its own word; `null` where
    /// it was not identified.
    pub kafka_cluster_id: Option<String>,
    /// Its own topics: they must be among the rows.
    pub topics: Vec<String>,
}

/// What one partition answers.
enum Answer {
    Equal,
    /// No record was ever copied, and none is there.
    Empty,
    Unanswerable,
    Doubt(String),
    Contrary(String),
}

pub(super) fn gather(cut: &Cut) -> Result<ResumableEvidence, String> {
    let quiesce = cut.quiesce.as_ref().ok_or("the mirror was not quiesced")?;
    let drain = cut.drain.as_ref().ok_or("the drain was not proven")?;
    let resume = cut.resume.as_ref().ok_or("the mirror was not resumed")?;
    let mirror = quiesce
        .clusters
        .iter()
        .find(|cluster| cluster.alias.is_none())
        .ok_or("the mirror was not identified")?;
    Ok(ResumableEvidence {
        mirror_cluster_id: mirror.cluster_id.clone(),
        connects: copying(quiesce, &cut.settings),
        tail_records: cut.settings.tail_records,
        strict: cut.settings.strict,
        lost: resume.lost.clone(),
        unanswered: resume.unanswered,
        unmatched: drain.unmatched.clone(),
        unreachable: cut.unreachable().cloned().collect(),
        transforms: quiesce
            .connectors
            .iter()
            .filter(|prior| prior.transforms)
            .map(|prior| prior.connector.to_string())
            .collect(),
    })
}

fn copying(quiesce: &Quiesce, settings: &Settings) -> Vec<CopyingConnect> {
    let copies = quiesce.connectors.iter().filter(|prior| prior.copies);
    let names: BTreeSet<&String> = copies.map(|prior| &prior.connector.connect).collect();
    let identified = |name: &String| quiesce.connects.iter().find(|one| one.name == *name);
    let configured = |name: &String| settings.connects.iter().find(|one| one.name == *name);
    let connect = |name: &String| CopyingConnect {
        name: name.clone(),
        kafka_cluster_id: identified(name).map(|one| one.kafka_cluster_id.clone()),
        topics: configured(name).map_or_else(Vec::new, |one| {
            one.topics.names().map(str::to_owned).to_vec()
        }),
    };
    names.into_iter().map(connect).collect()
}

impl ResumableEvidence {
    pub(super) fn judge(&self, rows: &Rows) -> Judgement {
        match (self.of_the_rest(rows), without(&self.unreachable)) {
            (Err(judgement), _) => judgement,
            (Ok((equal, _)), Some(why)) => Judgement::unproven(equal, why),
            (Ok((equal, reason)), None) => Judgement::proven(equal, reason),
        }
    }

    /// Whether it is unproven for want of sources alone.
    pub(super) fn wants_sources_alone(&self, rows: &Rows) -> bool {
        !self.unreachable.is_empty() && self.of_the_rest(rows).is_ok()
    }

    /// Of all sources that were asked: how many partitions are equal and the reason where it is
    /// proven, or another verdict.
    fn of_the_rest(&self, rows: &Rows) -> Result<(u64, String), Judgement> {
        let mut equal = 0;
        let (mut contrary, mut doubts, mut unanswerable) = (Vec::new(), Vec::new(), Vec::new());
        for (row, source) in rows.copies() {
            let name = rows.name(row);
            match self.answer(row, source, rows.topic(row).compacted) {
                Answer::Equal => equal += 1,
                Answer::Empty => {}
                Answer::Unanswerable => unanswerable.push(name),
                Answer::Doubt(why) => doubts.push(format!("{name} {why}")),
                Answer::Contrary(why) => contrary.push(format!("{name} {why}")),
            }
        }
        if let Some(why) = self.elsewhere(rows) {
            return Err(Judgement::refuted(equal, why));
        }
        contrary.extend(self.lost.iter().map(|lost| {
            format!(
                "{} of source {} has deleted what the mirror needs: {} offsets from {}",
                lost.partition,
                lost.alias,
                lost.log_start_offset.saturating_sub(lost.needed),
                lost.needed
            )
        }));
        if !contrary.is_empty() {
            return Err(Judgement::refuted(equal, name_some(&contrary)));
        }
        if let Some(why) = self.incomplete(rows) {
            return Err(Judgement::unproven(equal, why));
        }
        if !doubts.is_empty() {
            return Err(Judgement::unproven(equal, name_some(&doubts)));
        }
        if unanswerable.is_empty() {
            let reason = format!("the last records of {equal} partitions equal the source's");
            return Ok((equal, reason));
        }
        let apart = format!(
            "nothing left to compare in {}: {}",
            unanswerable.len(),
            name_some(&unanswerable)
        );
        match self.strict {
            true => Err(Judgement::unproven(equal, apart)),
            false => Ok((
                equal,
                format!("{equal} partitions equal the source; {apart}"),
            )),
        }
    }

    fn elsewhere(&self, rows: &Rows) -> Option<String> {
        let mut clusters = self.connects.iter().flat_map(|one| &one.kafka_cluster_id);
        if let Some(other) = clusters.find(|id| **id != self.mirror_cluster_id) {
            return Some(format!(
                "Connect's topics are on cluster {other}, not on the mirror {}",
                self.mirror_cluster_id
            ));
        }
        self.connects
            .iter()
            .flat_map(|one| &one.topics)
            .find(|name| {
                !rows
                    .topics
                    .iter()
                    .any(|topic| topic.name == **name && topic.class == Class::MirrorState)
            })
            .map(|name| format!("Connect's topic {name} is not in the cut"))
    }

    fn incomplete(&self, rows: &Rows) -> Option<String> {
        if let Some(row) = unmatched(rows, &self.unreachable) {
            return Some(format!(
                "nothing is known of the source of {}",
                rows.name(row)
            ));
        }
        if !self.unmatched.is_empty() {
            let named = name_some(&self.unmatched);
            return Some(format!("copied, and not on the mirror: {named}"));
        }
        if !self.transforms.is_empty() {
            let named = name_some(&self.transforms);
            return Some(format!("records are changed on the way by {named}"));
        }
        if self.unanswered > 0 {
            return Some(format!(
                "{} partitions of the source gave no answer at the resume",
                self.unanswered
            ));
        }
        let missing = [
            (
                self.connects.is_empty(),
                "no Connect cluster was seen to copy records",
            ),
            (
                self.connects
                    .iter()
                    .any(|one| one.kafka_cluster_id.is_none()),
                "a Connect cluster was not identified",
            ),
            (
                self.connects.iter().any(|one| one.topics.is_empty()),
                "Connect's topics are not known",
            ),
            (self.tail_records == 0, "no records were to be compared"),
        ];
        missing
            .into_iter()
            .find_map(|(is, why)| is.then(|| why.to_owned()))
    }

    fn answer(&self, row: &PartitionRow, source: &SourceRow, compacted: bool) -> Answer {
        if source.gap.is_some_and(|gap| gap.cause == GapCause::Lost) {
            return Answer::Contrary("needs records that the source has deleted".to_owned());
        }
        if source
            .last_mirrored
            .is_some_and(|committed| committed >= source.high_watermark)
        {
            return Answer::Contrary(
                "was copied further than the source goes: another topic of that name?".to_owned(),
            );
        }
        if source.last_mirrored.is_some() && source.tail_read.is_none() {
            return Answer::Doubt("could not be read on the source".to_owned());
        }
        match (&source.seam, source.last_mirrored, &row.tail) {
            (None, None, None) => Answer::Empty,
            (_, None, Some(_)) => Answer::Contrary(
                "has records and no committed offset: all would be copied again".to_owned(),
            ),
            // (One that retention emptied begins above 0; one that a cleaner emptied does
            // not, and ends above it. Markers and aborted records alone are none either.)
            (None, Some(_), None)
                if (row.high_watermark == 0 || row.log_start_offset == 0 && !compacted)
                    && source.tail_read.is_some_and(|count| count > 0) =>
            {
                Answer::Contrary("has none of the records that were copied".to_owned())
            }
            (None, _, _) => Answer::Unanswerable,
            (Some(_), _, None) => Answer::Doubt("was compared without records".to_owned()),
            (Some(seam), Some(committed), Some(_)) => {
                self.compare(seam, committed, row.log_start_offset, compacted)
            }
        }
    }

    fn compare(&self, seam: &Seam, committed: u64, start: u64, compacted: bool) -> Answer {
        let most = self.tail_records;
        if seam.mirror_count > most || seam.source_count > most {
            return Answer::Doubt("compared more records than were asked for".to_owned());
        }
        if seam.compared != seam.source_count.min(seam.mirror_count) {
            return Answer::Doubt("was not compared as far as both sides go".to_owned());
        }
        if seam.compared == 0 {
            return Answer::Unanswerable;
        }
        if !compacted && seam.source_last_offset != committed {
            return Answer::Doubt("has no record at the committed offset on the source".to_owned());
        }
        if !compacted && seam.mirror_count < seam.source_count && start == 0 {
            return Answer::Doubt("has fewer records than the source had".to_owned());
        }
        if let Some(uneven) = &seam.uneven {
            if !compacted {
                return Answer::Doubt("was compared as compacted and is not".to_owned());
            }
            if uneven.mirror_last != uneven.source_last {
                // The source may have cleaned its last one away.
                return Answer::Doubt("ends with another record than the source".to_owned());
            }
            if uneven.out_of_order > 0 || uneven.common == 0 {
                return Answer::Contrary(format!(
                    "has {} records in another order than the source",
                    uneven.out_of_order
                ));
            }
            return Answer::Equal;
        }
        if seam.mirror != seam.source {
            return Answer::Contrary(match seam.ahead {
                Some(ahead) => format!(
                    "is {ahead} records ahead of the committed offset: they would be copied twice"
                ),
                None => "does not end as the source does at the committed offset".to_owned(),
            });
        }
        if seam.periodic {
            return Answer::Doubt("ends in records that repeat: a shift would not show".to_owned());
        }
        if seam.ahead.is_some_and(|ahead| ahead > 0) {
            return Answer::Doubt("equals the source and is ahead of it".to_owned());
        }
        Answer::Equal
    }
}

/// Changes that must make it fall.
pub(super) fn falls() -> Vec<Fall> {
    vec![
        Fall::evidence("mirrorClusterId", Change::OtherText),
        Fall::evidence("connects[].kafkaClusterId", Change::OtherText),
        Fall::evidence("connects[].kafkaClusterId", Change::Set(Value::Null)),
        Fall::evidence("connects[].topics[]", Change::OtherText),
        Fall::evidence("connects[].topics", Change::Clear),
        Fall::evidence("connects", Change::Clear),
        Fall::evidence(
            "lost",
            Change::Push(serde_json::json!({
                "alias": "src",
                "partition": {"topic": "t", "partition": 0},
                "needed": 1,
                "logStartOffset": 2,
            })),
        ),
        Fall::evidence("unanswered", Change::Add(1)),
        Fall::evidence("unmatched", Change::Push("t-0".into())),
        Fall::evidence("unreachable", Change::Push(silent_source())).left_out_where_empty(),
        Fall::evidence("transforms", Change::Push("c".into())),
        Fall::evidence("tailRecords", Change::Set(0.into())),
        // Strict only matters where something can't be answered: the test
        // makes one row so.
        Fall::evidence("strict", Change::Set(true.into())).with_an_unanswerable_row(),
        Fall::seams("mirror", Change::OtherDigest),
        Fall::seams("source", Change::OtherDigest),
        Fall::seams("periodic", Change::Set(true.into())),
        Fall::seams("compared", Change::Add(-1)),
        Fall::seams("mirrorCount", Change::Set(0.into())),
        Fall::seams("sourceCount", Change::Set(0.into())),
        Fall::seams("ahead", Change::Set(1.into())),
        Fall::seams("sourceLastOffset", Change::Add(1)).where_not_compacted(),
        Fall::seams(
            "uneven",
            Change::Set(serde_json::json!({
                "common": 1,
                "outOfOrder": 0,
                "mirrorLast": "0123456789abcdef0123456789abcdef",
                "sourceLast": "0123456789abcdef0123456789abcdef",
            })),
        )
        .where_not_compacted(),
        Fall::seam_owners("source.highWatermark", Change::Set(0.into())),
        Fall::seam_owners("source.tailRead", Change::Set(Value::Null)),
        Fall::seam_owners("source.lastMirrored", Change::Set(Value::Null)),
        Fall::copies(
            "source.gap",
            Change::Set(serde_json::json!({"first": 0, "logStartOffset": 1, "cause": "lost"})),
        ),
    ]
}
