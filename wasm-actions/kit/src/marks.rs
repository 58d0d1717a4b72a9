//! Heads of the sources with the records below them, by which a head is found in a log of
//! the mirror. The records may be read later than the heads; but where the source compacts
//! they may be others by then, and where the last one is not right below the head, the head
//! has none.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::{HotCopy, HotHead, HotRecord, HotSweep};
use slackwater_ports::{
    Cluster, Failure, Head, Heads, Interval, Isolation, PartitionId, RecordSeen, Records,
};

use crate::{TailRequest, read_tails};

/// How long the records of one sweep may be read.
const READ_MS: u64 = 60_000;

/// High watermarks of the sources at one sweep, in the order of the copies.
pub struct Swept {
    /// When.
    pub asked: Interval,
    /// `None` where there was no answer.
    pub heads: Vec<Option<u64>>,
}

/// What is copied, and at which level each source is read.
pub struct Marking<'c> {
    /// In the order of the sweeps.
    pub copies: &'c [HotCopy],
    /// By alias.
    pub isolation: BTreeMap<&'c str, Isolation>,
    /// How many records below each head.
    pub marks: u32,
}

/// Records below a head that are known already, by copy and head; `None` where they can't be
/// told.
type Known = BTreeMap<(usize, u64), Option<Vec<HotRecord>>>;

impl Marking<'_> {
    /// Each head with its records. A head without an answer, and one whose records can't be
    /// told, is `null`.
    ///
    /// # Errors
    /// A source that does not answer.
    pub fn mark(
        &self,
        world: &(impl Heads + Records),
        sweeps: Vec<Swept>,
    ) -> Result<Vec<HotSweep>, Failure> {
        let mut known = Known::new();
        let compacted = self.compacted(world)?;
        for sweep in &sweeps {
            self.read(world, sweep, &compacted, &mut known)?;
        }
        let each = sweeps.into_iter().map(|sweep| HotSweep {
            asked: sweep.asked,
            heads: sweep
                .heads
                .iter()
                .enumerate()
                .map(|(at, head)| {
                    let high_watermark = (*head)?;
                    let last = known.get(&(at, high_watermark))?.clone()?;
                    Some(HotHead {
                        high_watermark,
                        last,
                    })
                })
                .collect(),
        });
        Ok(each.collect())
    }

    /// Positions among the copies, by alias.
    fn by_source(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut sources: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, copy) in self.copies.iter().enumerate() {
            let of = sources.entry(copy.source.alias.as_str());
            of.or_default().push(at);
        }
        sources
    }

    fn partition(&self, at: usize) -> PartitionId {
        self.copies[at].source.partition.clone()
    }

    /// Copies of topics of which the source may have taken a record since, because its key
    /// came again: by position.
    fn compacted(&self, world: &impl Heads) -> Result<BTreeSet<usize>, Failure> {
        let mut compacted = BTreeSet::new();
        for (alias, copies) in self.by_source() {
            let topics: BTreeSet<String> =
                copies.iter().map(|at| self.partition(*at).topic).collect();
            let topics: Vec<String> = topics.into_iter().collect();
            let configs = world.configs(&Cluster::Source(alias.to_owned()), &topics)?;
            let compacts = |topic: &str| {
                let mut of = configs.iter().filter(|one| one.topic == topic);
                // What is not said may be so.
                of.next().is_none_or(|one| {
                    let policy = one.get("cleanup.policy");
                    policy.is_none_or(|policy| policy.contains("compact"))
                })
            };
            let all = copies.into_iter();
            compacted.extend(all.filter(|at| compacts(&self.partition(*at).topic)));
        }
        Ok(compacted)
    }

    /// Reads what is not known yet. A head above what a reader of committed records is given
    /// by now has no records: whatever lies between may come, and may not.
    fn read(
        &self,
        world: &(impl Heads + Records),
        sweep: &Swept,
        compacted: &BTreeSet<usize>,
        known: &mut Known,
    ) -> Result<(), Failure> {
        for (alias, copies) in self.by_source() {
            let wanted: Vec<(usize, u64)> = copies
                .iter()
                .filter_map(|at| Some((*at, sweep.heads[*at]?)))
                .filter(|key| !known.contains_key(key))
                .collect();
            if wanted.is_empty() {
                continue;
            }
            let isolation =
                self.isolation.get(alias).copied().ok_or_else(|| {
                    Failure::failed(format!("no connector copies source {alias}"))
                })?;
            let cluster = Cluster::Source(alias.to_owned());
            let partitions: Vec<PartitionId> =
                wanted.iter().map(|(at, _)| self.partition(*at)).collect();
            let now = world.sweep(&cluster, &partitions)?.rows;
            let mut requests = Vec::new();
            for ((at, head), row) in wanted.iter().zip(now) {
                // A log that was cut short since has other records there, or none.
                let given = |now: &Head| match isolation {
                    Isolation::ReadUncommitted => now.high_watermark >= *head,
                    Isolation::ReadCommitted => now.last_stable_offset >= *head,
                };
                match row.head {
                    Ok(now) if given(&now) => requests.push(TailRequest {
                        partition: self.partition(*at),
                        start: now.log_start_offset,
                        end: *head,
                    }),
                    Ok(_) | Err(_) => {}
                }
            }
            let asked: BTreeSet<PartitionId> =
                requests.iter().map(|one| one.partition.clone()).collect();
            let tails = read_tails(world, &cluster, isolation, &requests, self.marks, READ_MS)?;
            for (at, head) in wanted {
                let partition = self.partition(at);
                let is_last = |tail: &&Vec<RecordSeen>| {
                    let last = tail.last().map(|one| one.offset + 1);
                    !compacted.contains(&at) || last == Some(head)
                };
                let tail = tails.get(&partition).filter(|_| asked.contains(&partition));
                let tail = tail.filter(is_last);
                known.insert((at, head), tail.map(|tail| tail.iter().map(mark).collect()));
            }
        }
        Ok(())
    }
}

fn mark(record: &RecordSeen) -> HotRecord {
    HotRecord {
        offset: record.offset,
        timestamp_ms: record.timestamp_ms,
        content: record.content,
    }
}
