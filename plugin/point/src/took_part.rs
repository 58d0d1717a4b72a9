//! In which partitions transactions wrote, by what their coordinators wrote down. A copy of
//! a coordinator's log may be older than that of a partition: what it does not say the end
//! of may have written anywhere.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_ports::PartitionId;

use crate::log::{Log, Transaction, TransactionId};

/// Transactions whose last word is so much older than the newest one, were over
/// before any copy was taken: `transaction.max.timeout.ms` is a quarter of an
/// hour unless somebody raised it, and copies are minutes apart.
const RECENT_MS: i64 = 3_600_000;

/// By so much the clocks of two brokers may differ. Nothing is lost by too much: what
/// retention has taken within that time is missed then.
const SKEW_MS: i64 = 60_000;

/// What a coordinator wrote down of a producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Its transaction is under way, and has written to these.
    Ongoing(BTreeSet<PartitionId>),
    /// None is: how the last one ends is decided. From `transaction.version` 2 on that comes
    /// with the next epoch (KIP-890, `TransactionMetadata.prepareAbortOrCommit`).
    Over,
}

/// All of it. Without any coordinator's log nothing is known, and transactions go by what
/// their records say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TookPart {
    by: BTreeMap<TransactionId, Told>,
    /// Of each producer.
    last: BTreeMap<i64, LastWord>,
    newest_ms: i64,
    /// Whether a coordinator's log was there.
    asked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    ms: i64,
    partitions: BTreeSet<PartitionId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LastWord {
    epoch: i16,
    is_over: bool,
    ms: i64,
}

impl TookPart {
    /// A coordinator's log is there: what it does not say is not known.
    pub fn ask(&mut self) {
        self.asked = true;
    }

    /// Its words, in their order; `ms` by the coordinator's clock.
    pub fn tell(&mut self, id: TransactionId, ms: i64, word: Word) {
        self.ask();
        self.newest_ms = self.newest_ms.max(ms);
        let last = LastWord {
            epoch: id.epoch,
            is_over: word == Word::Over,
            ms,
        };
        let _ = self.last.insert(id.producer, last);
        if let Word::Ongoing(partitions) = word {
            let _ = self.by.insert(id, Told { ms, partitions });
        }
    }

    /// Since when a transaction that ends may not have been over when the first copy was
    /// taken; `None` where nothing is known.
    fn since_ms(&self) -> Option<i64> {
        match self.last.is_empty() {
            true => self.asked.then_some(i64::MIN),
            false => Some(self.newest_ms.saturating_sub(RECENT_MS)),
        }
    }

    /// Whether one that ended since the first copy was taken may lie in what was not read of a
    /// log.
    pub(crate) fn may_end_before(&self, log: &Log) -> bool {
        let Some(since) = self.since_ms() else {
            return false;
        };
        match log.then {
            Some(then) => log.transactions_from > then,
            None => log.ended_by_ms.is_some_and(|ended| ended >= since),
        }
    }

    /// Those that may not have been over then, and where each wrote.
    pub(crate) fn recent(
        &self,
    ) -> impl Iterator<Item = (TransactionId, &BTreeSet<PartitionId>)> + '_ {
        let since = self.since_ms();
        let recent = move |told: &Told| since.is_some_and(|since| told.ms >= since);
        let all = self.by.iter().filter(move |(_, told)| recent(told));
        all.map(|(id, told)| (*id, &told.partitions))
    }

    /// Whether it may have written to this partition.
    pub(crate) fn may_be_in(&self, id: TransactionId, partition: &PartitionId) -> bool {
        let told = self.by.get(&id).filter(|_| self.is_over(id, None));
        told.is_none_or(|told| told.partitions.contains(partition))
    }

    /// Whether the coordinator's log was copied before it knew how this one ended, which this
    /// log shows to have been committed. It may have written to more of them then.
    pub(crate) fn is_unfinished(&self, one: &Transaction, log: &Log) -> bool {
        let end = one.marker.filter(|marker| marker.committed);
        let (Some(end), Some(since)) = (end, self.since_ms()) else {
            return false;
        };
        let may_be = match log.then {
            Some(then) => end.offset >= then,
            None => end.ms >= since,
        };
        may_be && !self.is_over(one.id, Some(end.ms))
    }

    /// Where it wrote is known, and that there is no more: there is a later epoch of its
    /// producer. (Or the same, as before `transaction.version` 2, where one epoch stands for
    /// many: the one that ended then, and none that ended since.)
    fn is_over(&self, id: TransactionId, ended_ms: Option<i64>) -> bool {
        let last = self.last.get(&id.producer);
        let is_over = last.is_some_and(|last| {
            let then = ended_ms.is_some_and(|ended| ended <= last.ms);
            last.epoch > id.epoch || (last.epoch == id.epoch && last.is_over && then)
        });
        is_over && self.by.contains_key(&id)
    }

    /// Whether a log of which this much was read would show this one if it had it: what is
    /// there reaches back before it ended.
    pub(crate) fn would_show(&self, id: TransactionId, log: &Log, logs: &[Log]) -> bool {
        let earlier = |one: &Transaction| one.id.producer == id.producer && one.id.epoch < id.epoch;
        let since = self.ended_since(id, logs);
        let mut ends = log.transactions.iter().filter_map(|one| one.marker);
        log.transactions.iter().any(earlier)
            || since.is_some_and(|since| ends.any(|end| end.ms.saturating_add(SKEW_MS) < since))
    }

    /// No marker of it is older than this.
    fn ended_since(&self, id: TransactionId, logs: &[Log]) -> Option<i64> {
        let told = self.by.get(&id).map(|told| told.ms);
        told.or_else(|| {
            let all = logs.iter().flat_map(|log| &log.transactions);
            let ends = all.filter(|one| one.id == id).filter_map(|one| one.marker);
            let first = ends.map(|end| end.ms).min();
            first.map(|first| first.saturating_sub(RECENT_MS))
        })
    }

    /// Whether retention has taken what this one wrote to a log that does not show it: what
    /// there is came later. (A copy that was taken before it shows nothing that did.)
    pub(crate) fn is_gone(&self, id: TransactionId, log: &Log) -> bool {
        let later = |one: &Transaction| one.id.producer == id.producer && one.id.epoch > id.epoch;
        let told = self.by.get(&id).map(|told| told.ms);
        let ends = log.transactions.iter().filter_map(|one| one.marker);
        let first_ms = ends.map(|end| end.ms).min();
        log.front_gone
            && (log.transactions.iter().any(later)
                || told
                    .zip(first_ms)
                    .is_some_and(|(told, first)| first > told.saturating_add(SKEW_MS)))
    }
}
