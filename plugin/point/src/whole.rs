//! Transactions are kept whole or dropped whole, over all partitions, and none
//! is left open. Lowers cuts, never raises them.

use std::collections::BTreeSet;

use crate::error::{Refused, Unsolved};
use crate::log::{Log, Older, Transaction, TransactionId, Wanted};
use crate::took_part::TookPart;

/// Lowers `cuts` until no transaction is cut through, open, or kept in one
/// partition and lost in another.
pub(crate) fn close(logs: &[Log], took_part: &TookPart, cuts: &mut [u64]) -> Result<(), Unsolved> {
    loop {
        let mut lost = lost(logs, cuts);
        lost.extend(incomplete(logs, took_part)?);
        lost.extend(unfinished(logs, took_part));
        distinguished(logs, &lost)?;
        let mut lowered = false;
        for (log, cut) in logs.iter().zip(cuts.iter_mut()) {
            let reach = log.transactions.iter().filter(|one| {
                let through = one.first < *cut && is_lost(one, *cut);
                through || lost.contains(&one.id)
            });
            if let Some(first) = reach.map(|one| one.first).min()
                && first < *cut
            {
                *cut = first;
                lowered = true;
            }
        }
        if !lowered {
            return unseen(logs, took_part, &lost, cuts);
        }
    }
}

/// Whether a log that is cut there lacks the end of a transaction.
fn is_lost(one: &Transaction, cut: u64) -> bool {
    one.marker.is_none_or(|marker| marker.offset >= cut)
}

/// Transactions that count, or may yet, and of which a cut takes a part.
/// Nobody misses one that was aborted, in whichever partition that shows.
fn lost(logs: &[Log], cuts: &[u64]) -> BTreeSet<TransactionId> {
    let aborted = aborted(logs);
    let all = logs.iter().zip(cuts).flat_map(|(log, cut)| {
        let lost = log.transactions.iter().filter(|one| is_lost(one, *cut));
        lost.map(|one| one.id)
    });
    all.filter(|id| !aborted.contains(id)).collect()
}

/// Of an id that stands for several transactions, of which one counts, none is.
fn aborted(logs: &[Log]) -> BTreeSet<TransactionId> {
    let all = || logs.iter().flat_map(|log| &log.transactions);
    let ended = |committed: bool| {
        all()
            .filter(move |one| {
                one.marker
                    .is_some_and(|marker| marker.committed == committed)
            })
            .map(|one| one.id)
    };
    let count: BTreeSet<TransactionId> = ended(true).collect();
    ended(false).filter(|id| !count.contains(id)).collect()
}

/// Transactions that lack a partition in which their coordinator says that
/// they wrote: its copy was taken before.
fn incomplete(logs: &[Log], took_part: &TookPart) -> Result<BTreeSet<TransactionId>, Unsolved> {
    let (aborted, whole) = (aborted(logs), ended_before(logs));
    let mut incomplete = BTreeSet::new();
    let mut wanted = BTreeSet::new();
    let all = took_part.recent();
    for (id, partitions) in all.filter(|(id, _)| !aborted.contains(id) && !whole.contains(id)) {
        for (at, log) in logs.iter().enumerate() {
            if !partitions.contains(&log.partition) || listed(log, id) {
                continue;
            }
            if took_part.would_show(id, log, logs) {
                incomplete.insert(id);
            } else if !log.knows_all_transactions() {
                wanted.insert(at);
            } else if !took_part.is_gone(id, log) {
                incomplete.insert(id);
            }
        }
    }
    transactions_of(wanted)?;
    Ok(incomplete)
}

/// Transactions that were over before the first copy was taken. Of an id that stands for
/// several, one that came later is dropped as what it is.
fn ended_before(logs: &[Log]) -> BTreeSet<TransactionId> {
    let all = logs.iter().flat_map(|log| {
        let before = |one: &&Transaction| {
            let end = one.marker.zip(log.then);
            end.is_some_and(|(end, then)| end.committed && end.offset < then)
        };
        log.transactions.iter().filter(before)
    });
    all.map(|one| one.id).collect()
}

/// Transactions of which no coordinator says in which partitions they wrote.
fn unfinished(logs: &[Log], took_part: &TookPart) -> BTreeSet<TransactionId> {
    let all = logs.iter().flat_map(|log| {
        let unfinished = |one: &&Transaction| took_part.is_unfinished(one, log);
        log.transactions.iter().filter(unfinished)
    });
    all.map(|one| one.id).collect()
}

fn transactions_of(logs: BTreeSet<usize>) -> Result<(), Unsolved> {
    let wanted: Vec<Wanted> = logs
        .into_iter()
        .map(|log| Wanted {
            log,
            older: Older::Segments,
        })
        .collect();
    match wanted.is_empty() {
        true => Ok(()),
        false => Err(Unsolved::Older(wanted)),
    }
}

fn listed(log: &Log, id: TransactionId) -> bool {
    log.transactions.iter().any(|one| one.id == id)
}

/// A transaction that is dropped, or has to be, may lie in a part of a log that was not read.
fn unseen(
    logs: &[Log],
    took_part: &TookPart,
    lost: &BTreeSet<TransactionId>,
    cuts: &[u64],
) -> Result<(), Unsolved> {
    let mut wanted = BTreeSet::new();
    for (at, (log, cut)) in logs.iter().zip(cuts).enumerate() {
        if log.knows_all_transactions() {
            continue;
        }
        let may_hold = |id: &TransactionId| {
            took_part.may_be_in(*id, &log.partition)
                && !listed(log, *id)
                && !took_part.would_show(*id, log, logs)
        };
        let may_end = took_part.may_end_before(log);
        if may_end || *cut < log.transactions_from || lost.iter().any(may_hold) {
            wanted.insert(at);
        }
    }
    transactions_of(wanted)
}

/// One id that stands for several transactions says nothing of which of them
/// is meant elsewhere.
fn distinguished(logs: &[Log], lost: &BTreeSet<TransactionId>) -> Result<(), Unsolved> {
    for log in logs {
        let mut seen = BTreeSet::new();
        for one in log.transactions.iter().filter(|one| lost.contains(&one.id)) {
            if !seen.insert(one.id) {
                return Err(Unsolved::Refused(Refused::Undistinguished {
                    partition: log.partition.clone(),
                    producer: one.id.producer,
                }));
            }
        }
    }
    Ok(())
}
