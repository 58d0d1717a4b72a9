//! `consistent`: volumes that were cut while the mirror ran, and were trimmed by a plan,
//! all end where the plan says, with the same batches on every copy: no message is there
//! without those that come before it in the plan's order.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use slackwater_ports::PartitionId;

use super::falls::{Change, Fall};
use super::replicas::{Findings, Read};
use super::volumes::moved;
use super::{Judgement, is_zero, last_cut_ms, name_some};
use crate::{Class, Cut, PartitionRow, Rows, State, Tail};

/// The evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsistentEvidence {
    /// The cut's own digest; `null` where it was not closed.
    pub cut: Option<String>,
    /// SHA-256 of the cut's document.
    pub document: String,
    /// The mirror's `cluster.id` in the cut.
    pub cluster_id: String,
    /// What the source had that is not copied as it is, as far as the run saw: no order
    /// says anything of it.
    pub not_copied: Vec<String>,
    /// Topics on the volumes that the configuration does not protect: they lie where the plan
    /// says, and whether all of their copies are there is not known. Left out where there are
    /// none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unprotected: Vec<String>,
    /// What was found.
    pub found: Trimmed,
}

/// Trimmed volumes, held against their plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trimmed {
    /// The plan's digest.
    pub plan: String,
    /// SHA-256 of the document of the cut that it was made of; empty where it was made
    /// without one.
    pub planned_of: String,
    /// Whether these are not the volumes of that cut's run, or hold more than it saw.
    #[serde(default)]
    pub other_volumes: bool,
    /// What its order guarantees, in one sentence.
    pub guarantee: String,
    /// Topics that are in no order.
    pub excluded: Vec<String>,
    /// `cluster.id` of the log directories; empty where they have none.
    pub cluster_id: String,
    /// All partitions of the plan.
    pub partitions: Vec<TrimmedPartition>,
    /// Partitions that lie on the volumes and that the plan does not have.
    pub unplanned: Vec<String>,
}

/// A partition of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrimmedPartition {
    /// Which.
    pub partition: PartitionId,
    /// From where on all of its copies have what is there: below the greatest of their log
    /// start offsets there is no answer that all of them have. Left out where it is 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub start: u64,
    /// The id of the topic that its copies are of; left out where none of them says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_id: Option<String>,
    /// Where all of its copies are to end.
    pub cut: u64,
    /// How many copies the plan has.
    pub planned: u32,
    /// Those that are there.
    pub copies: Vec<TrimmedCopy>,
    /// The last records, as a client of brokers that run on it reads them: what
    /// `headsRestored` is held against. Left out where none was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<Tail>,
}

/// A copy of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrimmedCopy {
    /// `node.id` of its broker.
    pub node: i32,
    /// Its log end offset.
    pub end: u64,
    /// What is wrong with it.
    pub wrong: Option<String>,
    /// Whether it holds the same batches as the others, up to its end.
    pub same: bool,
}

impl ConsistentEvidence {
    pub(super) fn new(cut: &Cut, document: String, found: Trimmed) -> Self {
        let closed = matches!(cut.state, State::Closed { .. });
        Self {
            cut: cut.digest.clone().filter(|_| closed),
            document,
            cluster_id: cut.mirror_cluster_id().to_owned(),
            not_copied: [not_copied(cut), without_their_fronts(cut, &found)].concat(),
            unprotected: unprotected(cut, &found),
            found,
        }
    }

    pub(super) fn judge(&self, rows: &Rows) -> Judgement {
        let found = &self.found;
        let copies = found.partitions.iter().map(|one| one.copies.len() as u64);
        let examined = copies.sum();
        if found.cluster_id != self.cluster_id {
            return Judgement::refuted(
                examined,
                format!(
                    "these are volumes of cluster {:?}, the cut is of {:?}",
                    found.cluster_id, self.cluster_id
                ),
            );
        }
        let mut wrong: Vec<String> = found.partitions.iter().filter_map(wrong).collect();
        wrong.extend(self.of_other_topics(rows));
        if !wrong.is_empty() {
            return Judgement::refuted(examined, name_some(&wrong));
        }
        match self.unknown(rows) {
            unknown if !unknown.is_empty() => Judgement::unproven(examined, name_some(&unknown)),
            _ => Judgement::proven(
                examined,
                format!(
                    "{examined} copies of {} partitions end where the plan cut them, with the same \
                     batches: {}{}{}",
                    found.partitions.len(),
                    found.guarantee,
                    but("in no order", &found.excluded),
                    but("not protected", &self.unprotected),
                ),
            ),
        }
    }

