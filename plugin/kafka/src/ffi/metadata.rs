//! A metadata request for all topics: their names, partitions and leaders.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka_sys::{RDKafkaRespErr, rd_kafka_metadata, rd_kafka_metadata_destroy, rd_kafka_t};

use super::Client;
use super::admin::Failed;
use super::code::Code;
use super::queue::millis;
use super::text::{copied, slice};

/// Who leads the partitions of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopicLeaders {
    code: Code,
    /// Partition and leader.
    leaders: Vec<(i32, i32)>,
}

/// Topics by name.
pub(crate) type Topics = BTreeMap<String, TopicLeaders>;

impl TopicLeaders {
    /// Who leads a partition, -1 for nobody; an error where there is no such
    /// partition.
    pub(crate) fn leader(&self, partition: u32) -> Result<i32, Code> {
        if self.code.is_error() {
            return Err(self.code);
        }
        // Brokers list partitions by number, though nothing says so.
        let at = usize::try_from(partition).ok();
        let expected = at.and_then(|at| self.leaders.get(at));
        let is_it = |(number, _): &&(i32, i32)| u32::try_from(*number) == Ok(partition);
        let found = expected
            .filter(is_it)
            .or_else(|| self.leaders.iter().find(is_it));
        found.map_or(Err(Code::UNKNOWN_TOPIC_OR_PART), |(_, leader)| Ok(*leader))
    }
}

/// All topics by name. librdkafka asks whichever broker it is connected to, and
/// remembers the leaders for the requests that follow.
pub(crate) fn metadata(client: &Client, limit: Duration) -> Result<Topics, Failed> {
    let mut answer = std::ptr::null();
    type Ask<T> = unsafe extern "C" fn(
        *mut rd_kafka_t,
        i32,
        *mut rdkafka_sys::rd_kafka_topic_t,
        *mut *const rdkafka_sys::rd_kafka_metadata,
        i32,
    ) -> T;
    let ask: Ask<RDKafkaRespErr> = rd_kafka_metadata;
    // SAFETY: the two function types differ only in repr(i32) enum against
    // i32, which have one ABI.
    let ask: Ask<i32> = unsafe { std::mem::transmute(ask) };
    // SAFETY: the client is live; no topic is named, since all are asked for.
    let code = Code(unsafe {
        ask(
            client.rk(),
            1,
            std::ptr::null_mut(),
            &raw mut answer,
            millis(limit),
        )
    });
    if code.is_error() {
        let reason = String::from("asking for the topics");
        return Err(Failed { code, reason });
    }
    // SAFETY: without an error the answer is ours until it is destroyed; its
    // arrays have the lengths that stand beside them.
    unsafe {
        let topics = slice((*answer).topics, count((*answer).topic_cnt));
        let topics = topics.iter().map(|topic| {
            let partitions = slice(topic.partitions, count(topic.partition_cnt));
            let leaders = partitions.iter().map(|one| (one.id, one.leader));
            let leaders = TopicLeaders {
                code: Code::behind(&raw const topic.err),
                leaders: leaders.collect(),
            };
            (copied(topic.topic), leaders)
        });
        let topics = topics.collect();
        rd_kafka_metadata_destroy(answer);
        Ok(topics)
    }
}

fn count(count: i32) -> usize {
    usize::try_from(count).unwrap_or(0)
}
