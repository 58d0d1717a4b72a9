//! Samples of the source's heads: each is a point that `covers` may speak of.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::HeadSample;
use slackwater_kit::SourceKey;
use slackwater_ports::{Clock, Cluster, Failure, Heads, Interval, PartitionId};

use crate::found::Found;

/// No more samples than this are kept: one each second over the longest wait
/// before a stop, with room.
const MOST_SAMPLES: usize = 64;

/// The samples taken so far.
pub(crate) struct Sampler {
    partitions: Vec<SourceKey>,
    /// Of these there is no head.
    unreachable: BTreeSet<String>,
    samples: Vec<HeadSample>,
    taken: u32,
}

impl Sampler {
    /// For all partitions that are copied, in their order.
    pub(crate) fn new(found: &Found) -> Self {
        let unreachable = found.unreachable.iter();
        Self {
            partitions: found.copied.iter().cloned().collect(),
            unreachable: unreachable.map(|one| one.alias.clone()).collect(),
            samples: Vec::new(),
            taken: 0,
        }
    }

    /// Takes one.
    pub(crate) fn sample(&mut self, world: &(impl Clock + Heads)) -> Result<(), Failure> {
        let mut by_alias: BTreeMap<&String, Vec<PartitionId>> = BTreeMap::new();
        let asked_for = |key: &&SourceKey| !self.unreachable.contains(&key.0);
        for (alias, partition) in self.partitions.iter().filter(asked_for) {
            by_alias.entry(alias).or_default().push(partition.clone());
        }
        let now = world.now_ms();
        let mut asked = Interval {
            first_request_ms: now,
            last_answer_ms: now,
        };
        let mut heads = BTreeMap::new();
        for (alias, partitions) in by_alias {
            let sweep = world.sweep(&Cluster::Source(alias.clone()), &partitions)?;
            asked.first_request_ms = asked.first_request_ms.min(sweep.asked.first_request_ms);
            asked.last_answer_ms = asked.last_answer_ms.max(sweep.asked.last_answer_ms);
            for row in sweep.rows {
                let head = row.head.ok().map(|head| head.high_watermark);
                heads.insert((alias.clone(), row.partition), head);
            }
        }
        self.taken += 1;
        // The newest are the best points, the first is the one that is waited
        // for: what gives way is the second.
        if self.samples.len() == MOST_SAMPLES {
            self.samples.remove(1);
        }
        self.samples.push(HeadSample {
            asked,
            heads: self
                .partitions
                .iter()
                .map(|key| heads.get(key).copied().flatten())
                .collect(),
        });
        Ok(())
    }

    /// How many were taken.
    pub(crate) fn taken(&self) -> u32 {
        self.taken
    }

    /// The heads of the first sample, with their partitions.
    pub(crate) fn first(&self) -> impl Iterator<Item = (&SourceKey, Option<u64>)> {
        let heads = self.samples.first().map(|sample| sample.heads.clone());
        self.partitions.iter().zip(heads.unwrap_or_default())
    }

    /// How many records the source accepted between the first and the last
    /// sample.
    pub(crate) fn growth(&self) -> u64 {
        let sum = |sample: Option<&HeadSample>| -> u64 {
            sample.map_or(0, |sample| sample.heads.iter().flatten().sum())
        };
        sum(self.samples.last()).saturating_sub(sum(self.samples.first()))
    }

    pub(crate) fn into_samples(self) -> Vec<HeadSample> {
        self.samples
    }
}
