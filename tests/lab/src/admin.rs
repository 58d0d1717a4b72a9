//! What tests do to a running cluster as its administrator: topics, records,
//! metadata. Over the wire, in this process.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier,
    TopicReplication, TopicResult,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use crate::error::LabError;
use crate::topics::Topic;
use crate::wait;

/// Long enough for a broker that elects leaders; a test fails after it.
const REQUEST: Duration = Duration::from_secs(20);
/// One metadata look; asked again until a caller's own limit.
const LOOK: Duration = Duration::from_secs(2);

/// An administrator of one cluster.
pub struct Admin {
    bootstrap: String,
    client: AdminClient<DefaultClientContext>,
    consumer: BaseConsumer,
}

/// Every client's settings: quiet, and quick to try again while brokers start.
pub(crate) fn client_config(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "500")
        .set("topic.metadata.refresh.fast.interval.ms", "100")
        .set_log_level(RDKafkaLogLevel::Emerg);
    config
}

impl Admin {
    /// Connects lazily: this fails only on a bad address.
    ///
    /// # Errors
    /// When librdkafka refuses the address.
    pub fn new(bootstrap: &str) -> Result<Self, LabError> {
        Self::with(bootstrap, &[])
    }

    /// The same, with more settings of librdkafka.
    ///
    /// # Errors
    /// When it refuses one.
    pub fn with(bootstrap: &str, settings: &[(&str, String)]) -> Result<Self, LabError> {
        let mut config = client_config(bootstrap);
        for (key, value) in settings {
            config.set(*key, value);
        }
        let failed = || LabError::kafka("make a client", bootstrap);
        let client = config.create().map_err(failed())?;
        let consumer = config
            .clone()
            .set("group.id", "slackwater-lab-admin")
            .create()
            .map_err(failed())?;
        Ok(Self {
            bootstrap: bootstrap.to_owned(),
            client,
            consumer,
        })
    }

    /// Waits until this many brokers are registered and unfenced.
    ///
    /// # Errors
    /// [`LabError::Timeout`].
    pub fn wait_brokers(&self, count: usize, limit: Duration) -> Result<(), LabError> {
        let what = format!("{count} brokers at {}", self.bootstrap);
        wait::until(&what, limit, || {
            let metadata = self.consumer.fetch_metadata(None, LOOK);
            Ok(metadata
                .is_ok_and(|m| m.brokers().len() == count)
                .then_some(()))
        })
    }

    /// Waits until every partition of every topic has a leader that answers.
    /// Metadata alone does not tell: a restored cluster's still names the old
    /// incarnations' leaders.
    ///
    /// # Errors
    /// [`LabError::Timeout`].
    pub fn wait_leaders(&self, brokers: usize, limit: Duration) -> Result<(), LabError> {
        let what = format!("a leader for every partition at {}", self.bootstrap);
        wait::until(&what, limit, || {
            let Ok(metadata) = self.consumer.fetch_metadata(None, LOOK) else {
                return Ok(None);
            };
            let all = metadata.brokers().len() == brokers && !metadata.topics().is_empty();
            let led = metadata.topics().iter().all(|topic| {
                topic.partitions().iter().all(|p| {
                    p.error().is_none()
                        && self
                            .consumer
                            .fetch_watermarks(topic.name(), p.id(), LOOK)
                            .is_ok()
                })
            });
            Ok((all && led).then_some(()))
        })
    }

    /// Waits until every partition's ISR is its whole replica set.
    ///
    /// # Errors
    /// [`LabError::Timeout`].
    pub fn wait_full_isr(&self, limit: Duration) -> Result<(), LabError> {
        let what = format!("a full ISR of every partition at {}", self.bootstrap);
        wait::until(&what, limit, || {
            let Ok(metadata) = self.consumer.fetch_metadata(None, LOOK) else {
                return Ok(None);
            };
            let full = metadata.topics().iter().all(|topic| {
                topic
                    .partitions()
                    .iter()
                    .all(|p| p.isr().len() == p.replicas().len())
            });
            Ok((full && !metadata.topics().is_empty()).then_some(()))
        })
    }

