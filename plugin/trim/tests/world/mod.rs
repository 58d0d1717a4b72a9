//! Clusters made up from a seed: the logs that their brokers wrote, copied one
//! after another, and what is known of them without a look at any file.
#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests' helpers, of which each file uses a part"
)]

mod files;
mod histories;
#[path = "../told/mod.rs"]
pub mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fastrand::Rng;
use slackwater_cut::Cut;
use slackwater_logdir::{Depth, Locked, ScanOptions, SegmentReader, scan, survey};
use slackwater_point::{
    Log, Marker, MaxJettison, Place, Plan, PlannedPartition, TookPart, Transaction, TransactionId,
    Window, Word,
};
use slackwater_ports::PartitionId;
use slackwater_trim::{OrderAsked, PlanOptions, TrimError, Volumes, plan};
use tempfile::TempDir;

use crate::log::batch::bytes_of;
use crate::log::{Batch, Packing, Rec, abort, commit};

pub use files::{clone_of, nodes, tree};
use histories::{Histories, Said, histories};

/// As `tests/log/disk.rs` has it: some tests write thousands of logs.
const MEMORY: &str = "/dev/shm";

pub const TOPIC: &str = "src.t";

/// The coordinator's log is carried along.
pub fn rows(plan: &Plan) -> impl Iterator<Item = &PlannedPartition> {
    let rows = plan.partitions.iter();
    rows.filter(|one| one.partition.topic == TOPIC)
}

/// One broker's copy of one partition.
#[derive(Debug, Clone)]
pub struct Copy {
    pub batches: Vec<Batch>,
    /// How many of them are of the log that lasts.
    pub common: usize,
    /// Bytes of a write that was cut short.
    pub torn: usize,
    /// This broker has none: there are more of them than copies.
    pub is_absent: bool,
}

/// A partition: the log that lasts, as far as any copy has it.
#[derive(Debug, Clone)]
pub struct Partition {
    pub history: Vec<Batch>,
    /// By node, from 1 on.
    pub copies: Vec<Copy>,
    /// Below it a cleaner took records out of all copies.
    pub cleaned_to: u64,
}

/// What a cleaner leaves of a batch: its last record, by which offsets go on, and some.
fn clean(batch: &mut Batch) {
    let last = batch.last;
    if !batch.control {
        let stays = |record: &Rec| record.offset == last || !record.offset.is_multiple_of(3);
        batch.records.retain(stays);
    }
}

pub struct World {
    pub root: TempDir,
    pub partitions: Vec<Partition>,
    /// The coordinator's log, as far as each node's copy has it; where it is there at all.
    coordinator: Option<(Vec<Said>, [usize; 3])>,
    /// What that says.
    pub told: TookPart,
    /// In which partitions each transaction wrote that was committed.
    pub wrote: BTreeMap<TransactionId, BTreeSet<usize>>,
}

/// What a world may have.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub transactions: bool,
    pub dead_tails: bool,
    /// Of some partitions one of the three brokers has no copy.
    pub two_copies: bool,
    /// A cleaner was there.
    pub compacted: bool,
    pub disorder: i64,
}

impl Shape {
    pub fn of(rng: &mut Rng) -> Self {
        Self {
            transactions: rng.bool(),
            dead_tails: rng.bool(),
            two_copies: rng.bool(),
            compacted: rng.bool(),
            disorder: rng.i64(0..4),
        }
    }
}

fn end(batches: &[Batch]) -> u64 {
    batches.last().map_or(0, |one| one.last + 1)
}

fn data(rng: &mut Rng, base: u64, now: &mut i64, disorder: i64, salt: &str) -> Batch {
    let records = (base..base + rng.u64(1..4)).map(|offset| {
        *now += rng.i64(1..4);
        let key = format!("{salt}{offset}");
        let mut record = Rec::new(offset, Some(&key), Some("a value that may be compressed"));
        record.timestamp = 1_000_000 + *now - rng.i64(0..=disorder);
        record
    });
    let mut batch = Batch::of(records.collect());
    batch.packing = Packing::ALL[rng.usize(0..Packing::ALL.len())];
    batch
}

