//! What the coordinators would go on with, from all replicas of
//! `__transaction_state`: which of them a restored cluster takes can't be
//! known, so each counts.

use std::ops::ControlFlow;
use std::sync::Arc;

use slackwater_logdir::state::TransactionTable;
use slackwater_logdir::{Isolation, on_all_cores, records};
use slackwater_ports::{PartitionId, PendingTransaction, TransactionsSeen};

use crate::metadata::damaged;
use crate::state::State;

const TOPIC: &str = "__transaction_state";

pub(crate) fn seen(state: &State) -> TransactionsSeen {
    let jobs = state.of_topic(TOPIC);
    let replicas: Vec<_> = jobs.iter().map(|job| job.1).collect();
    let tables = on_all_cores(&replicas, |reader, _, replica| {
        let mut table = TransactionTable::default();
        let (mut count, mut wrong) = (0u64, None);
        let isolation = Isolation::ReadUncommitted;
        let read = records(reader, replica, isolation, |record| {
            count += 1;
            match table.apply(record.offset, record.key, record.value) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    wrong = Some(error.to_string());
                    ControlFlow::Break(())
                }
            }
        });
        match (read, wrong) {
            (Err(error), _) => Err(error.to_string()),
            (_, Some(why)) => Err(why),
            (Ok(end), None) if end.is_damaged() => Err(damaged(&end)),
            (Ok(_), None) => Ok((table, count)),
        }
    });
    let mut seen = TransactionsSeen {
        pending: Vec::new(),
        replicas: 0,
        records: 0,
        unread: Vec::new(),
    };
    for ((dir, replica), table) in jobs.iter().zip(tables) {
        match table {
            Err(why) => seen.unread.push(format!("{}: {why}", replica.partition)),
            Ok((table, count)) => {
                seen.replicas += 1;
                seen.records += count;
                let named =
                    |(topic, partition): &(Arc<str>, u32)| PartitionId::new(&**topic, *partition);
                seen.pending
                    .extend(table.pending().map(|row| PendingTransaction {
                        dir: *dir,
                        id: row.transactional_id.to_string(),
                        status: row.status.to_string(),
                        partitions: row.partitions.iter().map(named).collect(),
                    }));
            }
        }
    }
    seen
}
