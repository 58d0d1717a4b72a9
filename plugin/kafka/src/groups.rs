//! The port `Groups`.

use std::ffi::CString;

use slackwater_ports::{Cluster, GroupOffset, Groups, Seen};

use crate::clusters::KafkaClusters;
use crate::error::KafkaError;
use crate::ffi::{group_offsets_answer, groups_answer, submit_group_offsets, submit_list_groups};
use crate::member::Member;

/// Each group is a request. A mirror has a handful; one with more than this is
/// used as no mirror is.
const MOST_GROUPS: usize = 2_000;

impl Groups for KafkaClusters {
    fn committed(&self) -> Seen<Vec<GroupOffset>> {
        Ok(committed(self.member(&Cluster::Mirror)?)?)
    }
}

fn committed(member: &Member) -> Result<Vec<GroupOffset>, KafkaError> {
    let groups = member.ask("ListConsumerGroups", submit_list_groups, groups_answer)?;
    if groups.len() > MOST_GROUPS {
        return Err(KafkaError::TooMany {
            cluster: member.cluster().clone(),
            what: "consumer groups",
            limit: MOST_GROUPS,
        });
    }
    let mut offsets = Vec::new();
    for group in groups {
        let Ok(name) = CString::new(group) else {
            continue;
        };
        offsets.extend(member.ask(
            "ListConsumerGroupOffsets",
            |queue, limit| submit_group_offsets(queue, &name, limit),
            group_offsets_answer,
        )?);
    }
    Ok(offsets)
}