impl World {
    /// Makes one up, and writes it as three brokers' log directories.
    pub fn new(rng: &mut Rng, shape: Shape) -> Self {
        let Histories {
            logs: histories,
            said,
            wrote,
        } = histories(rng, shape);
        let coordinator = (shape.transactions && rng.bool()).then(|| {
            // Its copies were taken one after another, too.
            let least = said.len().saturating_sub(6);
            (
                said.clone(),
                [(); 3].map(|()| rng.usize(least..=said.len())),
            )
        });
        let mut told = TookPart::default();
        if let Some((said, copies)) = &coordinator {
            told.ask();
            let reached = copies.iter().copied().max().unwrap_or(0);
            for one in &said[..reached] {
                told.tell(one.id, one.ms, one.word());
            }
        }
        let mut partitions = Vec::new();
        for history in histories {
            let mut copies = copies(rng, &history, shape);
            if shape.two_copies && rng.bool() {
                // Not the one that has most, whose leaders the others know.
                let most = copies.iter().map(|copy| copy.common).max().unwrap();
                let mut least = copies.iter_mut().filter(|copy| copy.common < most);
                least
                    .next()
                    .into_iter()
                    .for_each(|copy| copy.is_absent = true);
            }
            let reached = copies.iter().map(|copy| copy.common).max().unwrap();
            let mut history = history[..reached].to_vec();
            let least = copies.iter().map(|copy| copy.common).min().unwrap();
            let cleaned = match shape.compacted && rng.bool() {
                true => rng.usize(0..=least),
                false => 0,
            };
            history[..cleaned].iter_mut().for_each(clean);
            for copy in &mut copies {
                copy.batches[..cleaned].iter_mut().for_each(clean);
            }
            partitions.push(Partition {
                cleaned_to: end(&history[..cleaned]),
                history,
                copies,
            });
        }
        let world = Self {
            root: match Path::new(MEMORY).is_dir() {
                true => tempfile::tempdir_in(MEMORY).unwrap(),
                false => tempfile::tempdir().unwrap(),
            },
            partitions,
            coordinator,
            told,
            wrote,
        };
        world.write(rng);
        world
    }

    pub fn paths(&self) -> Vec<PathBuf> {
        (1..=3).map(|node| self.node(node)).collect()
    }

    pub fn node(&self, node: usize) -> PathBuf {
        self.root.path().join(format!("node-{node}"))
    }

    fn write(&self, rng: &mut Rng) {
        for node in 1..=3 {
            let dir = self.node(node);
            fs::create_dir_all(&dir).unwrap();
            let meta = format!("cluster.id=kVSgfurUQFGGpHMTBqBPiw\nnode.id={node}\nversion=1\n");
            fs::write(dir.join("meta.properties"), meta).unwrap();
            if rng.bool() {
                fs::write(dir.join(".kafka_cleanshutdown"), "{}").unwrap();
            }
            let cleaned = self.partitions.iter().enumerate();
            let cleaned: Vec<String> = cleaned
                .filter(|(_, one)| one.cleaned_to > 0 && !one.copies[node - 1].is_absent)
                .map(|(number, one)| format!("{TOPIC} {number} {}\n", one.cleaned_to))
                .collect();
            let text = format!("0\n{}\n{}", cleaned.len(), cleaned.concat());
            fs::write(dir.join("cleaner-offset-checkpoint"), text).unwrap();
            for (number, partition) in self.partitions.iter().enumerate() {
                let copy = &partition.copies[node - 1];
                if !copy.is_absent {
                    write_copy(rng, &dir.join(format!("{TOPIC}-{number}")), copy);
                }
            }
            if let Some((said, copies)) = &self.coordinator {
                let said = said[..copies[node - 1]].iter();
                let batches = (0..).zip(said).map(|(offset, one)| one.batch(offset));
                let copy = Copy {
                    batches: batches.collect(),
                    common: copies[node - 1],
                    torn: 0,
                    is_absent: false,
                };
                write_copy(rng, &dir.join(format!("{}-0", told::STATE)), &copy);
            }
        }
    }

