//! Volumes that were cut one after another while the mirror ran: they are cut back to one
//! point before any broker starts, and shown to be that.

use std::collections::BTreeSet;

use slackwater_cut::{ClaimName, claims, sha256_hex};
use slackwater_point::{GroupBeyond, Plan, PlannedPartition};
use slackwater_ports::PartitionId;

use super::Restore;
use crate::at_source::{self, KafkaSources};
use crate::exit::Stop;
use crate::trimming::{AtSource, ToTrim, earlier_ended, first_and_more, skips_unasked};

/// Of partitions that are not found, how many are named.
const SHOWN: usize = 10;

impl Restore {
    pub(super) fn trim_volumes(&mut self) -> Result<(), Stop> {
        let how = self.asked.trim.clone();
        let how = how.ok_or_else(|| Stop::failed("nobody said how it is to be trimmed"))?;
        let shown_on = self.claims_to_show()?;
        let document = self.cut.to_canonical().map_err(Stop::failed)?;
        let sha256 = sha256_hex(document.as_bytes());
        let asked = ToTrim {
            cut: document,
            how,
            at_source: Vec::new(),
        };
        let find = |plan: &Plan| self.found_at_source(plan);
        let done = self
            .strimzi()?
            .trim_claims(&self.cut, &self.in_place, asked, find)?;
        if let Some(said) = earlier_ended(done.ended) {
            self.say(&said);
        }
        let topics = self.cut.rows.still_topics().map(|one| &*one.name).collect();
        let groups = groups(&topics, &done.plan.depends.groups);
        for line in words(&done.plan).into_iter().chain(groups) {
            self.say(&line);
        }
        let mut cut = self.cut.clone();
        cut.add_claim(claims::judge_trimmed(&cut, sha256, done.found));
        let document = cut.to_canonical().map_err(Stop::failed)?;
        self.save(&document, ClaimName::Consistent)?;
        self.positions_are_right(&done.plan)?;
        let content = self
            .strimzi()?
            .restored_content(&self.cut, &self.in_place)?;
        let ages = content.port().survey().and_then(|_| content.ages());
        drop(content);
        self.note_volumes(ages, shown_on)
    }

    /// Asks the sources for what the plan does not know of them, before anything is cut: what
    /// can't be told yet may be told when the same is asked for again.
    fn found_at_source(&self, plan: &Plan) -> Result<Vec<AtSource>, Stop> {
        let unknown = plan.depends.positions.iter();
        let unknown = unknown.filter(|one| !one.is_known()).count();
        let none_may_skip = !plan.depends.positions.iter().any(|one| one.may_skip());
        // Nothing feeds a clone.
        if unknown == 0 || self.asked.way.is_clone() {
            return Ok(Vec::new());
        }
        self.say(&format!(
            "sources are asked where the last records kept of {unknown} partitions lie there"
        ));
        let asked = self.strimzi()?.sources(&self.in_place).and_then(|sources| {
            let found = at_source::find(&KafkaSources::new(&sources), &self.cut, plan);
            found.map_err(|error| Stop::failed(error.message))
        });
        let found = match asked {
            Ok(found) => found,
            Err(stop) if self.asked.accept_unproven || none_may_skip => {
                tracing::warn!("where MirrorMaker has to go on is not known: {stop}");
                return Ok(Vec::new());
            }
            Err(stop) => {
                let cause = format!("{}; nothing was cut yet", stop.cause);
                return Err(Stop { cause, ..stop });
            }
        };
        for (partition, why) in found.not.iter().take(SHOWN) {
            tracing::warn!("where MirrorMaker has to go on in {partition} is not known: {why}");
        }
        self.say(&format!("{} of them are found", found.at_source.len()));
        let mut may_skip = found.may_skip(plan);
        let (first, more) = (may_skip.next().cloned(), may_skip.count());
        match first {
            Some(first) if !self.asked.accept_unproven => Err(Stop::unproven(format!(
                "{}; nothing was cut yet: trim by the order `source` without leaving topics out, or \
                 accept what it may skip with --accept-unproven",
                may_skip_in(&first, more)
            ))),
            _ => Ok(found.at_source),
        }
    }

    /// One that is ahead of what is kept would have MirrorMaker skip what lies between,
    /// in silence; and so may one of which it is not known.
    fn positions_are_right(&self, plan: &Plan) -> Result<(), Stop> {
        if self.asked.way.is_clone() {
            return Ok(());
        }
        let unknown = plan.depends.positions.iter();
        let mut unknown = unknown.filter(|one| one.may_skip());
        let Some(first) = unknown.next() else {
            return Ok(());
        };
        let why = may_skip_in(&first.mirror, unknown.count());
        match self.asked.accept_unproven {
            true => {
                tracing::warn!("{why}");
                Ok(())
            }
            false => Err(Stop::unproven(format!(
                "{why}; go back by --undo and trim by the order `source` without leaving topics out, or \
                 accept what it may skip with --accept-unproven"
            ))),
        }
    }
}

