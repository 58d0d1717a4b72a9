//! The data records of a whole log, in order, for those who want to see each.

use std::ops::ControlFlow;

use crate::LogdirError;
use crate::record::{self, Control, Record};
use crate::segment::{MAX_HELD, SegmentReader, Want};
use crate::survey::Replica;
use crate::transactions::{Aborted, Open};
use crate::wire::Cursor;

/// Which records are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// All.
    ReadUncommitted,
    /// Those of committed transactions, up to the first that is open; two
    /// passes over the log.
    ReadCommitted,
}

/// How a reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordsEnd {
    /// The offset up to which everything was given.
    pub position: u64,
    /// Where the first batch would be that is not what it says, or that can't be decoded:
    /// its records are missing. What lies behind it was given all the same.
    pub broken_at: Option<u64>,
}

impl RecordsEnd {
    /// Whether something lies behind what is missing. Behind what a crash has cut short
    /// nothing does, and a broker takes that away as it starts (`LogLoader`).
    pub fn is_damaged(&self) -> bool {
        self.broken_at.is_some_and(|at| at < self.position)
    }
}

/// What is wrong of a log from an offset on, in words.
pub fn broken_at(offset: u64) -> String {
    format!(
        "from offset {offset} on a batch is damaged, or larger than {} MiB",
        MAX_HELD >> 20
    )
}

/// Gives each record from the log's start on to `visit`, until it has seen
/// enough.
///
/// # Errors
/// A file that can't be read.
pub fn records(
    reader: &mut SegmentReader,
    replica: &Replica,
    isolation: Isolation,
    mut visit: impl FnMut(&Record<'_>) -> ControlFlow<()>,
) -> Result<RecordsEnd, LogdirError> {
    let committed = match isolation {
        Isolation::ReadUncommitted => None,
        Isolation::ReadCommitted => Some(fates(reader, replica)?),
    };
    let mut end = RecordsEnd {
        position: replica.start,
        broken_at: committed
            .as_ref()
            .filter(|fates| fates.aborted.overflowed)
            .map(|_| replica.start),
    };
    let stable = committed.as_ref().and_then(|fates| fates.open.least());
    let mut scratch = Vec::new();
    for segment in &replica.segments {
        let mut over = false;
        // An empty one says by its name how far the log went before it.
        end.position = end.position.max(segment.base);
        let read = reader.read_while(&segment.path, 0, Want::Content, |batch| {
            let header = &batch.header;
            if stable.is_some_and(|stable| header.base_offset >= stable) {
                over = true;
                return ControlFlow::Break(());
            }
            let (true, Some(bytes)) = (batch.crc_holds, batch.records) else {
                end.broken_at.get_or_insert(end.position);
                return ControlFlow::Continue(());
            };
            let dropped = committed
                .as_ref()
                .is_some_and(|fates| header.transactional && fates.aborted.holds(header));
            if !header.control && !dropped {
                let decoded = record::for_each(header, bytes, &mut scratch, |record| {
                    if !over && record.offset >= replica.start {
                        over = visit(record).is_break();
                    }
                });
                if decoded.is_err() {
                    end.broken_at.get_or_insert(end.position);
                }
            }
            if over {
                return ControlFlow::Break(());
            }
            end.position = end.position.max(header.last_offset + 1);
            ControlFlow::Continue(())
        })?;
        if over {
            break;
        }
        if read.stopped.is_some() {
            end.broken_at.get_or_insert(end.position);
        }
    }
    Ok(end)
}

/// Gives the type and value of each control record to `visit`.
///
/// # Errors
/// A file that can't be read.
pub fn control_records(
    reader: &mut SegmentReader,
    replica: &Replica,
    mut visit: impl FnMut(i16, &[u8]),
) -> Result<(), LogdirError> {
    let mut scratch = Vec::new();
    for segment in &replica.segments {
        reader.read(&segment.path, Want::Content, |batch| {
            let (true, true, Some(bytes)) = (batch.header.control, batch.crc_holds, batch.records)
            else {
                return;
            };
            // One that can't be decoded is told by whoever reads the records.
            let _ = record::for_each(&batch.header, bytes, &mut scratch, |record| {
                let mut key = Cursor::new(record.key.unwrap_or_default());
                if let (Ok(_version), Ok(kind)) = (key.i16(), key.i16()) {
                    visit(kind, record.value.unwrap_or_default());
                }
            });
        })?;
    }
    Ok(())
}

struct Fates {
    open: Open,
    aborted: Aborted,
}

/// What became of each transaction.
fn fates(reader: &mut SegmentReader, replica: &Replica) -> Result<Fates, LogdirError> {
    let mut fates = Fates {
        open: Open::default(),
        aborted: Aborted::default(),
    };
    let mut scratch = Vec::new();
    for segment in &replica.segments {
        reader.read(&segment.path, Want::Content, |batch| {
            let header = &batch.header;
            if !header.transactional || !batch.crc_holds {
                return;
            }
            let marker = match (header.control, batch.records) {
                (true, Some(bytes)) => record::control(header, bytes, &mut scratch),
                _ => None,
            };
            if let Some(first) = fates.open.take(header, marker)
                && marker == Some(Control::Abort)
            {
                fates
                    .aborted
                    .add(header.producer_id, first, header.base_offset);
            }
        })?;
    }
    Ok(fates)
}
