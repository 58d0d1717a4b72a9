//! Reads partitions from their start to their end as it was when the audit
//! began. Reads only; over the wire, in this process.
#![allow(
    clippy::disallowed_methods,
    reason = "an adapter at the edge: a read of real brokers must have an end"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::report::{AuditReport, PartitionAudit};
use super::tracker::Tracker;
use crate::admin::client_config;
use crate::error::LabError;
use crate::load::{Record, RecordError};

/// The most time between two records: an unclean broker needs seconds to
/// answer a first fetch.
const STALL: Duration = Duration::from_secs(60);
/// One metadata or offset request.
const REQUEST: Duration = Duration::from_secs(20);
/// One poll.
const POLL: Duration = Duration::from_millis(100);

/// Which records a reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// All, up to the high watermark.
    ReadUncommitted,
    /// Committed ones, up to the last stable offset.
    ReadCommitted,
}

/// Reads every record of these topics and judges each partition.
///
/// # Errors
/// A topic that does not exist, brokers that stop answering for a minute.
pub fn audit(
    bootstrap: &str,
    topics: &[&str],
    isolation: Isolation,
) -> Result<AuditReport, LabError> {
    let reader = Reader::new(bootstrap, isolation)?;
    let mut partitions = BTreeMap::new();
    for topic in topics {
        for partition in reader.partitions(topic)? {
            partitions.insert(
                ((*topic).to_owned(), partition),
                reader.range(topic, partition)?,
            );
        }
    }
    let mut found: BTreeMap<(String, i32), Judge> = BTreeMap::new();
    reader.read(&partitions, |message| {
        let at = (message.topic().to_owned(), message.partition());
        found.entry(at).or_default().note(message);
    })?;
    let mut report = AuditReport::default();
    for ((topic, partition), (start, end)) in partitions {
        let judge = found
            .remove(&(topic.clone(), partition))
            .unwrap_or_default();
        report
            .topics
            .entry(topic)
            .or_default()
            .insert(partition, judge.finish(start, end));
    }
    Ok(report)
}

/// The highest sequence of one producer among the last records of a
/// partition: as far as committed readers can see now. `None` when the last
/// `back` offsets hold none of that producer's records.
///
/// # Errors
/// As [`audit`].
pub fn last_committed(
    bootstrap: &str,
    topic: &str,
    partition: i32,
    producer: u64,
    back: i64,
) -> Result<Option<u64>, LabError> {
    let reader = Reader::new(bootstrap, Isolation::ReadCommitted)?;
    let (start, end) = reader.range(topic, partition)?;
    let range = BTreeMap::from([((topic.to_owned(), partition), (start.max(end - back), end))]);
    let mut last = None;
    reader.read(&range, |message| {
        if let Ok(record) = Record::decode(message.payload().unwrap_or_default())
            && record.producer == producer
            && !record.aborted
        {
            last = last.max(Some(record.sequence));
        }
    })?;
    Ok(last)
}

#[derive(Default)]
struct Judge {
    audit: PartitionAudit,
    trackers: BTreeMap<u64, Tracker>,
}

impl Judge {
    fn note(&mut self, message: &BorrowedMessage<'_>) {
        self.audit.records += 1;
        match Record::decode(message.payload().unwrap_or_default()) {
            Err(RecordError::Foreign) => self.audit.foreign += 1,
            Err(RecordError::Corrupt) => self.audit.corrupt += 1,
            Ok(record) if record.partition != message.partition() => self.audit.corrupt += 1,
            Ok(record) if record.aborted => self.audit.aborted += 1,
            Ok(record) => self
                .trackers
                .entry(record.producer)
                .or_default()
                .note(record.sequence),
        }
    }

    fn finish(self, start: i64, end: i64) -> PartitionAudit {
        let producers = self
            .trackers
            .iter()
            .map(|(producer, tracker)| (*producer, tracker.finish()));
        PartitionAudit {
            start,
            end,
            producers: producers.collect(),
            ..self.audit
        }
    }
}

struct Reader {
    bootstrap: String,
    consumer: BaseConsumer,
}

