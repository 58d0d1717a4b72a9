//! The port `Records`: many spans in one pass.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use slackwater_ports::{
    Cluster, Ended, Isolation, PartitionId, RecordSeen, Records, Seen, Span, SpanRead,
};

use crate::clusters::KafkaClusters;
use crate::content::content;
use crate::describe::topic_name;
use crate::error::KafkaError;
use crate::ffi::{Client, Code, Failed, Fetched, Queue, Reader, Record, metadata};
use crate::member::Member;
use crate::span::Reading;
use crate::sweep::leader;

/// Partitions that are read at the same time. Each holds a place in every
/// fetch and up to `max.partition.fetch.bytes` of what is fetched ahead; the
/// others follow as places become free.
const PARTITIONS_AT_ONCE: usize = 1000;
/// The longest wait in one go, so that a deadline is never missed by more.
const POLL: Duration = Duration::from_millis(100);

impl Records for KafkaClusters {
    fn read(
        &self,
        cluster: &Cluster,
        isolation: Isolation,
        spans: &[Span],
        timeout_ms: u64,
    ) -> Seen<Vec<SpanRead>> {
        let deadline = Instant::now() + Duration::from_millis(timeout_ms.min(LONGEST_MS));
        Ok(read(self.member(cluster)?, isolation, spans, deadline)?)
    }
}

/// The longest that one call may take: an hour. A day's records are read in
/// several calls, and a clock can't be counted past its end.
const LONGEST_MS: u64 = 3_600_000;

fn read(
    member: &Member,
    isolation: Isolation,
    spans: &[Span],
    deadline: Instant,
) -> Result<Vec<SpanRead>, KafkaError> {
    let places = places(member, spans)?;
    let mut readings: Vec<_> = spans.iter().map(Reading::new).collect();
    if readings.iter().any(|reading| !reading.has_ended()) {
        let reading = member.reading(isolation)?;
        let client = &*reading.client;
        // librdkafka's simple consumer says nothing of a partition that is
        // not there, so that reading it would take all the time there is.
        let topics = member.persist(client, "Metadata", |limit| {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Failed::timed_out());
            }
            metadata(client, left.min(limit))
        })?;
        for (reading, span) in readings.iter_mut().zip(spans) {
            if let Err(code) = leader(&topics, &span.partition) {
                reading.end(Ended::Failed(code.to_string()));
            }
        }
        pass(client, spans, &places, &mut readings, deadline).map_err(|(partition, failed)| {
            KafkaError::Refused {
                cluster: member.cluster().clone(),
                what: format!("records of {partition}, for which its user needs Read"),
                failed,
            }
        })?;
    }
    Ok(readings.into_iter().map(Reading::finish).collect())
}

/// Topic, then partition, then place in what was asked.
type Places<'s> = HashMap<&'s str, HashMap<u32, usize>>;

fn places<'s>(member: &Member, spans: &'s [Span]) -> Result<Places<'s>, KafkaError> {
    let mut places = Places::new();
    for (at, span) in spans.iter().enumerate() {
        topic_name(member, &span.partition.topic)?;
        let topic = places.entry(&span.partition.topic).or_default();
        if topic.insert(span.partition.partition, at).is_some() {
            return Err(KafkaError::Duplicate {
                cluster: member.cluster().clone(),
                what: span.partition.to_string(),
            });
        }
    }
    Ok(places)
}

/// Reads until all have ended or the time is up. That its user may not read one of
/// them is refused for all: librdkafka tells it once for each client, and would be
/// silent when it is asked again.
fn pass(
    client: &Client,
    spans: &[Span],
    places: &Places<'_>,
    readings: &mut [Reading],
    deadline: Instant,
) -> Result<(), (PartitionId, Failed)> {
    let queue = Queue::new(client);
    let mut reader = Reader::new(&queue);
    let mut waiting: Vec<usize> = (0..spans.len()).rev().collect();
    waiting.retain(|at| !readings[*at].has_ended());
    let mut at_work = 0;
    loop {
        while at_work < PARTITIONS_AT_ONCE
            && let Some(at) = waiting.pop()
        {
            match reader.start(&spans[at].partition, spans[at].start) {
                Ok(()) => at_work += 1,
                Err(code) => readings[at].end(Ended::Failed(code.to_string())),
            }
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if at_work == 0 || left.is_zero() {
            return Ok(());
        }
        let Some(message) = reader.next(left.min(POLL)) else {
            continue;
        };
        let topic = places.get(message.topic());
        let Some(at) = topic.and_then(|topic| topic.get(&message.partition())) else {
            continue;
        };
        let reading = &mut readings[*at];
        if reading.has_ended() {
            continue;
        }
        match message.read() {
            Fetched::Record(record) => record_of(reading, &record),
            Fetched::End(offset) => reading.at_end(offset),
            Fetched::Failed(failed) if failed.code == Code::TOPIC_AUTHORIZATION => {
                return Err((spans[*at].partition.clone(), failed));
            }
            Fetched::Failed(failed) => reading.end(how(&failed)),
        }
        if reading.has_ended() {
            reader.stop(&spans[*at].partition);
            at_work -= 1;
        }
    }
}

fn record_of(reading: &mut Reading, record: &Record<'_>) {
    if !reading.wants(record.offset) {
        return;
    }
    let seen = reading.keeps().then(|| RecordSeen {
        offset: record.offset,
        timestamp_ms: record.timestamp_ms,
        timestamp_type: record.timestamp_type,
        batch_epoch: record.batch_epoch,
        content: content(record),
    });
    reading.take(record.offset, seen);
}

fn how(failed: &Failed) -> Ended {
    match failed.code {
        Code::AUTO_OFFSET_RESET => Ended::OutOfRange,
        _ => Ended::Failed(failed.to_string()),
    }
}
