//! `covers(t)`: MirrorMaker had read past everything that the source had
//! accepted before *t*: the RPO point.
//!
//! Offsets of mirror and source are never compared as numbers: all of these
//! are the source's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use slackwater_ports::Interval;

use super::falls::{Change, Fall};
use super::{Judgement, name_some, silent_source, unmatched, without};
use crate::{Cut, GapCause, HeadSample, PartitionRow, Rows, SourceRow, Unreachable};

/// The evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CoversEvidence {
    /// When the sample was taken; *t* is the instant before its first
    /// request. Milliseconds since the Unix epoch.
    pub sampled: Interval,
    /// The source's high watermarks at the sample, one for each row that is a
    /// copy, in the order of the rows; `null` where there was no answer.
    pub heads: Vec<Option<u64>>,
    /// Source topics that the connectors' patterns match and no task copies.
    pub unassigned: Vec<String>,
    /// Source partitions that are copied and that the mirror has no row for.
    pub unmatched: Vec<String>,
    /// Sources that the run did without. Left out where there are none, so that cuts from
    /// before there was this field keep their digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreachable: Vec<Unreachable>,
    /// Whether partitions whose source had deleted something before the run
    /// leave it unproven.
    pub strict: bool,
}

/// How far one partition is covered.
enum Reach {
    Covered,
    Beyond(u64),
    Unknown(&'static str),
}

fn reach(head: Option<u64>, source: &SourceRow) -> Reach {
    let Some(head) = head else {
        return Reach::Unknown("has no head in the sample");
    };
    if source.gap.is_some_and(|gap| gap.cause == GapCause::Lost) {
        return Reach::Beyond(source.last_mirrored.map_or(0, |offset| offset + 1));
    }
    if source.gap.is_some_and(|gap| gap.cause == GapCause::Passed) {
        return Reach::Unknown("had records deleted before their offsets were committed");
    }
    // Read further than the source goes: another topic of that name, or a log
    // that was cut short.
    if source
        .last_mirrored
        .is_some_and(|committed| committed >= source.high_watermark)
    {
        return Reach::Unknown("ends before the committed offset on the source");
    }
    if let Some(next) = source.next
        && next.offset < head
    {
        return Reach::Beyond(next.offset);
    }
    // A reader of committed records gets no further either, so this is the
    // cause where both hold.
    if source.last_stable_offset < head {
        return Reach::Unknown("has an open transaction below the sample");
    }
    if source.next.is_none() && source.searched_to < head {
        return Reach::Unknown("was not searched as far as the sample");
    }
    Reach::Covered
}

/// Whether `sample`, whose heads are in the order of the copies in `rows`,
/// is covered.
pub(crate) fn is_covered(heads: &[Option<u64>], rows: &Rows) -> bool {
    rows.copies()
        .zip(heads)
        .all(|((_, source), head)| matches!(reach(*head, source), Reach::Covered))
}

/// The heads of `sample` in the order of the copies in `rows`.
pub(crate) fn align(cut: &Cut, sample: &HeadSample) -> Vec<Option<u64>> {
    let Some(quiesce) = &cut.quiesce else {
        return Vec::new();
    };
    let mut heads = std::collections::BTreeMap::new();
    for (of, head) in quiesce.sampled.iter().zip(&sample.heads) {
        let id = &of.partition;
        heads.insert((of.alias.as_str(), id.topic.as_str(), id.partition), *head);
    }
    cut.rows
        .copies()
        .map(|(row, _)| {
            let source = cut.rows.topic(row).source.as_ref()?;
            *heads.get(&(source.alias.as_str(), source.topic.as_str(), row.partition))?
        })
        .collect()
}

/// The newest of `samples` that is covered.
pub fn newest_covered<'a>(cut: &Cut, samples: &'a [HeadSample]) -> Option<&'a HeadSample> {
    samples
        .iter()
        .rev()
        .find(|sample| is_covered(&align(cut, sample), &cut.rows))
}

pub(super) fn gather(cut: &Cut) -> Result<CoversEvidence, String> {
    let quiesce = cut.quiesce.as_ref().ok_or("the mirror was not quiesced")?;
    let drain = cut.drain.as_ref().ok_or("the drain was not proven")?;
    let sample = newest_covered(cut, &quiesce.samples)
        .or(quiesce.samples.first())
        .ok_or("the source's heads were not sampled")?;
    Ok(CoversEvidence {
        sampled: sample.asked,
        heads: align(cut, sample),
        unassigned: quiesce.unassigned.clone(),
        unmatched: drain.unmatched.clone(),
        unreachable: cut.unreachable().cloned().collect(),
        strict: cut.settings.strict,
    })
}

