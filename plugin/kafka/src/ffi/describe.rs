//! DescribeTopics and DescribeCluster, which rdkafka does not wrap.

use std::ffi::CString;
use std::time::Duration;

use rdkafka_sys::{
    rd_kafka_DescribeCluster, rd_kafka_DescribeCluster_result_cluster_id,
    rd_kafka_DescribeCluster_result_nodes, rd_kafka_DescribeTopics,
    rd_kafka_DescribeTopics_result_topics, rd_kafka_Node_host, rd_kafka_Node_id,
    rd_kafka_Node_port, rd_kafka_Node_t, rd_kafka_TopicCollection_destroy,
    rd_kafka_TopicCollection_of_topic_names, rd_kafka_TopicDescription_error,
    rd_kafka_TopicDescription_is_internal, rd_kafka_TopicDescription_name,
    rd_kafka_TopicDescription_partitions, rd_kafka_TopicDescription_topic_id,
    rd_kafka_TopicPartitionInfo_isr, rd_kafka_TopicPartitionInfo_leader,
    rd_kafka_TopicPartitionInfo_partition, rd_kafka_TopicPartitionInfo_replicas,
    rd_kafka_TopicPartitionInfo_t, rd_kafka_Uuid_base64str, rd_kafka_admin_op_t,
    rd_kafka_event_DescribeCluster_result, rd_kafka_event_DescribeTopics_result,
};
use slackwater_ports::{Broker, PartitionView};

use super::admin::{Failed, Options};
use super::code::Code;
use super::queue::{Event, Queue};
use super::text::{copied, slice};

/// A topic as it is described.
pub(crate) struct TopicAnswer {
    /// Its name.
    pub(crate) name: String,
    /// Its id in standard base64, as librdkafka prints it.
    pub(crate) topic_id: String,
    /// Kafka's own mark.
    pub(crate) internal: bool,
    /// Its partitions.
    pub(crate) partitions: Vec<PartitionView>,
    /// Its error.
    pub(crate) code: Code,
}

/// A cluster as it is described.
pub(crate) struct ClusterAnswer {
    /// `cluster.id`.
    pub(crate) cluster_id: String,
    /// Brokers that are alive.
    pub(crate) brokers: Vec<Broker>,
}

/// Asks for these topics.
pub(crate) fn submit_describe_topics(
    queue: &Queue<'_>,
    topics: &[CString],
    limit: Duration,
    tag: usize,
) {
    let mut names: Vec<_> = topics.iter().map(|topic| topic.as_ptr()).collect();
    let kind = rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
    let options = Options::new(queue.client(), kind, limit, tag);
    // SAFETY: all are live; librdkafka copies names, collection and options.
    unsafe {
        let topics = rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
        rd_kafka_DescribeTopics(queue.client().rk(), topics, options.ptr(), queue.ptr());
        rd_kafka_TopicCollection_destroy(topics);
    }
}

/// What an answer to it says.
pub(crate) fn topics_answer(event: &Event<'_>) -> Result<Vec<TopicAnswer>, Failed> {
    event.succeeded()?;
    let mut count = 0;
    // SAFETY: the event is live, and owns all that is read here; a result of
    // another kind gives null, which is checked for.
    unsafe {
        let result = rd_kafka_event_DescribeTopics_result(event.ptr());
        if result.is_null() {
            return Ok(Vec::new());
        }
        let topics = rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        let answers = slice(topics, count).iter().map(|topic| {
            let topic = *topic;
            let mut count = 0;
            let partitions = rd_kafka_TopicDescription_partitions(topic, &raw mut count);
            let id = rd_kafka_TopicDescription_topic_id(topic);
            TopicAnswer {
                name: copied(rd_kafka_TopicDescription_name(topic)),
                topic_id: match id.is_null() {
                    true => String::new(),
                    false => copied(rd_kafka_Uuid_base64str(id)),
                },
                internal: rd_kafka_TopicDescription_is_internal(topic) != 0,
                partitions: slice(partitions, count)
                    .iter()
                    .map(|partition| view(*partition))
                    .collect(),
                code: Code::of(rd_kafka_TopicDescription_error(topic)),
            }
        });
        Ok(answers.collect())
    }
}

/// # Safety
/// `partition` belongs to a live event.
unsafe fn view(partition: *const rd_kafka_TopicPartitionInfo_t) -> PartitionView {
    let (mut replica_count, mut isr_count) = (0, 0);
    // SAFETY: the caller vouches for the pointer; arrays belong to it and have
    // the lengths given.
    unsafe {
        let replicas = rd_kafka_TopicPartitionInfo_replicas(partition, &raw mut replica_count);
        let isr = rd_kafka_TopicPartitionInfo_isr(partition, &raw mut isr_count);
        let leader = rd_kafka_TopicPartitionInfo_leader(partition);
        let number = rd_kafka_TopicPartitionInfo_partition(partition);
        PartitionView {
            partition: u32::try_from(number).unwrap_or(u32::MAX),
            leader: match leader.is_null() {
                true => -1,
                false => rd_kafka_Node_id(leader),
            },
            replicas: ids(slice(replicas, replica_count)),
            isr: ids(slice(isr, isr_count)),
        }
    }
}

/// # Safety
/// The nodes belong to a live event.
unsafe fn ids(nodes: &[*const rd_kafka_Node_t]) -> Vec<i32> {
    let live = nodes.iter().filter(|node| !node.is_null());
    // SAFETY: the caller vouches for the pointers; null ones are left out.
    live.map(|node| unsafe { rd_kafka_Node_id(*node) })
        .collect()
}

/// Asks for the cluster.
pub(crate) fn submit_describe_cluster(queue: &Queue<'_>, limit: Duration, tag: usize) {
    let kind = rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER;
    let options = Options::new(queue.client(), kind, limit, tag);
    // SAFETY: all are live; librdkafka copies the options.
    unsafe { rd_kafka_DescribeCluster(queue.client().rk(), options.ptr(), queue.ptr()) };
}

/// What an answer to it says.
pub(crate) fn cluster_answer(event: &Event<'_>) -> Result<ClusterAnswer, Failed> {
    event.succeeded()?;
    let mut count = 0;
    // SAFETY: the event is live, and owns all that is read here; a result of
    // another kind gives null, which is checked for.
    unsafe {
        let result = rd_kafka_event_DescribeCluster_result(event.ptr());
        if result.is_null() {
            let (code, reason) = (Code::NONE, String::from("not a description of a cluster"));
            return Err(Failed { code, reason });
        }
        let nodes = rd_kafka_DescribeCluster_result_nodes(result, &raw mut count);
        let brokers = slice(nodes, count).iter().map(|node| Broker {
            id: rd_kafka_Node_id(*node),
            host: copied(rd_kafka_Node_host(*node)),
            port: u32::from(rd_kafka_Node_port(*node)),
        });
        Ok(ClusterAnswer {
            cluster_id: copied(rd_kafka_DescribeCluster_result_cluster_id(result)),
            brokers: brokers.collect(),
        })
    }
}
