//! Partitions that are being read, all onto one queue.
//!
//! It uses librdkafka's simple consumer, which needs no group: neither a right
//! to one nor a coordinator. (The high-level consumer looks for its group's
//! coordinator even when partitions are assigned by hand.)

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ffi::CString;
use std::ptr::NonNull;
use std::time::Duration;

use rdkafka_sys::{
    rd_kafka_consume_queue, rd_kafka_consume_start_queue, rd_kafka_consume_stop,
    rd_kafka_last_error, rd_kafka_topic_destroy, rd_kafka_topic_new, rd_kafka_topic_t,
};
use slackwater_ports::PartitionId;

use super::code::Code;
use super::message::Message;
use super::queue::{Queue, millis};

/// Reads partitions until it is dropped. One at a time for a client: a
/// partition can be started but once.
pub(crate) struct Reader<'q> {
    queue: &'q Queue<'q>,
    topics: BTreeMap<String, Topic>,
    started: BTreeSet<PartitionId>,
}

impl<'q> Reader<'q> {
    /// One that reads nothing yet.
    pub(crate) fn new(queue: &'q Queue<'q>) -> Self {
        Self {
            queue,
            topics: BTreeMap::new(),
            started: BTreeSet::new(),
        }
    }

    /// Starts to read a partition at this offset.
    pub(crate) fn start(&mut self, partition: &PartitionId, offset: u64) -> Result<(), Code> {
        let number = i32::try_from(partition.partition).map_err(|_| Code::UNKNOWN_TOPIC_OR_PART)?;
        let offset = i64::try_from(offset).map_err(|_| Code::AUTO_OFFSET_RESET)?;
        let topic = self.topic(&partition.topic)?;
        // SAFETY: topic and queue are live and outlive the reading, which
        // ends in `stop` or `drop`.
        let refused =
            unsafe { rd_kafka_consume_start_queue(topic, number, offset, self.queue.ptr()) };
        if refused != 0 {
            return Err(last_error());
        }
        self.started.insert(partition.clone());
        Ok(())
    }

    /// Ends the reading of a partition; what was fetched of it ahead is
    /// dropped.
    pub(crate) fn stop(&mut self, partition: &PartitionId) {
        if !self.started.remove(partition) {
            return;
        }
        if let (Some(topic), Ok(number)) = (
            self.topics.get(&partition.topic),
            i32::try_from(partition.partition),
        ) {
            // SAFETY: the topic is live, and the partition was started.
            unsafe { rd_kafka_consume_stop(topic.0.as_ptr(), number) };
        }
    }

    /// What comes next, or nothing in that time.
    pub(crate) fn next(&self, wait: Duration) -> Option<Message<'q>> {
        // SAFETY: the queue is live; the message is ours.
        unsafe { Message::taken(rd_kafka_consume_queue(self.queue.ptr(), millis(wait))) }
    }

    fn topic(&mut self, name: &str) -> Result<*mut rd_kafka_topic_t, Code> {
        if let Some(topic) = self.topics.get(name) {
            return Ok(topic.0.as_ptr());
        }
        let text = CString::new(name).map_err(|_| Code::UNKNOWN_TOPIC_OR_PART)?;
        let client = self.queue.client();
        // SAFETY: the client is live and outlives the topic; the name is
        // copied; without a configuration the client's default holds.
        let topic = unsafe { rd_kafka_topic_new(client.rk(), text.as_ptr(), std::ptr::null_mut()) };
        let topic = Topic(NonNull::new(topic).ok_or_else(last_error)?);
        let ptr = topic.0.as_ptr();
        self.topics.insert(name.to_owned(), topic);
        Ok(ptr)
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        for partition in std::mem::take(&mut self.started) {
            self.started.insert(partition.clone());
            self.stop(&partition);
        }
    }
}

struct Topic(NonNull<rd_kafka_topic_t>);

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: live, and used no more: its partitions were stopped.
        unsafe { rd_kafka_topic_destroy(self.0.as_ptr()) };
    }
}

/// Why the call before failed, in this thread.
fn last_error() -> Code {
    // SAFETY: reads a thread-local that librdkafka itself has set: one of its
    // own codes.
    Code(unsafe { rd_kafka_last_error() } as i32)
}
