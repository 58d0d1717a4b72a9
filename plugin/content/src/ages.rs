//! How old the segments of all replicas are, for what retention would do.
//! No phase asks for it, so it is no part of the port.

use serde::{Deserialize, Serialize};
use slackwater_logdir::{Replica, SegmentAge, ages, on_all_cores};
use slackwater_ports::PartitionId;

use crate::state::State;

/// The segments of one replica, oldest first, or why they can't be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplicaAges {
    /// Of which partition.
    pub partition: PartitionId,
    /// See [`SegmentAge`].
    pub segments: Result<Vec<SegmentAge>, String>,
}

pub(crate) fn of(state: &State) -> Vec<ReplicaAges> {
    let replicas: Vec<&Replica> = state
        .dirs
        .iter()
        .flat_map(|dir| &dir.log.replicas)
        .collect();
    let found = on_all_cores(&replicas, |reader, _, replica| ages(reader, replica));
    replicas
        .iter()
        .zip(found)
        .map(|(replica, found)| ReplicaAges {
            partition: replica.partition.clone(),
            segments: found.map_err(|error| error.to_string()),
        })
        .collect()
}
