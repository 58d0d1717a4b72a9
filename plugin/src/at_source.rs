//! Where on its source the last record lies that is kept of a partition, where nothing on
//! the volumes tells it: the record itself is looked for there. Without that Connect goes on
//! from where it had committed, and ahead of what is kept that is a hole that nobody is told
//! of.
//!
//! The first record with its time and content is taken. As long as the record itself is
//! there, that is it or one before it: MirrorMaker copies twice rather than skip. So nothing
//! is taken of a topic that is compacted, nor where the source may have deleted it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use slackwater_cut::Cut;
use slackwater_kafka::{KafkaClusters, Stream};
use slackwater_point::{LastKept, Plan, PositionHeld};
use slackwater_ports::{Cluster, Digest128, Head, Heads as _, Isolation, PartitionId, Seen};

use crate::trimming::AtSource;

/// Records of a partition that are looked at. The first one that is not stamped earlier is
/// where it begins, and what comes between that and the one that is looked for is what
/// timestamps of the partition are out of order.
const MOST_RECORDS: u64 = 200_000;

const COMPACTED: &str = "it is compacted, and what is the same on its source may have come later";

const NO_ANSWER: &str = "its source has no answer";

/// What was found, and of how many partitions nothing was.
#[derive(Debug, Default)]
pub struct Found {
    /// Of each partition.
    pub at_source: Vec<AtSource>,
    /// Partitions of the mirror, and why not.
    pub not: Vec<(PartitionId, &'static str)>,
}

impl Found {
    /// Of which Connect goes on from a position that may be ahead of what is kept.
    pub fn may_skip<'f>(&'f self, plan: &'f Plan) -> impl Iterator<Item = &'f PartitionId> {
        let positions = plan.depends.positions.iter();
        let may = positions.filter(|one| one.may_skip());
        let may: BTreeSet<&PartitionId> = may.map(|one| &one.mirror).collect();
        let not = self.not.iter().map(|(partition, _)| partition);
        not.filter(move |partition| may.contains(partition))
    }
}

/// What is asked of sources.
pub trait Sources {
    /// Where these partitions of a source begin and end; one without an answer is left out.
    ///
    /// # Errors
    /// A source without an answer.
    fn heads(&self, alias: &str, of: &[PartitionId]) -> Seen<BTreeMap<PartitionId, Head>>;

    /// Which of these topics of a source are compacted.
    ///
    /// # Errors
    /// A source without an answer.
    fn compacted(&self, alias: &str, topics: &[String]) -> Seen<BTreeSet<String>>;

    /// The first offset of each that is not stamped before an instant.
    ///
    /// # Errors
    /// A source, or one of them, without an answer.
    fn since(&self, alias: &str, of: &[(PartitionId, u64)]) -> Seen<Vec<Option<u64>>>;

    /// Offset, timestamp and content of each record from `from` on and below `until`,
    /// committed or not: of two that are the same the first one counts.
    ///
    /// # Errors
    /// A source without an answer.
    fn each(
        &self,
        alias: &str,
        partition: &PartitionId,
        from: u64,
        until: u64,
        visit: &mut dyn FnMut(u64, i64, Digest128) -> ControlFlow<()>,
    ) -> Seen<()>;
}

/// Looks for the last record kept of each partition of which the plan does not know where
/// its source has it.
///
/// # Errors
/// A source without an answer.
pub fn find(sources: &dyn Sources, cut: &Cut, plan: &Plan) -> Seen<Found> {
    let mut found = Found::default();
    let mut wanted: BTreeMap<&str, Vec<Wanted<'_>>> = BTreeMap::new();
    let positions = plan.depends.positions.iter();
    for one in positions.filter(|one| !one.is_known()) {
        match wanted_of(cut, plan, one) {
            Ok(it) => wanted.entry(&one.source.alias).or_default().push(it),
            Err(why) => found.not.push((one.mirror.clone(), why)),
        }
    }
    for (alias, wanted) in wanted {
        of_source(sources, alias, wanted, &mut found)?;
    }
    Ok(found)
}

/// A record that is looked for.
struct Wanted<'p> {
    position: &'p PositionHeld,
    instant_ms: u64,
    content: Digest128,
}

