//! What a transaction coordinator keeps in `__transaction_state`. Pure: it is
//! fed keys and values.
//!
//! Source: `TransactionLogKey`, `TransactionLogValue` (versions 0 and 1, the
//! second of them flexible) and `TransactionState`.

use std::collections::BTreeMap;

use slackwater_ports::PartitionId;

use crate::wire::{Cursor, WireError};

/// How far a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStatus {
    /// None has begun.
    Empty,
    /// Begun.
    Ongoing,
    /// To be committed: markers are being written.
    PrepareCommit,
    /// To be aborted: markers are being written.
    PrepareAbort,
    /// All markers are written.
    Complete,
    /// The id expired.
    Dead,
    /// Its producer is being fenced.
    PrepareEpochFence,
}

impl TransactionStatus {
    fn of(code: i8) -> Option<Self> {
        Some(match code {
            0 => Self::Empty,
            1 => Self::Ongoing,
            2 => Self::PrepareCommit,
            3 => Self::PrepareAbort,
            4 | 5 => Self::Complete,
            6 => Self::Dead,
            7 => Self::PrepareEpochFence,
            _ => return None,
        })
    }

    /// Whether a coordinator that loads it would go on with it.
    pub fn is_pending(self) -> bool {
        !matches!(self, Self::Empty | Self::Complete | Self::Dead)
    }
}

/// A transactional id's last word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionRow {
    /// How far it is.
    pub status: TransactionStatus,
    /// What it names.
    pub partitions: Vec<PartitionId>,
}

/// Why a record can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoordinatorError {
    /// Bytes that are none.
    #[error("a transaction's record {0}")]
    Wire(#[from] WireError),
    /// A version of a later Kafka.
    #[error("a transaction's record has version {0}, and this reads 0 and 1")]
    Version(i16),
    /// A status that there is not.
    #[error("a transaction has status {0}")]
    Status(i8),
}

/// All transactional ids of one log, each with its last word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransactionTable {
    /// By transactional id.
    pub rows: BTreeMap<String, TransactionRow>,
}

impl TransactionTable {
    /// Follows one record, in the order of the log.
    ///
    /// # Errors
    /// See [`CoordinatorError`].
    pub fn apply(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), CoordinatorError> {
        let mut key = Cursor::new(key);
        let version = key.i16()?;
        if version != 0 {
            return Err(CoordinatorError::Version(version));
        }
        let id = key.short_text()?.unwrap_or_default().to_owned();
        match value {
            Some(value) => drop(self.rows.insert(id, row(value)?)),
            None => drop(self.rows.remove(&id)),
        }
        Ok(())
    }
}

fn row(value: &[u8]) -> Result<TransactionRow, CoordinatorError> {
    let mut cursor = Cursor::new(value);
    let version = cursor.i16()?;
    let flexible = match version {
        0 => false,
        1 => true,
        other => return Err(CoordinatorError::Version(other)),
    };
    let (_producer_id, _epoch, _timeout_ms) = (cursor.i64()?, cursor.i16()?, cursor.i32()?);
    let code = cursor.i8()?;
    let status = TransactionStatus::of(code).ok_or(CoordinatorError::Status(code))?;
    let mut partitions = Vec::new();
    let count = |cursor: &mut Cursor<'_>| match flexible {
        true => cursor.compact_count(),
        false => cursor.count(),
    };
    for _ in 0..count(&mut cursor)? {
        let topic = match flexible {
            true => cursor.compact_text()?,
            false => cursor.short_text()?,
        };
        let topic = topic.unwrap_or_default();
        for _ in 0..count(&mut cursor)? {
            let partition = u32::try_from(cursor.i32()?).map_err(|_| WireError::Negative)?;
            partitions.push(PartitionId::new(topic, partition));
        }
        if flexible {
            cursor.tagged()?;
        }
    }
    Ok(TransactionRow { status, partitions })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &[u8] = &[0, 0, 0, 1, b'x'];

    fn value(version: u8, status: u8, partitions: &[u8]) -> Vec<u8> {
        let mut value = vec![0, version];
        value.extend([0; 14]);
        value.push(status);
        value.extend(partitions);
        value
    }

    #[test]
    fn both_versions_are_read() {
        let old = value(0, 1, &[0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 3]);
        let new = value(1, 2, &[2, 2, b't', 2, 0, 0, 0, 3, 0]);
        for (value, status) in [
            (old, TransactionStatus::Ongoing),
            (new, TransactionStatus::PrepareCommit),
        ] {
            let mut table = TransactionTable::default();
            table.apply(KEY, Some(&value)).unwrap();
            let row = &table.rows["x"];
            assert_eq!(row.status, status);
            assert_eq!(row.partitions, [PartitionId::new("t", 3)]);
            assert!(row.status.is_pending());
        }
    }

    #[test]
    fn the_last_word_counts_and_a_tombstone_is_one() {
        let mut table = TransactionTable::default();
        table.apply(KEY, Some(&value(1, 1, &[1]))).unwrap();
        table.apply(KEY, Some(&value(1, 4, &[1]))).unwrap();
        assert!(!table.rows["x"].status.is_pending());
        table.apply(KEY, None).unwrap();
        assert!(table.rows.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_applied_or_refused(key: Vec<u8>, value: Option<Vec<u8>>) {
            let _ = TransactionTable::default().apply(&key, value.as_deref());
        }
    }
}