impl CoversEvidence {
    pub(super) fn judge(&self, rows: &Rows) -> Judgement {
        let examined = rows.copies().count() as u64;
        match (self.of_the_rest(rows), without(&self.unreachable)) {
            (Err(judgement), _) => judgement,
            (Ok(_), Some(why)) => Judgement::unproven(examined, why),
            (Ok(reason), None) => Judgement::proven(examined, reason),
        }
    }

    /// Whether it is unproven for want of sources alone.
    pub(super) fn wants_sources_alone(&self, rows: &Rows) -> bool {
        !self.unreachable.is_empty() && self.of_the_rest(rows).is_ok()
    }

    /// Of all sources that were asked: the reason where it is proven, or another verdict.
    fn of_the_rest(&self, rows: &Rows) -> Result<String, Judgement> {
        let copies: Vec<(&PartitionRow, &SourceRow)> = rows.copies().collect();
        let examined = copies.len() as u64;
        let mut beyond = Vec::new();
        let mut unknown = Vec::new();
        for ((row, source), head) in copies.iter().zip(&self.heads) {
            match reach(*head, source) {
                Reach::Covered => {}
                Reach::Beyond(offset) => {
                    beyond.push(format!("{} (source offset {offset})", rows.name(row)));
                }
                Reach::Unknown(why) => unknown.push(format!("{} {why}", rows.name(row))),
            }
        }
        if self.heads.len() != copies.len() {
            return Err(Judgement::unproven(
                examined,
                "the sample is not that of the rows",
            ));
        }
        if !beyond.is_empty() {
            return Err(Judgement::refuted(
                examined,
                format!(
                    "not yet read when the mirror was stopped: {}",
                    name_some(&beyond)
                ),
            ));
        }
        if !unknown.is_empty() {
            return Err(Judgement::unproven(examined, name_some(&unknown)));
        }
        if let Some(row) = unmatched(rows, &self.unreachable) {
            return Err(Judgement::unproven(
                examined,
                format!("nothing is known of the source of {}", rows.name(row)),
            ));
        }
        if !self.unmatched.is_empty() {
            return Err(Judgement::unproven(
                examined,
                format!(
                    "copied, and not on the mirror: {}",
                    name_some(&self.unmatched)
                ),
            ));
        }
        if !self.unassigned.is_empty() {
            return Err(Judgement::unproven(
                examined,
                format!(
                    "no task copies these topics, which the connectors' patterns match: {}",
                    name_some(&self.unassigned)
                ),
            ));
        }
        if !self.sampled.is_well_formed() {
            return Err(Judgement::unproven(examined, "the sample has no time"));
        }
        let before_run: Vec<String> = copies
            .iter()
            .filter(|(_, source)| {
                source
                    .gap
                    .is_some_and(|gap| gap.cause == GapCause::BeforeRun)
            })
            .map(|(row, _)| rows.name(row))
            .collect();
        let apart = match before_run.len() {
            0 => String::new(),
            n => format!(
                "; what the source of {n} had deleted before the run is not known: {}",
                name_some(&before_run)
            ),
        };
        if self.strict && !before_run.is_empty() {
            return Err(Judgement::unproven(
                examined,
                apart.trim_start_matches("; "),
            ));
        }
        Ok(format!(
            "all that the source had accepted before {} ms since the epoch{apart}",
            self.sampled.first_request_ms
        ))
    }
}

/// Changes that must make it fall.
pub(super) fn falls() -> Vec<Fall> {
    vec![
        Fall::evidence("sampled.firstRequestMs", Change::Set(0.into())),
        Fall::evidence("sampled.lastAnswerMs", Change::Set(1.into())),
        Fall::evidence("heads[]", Change::Set(serde_json::Value::Null)),
        Fall::evidence("heads[]", Change::Set(u64::from(u32::MAX).into())),
        Fall::evidence("heads", Change::Push(0.into())),
        Fall::evidence("unassigned", Change::Push("t".into())),
        Fall::evidence("unmatched", Change::Push("t-0".into())),
        Fall::evidence("unreachable", Change::Push(silent_source())).left_out_where_empty(),
        Fall::evidence("strict", Change::Set(true.into())).with_a_gap_before_the_run(),
        Fall::seam_owners("source.highWatermark", Change::Set(0.into())),
        Fall::copies(
            "source.next",
            Change::Set(serde_json::json!({"offset": 0, "timestampMs": 0})),
        )
        .where_head_is_positive(),
        Fall::copies("source.searchedTo", Change::Set(0.into())).where_nothing_is_next(),
        Fall::copies("source.lastStableOffset", Change::Set(0.into())).where_head_is_positive(),
        Fall::copies(
            "source.gap",
            Change::Set(serde_json::json!({"first": 0, "logStartOffset": 1, "cause": "lost"})),
        ),
        Fall::copies(
            "source.gap",
            Change::Set(serde_json::json!({"first": 0, "logStartOffset": 1, "cause": "passed"})),
        ),
    ]
}
