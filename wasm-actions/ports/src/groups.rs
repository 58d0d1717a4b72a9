//! Consumer groups of the mirror.

use serde::{Deserialize, Serialize};

use crate::{PartitionId, Seen};

/// What a group has committed for a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupOffset {
    /// `group.id`
    pub group: String,
    /// Of which partition.
    pub partition: PartitionId,
    /// The next offset that the group would read.
    pub offset: u64,
}

/// The port.
pub trait Groups {
    /// What all groups of the mirror have committed.
    fn committed(&self) -> Seen<Vec<GroupOffset>>;
}