impl Reader {
    fn new(bootstrap: &str, isolation: Isolation) -> Result<Self, LabError> {
        let consumer = client_config(bootstrap)
            .set("group.id", "slackwater-lab-audit")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "error")
            .set("check.crcs", "true")
            .set("fetch.wait.max.ms", "10")
            .set(
                "isolation.level",
                match isolation {
                    Isolation::ReadUncommitted => "read_uncommitted",
                    Isolation::ReadCommitted => "read_committed",
                },
            )
            .create()
            .map_err(LabError::kafka("make a consumer", bootstrap))?;
        Ok(Self {
            bootstrap: bootstrap.to_owned(),
            consumer,
        })
    }

    fn partitions(&self, topic: &str) -> Result<Vec<i32>, LabError> {
        let failed = || LabError::kafka(format!("describe {topic}"), &self.bootstrap);
        let metadata = self
            .consumer
            .fetch_metadata(Some(topic), REQUEST)
            .map_err(failed())?;
        let ids: Vec<i32> = metadata
            .topics()
            .iter()
            .filter(|t| t.name() == topic && t.error().is_none())
            .flat_map(|t| t.partitions().iter().map(|p| p.id()))
            .collect();
        if ids.is_empty() {
            return Err(LabError::Invalid(format!(
                "{} has no topic {topic}",
                self.bootstrap
            )));
        }
        Ok(ids)
    }

    /// Start and end; the end is the last stable offset when only committed
    /// records are read (librdkafka asks at the client's isolation level).
    fn range(&self, topic: &str, partition: i32) -> Result<(i64, i64), LabError> {
        self.consumer
            .fetch_watermarks(topic, partition, REQUEST)
            .map_err(LabError::kafka(
                format!("tell the ends of {topic}-{partition}"),
                &self.bootstrap,
            ))
    }

    fn read(
        &self,
        ranges: &BTreeMap<(String, i32), (i64, i64)>,
        mut note: impl FnMut(&BorrowedMessage<'_>),
    ) -> Result<(), LabError> {
        let failed = |what: &'static str| LabError::kafka(what, &self.bootstrap);
        let mut open: BTreeMap<&(String, i32), i64> = BTreeMap::new();
        let mut list = TopicPartitionList::new();
        for (at, (start, end)) in ranges.iter().filter(|(_, (start, end))| start < end) {
            open.insert(at, *end);
            list.add_partition_offset(&at.0, at.1, Offset::Offset(*start))
                .map_err(failed("assign"))?;
        }
        self.consumer.assign(&list).map_err(failed("assign"))?;
        let mut moved = Instant::now();
        while !open.is_empty() {
            match self.consumer.poll(POLL) {
                Some(Ok(message)) => {
                    moved = Instant::now();
                    let within = ranges
                        .get(&(message.topic().to_owned(), message.partition()))
                        .is_some_and(|(_, end)| message.offset() < *end);
                    if within {
                        note(&message);
                        continue;
                    }
                    self.close(&mut open)?;
                }
                Some(Err(KafkaError::PartitionEOF(_))) | None => self.close(&mut open)?,
                Some(Err(error)) => return Err(failed("be read")(error)),
            }
            if moved.elapsed() > STALL {
                return Err(LabError::Timeout {
                    what: format!("the rest of {:?} at {}", open.keys().next(), self.bootstrap),
                    waited: STALL,
                });
            }
        }
        Ok(())
    }

    /// Forgets the partitions that are read to their end. The end-of-partition
    /// event names no topic, and markers are never delivered, so the
    /// consumer's position is what tells.
    fn close(&self, open: &mut BTreeMap<&(String, i32), i64>) -> Result<(), LabError> {
        let positions = self
            .consumer
            .position()
            .map_err(LabError::kafka("tell positions", &self.bootstrap))?;
        for element in positions.elements() {
            if let Offset::Offset(at) = element.offset() {
                let key = (element.topic().to_owned(), element.partition());
                if open.get(&key).is_some_and(|end| at >= *end) {
                    open.remove(&key);
                }
            }
        }
        Ok(())
    }
}
