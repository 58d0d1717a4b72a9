//! A log cleaner: what compaction does to batches, as `LogCleaner` and
//! `MemoryRecords.filterTo` do it, on what is in memory.

use std::collections::{HashMap, HashSet};

use crate::log::batch::Batch;
use crate::log::model::aborted;

/// One run of the cleaner.
#[derive(Debug, Clone, Copy)]
pub struct Cleaning {
    /// It looks at records below this offset.
    pub up_to: u64,
    /// Whether the time has come for tombstones to go, and for markers of
    /// transactions that hold nothing any more.
    pub past_horizon: bool,
    /// The horizon that it writes into batches that have one.
    pub horizon: Option<i64>,
}

impl Cleaning {
    /// The first one, which tombstones survive.
    pub fn first(up_to: u64) -> Self {
        Self {
            up_to,
            past_horizon: false,
            horizon: Some(1_800_000_000_000),
        }
    }

    /// A later one.
    pub fn later(up_to: u64) -> Self {
        Self {
            past_horizon: true,
            ..Self::first(up_to)
        }
    }

    /// What it leaves. A batch keeps its first and last offset whatever it
    /// loses. One that loses all is dropped, unless it is the last one of its
    /// producer; a marker stays as long as a batch of its transaction does.
    pub fn of(self, batches: &[Batch]) -> Vec<Batch> {
        let aborted = aborted(batches);
        let mut last: HashMap<&[u8], u64> = HashMap::new();
        for (batch, aborted) in batches.iter().zip(&aborted) {
            if !aborted && !batch.control {
                let below = batch.records.iter().filter(|one| one.offset < self.up_to);
                last.extend(below.filter_map(|one| Some((one.key.as_deref()?, one.offset))));
            }
        }
        let last_of_producer: HashMap<i64, u64> = batches
            .iter()
            .filter(|one| !one.control && one.producer >= 0)
            .map(|one| (one.producer, one.base))
            .collect();
        let mut left: Vec<Batch> = Vec::new();
        let mut held: HashSet<i64> = HashSet::new();
        for (batch, aborted) in batches.iter().zip(&aborted) {
            let kept = if batch.last >= self.up_to {
                Some(batch.clone())
            } else if batch.control {
                (held.remove(&batch.producer) || !self.past_horizon).then(|| batch.clone())
            } else {
                let one = self.one(batch, *aborted, &last);
                let is_last = last_of_producer.get(&batch.producer) == Some(&batch.base);
                (!one.records.is_empty() || is_last).then_some(one)
            };
            if let Some(kept) = kept {
                if kept.transactional && !kept.control {
                    held.insert(kept.producer);
                }
                left.push(kept);
            }
        }
        left
    }

    fn one(self, batch: &Batch, aborted: bool, last: &HashMap<&[u8], u64>) -> Batch {
        let mut kept = batch.clone();
        kept.records.retain(|record| {
            let newest = record.key.as_deref().map(|key| last.get(key));
            !aborted
                && newest == Some(Some(&record.offset))
                && (record.value.is_some() || !self.past_horizon)
        });
        if kept.records.iter().any(|one| one.value.is_none()) {
            kept.horizon = self.horizon;
        }
        kept
    }
}
