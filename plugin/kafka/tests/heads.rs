//! The port `Heads` against an in-process Kafka.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::{adapter, at, kafka, partitions, topic, topic_around, write};
use rdkafka_sys::RDKafkaApiKey;
use rdkafka_sys::RDKafkaRespErr::{
    RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
};
use slackwater_kafka::{ClusterOptions, KafkaClusters};
use slackwater_ports::{Cluster, Heads, PartitionId, PortErrorKind};

#[test]
fn a_thousand_partitions_are_answered_in_the_order_asked() {
    let kafka = kafka(3);
    topic(&kafka, "t", 1000);
    write(&kafka, "t", 7, 5);
    let mut asked = partitions("t", 1000);
    asked.reverse();
    let sweep = adapter(&kafka).sweep(&Cluster::Mirror, &asked).unwrap();
    assert!(sweep.asked.is_well_formed());
    let answered: Vec<_> = sweep.rows.iter().map(|row| row.partition.clone()).collect();
    assert_eq!(answered, asked);
    for row in &sweep.rows {
        let head = row.head.as_ref().unwrap();
        let end = if row.partition.partition == 7 { 5 } else { 0 };
        assert_eq!((head.log_start_offset, head.high_watermark), (0, end));
        assert_eq!(head.last_stable_offset, end);
    }
}

#[test]
fn more_partitions_of_one_leader_than_one_request_takes_are_all_answered() {
    let kafka = kafka(1);
    topic(&kafka, "t", 2500);
    let sweep = adapter(&kafka)
        .sweep(&Cluster::Mirror, &partitions("t", 2500))
        .unwrap();
    assert_eq!(sweep.rows.len(), 2500);
    assert!(sweep.rows.iter().all(|row| row.head.is_ok()));
}

#[test]
fn a_broker_that_is_down_costs_its_own_partitions_only_and_none_is_left_out() {
    let kafka = kafka(3);
    topic_around(&kafka, "t", 9, 3);
    let adapter = adapter(&kafka);
    let asked = partitions("t", 9);
    let before = adapter.sweep(&Cluster::Mirror, &asked).unwrap();
    assert!(before.rows.iter().all(|row| row.head.is_ok()));
    kafka.broker_down(2).unwrap();
    let during = adapter.sweep(&Cluster::Mirror, &asked).unwrap();
    assert_eq!(during.rows.len(), 9);
    for row in &during.rows {
        let is_led_by_it = row.partition.partition % 3 == 1;
        assert_eq!(row.head.is_err(), is_led_by_it, "{row:?}");
    }
    kafka.broker_up(2).unwrap();
    let after = adapter.sweep(&Cluster::Mirror, &asked).unwrap();
    assert!(after.rows.iter().all(|row| row.head.is_ok()), "{after:?}");
}

#[test]
fn a_broker_that_hangs_costs_its_own_partitions_only() {
    let kafka = kafka(3);
    topic_around(&kafka, "t", 9, 3);
    let adapter = adapter(&kafka);
    let asked = partitions("t", 9);
    adapter.sweep(&Cluster::Mirror, &asked).unwrap();
    kafka
        .broker_round_trip_time(2, Duration::from_secs(60))
        .unwrap();
    let sweep = adapter.sweep(&Cluster::Mirror, &asked).unwrap();
    for row in &sweep.rows {
        let is_led_by_it = row.partition.partition % 3 == 1;
        assert_eq!(row.head.is_err(), is_led_by_it, "{row:?}");
    }
}

#[test]
fn a_partition_without_a_leader_holds_back_no_other() {
    let kafka = kafka(2);
    topic_around(&kafka, "t", 4, 2);
    kafka.partition_leader("t", 3, None).unwrap();
    let sweep = adapter(&kafka)
        .sweep(&Cluster::Mirror, &partitions("t", 4))
        .unwrap();
    assert!(sweep.rows[..3].iter().all(|row| row.head.is_ok()));
    let why = sweep.rows[3].head.as_ref().unwrap_err();
    assert!(why.contains("LEADER_NOT_AVAILABLE"), "{why}");
}

#[test]
fn an_unknown_topic_or_partition_is_named_in_its_row() {
    let kafka = kafka(1);
    topic(&kafka, "t", 1);
    let asked = [
        PartitionId::new("t", 0),
        PartitionId::new("nope", 0),
        PartitionId::new("t", 1),
    ];
    let sweep = adapter(&kafka).sweep(&Cluster::Mirror, &asked).unwrap();
    assert!(sweep.rows[0].head.is_ok());
    for row in &sweep.rows[1..] {
        let why = row.head.as_ref().unwrap_err();
        assert!(why.contains("UNKNOWN_TOPIC_OR_PART"), "{why}");
    }
}

#[test]
fn an_error_that_passes_is_asked_again_and_one_that_stays_is_told() {
    let kafka = kafka(1);
    topic(&kafka, "t", 1);
    let asked = partitions("t", 1);
    let adapter = adapter(&kafka);
    kafka.request_errors(
        RDKafkaApiKey::ListOffsets,
        &[RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION; 1],
    );
    let sweep = adapter.sweep(&Cluster::Mirror, &asked).unwrap();
    assert!(sweep.rows[0].head.is_ok(), "{sweep:?}");
    kafka.request_errors(
        RDKafkaApiKey::ListOffsets,
        &[RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED; 100],
    );
    let sweep = adapter.sweep(&Cluster::Mirror, &asked).unwrap();
    let why = sweep.rows[0].head.as_ref().unwrap_err();
    assert!(why.contains("TOPIC_AUTHORIZATION_FAILED"), "{why}");
}

#[test]
fn a_partition_asked_for_twice_is_named() {
    let asked = [PartitionId::new("t", 4), PartitionId::new("t", 4)];
    let refused = at("127.0.0.1:1").sweep(&Cluster::Mirror, &asked);
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind, PortErrorKind::Malformed);
    assert!(refused.message.contains("t-4"), "{refused}");
}

#[test]
fn nothing_asked_is_nothing_answered() {
    let sweep = at("127.0.0.1:1").sweep(&Cluster::Mirror, &[]).unwrap();
    assert!(sweep.rows.is_empty());
}

#[test]
fn where_nobody_listens_the_cause_is_told() {
    let refused = at("127.0.0.1:1").sweep(&Cluster::Mirror, &partitions("t", 1));
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind, PortErrorKind::Unreachable);
    assert!(
        refused.message.contains("127.0.0.1:1") && refused.message.contains("refused"),
        "{refused}"
    );
}

#[test]
fn a_cluster_that_is_not_configured_is_named() {
    let source = Cluster::Source(String::from("east"));
    let refused = at("127.0.0.1:1").sweep(&source, &[]).unwrap_err();
    assert!(refused.message.contains("east"));
}

#[test]
fn a_mistyped_property_is_named_and_its_value_is_not() {
    let options = ClusterOptions {
        bootstrap: String::from("127.0.0.1:1"),
        properties: BTreeMap::from([(String::from("sasl.pasword"), String::from("hunter2"))]),
        client_id: String::from("test"),
    };
    let clusters = KafkaClusters::new(BTreeMap::from([(Cluster::Mirror, options)]));
    let refused = clusters.sweep(&Cluster::Mirror, &partitions("t", 1));
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind, PortErrorKind::Malformed);
    assert!(refused.message.contains("sasl.pasword"), "{refused}");
    assert!(!refused.message.contains("hunter2"), "{refused}");
}
