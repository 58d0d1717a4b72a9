//! The port `Groups`; and, for a mirror that was restored, what no phase may do: groups
//! that are past its ends are set to them.

use std::ffi::CString;

use slackwater_ports::{Cluster, GroupOffset, Groups, PartitionId, PortError, Seen};

use crate::clusters::KafkaClusters;
use crate::error::KafkaError;
use crate::ffi::{
    alter_group_offsets_answer, group_offsets_answer, groups_answer, submit_alter_group_offsets,
    submit_group_offsets, submit_list_groups,
};
use crate::member::Member;

/// Each group is a request. A mirror has a handful; one with more than this is
/// used as no mirror is.
const MOST_GROUPS: usize = 2_000;

impl Groups for KafkaClusters {
    fn committed(&self) -> Seen<Vec<GroupOffset>> {
        Ok(committed(self.member(&Cluster::Mirror)?)?)
    }
}

impl KafkaClusters {
    /// Commits these offsets for a group of the mirror.
    ///
    /// # Errors
    /// A group with members (`UNKNOWN_MEMBER_ID`): Kafka lets them alone commit. A user who
    /// may not `Read` it. No answer.
    pub fn set_group_offsets(
        &self,
        group: &str,
        offsets: &[(PartitionId, u64)],
    ) -> Result<(), PortError> {
        let member = self.member(&Cluster::Mirror)?;
        let incomplete = |what: String| KafkaError::Incomplete {
            cluster: Cluster::Mirror,
            asked: ALTER,
            what,
        };
        let name = CString::new(group).map_err(|_| incomplete(format!("group {group:?}")))?;
        let set = member.ask(
            ALTER,
            |queue, limit| submit_alter_group_offsets(queue, &name, offsets, limit),
            alter_group_offsets_answer,
        )?;
        match set == offsets.len() {
            true => Ok(()),
            false => Err(incomplete(format!("all partitions of {group}")).into()),
        }
    }
}

const ALTER: &str = "AlterConsumerGroupOffsets";

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
