//! Streams against an in-process Kafka, which has no transactions.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    missing_docs,
    reason = "a reader that takes its time does so in real time; a test may panic"
)]

mod common;

use std::ops::ControlFlow;
use std::time::Duration;

use common::{adapter, kafka, topic, write};
use slackwater_kafka::Stream;
use slackwater_ports::{Cluster, Digest128, Ended, Isolation, PartitionId};

/// Offsets and values of what is shown.
fn read(
    stream: &Stream<'_>,
    partition: u32,
    start: u64,
    until: u64,
    most: usize,
) -> (Vec<(u64, String)>, Ended) {
    let mut seen = Vec::new();
    let ended = stream
        .read(&PartitionId::new("t", partition), start, until, |record| {
            let value = record.value.unwrap();
            assert_eq!(
                record.content(),
                Digest128::of_content(record.key, Some(value), &[])
            );
            seen.push((record.offset, String::from_utf8(value.to_vec()).unwrap()));
            match seen.len() == most {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })
        .unwrap();
    (seen, ended)
}

#[test]
fn records_are_shown_in_order_between_the_two_offsets_one_partition_after_the_other() {
    let kafka = kafka(2);
    topic(&kafka, "t", 2);
    write(&kafka, "t", 0, 5_000);
    write(&kafka, "t", 1, 20);
    let adapter = adapter(&kafka);
    let stream = adapter
        .stream(&Cluster::Mirror, Isolation::ReadCommitted)
        .unwrap();
    for (partition, start, until) in [(0, 0, 5_000), (1, 3, 17), (0, 4_990, 5_000), (1, 7, 7)] {
        let (seen, ended) = read(&stream, partition, start, until, usize::MAX);
        let expected: Vec<_> = (start..until).map(|at| (at, at.to_string())).collect();
        assert_eq!((seen, ended), (expected, Ended::Until));
    }
    let (seen, ended) = read(&stream, 0, 10, 5_000, 2);
    assert_eq!((seen.len(), ended), (2, Ended::Most));
}

#[test]
fn two_streams_of_one_cluster_read_one_partition_beside_each_other() {
    let kafka = kafka(1);
    topic(&kafka, "t", 1);
    write(&kafka, "t", 0, 3_000);
    let adapter = adapter(&kafka);
    let stream = || {
        adapter
            .stream(&Cluster::Mirror, Isolation::ReadCommitted)
            .unwrap()
    };
    let (one, other) = (stream(), stream());
    let mut from_other = 0;
    let id = PartitionId::new("t", 0);
    let ended = one.read(&id, 0, 3_000, |record| {
        if record.offset == 1_000 {
            // Whoever takes his time loses nothing.
            std::thread::sleep(Duration::from_millis(200));
            from_other = read(&other, 0, 0, 3_000, usize::MAX).0.len();
        }
        ControlFlow::Continue(())
    });
    assert_eq!((ended.unwrap(), from_other), (Ended::Until, 3_000));
}

#[test]
fn what_is_not_there_is_said_and_not_waited_for() {
    let kafka = kafka(1);
    topic(&kafka, "t", 1);
    write(&kafka, "t", 0, 10);
    let adapter = adapter(&kafka);
    let stream = adapter
        .stream(&Cluster::Mirror, Isolation::ReadCommitted)
        .unwrap();
    assert_eq!(
        read(&stream, 0, 500, 600, 1),
        (Vec::new(), Ended::OutOfRange)
    );
    assert!(matches!(read(&stream, 7, 0, 10, 1).1, Ended::Failed(_)));
    let nameless = stream.read(
        &PartitionId::new("", 0),
        0,
        1,
        |_| ControlFlow::Continue(()),
    );
    assert!(nameless.is_err());
    let absent = Cluster::Source("absent".to_owned());
    assert!(adapter.stream(&absent, Isolation::ReadCommitted).is_err());
}
