//! From which offset on partitions have records of some time: where to begin to look for
//! one whose time is known.

use slackwater_ports::{Cluster, PartitionId, Seen};

use crate::clusters::KafkaClusters;
use crate::describe::topic_name;
use crate::error::KafkaError;
use crate::ffi::{offsets_answer, submit_offsets_since};
use crate::sweep::PARTITIONS_A_REQUEST;

const ASKED: &str = "ListOffsets by time";

impl KafkaClusters {
    /// The first offset of each whose record is not stamped before an instant, in
    /// milliseconds since the Unix epoch; `None` where all are (`ListOffsets` by timestamp,
    /// KIP-79). In the order asked; each partition once, and one that has a leader.
    ///
    /// # Errors
    /// A cluster that is not configured; one without an answer.
    pub fn since(
        &self,
        cluster: &Cluster,
        wanted: &[(PartitionId, u64)],
    ) -> Seen<Vec<Option<u64>>> {
        let member = self.member(cluster)?;
        let mut found = Vec::new();
        for chunk in wanted.chunks(PARTITIONS_A_REQUEST) {
            let mut asked = Vec::new();
            for (partition, instant_ms) in chunk {
                topic_name(member, &partition.topic)?;
                asked.push((partition, i64::try_from(*instant_ms).unwrap_or(i64::MAX)));
            }
            let answers = member.ask(
                ASKED,
                |queue, limit| submit_offsets_since(queue, &asked, limit),
                offsets_answer,
            )?;
            for (partition, _) in asked {
                let number = i32::try_from(partition.partition).unwrap_or(i32::MAX);
                let is_its = |one: &&crate::ffi::OffsetAnswer| {
                    one.topic == partition.topic && one.partition == number
                };
                let answer = answers.iter().find(is_its);
                let answer = answer.filter(|one| !one.code.is_error());
                let answer = answer.ok_or_else(|| KafkaError::Incomplete {
                    cluster: cluster.clone(),
                    asked: ASKED,
                    what: partition.to_string(),
                })?;
                found.push(u64::try_from(answer.offset).ok());
            }
        }
        Ok(found)
    }
}
