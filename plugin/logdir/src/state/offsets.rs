//! Offsets that groups committed, from one partition of `__consumer_offsets`.
//!
//! Source: `OffsetCommitKey` and its elder, and `OffsetCommitValue`, versions
//! 0 to 4, the last one flexible. What else the topic holds of groups is
//! counted only.

use std::collections::BTreeMap;

use crate::wire::Cursor;

use super::error::{Malformed, StateError};
use super::order::Order;
use super::reader::{Key, Reader, version};

/// `LegacyOffsetCommitKey` and `OffsetCommitKey`: they have one form.
const COMMITS: std::ops::RangeInclusive<i16> = 0..=1;

/// `OffsetCommitValue`
const NEWEST: i16 = 4;

const KEY: &str = "a committed offset's key";
const VALUE: &str = "a committed offset's value";

/// Whose offset, and of what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupPartition {
    /// The group's id.
    pub group: Box<str>,
    /// A topic of this cluster.
    pub topic: Box<str>,
    /// Its partition.
    pub partition: u32,
}

/// What was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The next offset that the group reads, as it was written.
    pub offset: i64,
    /// Leader epoch of the record before it; `None` where none was given.
    pub leader_epoch: Option<i32>,
    /// When, in milliseconds since the Unix epoch.
    pub committed_ms: i64,
}

/// Folds a log: the last commit wins, and a tombstone takes it away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OffsetTable {
    /// Sorted by group, topic and partition.
    pub committed: BTreeMap<GroupPartition, CommittedOffset>,
    /// How many records had keys of another type, by type.
    pub skipped: BTreeMap<i16, u64>,
    order: Order,
}

impl OffsetTable {
    /// Follows one data record of the log. Records of transactions that were
    /// aborted are not to be given.
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
        match whose(key).map_err(malformed(KEY))? {
            Key::Other(other) => *self.skipped.entry(other).or_default() += 1,
            Key::Of(whose) => match value {
                None => drop(self.committed.remove(&whose)),
                Some(value) => {
                    let (version, cursor) = version(VALUE, offset, NEWEST, value)?;
                    let committed = committed(version, cursor).map_err(malformed(VALUE))?;
                    self.committed.insert(whose, committed);
                }
            },
        }
        self.order.last = Some(offset);
        Ok(())
    }

    /// Offset of the last record that was taken.
    pub fn last_offset(&self) -> Option<u64> {
        self.order.last
    }
}

fn whose(key: Option<&[u8]>) -> Result<Key<GroupPartition>, Malformed> {
    let (of, mut reader) = Reader::key(key)?;
    if !COMMITS.contains(&of) {
        return Ok(Key::Other(of));
    }
    let whose = GroupPartition {
        group: reader.text("group")?.into(),
        topic: reader.text("topic")?.into(),
        partition: reader.partition()?,
    };
    reader.end()?;
    Ok(Key::Of(whose))
}

fn committed(version: i16, cursor: Cursor<'_>) -> Result<CommittedOffset, Malformed> {
    let mut reader = Reader::value(cursor, version >= 4);
    let offset = reader.cursor.i64()?;
    let leader_epoch = match version {
        3.. => Some(reader.cursor.i32()?).filter(|epoch| *epoch >= 0),
        _ => None,
    };
    let _metadata = reader.text_or_null()?;
    let committed_ms = reader.cursor.i64()?;
    if version == 1 {
        let _expires_ms = reader.cursor.i64()?;
    }
    reader.tagged(|_, _| Ok(()))?;
    reader.end()?;
    Ok(CommittedOffset {
        offset,
        leader_epoch,
        committed_ms,
    })
}
