//! The port `Records` against an in-process Kafka, which has no transactions.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use common::{adapter, at, kafka, topic, topic_around, write};
use slackwater_ports::{
    Cluster, Ended, Isolation, PartitionId, PortErrorKind, Records, Span, SpanRead, TimestampType,
};

const PLENTY_MS: u64 = 30_000;

fn span(partition: u32, start: u64, until: u64, most: u64, keep_last: u32) -> Span {
    Span {
        partition: PartitionId::new("t", partition),
        start,
        until,
        most,
        keep_last,
    }
}

fn read(adapter: &impl Records, spans: &[Span]) -> Vec<SpanRead> {
    adapter
        .read(&Cluster::Mirror, Isolation::ReadCommitted, spans, PLENTY_MS)
        .unwrap()
}

fn offsets(read: &SpanRead) -> Vec<u64> {
    read.records.iter().map(|record| record.offset).collect()
}

#[test]
fn each_span_ends_where_it_should_and_keeps_the_last_it_read() {
    let kafka = kafka(2);
    topic(&kafka, "t", 8);
    for partition in 0..6 {
        write(&kafka, "t", partition, 100);
    }
    let spans = [
        span(5, 90, u64::MAX, u64::MAX, 4),
        span(1, 10, u64::MAX, 20, 3),
        span(2, 10, 15, u64::MAX, 64),
        span(3, 100, u64::MAX, 10, 10),
        span(4, 50, 50, 10, 10),
        span(0, 0, u64::MAX, u64::MAX, 0),
        span(6, 0, u64::MAX, 10, 10),
        span(7, 0, u64::MAX, 0, 10),
    ];
    let adapter = adapter(&kafka);
    // Twice, since the clients are kept between calls.
    for _ in 0..2 {
        let read = read(&adapter, &spans);
        let partitions: Vec<_> = read.iter().map(|read| read.partition.partition).collect();
        assert_eq!(partitions, [5, 1, 2, 3, 4, 0, 6, 7]);
        let told: Vec<_> = read
            .iter()
            .map(|read| (read.count, read.position, read.ended.clone()))
            .collect();
        let expected = [
            (10, 100, Ended::EndOfPartition),
            (20, 30, Ended::Most),
            (5, 15, Ended::Until),
            (0, 100, Ended::EndOfPartition),
            (0, 50, Ended::Until),
            (100, 100, Ended::EndOfPartition),
            (0, 0, Ended::EndOfPartition),
            (0, 0, Ended::Most),
        ];
        assert_eq!(told, expected);
        assert_eq!(offsets(&read[0]), [96, 97, 98, 99]);
        assert_eq!(offsets(&read[1]), [27, 28, 29]);
        assert_eq!(offsets(&read[2]), [10, 11, 12, 13, 14]);
        assert!(read[5].records.is_empty());
        let record = read[0].records[0];
        assert_eq!(record.timestamp_type, TimestampType::CreateTime);
        assert!(record.timestamp_ms > 0);
    }
}

#[test]
fn equal_records_have_equal_digests_and_others_do_not() {
    let kafka = kafka(1);
    topic(&kafka, "t", 2);
    write(&kafka, "t", 0, 3);
    write(&kafka, "t", 1, 3);
    let spans = [span(0, 0, u64::MAX, 9, 9), span(1, 0, u64::MAX, 9, 9)];
    let read = read(&adapter(&kafka), &spans);
    let digests =
        |read: &SpanRead| -> Vec<_> { read.records.iter().map(|record| record.content).collect() };
    assert_eq!(digests(&read[0]).len(), 3);
    assert_eq!(digests(&read[0]), digests(&read[1]));
    assert_ne!(read[0].records[0].content, read[0].records[1].content);
}

#[test]
fn more_partitions_than_are_read_at_once_are_all_read() {
    let kafka = kafka(1);
    topic(&kafka, "t", 1100);
    let spans: Vec<_> = (0..1100).map(|n| span(n, 0, u64::MAX, 1, 1)).collect();
    let read = read(&adapter(&kafka), &spans);
    assert_eq!(read.len(), 1100);
    assert!(read.iter().all(|read| read.ended == Ended::EndOfPartition));
}

#[test]
fn a_start_outside_the_log_is_told_from_an_empty_log() {
    let kafka = kafka(1);
    topic(&kafka, "t", 1);
    write(&kafka, "t", 0, 3);
    let read = read(&adapter(&kafka), &[span(0, 50, u64::MAX, 9, 9)]);
    assert_eq!(read[0].ended, Ended::OutOfRange);
    assert_eq!((read[0].count, read[0].position), (0, 50));
}

#[test]
fn a_partition_that_is_not_there_is_named_by_kafkas_error() {
    let kafka = kafka(1);
    topic(&kafka, "t", 1);
    write(&kafka, "t", 0, 3);
    let spans = [span(0, 0, u64::MAX, 9, 9), span(1, 0, u64::MAX, 9, 9)];
    let read = read(&adapter(&kafka), &spans);
    assert_eq!(read[0].ended, Ended::EndOfPartition);
    let Ended::Failed(why) = &read[1].ended else {
        panic!("{read:?}");
    };
    assert!(why.contains("UNKNOWN_TOPIC_OR_PART"), "{why}");
}

#[test]
fn a_leader_that_is_down_is_a_timeout_of_its_partition_only() {
    let kafka = kafka(2);
    topic_around(&kafka, "t", 2, 2);
    write(&kafka, "t", 0, 3);
    write(&kafka, "t", 1, 3);
    kafka.broker_down(2).unwrap();
    let spans = [span(0, 0, u64::MAX, 9, 9), span(1, 0, u64::MAX, 9, 9)];
    let read = adapter(&kafka)
        .read(&Cluster::Mirror, Isolation::ReadCommitted, &spans, 3000)
        .unwrap();
    assert_eq!((read[0].count, &read[0].ended), (3, &Ended::EndOfPartition));
    assert_eq!((read[1].count, &read[1].ended), (0, &Ended::TimedOut));
    assert_eq!(read[1].position, 0);
}

#[test]
fn two_spans_of_one_partition_are_refused() {
    let spans = [span(4, 0, 1, 1, 1), span(4, 1, 2, 1, 1)];
    let refused = at("127.0.0.1:1")
        .read(&Cluster::Mirror, Isolation::ReadCommitted, &spans, 1000)
        .unwrap_err();
    assert_eq!(refused.kind, PortErrorKind::Malformed);
    assert!(refused.message.contains("t-4"), "{refused}");
}

#[test]
fn where_nobody_listens_reading_tells_the_cause() {
    let refused = at("127.0.0.1:1")
        .read(
            &Cluster::Mirror,
            Isolation::ReadCommitted,
            &[span(0, 0, 1, 1, 1)],
            1000,
        )
        .unwrap_err();
    assert_eq!(refused.kind, PortErrorKind::Unreachable);
    assert!(refused.message.contains("refused"), "{refused}");
}
