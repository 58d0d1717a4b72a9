//! One value of `__transaction_state`.
//!
//! Source: `TransactionLogValue`, versions 0 and 1, the second one flexible.

use std::sync::Arc;

use crate::wire::Cursor;

use super::error::Malformed;
use super::reader::Reader;
use super::status::TransactionStatus;

/// The last word on a transactional id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionRow {
    /// As the producer is configured.
    pub transactional_id: Box<str>,
    /// Its records and markers bear it.
    pub producer_id: i64,
    /// The one that it had before, often the same (KIP-890).
    pub previous_producer_id: Option<i64>,
    /// The one that the producer was given last, where it is another.
    pub next_producer_id: Option<i64>,
    /// Of the producer; -1 before it has one.
    pub epoch: i16,
    /// How long a transaction may go on, in milliseconds.
    pub timeout_ms: i32,
    /// How far it is.
    pub status: TransactionStatus,
    /// Topics and partitions that have or get markers. A topic's name is
    /// shared by its partitions.
    pub partitions: Vec<(Arc<str>, u32)>,
    /// When it began, in milliseconds since the Unix epoch; `None` if it has
    /// not.
    pub started_ms: Option<i64>,
    /// When this was written, likewise.
    pub updated_ms: i64,
}

impl TransactionRow {
    /// Whether its coordinator has still to write markers.
    pub fn is_pending(&self) -> bool {
        self.status.is_pending()
    }

    pub(super) fn read(
        transactional_id: &str,
        version: i16,
        cursor: Cursor<'_>,
    ) -> Result<Self, Malformed> {
        let mut reader = Reader::value(cursor, version >= 1);
        let mut row = Self {
            transactional_id: transactional_id.into(),
            producer_id: reader.cursor.i64()?,
            previous_producer_id: None,
            next_producer_id: None,
            epoch: reader.cursor.i16()?,
            timeout_ms: reader.cursor.i32()?,
            status: status(reader.cursor.i8()?)?,
            partitions: partitions(&mut reader)?,
            updated_ms: reader.cursor.i64()?,
            started_ms: some(reader.cursor.i64()?),
        };
        // Tags 2 and 3, the client's transaction version and its next epoch,
        // say nothing of what is pending.
        reader.tagged(|tag, field| {
            match tag {
                0 => row.previous_producer_id = some(field.i64()?),
                1 => row.next_producer_id = some(field.i64()?),
                _ => {}
            }
            Ok(())
        })?;
        reader.end()?;
        Ok(row)
    }
}

fn status(id: i8) -> Result<TransactionStatus, Malformed> {
    TransactionStatus::of(id).ok_or(Malformed::Value {
        what: "status",
        value: id.into(),
    })
}

/// -1 stands for nothing.
fn some(value: i64) -> Option<i64> {
    (value != -1).then_some(value)
}

fn partitions(reader: &mut Reader<'_>) -> Result<Vec<(Arc<str>, u32)>, Malformed> {
    let mut partitions = Vec::new();
    for _ in 0..reader.count()? {
        let topic: Arc<str> = reader.text("topic")?.into();
        for _ in 0..reader.count()? {
            partitions.push((Arc::clone(&topic), reader.partition()?));
        }
        reader.tagged(|_, _| Ok(()))?;
    }
    partitions.shrink_to_fit();
    Ok(partitions)
}
