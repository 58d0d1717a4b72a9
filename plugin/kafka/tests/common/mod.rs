//! An in-process Kafka that librdkafka brings, with records in it.
#![allow(dead_code, reason = "each test program uses some of it")]

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use slackwater_kafka::{ClusterOptions, KafkaClusters};
use slackwater_ports::{Cluster, PartitionId};

pub(crate) type Kafka = MockCluster<'static, DefaultProducerContext>;

/// A cluster of this many brokers, with ids from 1.
pub(crate) fn kafka(brokers: i32) -> Kafka {
    MockCluster::new(brokers).unwrap()
}

/// The adapter, with this one as the mirror.
pub(crate) fn adapter(kafka: &Kafka) -> KafkaClusters {
    at(&kafka.bootstrap_servers())
}

/// The adapter, with a mirror at this address.
pub(crate) fn at(bootstrap: &str) -> KafkaClusters {
    let options = ClusterOptions {
        bootstrap: bootstrap.to_owned(),
        properties: BTreeMap::new(),
        client_id: String::from("test"),
    };
    KafkaClusters::new(BTreeMap::from([(Cluster::Mirror, options)]))
}

/// A topic, its partitions spread over the brokers as the cluster likes.
pub(crate) fn topic(kafka: &Kafka, name: &str, partitions: i32) {
    kafka.create_topic(name, partitions, 1).unwrap();
}

/// A topic whose partitions' leaders go around the brokers. Each leader takes
/// the cluster a tenth of a second to set: for few partitions.
pub(crate) fn topic_around(kafka: &Kafka, name: &str, partitions: i32, brokers: i32) {
    topic(kafka, name, partitions);
    for partition in 0..partitions {
        kafka
            .partition_leader(name, partition, Some(1 + partition % brokers))
            .unwrap();
    }
}

/// The first so many partitions of a topic.
pub(crate) fn partitions(topic: &str, count: u32) -> Vec<PartitionId> {
    (0..count).map(|n| PartitionId::new(topic, n)).collect()
}

/// Writes this many records, numbered, to a partition.
pub(crate) fn write(kafka: &Kafka, topic: &str, partition: i32, count: u32) {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", kafka.bootstrap_servers())
        .create()
        .unwrap();
    for number in 0..count {
        let value = number.to_string();
        let record = BaseRecord::to(topic).partition(partition);
        let sent = producer.send(record.key("key").payload(&value));
        sent.map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
}