fn wanted_of<'p>(
    cut: &Cut,
    plan: &'p Plan,
    position: &'p PositionHeld,
) -> Result<Wanted<'p>, &'static str> {
    let mirror = &position.mirror;
    let mut topics = cut.rows.topics.iter();
    if topics.any(|topic| topic.compacted && topic.name == mirror.topic) {
        return Err(COMPACTED);
    }
    let row = plan.partitions.iter().find(|row| row.partition == *mirror);
    let kept: Option<&LastKept> = row.and_then(|row| row.last_kept.as_ref());
    let kept = kept.ok_or("nothing is kept by which it could be found")?;
    Ok(Wanted {
        position,
        instant_ms: u64::try_from(kept.timestamp_ms).map_err(|_| "its last record has no time")?,
        content: kept.content,
    })
}

fn of_source(
    sources: &dyn Sources,
    alias: &str,
    wanted: Vec<Wanted<'_>>,
    found: &mut Found,
) -> Seen<()> {
    let id = |one: &Wanted<'_>| one.position.source.partition.clone();
    let ids: Vec<PartitionId> = wanted.iter().map(id).collect();
    let topics: BTreeSet<String> = ids.iter().map(|one| one.topic.clone()).collect();
    let heads = sources.heads(alias, &ids)?;
    // One that is gone has no configuration, and there would be no answer for any.
    let is_there = |topic: &String| heads.keys().any(|one| one.topic == *topic);
    let topics: Vec<String> = topics.into_iter().filter(is_there).collect();
    let compacted = sources.compacted(alias, &topics)?;
    let mut there = Vec::new();
    for one in wanted {
        let partition = &one.position.source.partition;
        let why = match heads.contains_key(partition) {
            _ if compacted.contains(&partition.topic) => COMPACTED,
            false => NO_ANSWER,
            true => {
                there.push(one);
                continue;
            }
        };
        found.not.push((one.position.mirror.clone(), why));
    }
    let asked: Vec<(PartitionId, u64)> =
        there.iter().map(|one| (id(one), one.instant_ms)).collect();
    let since = sources.since(alias, &asked)?;
    // Once more: what was deleted before that answer is seen by where it begins now.
    let heads = sources.heads(alias, &ids)?;
    for (one, since) in there.iter().zip(since) {
        let source = &one.position.source;
        let head = heads.get(&source.partition);
        let at = match (since, head) {
            (_, None) => Err(NO_ANSWER),
            (None, _) => Err("its source has no record of that time any more"),
            // What lay before that is gone, and it may have been among it.
            (Some(since), Some(head)) if since <= head.log_start_offset && since > 0 => {
                Err("its source may have deleted the last record kept")
            }
            (Some(since), Some(head)) => look(sources, alias, one, since, head.high_watermark)?
                .ok_or("the last record kept is not found on its source"),
        };
        match at {
            Ok(last) => found.at_source.push(AtSource {
                source: source.clone(),
                last,
            }),
            Err(why) => found.not.push((one.position.mirror.clone(), why)),
        }
    }
    Ok(())
}

