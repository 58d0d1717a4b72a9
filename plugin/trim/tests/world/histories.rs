//! What brokers and a coordinator wrote, in one time.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use slackwater_point::{TransactionId, Word};
use slackwater_ports::PartitionId;

use super::{Shape, TOPIC, data, end, told};
use crate::log::{Batch, abort, commit};

/// A coordinator's word: on which transaction, when, and where that wrote so far; nothing
/// when it ends.
#[derive(Debug, Clone)]
pub struct Said {
    pub id: TransactionId,
    pub ms: i64,
    partitions: Option<BTreeSet<usize>>,
}

impl Said {
    pub fn word(&self) -> Word {
        match &self.partitions {
            Some(all) => Word::Ongoing(all.iter().map(|number| partition(*number)).collect()),
            None => Word::Over,
        }
    }

    pub fn batch(&self, offset: u64) -> Batch {
        let id = format!("id-{}", self.id.producer);
        let id = (id.as_str(), self.id.producer, self.id.epoch);
        let all = self.partitions.iter().flatten();
        let all: Vec<i32> = all.map(|one| i32::try_from(*one).unwrap()).collect();
        let status = match self.partitions {
            Some(_) => told::ONGOING,
            None => told::COMPLETE_COMMIT,
        };
        told::told(offset, id, status, TOPIC, &all, self.ms)
    }
}

fn partition(number: usize) -> PartitionId {
    PartitionId::new(TOPIC, u32::try_from(number).unwrap())
}

/// What brokers wrote.
pub struct Histories {
    pub logs: Vec<Vec<Batch>>,
    pub said: Vec<Said>,
    /// In which partitions each transaction wrote that was committed.
    pub wrote: BTreeMap<TransactionId, BTreeSet<usize>>,
}

/// The logs of some partitions, in one time, with transactions over them.
pub fn histories(rng: &mut Rng, shape: Shape) -> Histories {
    let count = rng.usize(1..4);
    let mut logs: Vec<Vec<Batch>> = vec![Vec::new(); count];
    let mut epochs = vec![0; count];
    let mut producer_epochs = [0i16; 2];
    let mut open: Vec<(i64, Vec<usize>)> = Vec::new();
    let (mut said, mut wrote) = (Vec::new(), BTreeMap::new());
    let mut now = 0;
    for _ in 0..rng.usize(6..40) {
        let at = rng.usize(0..count);
        if rng.u8(0..6) == 0 {
            epochs[at] += rng.i32(1..3);
        }
        let base = end(&logs[at]);
        let kind = if shape.transactions { rng.u8(0..8) } else { 0 };
        match kind {
            0..4 => {
                let mut batch = data(rng, base, &mut now, shape.disorder, "k");
                batch.epoch = epochs[at];
                logs[at].push(batch);
            }
            4..6 => {
                let producer = rng.i64(0..2);
                let mut batch =
                    data(rng, base, &mut now, shape.disorder, "k").in_transaction(producer);
                batch.producer_epoch = producer_epochs[producer as usize];
                batch.epoch = epochs[at];
                logs[at].push(batch);
                match open.iter_mut().find(|(other, _)| *other == producer) {
                    Some((_, there)) => there.push(at),
                    None => open.push((producer, vec![at])),
                }
                let there = open.iter().find(|(other, _)| *other == producer);
                said.push(Said {
                    id: TransactionId {
                        producer,
                        epoch: producer_epochs[producer as usize],
                    },
                    ms: 2_000_000 + now,
                    partitions: there.map(|(_, there)| there.iter().copied().collect()),
                });
            }
            _ if !open.is_empty() => {
                let (producer, mut there) = open.swap_remove(rng.usize(0..open.len()));
                let commits = rng.u8(0..4) > 0;
                there.sort_unstable();
                there.dedup();
                let epoch = producer_epochs[producer as usize];
                said.push(Said {
                    id: TransactionId {
                        producer,
                        epoch: epoch + 1,
                    },
                    ms: 2_000_000 + now,
                    partitions: None,
                });
                if commits {
                    let all = there.iter().copied().collect();
                    wrote.insert(TransactionId { producer, epoch }, all);
                }
                for at in there {
                    let base = end(&logs[at]);
                    let mut marker = match commits {
                        true => commit(base, producer),
                        false => abort(base, producer),
                    };
                    marker.producer_epoch = producer_epochs[producer as usize] + 1;
                    marker.epoch = epochs[at];
                    // The broker's clock is ahead of what is mirrored.
                    marker.records[0].timestamp = 2_000_000 + now;
                    logs[at].push(marker);
                }
                producer_epochs[producer as usize] += 1;
            }
            _ => {}
        }
    }
    Histories { logs, said, wrote }
}