    /// Gives a copy that ends early another batch than the log that lasts has there, of the
    /// same leader's epoch; whether there was one to be given.
    pub fn contradict(&mut self, rng: &mut Rng) -> bool {
        let root = self.root.path().to_owned();
        for (number, partition) in self.partitions.iter_mut().enumerate() {
            for (node, copy) in (1..).zip(&mut partition.copies) {
                let next = partition.history.get(copy.common);
                let ends_there = copy.batches.len() == copy.common && !copy.is_absent;
                let Some(next) = next.filter(|next| ends_there && !next.control) else {
                    continue;
                };
                let mut other = data(rng, next.base, &mut 9_000, 0, "other");
                other.epoch = next.epoch;
                copy.batches.push(other);
                copy.torn = 0;
                let dir = root.join(format!("node-{node}/{TOPIC}-{number}"));
                fs::remove_dir_all(&dir).unwrap();
                write_copy(rng, &dir, copy);
                return true;
            }
        }
        false
    }

    /// What the search for the point is to be given, by the model alone.
    pub fn logs(&self) -> Vec<Log> {
        let each = self.partitions.iter().enumerate();
        each.map(|(number, partition)| {
            let history = &partition.history;
            let transactions = transactions(history);
            let records = records(history, &transactions);
            Log {
                partition: PartitionId::new(TOPIC, u32::try_from(number).unwrap()),
                ordered: true,
                start: 0,
                end: end(history),
                newest: records.iter().map(|one| one.at).max(),
                complete_ms: None,
                window: Window {
                    from: 0,
                    before: None,
                    records,
                },
                transactions_from: 0,
                then: None,
                ended_by_ms: None,
                transactions,
                front_gone: partition.cleaned_to > 0,
            }
        })
        .collect()
    }
}

/// The brokers' copies: each a part of the log that lasts, and behind it what a
/// leader of before wrote whose log did not.
fn copies(rng: &mut Rng, history: &[Batch], shape: Shape) -> Vec<Copy> {
    let least = history.len().saturating_sub(6);
    let common: Vec<usize> = (0..3).map(|_| rng.usize(least..=history.len())).collect();
    let reached = common.iter().copied().max().unwrap();
    let mut tails: BTreeMap<usize, Vec<Batch>> = BTreeMap::new();
    let each = common.into_iter().map(|common| {
        let mut batches = history[..common].to_vec();
        let last = batches.last().map_or(0, |one| one.epoch);
        let elected = history[..reached]
            .get(common)
            .is_some_and(|next| next.epoch > last);
        if shape.dead_tails && elected {
            // There was one such leader, so that copies have more or less of one tail.
            let tail = tails.entry(common).or_insert_with(|| {
                let mut tail: Vec<Batch> = Vec::new();
                for _ in 0..rng.usize(0..4) {
                    let base = end(&tail).max(end(&batches));
                    let mut dead = data(rng, base, &mut 5_000, 0, "dead");
                    dead.epoch = last;
                    tail.push(dead);
                }
                tail
            });
            batches.extend_from_slice(&tail[..rng.usize(0..=tail.len())]);
        }
        let torn = if rng.bool() { 0 } else { rng.usize(1..40) };
        Copy {
            batches,
            common,
            torn,
            is_absent: false,
        }
    });
    each.collect()
}

fn write_copy(rng: &mut Rng, dir: &Path, copy: &Copy) {
    fs::create_dir_all(dir).unwrap();
    fs::write(
        dir.join("partition.metadata"),
        "version: 0\ntopic_id: 4Fi6pGugSI6936nrTTy4_w",
    )
    .unwrap();
    let mut segments: Vec<Vec<Batch>> = vec![Vec::new()];
    for batch in &copy.batches {
        if rng.u8(0..4) == 0 && !segments.last().unwrap().is_empty() {
            segments.push(Vec::new());
        }
        segments.last_mut().unwrap().push(batch.clone());
    }
    let count = segments.len();
    let mut base = 0;
    for (at, batches) in segments.iter().enumerate() {
        let mut bytes = bytes_of(batches);
        if at + 1 == count {
            bytes.extend(vec![0xAB; copy.torn]);
        }
        fs::write(dir.join(format!("{base:020}.log")), bytes).unwrap();
        for index in ["index", "timeindex"] {
            fs::write(dir.join(format!("{base:020}.{index}")), "x").unwrap();
        }
        if base > 0 {
            fs::write(dir.join(format!("{base:020}.snapshot")), "no snapshot").unwrap();
        }
        base = end(batches).max(base);
    }
    let epochs = epochs(&copy.batches);
    let lines: Vec<String> = epochs
        .iter()
        .map(|(epoch, start)| format!("{epoch} {start}\n"))
        .collect();
    let text = format!("0\n{}\n{}", lines.len(), lines.concat());
    fs::write(dir.join("leader-epoch-checkpoint"), text).unwrap();
}