    /// Topic names with their partition counts.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub fn topics(&self) -> Result<BTreeMap<String, i32>, LabError> {
        let metadata = self
            .consumer
            .fetch_metadata(None, REQUEST)
            .map_err(LabError::kafka("list topics", &self.bootstrap))?;
        Ok(metadata
            .topics()
            .iter()
            .map(|topic| {
                let count = i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX);
                (topic.name().to_owned(), count)
            })
            .collect())
    }

    /// Log start offset and high watermark of one partition.
    ///
    /// # Errors
    /// When the partition's leader does not answer.
    pub fn watermarks(&self, topic: &str, partition: i32) -> Result<(i64, i64), LabError> {
        self.consumer
            .fetch_watermarks(topic, partition, REQUEST)
            .map_err(LabError::kafka(
                format!("tell the ends of {topic}-{partition}"),
                &self.bootstrap,
            ))
    }

    /// Creates topics; one that exists already is an error.
    ///
    /// # Errors
    /// The first topic that was refused, with Kafka's reason.
    pub fn create_topics(&self, topics: &[Topic], replication: i32) -> Result<(), LabError> {
        let new: Vec<NewTopic<'_>> = topics
            .iter()
            .map(|topic| {
                let replicas = TopicReplication::Fixed(replication);
                topic.configs.iter().fold(
                    NewTopic::new(&topic.name, topic.partitions, replicas),
                    |new, (k, v)| new.set(k, v),
                )
            })
            .collect();
        let results = pollster::block_on(self.client.create_topics(&new, &options()));
        self.check("create topic", results)
    }

    /// Deletes topics.
    ///
    /// # Errors
    /// The first topic that was refused, with Kafka's reason.
    pub fn delete_topics(&self, names: &[&str]) -> Result<(), LabError> {
        let results = pollster::block_on(self.client.delete_topics(names, &options()));
        self.check("delete topic", results)
    }

    /// Raises the number of a topic's partitions to `count`.
    ///
    /// # Errors
    /// With Kafka's reason.
    pub fn grow_topic(&self, name: &str, count: usize) -> Result<(), LabError> {
        let new = NewPartitions::new(name, count);
        let results = pollster::block_on(self.client.create_partitions([&new], &options()));
        self.check("add partitions to", results)
    }

    /// Deletes the records of a partition below `before` (`DeleteRecords`): the
    /// log start offset moves at once.
    ///
    /// # Errors
    /// With Kafka's reason.
    pub fn delete_records(&self, topic: &str, partition: i32, before: i64) -> Result<(), LabError> {
        let action = format!("delete the records of {topic}-{partition} below {before}");
        let failed = || LabError::kafka(action.clone(), &self.bootstrap);
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(before))
            .map_err(failed())?;
        let answer =
            pollster::block_on(self.client.delete_records(&list, &options())).map_err(failed())?;
        match answer.elements().first().map(|element| element.error()) {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(failed()(error)),
            None => Err(LabError::kafka(action, &self.bootstrap)("no answer")),
        }
    }

    /// Sets one key of a topic's configuration, and takes the others back to
    /// their defaults (`AlterConfigs`).
    ///
    /// # Errors
    /// With Kafka's reason.
    pub fn alter_topic(&self, topic: &str, key: &str, value: &str) -> Result<(), LabError> {
        let action = format!("set {key} of {topic}");
        let wanted = AlterConfig::new(ResourceSpecifier::Topic(topic)).set(key, value);
        let answer = pollster::block_on(self.client.alter_configs([&wanted], &options()))
            .map_err(LabError::kafka(&action, &self.bootstrap))?;
        match answer.into_iter().find_map(Result::err) {
            Some((_, code)) => Err(LabError::Kafka {
                action,
                bootstrap: self.bootstrap.clone(),
                reason: code.to_string(),
            }),
            None => Ok(()),
        }
    }

    fn check(
        &self,
        action: &str,
        results: Result<Vec<TopicResult>, KafkaError>,
    ) -> Result<(), LabError> {
        let results = results.map_err(LabError::kafka(action, &self.bootstrap))?;
        for result in results {
            result.map_err(|(name, code)| LabError::Kafka {
                action: format!("{action} {name}"),
                bootstrap: self.bootstrap.clone(),
                reason: code.to_string(),
            })?;
        }
        Ok(())
    }
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(REQUEST))
        .operation_timeout(Some(REQUEST))
}