/// In a partition, and in so many more.
fn may_skip_in(first: &PartitionId, more: usize) -> String {
    let those = first_and_more(first, more);
    format!(
        "where MirrorMaker has to go on in {those} is not known: it may skip records in silence"
    )
}

/// Of a plan, for a person.
fn words(plan: &Plan) -> Vec<String> {
    let rows = plan.partitions.iter();
    // What was not decoded has no more records than offsets.
    let of = |row: &PlannedPartition| row.jettisoned_records.unwrap_or(row.end - row.cut);
    let gone: u64 = rows.clone().map(of).sum();
    let is_most = rows.clone().any(|row| row.jettisoned_records.is_none());
    let shorter = rows.filter(|row| row.cut < row.end).count();
    let digest = plan.digest.as_deref().unwrap_or_default();
    let at_most = if is_most { "at most " } else { "" };
    let mut words = vec![
        format!("plan {digest}: {}", plan.guarantee),
        format!("{at_most}{gone} records of {shorter} partitions go"),
    ];
    words.extend(skips_unasked(plan));
    words
}

/// Groups in topics that nothing copies are left alone: of these no end is held against the
/// brokers, and whoever writes to them knows what their consumers want.
fn groups(copied: &BTreeSet<&str>, beyond: &[GroupBeyond]) -> Vec<String> {
    let is_set = |one: &&GroupBeyond| copied.contains(&*one.partition.topic);
    let (set, left): (Vec<_>, Vec<_>) = beyond.iter().partition(is_set);
    let said = |groups: &[&GroupBeyond], what: &str| {
        let first = groups.first()?;
        Some(format!(
            "{} offsets of groups lie past a partition's end, the first of {} in {}: {what}",
            groups.len(),
            first.group,
            first.partition
        ))
    };
    let set = said(&set, "they are set to it when the brokers run");
    let left = said(
        &left,
        "nothing copies into these topics, and they are left as they are: reset them, or their members are \
         given nothing that is written up to there",
    );
    set.into_iter().chain(left).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn groups_are_said_to_be_set_only_where_they_are() {
        let beyond = |topic: &str| GroupBeyond {
            group: "reader".to_owned(),
            partition: PartitionId::new(topic, 0),
            committed: 9,
            cut: 4,
        };
        let all = [beyond("src.t"), beyond("own"), beyond("late")];
        let said = groups(&BTreeSet::from(["src.t"]), &all);
        assert_eq!(said.len(), 2);
        assert!(said[0].starts_with("1 offsets of groups"), "{}", said[0]);
        assert!(said[0].ends_with("when the brokers run"), "{}", said[0]);
        assert!(
            said[1].contains("the first of reader in own-0"),
            "{}",
            said[1]
        );
        assert!(said[1].contains("left as they are"), "{}", said[1]);
        assert!(groups(&BTreeSet::new(), &[]).is_empty());
    }

    #[test]
    fn what_goes_of_a_partition_that_was_not_decoded_counts_by_its_offsets() {
        let row = |topic: &str, records: Option<u64>| {
            json!({
                "partition": {"topic": topic, "partition": 0}, "role": "carried", "start": 0,
                "end": 11, "cut": 4, "why": "transaction", "jettisonedRecords": records,
                "newestMs": null, "newestKeptMs": null, "lastKept": null, "keptOf": 1,
                "replicas": [],
            })
        };
        let said = |rows: &[Value]| {
            let plan = json!({
                "apiVersion": "slackwater/v1beta1", "kind": "Plan", "cut": null, "clusterId": null,
                "order": {"timestamp": {"atMs": 1, "epsilonMs": 1}}, "guarantee": "",
                "pulledBy": null, "excluded": [], "spreadBefore": null, "spreadAfter": null,
                "digest": null, "partitions": rows,
                "read": {"replicas": 0, "segments": 0, "olderSegments": 0, "bytes": 0},
                "depends": {"groups": [], "offsetSyncs": [], "remedies": [], "positions": []},
            });
            words(&serde_json::from_value(plan).unwrap())[1].clone()
        };
        let (own, other) = (row("own", None), row("src.t", Some(5)));
        assert_eq!(
            said(std::slice::from_ref(&other)),
            "5 records of 1 partitions go"
        );
        assert_eq!(said(&[own, other]), "at most 12 records of 2 partitions go");
    }
}
