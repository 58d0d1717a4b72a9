//! What coordinators keep on the volumes: in which partitions transactions
//! wrote, what groups committed. Read from the kept logs, up to where they are cut.

use std::ops::ControlFlow;

use slackwater_logdir::state::{OffsetTable, TransactionStatus, TransactionTable};
use slackwater_logdir::{Isolation, Record, Replica, SegmentReader, broken_at, records};
use slackwater_point::{ForgottenId, GroupSeen, TookPart, TransactionId, Word};
use slackwater_ports::PartitionId;

use crate::error::TrimError;

/// `TransactionLog`'s topic.
pub(crate) const TRANSACTIONS: &str = "__transaction_state";

/// The groups' topic.
pub(crate) const GROUPS: &str = "__consumer_offsets";

/// Each record of `replica` below `until`, to `visit`.
pub(crate) fn each(
    reader: &mut SegmentReader,
    replica: &Replica,
    until: u64,
    isolation: Isolation,
    mut visit: impl FnMut(&Record<'_>) -> Result<(), String>,
) -> Result<(), TrimError> {
    let mut wrong = None;
    let end = records(reader, replica, isolation, |record| {
        if record.offset >= until {
            return ControlFlow::Break(());
        }
        match visit(record) {
            Ok(()) => ControlFlow::Continue(()),
            Err(why) => {
                wrong = Some(why);
                ControlFlow::Break(())
            }
        }
    })?;
    let broken = end.broken_at.filter(|at| *at < until);
    let broken = broken.map(broken_at);
    match wrong.or(broken) {
        None => Ok(()),
        Some(why) => Err(TrimError::Unread {
            path: replica.path.clone(),
            why,
        }),
    }
}

fn apply(table: &mut TransactionTable, record: &Record<'_>) -> Result<(), String> {
    let applied = table.apply(record.offset, record.key, record.value);
    applied.map_err(|error| error.to_string())
}

/// What one partition of `__transaction_state` says of where transactions wrote.
pub(crate) fn tell(
    told: &mut TookPart,
    reader: &mut SegmentReader,
    replica: &Replica,
    until: u64,
) -> Result<(), TrimError> {
    told.ask();
    each(
        reader,
        replica,
        until,
        Isolation::ReadUncommitted,
        |record| {
            // A table of its own for each: here it is not the last word that counts.
            let mut table = TransactionTable::default();
            apply(&mut table, record)?;
            for row in table.rows() {
                let id = TransactionId {
                    producer: row.producer_id,
                    epoch: row.epoch,
                };
                let partitions = row.partitions.iter();
                let partitions =
                    partitions.map(|(topic, number)| PartitionId::new(&**topic, *number));
                let word = match row.status {
                    TransactionStatus::Ongoing => Word::Ongoing(partitions.collect()),
                    _ => Word::Over,
                };
                told.tell(id, row.updated_ms, word);
            }
            Ok(())
        },
    )
}

/// Transactional ids of one partition of `__transaction_state` that are not to be found as
/// they stand: a transaction is under way, of which nothing is left open. `all`: this log
/// was copied at another moment than others, and what is kept of them may have a later epoch
/// of any producer.
pub(crate) fn forgotten(
    reader: &mut SegmentReader,
    replica: &Replica,
    until: u64,
    all: bool,
    timestamp_ms: i64,
) -> Result<Vec<ForgottenId>, TrimError> {
    let mut table = TransactionTable::default();
    each(
        reader,
        replica,
        until,
        Isolation::ReadUncommitted,
        |record| apply(&mut table, record),
    )?;
    let rows = table.rows().filter(|row| all || row.is_pending());
    let each = rows.map(|row| ForgottenId {
        transactional_id: row.transactional_id.to_string(),
        timestamp_ms,
    });
    Ok(each.collect())
}

/// What groups committed, by one partition of their topic.
pub(crate) fn groups(
    reader: &mut SegmentReader,
    replica: &Replica,
    until: u64,
) -> Result<Vec<GroupSeen>, TrimError> {
    let mut table = OffsetTable::default();
    each(reader, replica, until, Isolation::ReadCommitted, |record| {
        table
            .apply(record.offset, record.key, record.value)
            .map_err(|error| error.to_string())
    })?;
    let all = table.committed.into_iter().filter_map(|(of, seen)| {
        Some(GroupSeen {
            group: of.group.into(),
            partition: PartitionId::new(of.topic, of.partition),
            committed: u64::try_from(seen.offset).ok()?,
        })
    });
    Ok(all.collect())
}
