//! What an audit found. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::load::LoadReport;

/// Gaps named for one producer in one partition; more are only counted.
pub(crate) const MOST_GAPS: usize = 20;
/// Problems named in one message.
const MOST_PROBLEMS: usize = 20;

/// One generator's records in one partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProducerAudit {
    /// Records read, duplicates with them.
    pub records: u64,
    /// The lowest sequence.
    pub first: u64,
    /// The highest sequence.
    pub last: u64,
    /// Sequences between the two that never came.
    pub missing: u64,
    /// The first 20 runs of missing sequences, both ends inclusive.
    pub gaps: Vec<(u64, u64)>,
    /// Records whose sequence had come before.
    pub duplicates: u64,
    /// New records with a lower sequence than one before them.
    pub reorders: u64,
}

/// One partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionAudit {
    /// Log start offset when the audit began.
    pub start: i64,
    /// Where the audit ended: the high watermark, or the last stable offset
    /// for committed records.
    pub end: i64,
    /// Records read, of any kind.
    pub records: u64,
    /// Values that no generator made.
    pub foreign: u64,
    /// Values with a wrong checksum, or in another partition than their own.
    pub corrupt: u64,
    /// Records of transactions that were meant to be aborted; a reader of
    /// committed records must find none.
    pub aborted: u64,
    /// By producer.
    pub producers: BTreeMap<u64, ProducerAudit>,
}

/// Every partition that was read, by topic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    /// By topic and partition.
    pub topics: BTreeMap<String, BTreeMap<i32, PartitionAudit>>,
}

impl AuditReport {
    /// Records read.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.partitions()
            .map(|(_, _, partition)| partition.records)
            .sum()
    }

    /// Missing sequences.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.producers().map(|producer| producer.missing).sum()
    }

    /// Records that came twice.
    #[must_use]
    pub fn duplicates(&self) -> u64 {
        self.producers().map(|producer| producer.duplicates).sum()
    }

    /// Records out of order.
    #[must_use]
    pub fn reorders(&self) -> u64 {
        self.producers().map(|producer| producer.reorders).sum()
    }

    /// Damaged records.
    #[must_use]
    pub fn corrupt(&self) -> u64 {
        self.partitions()
            .map(|(_, _, partition)| partition.corrupt)
            .sum()
    }

    /// Records from someone else.
    #[must_use]
    pub fn foreign(&self) -> u64 {
        self.partitions()
            .map(|(_, _, partition)| partition.foreign)
            .sum()
    }

    /// What is wrong, in words; empty when every partition is whole and in
    /// order: nothing missing, doubled, swapped, damaged.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (topic, partition, audit) in self.partitions() {
            if audit.corrupt > 0 {
                problems.push(format!("{topic}-{partition}: {} corrupt", audit.corrupt));
            }
            for (producer, p) in &audit.producers {
                if p.missing + p.duplicates + p.reorders > 0 {
                    problems.push(format!(
                        "{topic}-{partition} producer {producer}: {} missing {:?}, {} duplicates, {} reorders",
                        p.missing, p.gaps, p.duplicates, p.reorders
                    ));
                }
            }
        }
        problems.truncate(MOST_PROBLEMS);
        problems
    }

    /// What is missing of a load, in words; `named` gives a source topic's name
    /// on the audited cluster. Empty when every committed record of the load is
    /// there, from the first on. Does not look at duplicates.
    #[must_use]
    pub fn absent(&self, load: &LoadReport, named: impl Fn(&str) -> String) -> Vec<String> {
        let mut absent = Vec::new();
        for (topic, partitions) in &load.partitions {
            for (partition, wanted) in partitions {
                if wanted.committed == 0 {
                    continue;
                }
                let found = self
                    .topics
                    .get(&named(topic))
                    .and_then(|partitions| partitions.get(partition))
                    .and_then(|audit| audit.producers.get(&load.producer));
                let whole = found.is_some_and(|p| {
                    p.first == 0 && p.missing == 0 && p.last + 1 == wanted.committed
                });
                if !whole {
                    let is = found.map_or_else(
                        || "nothing".to_owned(),
                        |p| format!("{}..={} less {:?}", p.first, p.last, p.gaps),
                    );
                    absent.push(format!(
                        "{topic}-{partition}: wanted 0..{}, found {is}",
                        wanted.committed
                    ));
                }
            }
        }
        absent.truncate(MOST_PROBLEMS);
        absent
    }

    fn partitions(&self) -> impl Iterator<Item = (&str, i32, &PartitionAudit)> {
        self.topics.iter().flat_map(|(topic, all)| {
            all.iter()
                .map(move |(p, audit)| (topic.as_str(), *p, audit))
        })
    }

    fn producers(&self) -> impl Iterator<Item = &ProducerAudit> {
        self.partitions()
            .flat_map(|(_, _, partition)| partition.producers.values())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::PartitionLoad;

    fn load(committed: u64) -> LoadReport {
        let one = PartitionLoad {
            sent: committed,
            acked: committed,
            committed,
        };
        LoadReport {
            producer: 1,
            partitions: BTreeMap::from([("blogs".into(), BTreeMap::from([(0, one)]))]),
            took: Duration::from_secs(1),
            slowest: Duration::ZERO,
            first_error: None,
        }
    }

    fn report(last: u64) -> AuditReport {
        let mut partition = PartitionAudit::default();
        partition.producers.insert(
            1,
            ProducerAudit {
                records: last + 1,
                last,
                ..ProducerAudit::default()
            },
        );
        AuditReport {
            topics: BTreeMap::from([("source.blogs".into(), BTreeMap::from([(0, partition)]))]),
        }
    }

    #[test]
    fn a_lost_tail_is_absent_though_no_gap_shows() {
        let named = |topic: &str| format!("source.{topic}");
        assert_eq!(report(9).missing(), 0);
        assert!(report(9).absent(&load(10), named).is_empty());
        assert_eq!(report(8).absent(&load(10), named).len(), 1);
        assert_eq!(report(9).absent(&load(10), str::to_owned).len(), 1);
    }
}
