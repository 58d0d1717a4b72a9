//! How far a transaction is. Source: `TransactionState`.

use std::fmt;

/// See the module. The last two are not written by any Kafka that is known;
/// the coordinator keeps them in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransactionStatus {
    /// None has begun since the producer came.
    Empty,
    /// Begun.
    Ongoing,
    /// To be committed; markers are being written.
    PrepareCommit,
    /// To be aborted; markers are being written.
    PrepareAbort,
    /// Committed, and all markers are written.
    CompleteCommit,
    /// Aborted, and all markers are written.
    CompleteAbort,
    /// The transactional id expired.
    Dead,
    /// Its producer is being fenced, and an abort follows.
    PrepareEpochFence,
}

impl TransactionStatus {
    pub(super) fn of(id: i8) -> Option<Self> {
        Some(match id {
            0 => Self::Empty,
            1 => Self::Ongoing,
            2 => Self::PrepareCommit,
            3 => Self::PrepareAbort,
            4 => Self::CompleteCommit,
            5 => Self::CompleteAbort,
            6 => Self::Dead,
            7 => Self::PrepareEpochFence,
            _ => return None,
        })
    }

    /// Whether a coordinator that loads it has still to write markers: at once
    /// where it is prepared, or when it times out.
    pub fn is_pending(self) -> bool {
        match self {
            Self::Ongoing | Self::PrepareCommit | Self::PrepareAbort | Self::PrepareEpochFence => {
                true
            }
            Self::Empty | Self::CompleteCommit | Self::CompleteAbort | Self::Dead => false,
        }
    }
}

/// As Kafka's tools name it.
impl fmt::Display for TransactionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