/// Where each epoch begins.
pub fn epochs(batches: &[Batch]) -> Vec<(i32, u64)> {
    let mut epochs: Vec<(i32, u64)> = Vec::new();
    for batch in batches {
        if epochs.last().is_none_or(|(last, _)| *last < batch.epoch) {
            epochs.push((batch.epoch, batch.base));
        }
    }
    epochs
}

pub fn transactions(history: &[Batch]) -> Vec<Transaction> {
    let mut found: Vec<Transaction> = Vec::new();
    let is_commit = |batch: &Batch| batch.records[0].key.as_deref() == Some(&[0, 0, 0, 1]);
    for batch in history.iter().filter(|one| one.transactional) {
        let open = found
            .iter_mut()
            .find(|one| one.id.producer == batch.producer && one.marker.is_none());
        match (open, batch.control) {
            (Some(open), true) => {
                open.marker = Some(Marker {
                    offset: batch.base,
                    committed: is_commit(batch),
                    ms: batch.records[0].timestamp,
                });
            }
            (None, false) => {
                let id = TransactionId {
                    producer: batch.producer,
                    epoch: batch.producer_epoch,
                };
                found.push(Transaction {
                    id,
                    first: batch.base,
                    marker: None,
                });
            }
            _ => {}
        }
    }
    found
}

/// Records that count, or may yet.
pub fn records(history: &[Batch], transactions: &[Transaction]) -> Vec<Place> {
    let aborted = |batch: &Batch| {
        transactions.iter().any(|one| {
            let ends = one.marker.filter(|end| !end.committed);
            batch.transactional
                && one.id.producer == batch.producer
                && one.first <= batch.base
                && ends.is_some_and(|end| batch.base < end.offset)
        })
    };
    let data = history
        .iter()
        .filter(|batch| !batch.control && !aborted(batch));
    data.flat_map(|batch| &batch.records)
        .map(|record| Place {
            offset: record.offset,
            at: record.timestamp,
        })
        .collect()
}

/// What the reader finds of a replica.
pub fn scanned(dir: &Path) -> slackwater_logdir::ReplicaScan {
    let dirs = survey(dir.parent().unwrap(), Locked::Allow).unwrap();
    let replica = dirs[0].replicas.iter().find(|one| one.path == dir).unwrap();
    let options = ScanOptions {
        depth: Depth::Deep,
        digest_from: 0,
        until: None,
        tail: 8,
    };
    scan(&mut SegmentReader::default(), replica, &options, &|_| ()).unwrap()
}

/// A cut that says nothing.
pub fn no_cut() -> Cut {
    let settings = serde_json::json!({
        "windowMs": 60000, "coverWaitMs": 0, "sampleLeadMs": 0, "sampleEveryMs": 1000,
        "stopTimeoutMs": 0, "drainTimeoutMs": 0, "catchUpTimeoutMs": 0, "retentionFactor": 2,
        "acceptRetentionRisk": [], "allowStopped": false, "strict": false, "settle": false,
        "onLoss": "resume", "tailRecords": 64, "include": [], "exclude": [], "own": [],
        "connects": [], "verify": "off", "require": []
    });
    let settings = serde_json::from_value(settings).unwrap();
    Cut::open("run".to_owned(), "mirror".to_owned(), 1, settings)
}

pub fn options(epsilon_ms: u64) -> PlanOptions<'static> {
    PlanOptions {
        order: OrderAsked::Timestamp { epsilon_ms },
        max: MaxJettison {
            ms: u64::MAX,
            percent: 100,
        },
        exclude: Vec::new(),
        stops_connect: true,
        at_source: BTreeMap::new(),
        is_of_cut: false,
        now_ms: None,
    }
}

pub fn planned(paths: &[PathBuf], cut: &Cut, options: &PlanOptions<'_>) -> Result<Plan, TrimError> {
    plan(cut, &Volumes::open(paths)?, options)
}
