//! AlterConsumerGroupOffsets, which rdkafka does not wrap.

use std::ffi::CString;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::topic_partition_list::Offset;
use rdkafka_sys::{
    rd_kafka_AlterConsumerGroupOffsets, rd_kafka_AlterConsumerGroupOffsets_destroy,
    rd_kafka_AlterConsumerGroupOffsets_new, rd_kafka_AlterConsumerGroupOffsets_result_groups,
    rd_kafka_admin_op_t, rd_kafka_error_string, rd_kafka_event_AlterConsumerGroupOffsets_result,
    rd_kafka_group_result_error, rd_kafka_group_result_partitions,
};
use slackwater_ports::PartitionId;

use super::admin::{Failed, Options};
use super::code::Code;
use super::queue::{Event, Queue};
use super::text::{copied, slice};

/// Sets offsets of one group: librdkafka takes one a request.
pub(crate) fn submit_alter_group_offsets(
    queue: &Queue<'_>,
    group: &CString,
    offsets: &[(PartitionId, u64)],
    limit: Duration,
) {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (partition, offset) in offsets {
        let number = i32::try_from(partition.partition).unwrap_or(i32::MAX);
        let offset = Offset::Offset(i64::try_from(*offset).unwrap_or(i64::MAX));
        // An offset that is none is refused, and none of these is.
        let _ = list.add_partition_offset(&partition.topic, number, offset);
    }
    let kind = rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS;
    let options = Options::new(queue.client(), kind, limit, 0);
    // SAFETY: all are live; librdkafka copies group, list and options, and what is asked
    // for is destroyed once.
    unsafe {
        let mut asked = rd_kafka_AlterConsumerGroupOffsets_new(group.as_ptr(), list.ptr());
        rd_kafka_AlterConsumerGroupOffsets(
            queue.client().rk(),
            &raw mut asked,
            1,
            options.ptr(),
            queue.ptr(),
        );
        rd_kafka_AlterConsumerGroupOffsets_destroy(asked);
    }
}

/// What an answer to it says: how many partitions have theirs. One that was refused makes
/// the whole a failure.
pub(crate) fn alter_group_offsets_answer(event: &Event<'_>) -> Result<usize, Failed> {
    event.succeeded()?;
    let (mut count, mut set) = (0, 0);
    // SAFETY: the event is live, and owns all that is read here; a result of another kind
    // gives null, which is checked for.
    unsafe {
        let result = rd_kafka_event_AlterConsumerGroupOffsets_result(event.ptr());
        if result.is_null() {
            return Ok(0);
        }
        let groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(result, &raw mut count);
        for group in slice(groups, count) {
            let error = rd_kafka_group_result_error(*group);
            if !error.is_null() {
                return Err(Failed {
                    code: Code::of(error),
                    reason: copied(rd_kafka_error_string(error)),
                });
            }
            let list = rd_kafka_group_result_partitions(*group);
            if list.is_null() {
                continue;
            }
            let length = usize::try_from((*list).cnt).unwrap_or(0);
            for one in slice((*list).elems, length) {
                let code = Code::behind(&raw const one.err);
                if code.is_error() {
                    let reason = format!("{}-{}", copied(one.topic), one.partition);
                    return Err(Failed { code, reason });
                }
                set += 1;
            }
        }
    }
    Ok(set)
}