fn look(
    sources: &dyn Sources,
    alias: &str,
    wanted: &Wanted<'_>,
    since: u64,
    end: u64,
) -> Seen<Option<u64>> {
    let (mut count, mut found) = (0, None);
    let partition = &wanted.position.source.partition;
    sources.each(alias, partition, since, end, &mut |offset, ms, content| {
        count += 1;
        if u64::try_from(ms) == Ok(wanted.instant_ms) && content == wanted.content {
            found = Some(offset);
        }
        match found.is_some() || count == MOST_RECORDS {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })?;
    Ok(found)
}

/// Clusters of their own; one stream is kept for the partitions of one of them.
pub struct KafkaSources<'k> {
    kafka: &'k KafkaClusters,
    stream: RefCell<Option<(String, Stream<'k>)>>,
}

impl<'k> KafkaSources<'k> {
    /// Of these.
    pub fn new(kafka: &'k KafkaClusters) -> Self {
        Self {
            kafka,
            stream: RefCell::default(),
        }
    }
}

fn cluster(alias: &str) -> Cluster {
    Cluster::Source(alias.to_owned())
}

impl Sources for KafkaSources<'_> {
    fn heads(&self, alias: &str, of: &[PartitionId]) -> Seen<BTreeMap<PartitionId, Head>> {
        let sweep = self.kafka.sweep(&cluster(alias), of)?;
        let rows = sweep.rows.into_iter();
        let rows = rows.filter_map(|row| Some((row.partition, row.head.ok()?)));
        Ok(rows.collect())
    }

    fn compacted(&self, alias: &str, topics: &[String]) -> Seen<BTreeSet<String>> {
        let configs = self.kafka.configs(&cluster(alias), topics)?;
        // What is not said may be so.
        let compacted = configs.into_iter().filter(|one| {
            let policy = one.get("cleanup.policy");
            policy.is_none_or(|policy| policy.contains("compact"))
        });
        Ok(compacted.map(|one| one.topic).collect())
    }

    fn since(&self, alias: &str, of: &[(PartitionId, u64)]) -> Seen<Vec<Option<u64>>> {
        self.kafka.since(&cluster(alias), of)
    }

    fn each(
        &self,
        alias: &str,
        partition: &PartitionId,
        from: u64,
        until: u64,
        visit: &mut dyn FnMut(u64, i64, Digest128) -> ControlFlow<()>,
    ) -> Seen<()> {
        let mut kept = self.stream.borrow_mut();
        if kept.as_ref().is_none_or(|(of, _)| of != alias) {
            let cluster = cluster(alias);
            let stream = self.kafka.stream(&cluster, Isolation::ReadUncommitted)?;
            *kept = Some((alias.to_owned(), stream));
        }
        let Some((_, stream)) = kept.as_ref() else {
            return Ok(());
        };
        let ended = stream.read(partition, from, until, |record| {
            visit(record.offset, record.timestamp_ms, record.content())
        });
        ended.map(drop)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use serde_json::json;

    use super::*;

    const CLOSED: &str = include_str!("../../wasm-actions/cut/tests/fixtures/exactly-once.json");

    /// A source with one partition; each record's content is a number.
    #[derive(Default)]
    struct Source {
        start: u64,
        /// Offset, timestamp and content, in their order.
        records: Vec<(u64, i64, u8)>,
        is_compacted: bool,
    }

    fn content(number: u8) -> Digest128 {
        Digest128::of([&[number][..]])
    }

    impl Sources for Source {
        fn heads(&self, _: &str, of: &[PartitionId]) -> Seen<BTreeMap<PartitionId, Head>> {
            let end = self.records.last().map_or(0, |one| one.0 + 1);
            let head = Head {
                log_start_offset: self.start,
                high_watermark: end,
                last_stable_offset: end,
                leader_epoch: None,
            };
            Ok(of.iter().map(|one| (one.clone(), head)).collect())
        }

        fn compacted(&self, _: &str, topics: &[String]) -> Seen<BTreeSet<String>> {
            let all = topics.iter().filter(|_| self.is_compacted);
            Ok(all.cloned().collect())
        }

        fn since(&self, _: &str, of: &[(PartitionId, u64)]) -> Seen<Vec<Option<u64>>> {
            let first = |instant_ms: u64| {
                let mut records = self.records.iter();
                let found = records.find(|one| one.1 >= i64::try_from(instant_ms).unwrap());
                found.map(|one| one.0)
            };
            Ok(of.iter().map(|one| first(one.1)).collect())
        }

        fn each(
            &self,
            _: &str,
            _: &PartitionId,
            from: u64,
            until: u64,
            visit: &mut dyn FnMut(u64, i64, Digest128) -> ControlFlow<()>,
        ) -> Seen<()> {
            for (offset, ms, number) in &self.records {
                let is_asked = (from..until).contains(offset);
                if is_asked && visit(*offset, *ms, content(*number)).is_break() {
                    break;
                }
            }
            Ok(())
        }
    }

    /// The last record kept, at 500 ms with the content 7; or none.
    fn plan(kept: bool) -> Plan {
        let partition = json!({"topic": "src.t", "partition": 0});
        let of = json!({"topic": "t", "partition": 0});
        let last = json!({"offset": 3, "timestampMs": 500, "content": content(7)});
        serde_json::from_value(json!({
            "apiVersion": "slackwater/v1beta1", "kind": "Plan", "cut": null, "clusterId": null,
            "order": {"timestamp": {"atMs": 1, "epsilonMs": 1}}, "guarantee": "", "pulledBy": null,
            "excluded": [], "spreadBefore": null, "spreadAfter": null, "digest": null,
            "read": {"replicas": 0, "segments": 0, "olderSegments": 0, "bytes": 0},
            "partitions": [{
                "partition": partition, "role": "ordered", "start": 0, "end": 9, "cut": 4,
                "why": "order", "jettisonedRecords": 5, "newestMs": null, "newestKeptMs": null,
                "lastKept": kept.then_some(last), "keptOf": 1, "replicas": [],
            }],
            "depends": {"groups": [], "offsetSyncs": [], "remedies": [], "positions": [{
                "source": {"alias": "src", "partition": of}, "mirror": partition, "committed": 9,
                "lastKept": null, "skipped": 0, "doubled": 0, "putRight": false,
            }]},
        }))
        .unwrap()
    }

    fn found(source: &Source, kept: bool) -> Result<u64, &'static str> {
        let (cut, plan) = (Cut::parse(CLOSED).unwrap(), plan(kept));
        let found = find(source, &cut, &plan).unwrap();
        let skips = found.may_skip(&plan).count();
        match (found.at_source.as_slice(), found.not.as_slice()) {
            ([one], []) => {
                assert_eq!((one.source.alias.as_str(), skips), ("src", 0));
                Ok(one.last)
            }
            ([], [(_, why)]) => {
                assert_eq!(skips, 1);
                Err(why)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_is_the_first_record_with_that_time_and_content_and_never_one_of_which_that_is_not_sure() {
        let records = vec![
            (10, 400, 7),
            (11, 500, 6),
            (13, 499, 7),
            (14, 500, 7),
            (15, 600, 1),
            // It was accepted once more.
            (16, 500, 7),
        ];
        let mut source = Source {
            start: 10,
            records,
            is_compacted: false,
        };
        assert_eq!(found(&source, true), Ok(14));
        // Nothing is asked for.
        assert!(
            found(&source, false)
                .unwrap_err()
                .contains("nothing is kept")
        );
        // Nor is a record looked for where it is known that there is none.
        let (cut, mut plan) = (Cut::parse(CLOSED).unwrap(), plan(false));
        plan.depends.positions[0].from_first = true;
        let known = find(&source, &cut, &plan).unwrap();
        assert!(known.at_source.is_empty() && known.not.is_empty());
        source.is_compacted = true;
        assert!(found(&source, true).unwrap_err().contains("compacted"));
        source.is_compacted = false;
        // What is left begins with that time: the right one may have been before it.
        source.records.drain(..1);
        source.start = 11;
        assert!(found(&source, true).unwrap_err().contains("deleted"));
        source.records[0].1 = 400;
        assert_eq!(found(&source, true), Ok(14));
        source.records.retain(|one| one.2 != 7);
        assert!(found(&source, true).unwrap_err().contains("not found"));
        source.records.truncate(1);
        assert!(found(&source, true).unwrap_err().contains("any more"));
    }
}
