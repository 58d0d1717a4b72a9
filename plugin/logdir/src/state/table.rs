//! All transactional ids of one partition of `__transaction_state`.

use std::collections::BTreeMap;

use super::error::{Malformed, StateError};
use super::order::Order;
use super::reader::{Key, Reader, version};
use super::row::TransactionRow;

/// `TransactionLogKey`, the only type of key so far.
const TRANSACTION: i16 = 0;

/// `TransactionLogValue`
const NEWEST: i16 = 1;

const KEY: &str = "a transaction's key";
const VALUE: &str = "a transaction's value";

/// Folds a log: the last record with an id wins, and a tombstone takes the id
/// away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransactionTable {
    rows: BTreeMap<Box<str>, TransactionRow>,
    /// How many records had keys of another type, by type. Kafka passes over
    /// them too (KIP-915).
    pub skipped: BTreeMap<i16, u64>,
    order: Order,
}

impl TransactionTable {
    /// Follows one data record of the log.
    ///
    /// # Errors
    /// See [`StateError`]. What came before stays.
    pub fn apply(
        &mut self,
        offset: u64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<(), StateError> {
        self.order.check(offset)?;
        let malformed = |of| move |why| StateError::Malformed { of, offset, why };
        match id(key).map_err(malformed(KEY))? {
            Key::Other(other) => *self.skipped.entry(other).or_default() += 1,
            Key::Of(id) => match value {
                None => drop(self.rows.remove(id)),
                Some(value) => {
                    let (version, cursor) = version(VALUE, offset, NEWEST, value)?;
                    let row = TransactionRow::read(id, version, cursor);
                    let row = row.map_err(malformed(VALUE))?;
                    self.rows.insert(id.into(), row);
                }
            },
        }
        self.order.last = Some(offset);
        Ok(())
    }

    /// The last word on this transactional id.
    pub fn get(&self, transactional_id: &str) -> Option<&TransactionRow> {
        self.rows.get(transactional_id)
    }

    /// All of them, sorted by transactional id.
    pub fn rows(&self) -> impl Iterator<Item = &TransactionRow> {
        self.rows.values()
    }

    /// Those whose coordinator has still to write markers.
    pub fn pending(&self) -> impl Iterator<Item = &TransactionRow> {
        self.rows().filter(|row| row.is_pending())
    }

    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Offset of the last record that was taken.
    pub fn last_offset(&self) -> Option<u64> {
        self.order.last
    }
}

fn id(key: Option<&[u8]>) -> Result<Key<&str>, Malformed> {
    let (of, mut reader) = Reader::key(key)?;
    if of != TRANSACTION {
        return Ok(Key::Other(of));
    }
    let id = reader.text("transactional id")?;
    reader.end()?;
    Ok(Key::Of(id))
}