    /// Partitions of topics that were made anew. Those of other volumes may have been, and one
    /// that is in no order.
    fn of_other_topics(&self, rows: &Rows) -> Vec<String> {
        let topics = rows.topics.iter().filter(|_| !self.found.other_volumes);
        let ids: BTreeMap<&str, &str> = topics
            .filter(|one| !self.found.excluded.contains(&one.name))
            .map(|one| (one.name.as_str(), one.id.as_str()))
            .collect();
        let each = self.found.partitions.iter().filter_map(|one| {
            let of = one.topic_id.as_deref()?;
            let known = ids.get(one.partition.topic.as_str())?;
            let id = &one.partition;
            (of != *known).then(|| format!("{id} is of a topic {of}, and of {known} in the cut"))
        });
        each.collect()
    }

    fn unknown(&self, rows: &Rows) -> Vec<String> {
        let found = &self.found;
        let mut unknown = Vec::new();
        let planned: BTreeSet<&PartitionId> =
            found.partitions.iter().map(|one| &one.partition).collect();
        for one in &found.partitions {
            let there = u32::try_from(one.copies.len()).unwrap_or(u32::MAX);
            if there != one.planned || there == 0 {
                unknown.push(format!(
                    "{} has {there} copies, and {} in the plan",
                    one.partition, one.planned
                ));
            }
        }
        let mut still = 0;
        for row in rows.still_rows() {
            still += 1;
            let id = PartitionId::new(rows.topic(row).name.clone(), row.partition);
            if !planned.contains(&id) {
                unknown.push(format!("{id} is in the cut, and not in the plan"));
            }
        }
        let known = rows.partitions.iter();
        let known = known.map(|row| PartitionId::new(rows.topic(row).name.clone(), row.partition));
        let known: BTreeSet<PartitionId> = known.collect();
        let left_out = |id: &PartitionId| self.unprotected.contains(&id.topic);
        let newer = planned.iter().filter(|id| !known.contains(id));
        let newer = newer.filter(|id| !left_out(id));
        unknown.extend(newer.map(|id| {
            format!("{id} is not in the cut: which brokers have a copy of it is not known")
        }));
        let others = found.unplanned.iter();
        unknown.extend(others.map(|one| format!("{one} is not in the plan")));
        // What is ordered is a copy of a source's.
        let copied = |topic: &str| {
            let mut topics = rows.topics.iter();
            topics.any(|one| one.class == Class::Mirrored && one.name == topic)
        };
        let excluded = |topic: &str| found.excluded.iter().any(|one| one == topic);
        let ordered = planned
            .iter()
            .any(|id| copied(&id.topic) && !excluded(&id.topic));
        if still == 0 || !ordered {
            unknown.push("no partition that was mirrored is in the order".to_owned());
        }
        unknown.extend(moved(rows.topics.iter()));
        let left = self.not_copied.iter();
        unknown.extend(left.map(|one| format!("not copied: {one}")));
        if self.cut.is_none() {
            unknown.push("the cut is not closed".to_owned());
        }
        if self.document.is_empty() || found.planned_of != self.document {
            unknown.push("the plan was made of another document than this cut's".to_owned());
        }
        if found.other_volumes {
            unknown.push(
                "what the source had when these volumes were cut is not in the cut".to_owned(),
            );
        }
        if found.plan.is_empty() || found.guarantee.is_empty() {
            unknown.push("the plan has no digest, or guarantees nothing".to_owned());
        }
        if self.cluster_id.is_empty() {
            unknown.push("the cut does not say which cluster it is of".to_owned());
        }
        unknown
    }
}

/// Of what the claim is not, where there is something.
fn but(what: &str, topics: &[String]) -> String {
    match topics {
        [] => String::new(),
        topics => format!("; {what}: {}", name_some(topics)),
    }
}

fn unprotected(cut: &Cut, found: &Trimmed) -> Vec<String> {
    let topics = found.partitions.iter().map(|one| &one.partition.topic);
    let topics: BTreeSet<&String> = topics.filter(|one| !cut.settings.protects(one)).collect();
    let has_rows = |topic: &String| cut.rows.topics.iter().any(|row| row.name == *topic);
    let connects = || cut.settings.connects.iter();
    // Those of Kafka and of MirrorMaker are protected, whatever is included.
    let is_state = |topic: &str| {
        let by_name = topic.starts_with("__") || topic.ends_with("internal");
        by_name || connects().any(|one| one.topics.names().contains(&topic))
    };
    let topics = topics
        .into_iter()
        .filter(|topic| !has_rows(topic) && !is_state(topic));
    topics.cloned().collect()
}

