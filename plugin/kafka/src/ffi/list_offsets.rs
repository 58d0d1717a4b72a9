//! ListOffsets, which rdkafka does not wrap.

use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::topic_partition_list::Offset;
use rdkafka_sys::{
    rd_kafka_ListOffsets, rd_kafka_ListOffsets_result_infos,
    rd_kafka_ListOffsetsResultInfo_topic_partition, rd_kafka_admin_op_t,
    rd_kafka_event_ListOffsets_result, rd_kafka_topic_partition_get_leader_epoch,
};
use slackwater_ports::PartitionId;

use super::admin::{Failed, Options};
use super::code::Code;
use super::queue::{Event, Queue};
use super::text::{copied, slice};

/// Which end is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spec {
    /// The log start offset.
    Earliest,
    /// The last stable offset: the latest, read committed.
    LastStable,
    /// The high watermark: the latest, read uncommitted.
    HighWatermark,
}

impl Spec {
    /// All of them, in the order in which they are asked: a broker answers
    /// one connection's requests in their order, so that, asked in this one,
    /// a log that grows meanwhile still shows start ≤ stable ≤ watermark.
    pub(crate) const ALL: [Spec; 3] = [Spec::Earliest, Spec::LastStable, Spec::HighWatermark];
}

/// One partition's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OffsetAnswer {
    /// Whose.
    pub(crate) topic: String,
    /// Whose.
    pub(crate) partition: i32,
    /// Below 0 where the broker did not answer: librdkafka leaves the code of
    /// such a partition at "no error" (`rd_kafka_ListOffsets_response_merge`
    /// merges answers only), so this has to be looked at as well.
    pub(crate) offset: i64,
    /// The leader's epoch, where the broker gives it.
    pub(crate) leader_epoch: Option<i32>,
    /// Its error.
    pub(crate) code: Code,
}

/// Asks; the answer arrives on the queue with this tag.
pub(crate) fn submit_list_offsets(
    queue: &Queue<'_>,
    partitions: &[&PartitionId],
    spec: Spec,
    limit: Duration,
    tag: usize,
) {
    let offset = match spec {
        Spec::Earliest => Offset::Beginning,
        Spec::LastStable | Spec::HighWatermark => Offset::End,
    };
    let each = partitions.iter().map(|partition| (*partition, offset));
    let is_committed = spec == Spec::LastStable;
    submit(queue, each, is_committed, limit, tag);
}

/// Asks for the first offset of each that is not stamped before this instant, in
/// milliseconds since the Unix epoch; the answer arrives on the queue.
pub(crate) fn submit_offsets_since(
    queue: &Queue<'_>,
    partitions: &[(&PartitionId, i64)],
    limit: Duration,
) {
    let each = partitions.iter().map(|(partition, instant_ms)| {
        let instant = Offset::Offset(*instant_ms);
        (*partition, instant)
    });
    submit(queue, each, false, limit, 0);
}

fn submit<'p>(
    queue: &Queue<'_>,
    partitions: impl ExactSizeIterator<Item = (&'p PartitionId, Offset)>,
    is_committed: bool,
    limit: Duration,
    tag: usize,
) {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for (partition, offset) in partitions {
        let number = i32::try_from(partition.partition).unwrap_or(i32::MAX);
        // All of these have a number; only Invalid ones are refused.
        let _ = list.add_partition_offset(&partition.topic, number, offset);
    }
    let kind = rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS;
    let options = Options::new(queue.client(), kind, limit, tag);
    let options = match is_committed {
        true => options.read_committed(),
        false => options,
    };
    // SAFETY: all four are live; librdkafka copies the list and the options.
    unsafe {
        rd_kafka_ListOffsets(queue.client().rk(), list.ptr(), options.ptr(), queue.ptr());
    }
}

/// What an answer to it says.
pub(crate) fn offsets_answer(event: &Event<'_>) -> Result<Vec<OffsetAnswer>, Failed> {
    event.succeeded()?;
    let mut count = 0;
    // SAFETY: the event is live, and owns all that is read here; a result
    // that is no ListOffsets result gives null, which is checked for.
    unsafe {
        let result = rd_kafka_event_ListOffsets_result(event.ptr());
        if result.is_null() {
            return Ok(Vec::new());
        }
        let infos = rd_kafka_ListOffsets_result_infos(result, &raw mut count);
        let answers = slice(infos, count).iter().map(|info| {
            let found = rd_kafka_ListOffsetsResultInfo_topic_partition(*info);
            let epoch = rd_kafka_topic_partition_get_leader_epoch(found);
            OffsetAnswer {
                topic: copied((*found).topic),
                partition: (*found).partition,
                offset: (*found).offset,
                leader_epoch: (epoch >= 0).then_some(epoch),
                code: Code::behind(&raw const (*found).err),
            }
        });
        Ok(answers.collect())
    }
}
