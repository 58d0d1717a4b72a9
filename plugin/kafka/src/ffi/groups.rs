//! ListConsumerGroups and ListConsumerGroupOffsets, which rdkafka does not
//! wrap.

use std::ffi::CString;
use std::time::Duration;

use rdkafka_sys::{
    rd_kafka_ConsumerGroupListing_group_id, rd_kafka_ListConsumerGroupOffsets,
    rd_kafka_ListConsumerGroupOffsets_destroy, rd_kafka_ListConsumerGroupOffsets_new,
    rd_kafka_ListConsumerGroupOffsets_result_groups, rd_kafka_ListConsumerGroups,
    rd_kafka_ListConsumerGroups_result_errors, rd_kafka_ListConsumerGroups_result_valid,
    rd_kafka_admin_op_t, rd_kafka_event_ListConsumerGroupOffsets_result,
    rd_kafka_event_ListConsumerGroups_result, rd_kafka_group_result_error,
    rd_kafka_group_result_name, rd_kafka_group_result_partitions,
};
use slackwater_ports::{GroupOffset, PartitionId};

use super::admin::{Failed, Options};
use super::code::Code;
use super::queue::{Event, Queue};
use super::text::{copied, slice};

/// Asks for the names of all groups.
pub(crate) fn submit_list_groups(queue: &Queue<'_>, limit: Duration) {
    let kind = rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS;
    let options = Options::new(queue.client(), kind, limit, 0);
    // SAFETY: all are live; librdkafka copies the options.
    unsafe { rd_kafka_ListConsumerGroups(queue.client().rk(), options.ptr(), queue.ptr()) };
}

/// What an answer to it says. A broker that did not answer makes the whole
/// answer a failure: its groups would be missing.
pub(crate) fn groups_answer(event: &Event<'_>) -> Result<Vec<String>, Failed> {
    event.succeeded()?;
    let (mut errors, mut count) = (0, 0);
    // SAFETY: the event is live, and owns all that is read here; a result of
    // another kind gives null, which is checked for.
    unsafe {
        let result = rd_kafka_event_ListConsumerGroups_result(event.ptr());
        if result.is_null() {
            return Ok(Vec::new());
        }
        rd_kafka_ListConsumerGroups_result_errors(result, &raw mut errors);
        if errors > 0 {
            let reason = format!("{errors} brokers did not list their groups");
            return Err(Failed {
                code: Code::TIMED_OUT,
                reason,
            });
        }
        let groups = rd_kafka_ListConsumerGroups_result_valid(result, &raw mut count);
        Ok(slice(groups, count)
            .iter()
            .map(|group| copied(rd_kafka_ConsumerGroupListing_group_id(*group)))
            .collect())
    }
}

/// Asks for all offsets of one group: librdkafka takes one a request.
pub(crate) fn submit_group_offsets(queue: &Queue<'_>, group: &CString, limit: Duration) {
    let kind = rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS;
    let options = Options::new(queue.client(), kind, limit, 0);
    // SAFETY: all are live; librdkafka copies group and options. Without
    // partitions all of the group's are meant.
    unsafe {
        let mut asked = rd_kafka_ListConsumerGroupOffsets_new(group.as_ptr(), std::ptr::null());
        rd_kafka_ListConsumerGroupOffsets(
            queue.client().rk(),
            &raw mut asked,
            1,
            options.ptr(),
            queue.ptr(),
        );
        rd_kafka_ListConsumerGroupOffsets_destroy(asked);
    }
}

/// What an answer to it says. Partitions without an offset are left out.
pub(crate) fn group_offsets_answer(event: &Event<'_>) -> Result<Vec<GroupOffset>, Failed> {
    event.succeeded()?;
    let mut count = 0;
    let mut offsets = Vec::new();
    // SAFETY: the event is live, and owns all that is read here; a result of
    // another kind gives null, which is checked for.
    unsafe {
        let result = rd_kafka_event_ListConsumerGroupOffsets_result(event.ptr());
        if result.is_null() {
            return Ok(offsets);
        }
        let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &raw mut count);
        for group in slice(groups, count) {
            let name = copied(rd_kafka_group_result_name(*group));
            if !rd_kafka_group_result_error(*group).is_null() {
                let reason = format!("the offsets of group {name}");
                return Err(Failed {
                    code: Code::TIMED_OUT,
                    reason,
                });
            }
            let list = rd_kafka_group_result_partitions(*group);
            if list.is_null() {
                continue;
            }
            let length = usize::try_from((*list).cnt).unwrap_or(0);
            for one in slice((*list).elems, length) {
                let (Ok(partition), Ok(offset)) =
                    (u32::try_from(one.partition), u64::try_from(one.offset))
                else {
                    continue;
                };
                offsets.push(GroupOffset {
                    group: name.clone(),
                    partition: PartitionId::new(copied(one.topic), partition),
                    offset,
                });
            }
        }
    }
    Ok(offsets)
}