/// Topics that nothing copies yet, partitions without a copy, connectors that change or
/// leave out records, and what a source had deleted before it was copied.
fn not_copied(cut: &Cut) -> Vec<String> {
    let Some(quiesce) = &cut.quiesce else {
        return vec!["nothing says what the source had".to_owned()];
    };
    let mut left: Vec<String> = quiesce.unassigned.clone();
    let without = cut.unreachable();
    left.extend(without.map(|one| format!("source {}, which can't be reached", one.alias)));
    let copied = |alias: &str, topic: &str, partition: u32| {
        let mut topics = cut.rows.topics.iter();
        topics.any(|one| {
            let source = one.source.as_ref();
            source.is_some_and(|source| source.alias == alias && source.topic == topic)
                && partition < one.partitions
        })
    };
    for (at, one) in quiesce.sampled.iter().enumerate() {
        let (alias, id) = (&one.alias, &one.partition);
        let copies = cut.copies_named(alias, &id.topic);
        if !copies.iter().any(|copy| cut.settings.protects(copy)) {
            continue;
        }
        if !copied(alias, &id.topic, id.partition) {
            left.push(format!("{id} of source {alias} has no copy"));
        }
        let front = quiesce.fronts.get(at);
        if front.is_some_and(|front| front.searched_from > front.needed) {
            left.push(format!("what source {alias} has deleted of {id}"));
        }
    }
    let mut rows = cut.rows.partitions.iter();
    if rows.all(|row| row.closing_log_start_offset.is_none()) {
        left.push("what came to the sources while the volumes were cut".to_owned());
    }
    let transforms = quiesce.connectors.iter();
    let transforms = transforms.filter(|one| one.copies && one.transforms);
    left.extend(transforms.map(|one| format!("what {} transforms", one.connector)));
    left
}

/// What lay before the first record that all copies of a partition have, where its leader had
/// it when the last volume was cut, and nothing shows that retention took it.
fn without_their_fronts(cut: &Cut, found: &Trimmed) -> Vec<String> {
    let mut left = Vec::new();
    let found = found.partitions.iter();
    let starts: BTreeMap<&PartitionId, u64> =
        found.map(|one| (&one.partition, one.start)).collect();
    for row in &cut.rows.partitions {
        let id = PartitionId::new(cut.rows.topic(row).name.clone(), row.partition);
        let start = starts.get(&id).copied().unwrap_or(0);
        let began = row.closing_log_start_offset.unwrap_or(row.log_start_offset);
        if start > began && !is_accounted_for(cut, row, start) {
            left.push(format!(
                "what lay before {start} of {id}, which began at {began}"
            ));
        }
    }
    left
}

/// Whether the run read the front of each copy when they were cut, and what they lacked of
/// it was what retention may take.
fn is_accounted_for(cut: &Cut, row: &PartitionRow, start: u64) -> bool {
    let (Some(read), Some(content)) = (&cut.content, &row.content) else {
        return false;
    };
    let mut findings = Findings::default();
    let read = Read {
        rows: &cut.rows,
        row,
        content,
        dirs: &read.dirs,
        unread: true,
    };
    read.have_their_fronts(last_cut_ms(cut), &mut findings);
    let starts = content.replicas.iter().map(|one| one.log_start_offset);
    let nothing = findings.contrary.is_empty() && findings.unknown.is_empty();
    nothing && starts.max().is_some_and(|newest| start <= newest)
}

fn wrong(row: &TrimmedPartition) -> Option<String> {
    let (id, cut) = (&row.partition, row.cut);
    row.copies.iter().find_map(|copy| {
        let node = copy.node;
        match &copy.wrong {
            Some(why) => Some(format!("{id} of broker {node}: {why}")),
            None if copy.end != cut => Some(format!(
                "{id} of broker {node} ends at {}, and the plan cuts it at {cut}",
                copy.end
            )),
            None if !copy.same => Some(format!("{id} of broker {node} is not as its other copies")),
            None => None,
        }
    })
}

/// Changes that must make it fall.
pub(super) fn falls() -> Vec<Fall> {
    vec![
        Fall::evidence("cut", Change::Set(serde_json::Value::Null)),
        Fall::evidence("document", Change::OtherText),
        Fall::evidence("clusterId", Change::OtherText),
        Fall::evidence("notCopied", Change::Push("t-0".into())),
        Fall::evidence("found.plan", Change::Set("".into())),
        Fall::evidence("found.plannedOf", Change::OtherText),
        Fall::evidence("found.otherVolumes", Change::Set(true.into())),
        Fall::evidence("found.guarantee", Change::Set("".into())),
        Fall::evidence("found.clusterId", Change::OtherText),
        Fall::evidence("found.partitions", Change::Clear),
        Fall::evidence("found.partitions[].cut", Change::Add(1)),
        Fall::evidence("found.partitions[].topicId", Change::OtherText),
        Fall::evidence("found.partitions[].planned", Change::Add(1)),
        Fall::evidence("found.partitions[].copies", Change::Clear),
        Fall::evidence("found.partitions[].copies[].end", Change::Add(1)),
        Fall::evidence(
            "found.partitions[].copies[].wrong",
            Change::Set("torn".into()),
        ),
        Fall::evidence(
            "found.partitions[].copies[].same",
            Change::Set(false.into()),
        ),
        Fall::evidence("found.unplanned", Change::Push("t-0".into())),
    ]
}
