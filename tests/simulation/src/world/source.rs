//! The source: partitions that take records all the time.

use fastrand::Rng;

use super::Ids;

/// A record as it was accepted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SourceRecord {
    pub(crate) id: u64,
    pub(crate) ts: i64,
    /// When, by the true clock.
    pub(crate) accepted: u64,
}

/// One partition. A record's offset is its position.
#[derive(Debug, Clone, Default)]
pub(crate) struct SourcePartition {
    pub(crate) records: Vec<SourceRecord>,
    pub(crate) start: u64,
    /// When retention raised the start, and to where.
    raised: Vec<(u64, u64)>,
}

impl SourcePartition {
    /// Where it began at that time.
    pub(crate) fn start_at(&self, time: u64) -> u64 {
        let before = self.raised.iter().rev().find(|(at, _)| *at <= time);
        before.map_or(0, |(_, start)| *start)
    }

    pub(crate) fn end(&self) -> u64 {
        self.records.len() as u64
    }
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    pub(crate) partitions: Vec<SourcePartition>,
    /// No answer before then.
    pub(crate) silent_until: u64,
    /// Records that each partition takes in a step, at the most.
    pub(crate) rate: u64,
}

impl Source {
    pub(crate) fn tick(&mut self, now: u64, epoch: u64, ids: &mut Ids, rng: &mut Rng) {
        for partition in &mut self.partitions {
            for _ in 0..rng.u64(0..=self.rate) {
                partition.records.push(SourceRecord {
                    id: ids.next(),
                    ts: (epoch + now) as i64,
                    accepted: now,
                });
            }
        }
    }

    /// Retention takes what lies before the last `keep` records.
    pub(crate) fn delete(&mut self, now: u64, keep: u64) {
        for partition in &mut self.partitions {
            partition.start = partition.start.max(partition.end().saturating_sub(keep));
            partition.raised.push((now, partition.start));
        }
    }
}
