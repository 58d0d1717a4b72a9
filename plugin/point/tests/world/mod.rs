//! Small worlds made up from a seed, and the naive way to look at them.
#![allow(
    dead_code,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests' helpers, of which each file uses a part"
)]

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use slackwater_point::{
    Log, Marker, NO_PLACE, Older, Place, TookPart, Transaction, TransactionId, Unsolved, Wanted,
    Window, Word,
};
use slackwater_ports::PartitionId;

/// What lies at one offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    Data {
        at: i64,
        transaction: Option<TransactionId>,
    },
    Marker {
        of: TransactionId,
        committed: bool,
        ms: i64,
    },
}

/// What the coordinator did, and how much of it the copy of its log has.
#[derive(Debug, Clone, Default)]
pub struct Coordinator {
    /// That, for whoever looks for the point.
    pub said: TookPart,
    /// In which partitions each that ended wrote.
    wrote: BTreeMap<TransactionId, BTreeSet<PartitionId>>,
    /// What it says of those whose end it says.
    over: Option<BTreeMap<TransactionId, BTreeSet<PartitionId>>>,
}

impl Coordinator {
    /// The copy has so many of these words; none where it lies on no volume.
    fn of(words: &[(TransactionId, i64, Word)], until: Option<usize>) -> Self {
        let mut all = Self::default();
        let mut over = BTreeMap::new();
        let mut under_way = BTreeMap::new();
        let until = until.inspect(|_| all.said.ask());
        for (at, (id, ms, word)) in words.iter().enumerate() {
            let has = until.is_some_and(|until| at < until);
            if has {
                all.said.tell(*id, *ms, word.clone());
            }
            match word {
                Word::Ongoing(partitions) => drop(under_way.insert(id.producer, (*id, partitions))),
                Word::Over => {
                    if let Some((id, partitions)) = under_way.remove(&id.producer) {
                        all.wrote.insert(id, partitions.clone());
                        if has {
                            over.insert(id, partitions.clone());
                        }
                    }
                }
            }
        }
        all.over = until.map(|_| over);
        all
    }

    /// Whether one of which this is kept is kept whole, by what is known.
    fn is_whole(&self, id: TransactionId, kept: &BTreeSet<PartitionId>) -> bool {
        let Some(over) = &self.over else {
            return true;
        };
        let known = over.get(&id).is_some_and(|all| all.is_subset(kept));
        // And then it is.
        assert!(!known || self.wrote[&id].is_subset(kept));
        known
    }
}

/// A partition, entry by entry from offset 0 on.
#[derive(Debug, Clone)]
pub struct Model {
    pub entries: Vec<Entry>,
    pub ordered: bool,
    pub complete_ms: Option<i64>,
}

pub fn partition(number: usize) -> PartitionId {
    PartitionId::new("t", u32::try_from(number).unwrap())
}

impl Model {
    /// The transactions that show here, by their first offsets.
    pub fn transactions(&self) -> Vec<Transaction> {
        let mut found: Vec<Transaction> = Vec::new();
        for (offset, entry) in (0..).zip(&self.entries) {
            match *entry {
                Entry::Data {
                    transaction: Some(id),
                    ..
                } => {
                    if !found.iter().any(|one| one.id == id && one.marker.is_none()) {
                        found.push(Transaction {
                            id,
                            first: offset,
                            marker: None,
                        });
                    }
                }
                Entry::Marker { of, committed, ms } => {
                    let open = found
                        .iter_mut()
                        .find(|one| one.id == of && one.marker.is_none());
                    if let Some(open) = open {
                        open.marker = Some(Marker {
                            offset,
                            committed,
                            ms,
                        });
                    }
                }
                Entry::Data { .. } => {}
            }
        }
        found
    }

    /// Data records that somebody may be given, now or later.
    pub fn records(&self) -> Vec<Place> {
        let aborted = |id: TransactionId, offset: u64| {
            self.transactions().iter().any(|one| {
                let ends = one.marker.filter(|marker| !marker.committed);
                one.id == id && ends.is_some_and(|end| (one.first..end.offset).contains(&offset))
            })
        };
        let each = (0..).zip(&self.entries);
        each.filter_map(|(offset, entry)| match *entry {
            Entry::Data {
                transaction: Some(id),
                ..
            } if aborted(id, offset) => None,
            Entry::Data { at, .. } => Some(Place { offset, at }),
            Entry::Marker { .. } => None,
        })
        .collect()
    }

    /// When the last of those that end below this offset did.
    fn ended_by_ms(&self, below: u64) -> Option<i64> {
        let ends = self.transactions().into_iter();
        let ends = ends.filter_map(|one| one.marker);
        ends.filter(|end| end.offset < below)
            .map(|end| end.ms)
            .max()
    }

    pub fn end(&self) -> u64 {
        self.entries.len() as u64
    }

    pub fn newest(&self) -> Option<i64> {
        let places = self.records().into_iter().map(|one| one.at);
        places.filter(|at| *at != NO_PLACE).max()
    }
}

/// All logs, of which nothing was read but the end.
pub fn unread(models: &[Model]) -> Vec<Log> {
    let each = models.iter().enumerate();
    each.map(|(number, model)| Log {
        partition: partition(number),
        ordered: model.ordered,
        start: 0,
        end: model.end(),
        newest: model.newest(),
        complete_ms: model.complete_ms,
        window: Window {
            from: model.end(),
            before: model.newest(),
            records: Vec::new(),
        },
        transactions_from: model.end(),
        then: None,
        ended_by_ms: model.ended_by_ms(model.end()),
        transactions: model
            .transactions()
            .into_iter()
            .filter(|one| one.marker.is_none())
            .collect(),
        front_gone: false,
    })
    .collect()
}

/// All logs, read whole.
pub fn read(models: &[Model]) -> Vec<Log> {
    let mut logs = unread(models);
    for (log, model) in logs.iter_mut().zip(models) {
        log.window = Window {
            from: 0,
            before: None,
            records: model.records(),
        };
        log.transactions_from = 0;
        log.ended_by_ms = None;
        log.transactions = model.transactions();
    }
    logs
}

/// Gives what is asked for, and no more than has to be.
pub fn grant(logs: &mut [Log], models: &[Model], wanted: &[Wanted]) {
    assert!(!wanted.is_empty());
    for want in wanted {
        let (log, model) = (&mut logs[want.log], &models[want.log]);
        let records = model.records();
        let from = match want.older {
            Older::Above(at) => {
                let first = records.iter().find(|one| one.at > at);
                first.map_or(model.end(), |one| one.offset)
            }
            Older::From(offset) => offset,
            // What was read of numbers is for the order of numbers to keep.
            Older::Below(_) => continue,
            Older::Segments => {
                assert!(
                    log.transactions_from > 0,
                    "asked for what there is: {want:?}"
                );
                log.transactions_from -= 1;
                let from = log.transactions_from;
                log.ended_by_ms = model.ended_by_ms(from);
                log.transactions = model.transactions();
                log.transactions
                    .retain(|one| one.marker.is_none_or(|end| end.offset >= from));
                continue;
            }
        };
        assert!(from < log.window.from, "asked for what there is: {want:?}");
        let (before, inside): (Vec<Place>, Vec<Place>) =
            records.into_iter().partition(|one| one.offset < from);
        let before = before
            .into_iter()
            .map(|one| one.at)
            .filter(|at| *at != NO_PLACE)
            .max();
        log.window = Window {
            from,
            before,
            records: inside,
        };
    }
}

/// Solves, and reads as much as that asks for.
pub fn as_wanted<T>(
    models: &[Model],
    solve: impl Fn(&[Log]) -> Result<T, Unsolved>,
) -> Result<T, Unsolved> {
    let mut logs = unread(models);
    loop {
        match solve(&logs) {
            Err(Unsolved::Older(wanted)) => grant(&mut logs, models, &wanted),
            solved => return solved,
        }
    }
}

/// Every way to cut.
pub fn all_cuts(models: &[Model]) -> Vec<Vec<u64>> {
    let mut all = vec![Vec::new()];
    for model in models {
        all = all
            .into_iter()
            .flat_map(|cuts| (0..=model.end()).map(move |cut| [cuts.as_slice(), &[cut]].concat()))
            .collect();
    }
    all
}

/// Whether no transaction is cut through, open, or kept in part, by what the
/// coordinator knows.
pub fn transactions_are_whole(models: &[Model], cuts: &[u64], coordinator: &Coordinator) -> bool {
    let mut kept: BTreeMap<TransactionId, BTreeSet<PartitionId>> = BTreeMap::new();
    let mut lost: BTreeSet<TransactionId> = BTreeSet::new();
    for (number, (model, cut)) in models.iter().zip(cuts).enumerate() {
        for one in model.transactions() {
            match one.marker {
                Some(end) if end.offset < *cut => {
                    if end.committed {
                        kept.entry(one.id).or_default().insert(partition(number));
                    }
                }
                _ if one.first < *cut => return false,
                Some(end) if !end.committed => {}
                _ => drop(lost.insert(one.id)),
            }
        }
    }
    kept.iter()
        .all(|(id, there)| coordinator.is_whole(*id, there) && !lost.contains(id))
}

/// The one that lies at or above all others in every partition.
pub fn greatest(right: &[Vec<u64>]) -> Option<Vec<u64>> {
    let mut most = right.first()?.clone();
    for cuts in right {
        for (one, other) in most.iter_mut().zip(cuts) {
            *one = (*one).max(*other);
        }
    }
    right.contains(&most).then_some(most)
}

/// Longer than clocks differ.
const TICK_MS: i64 = 100_000;

/// Some partitions with transactions over all of them, and their coordinator. `place` gives
/// each data record its own.
pub fn models(rng: &mut Rng, mut place: impl FnMut(&mut Rng) -> i64) -> (Vec<Model>, Coordinator) {
    let mut models: Vec<Model> = (0..rng.usize(1..4))
        .map(|number| Model {
            entries: Vec::new(),
            ordered: number == 0 || rng.u8(0..5) > 0,
            complete_ms: None,
        })
        .collect();
    let mut words = Vec::new();
    let mut epochs = [0i16; 2];
    let mut open: Vec<(TransactionId, BTreeSet<usize>)> = Vec::new();
    for tick in 1..rng.i64(2..13) {
        let now = |rng: &mut Rng| tick * TICK_MS + rng.i64(0..30_000);
        let at = rng.usize(0..models.len());
        match rng.u8(0..8) {
            0..3 => models[at].entries.push(Entry::Data {
                at: place(rng),
                transaction: None,
            }),
            3..6 => {
                let producer = rng.usize(0..2);
                let id = TransactionId {
                    producer: producer as i64,
                    epoch: epochs[producer],
                };
                if !open.iter().any(|(other, _)| *other == id) {
                    open.push((id, BTreeSet::new()));
                }
                let there = open.iter_mut().find(|(other, _)| *other == id).unwrap();
                if there.1.insert(at) {
                    let all = there.1.iter().map(|at| partition(*at)).collect();
                    words.push((id, now(rng), Word::Ongoing(all)));
                }
                models[at].entries.push(Entry::Data {
                    at: place(rng),
                    transaction: Some(id),
                });
            }
            _ if !open.is_empty() => {
                let (id, there) = open.swap_remove(rng.usize(0..open.len()));
                let committed = rng.u8(0..4) > 0;
                let next = TransactionId {
                    epoch: id.epoch + 1,
                    ..id
                };
                words.push((next, now(rng), Word::Over));
                // Some of the markers were not there yet when a copy was taken.
                for at in there {
                    if rng.u8(0..5) > 0 {
                        let ms = now(rng);
                        models[at].entries.push(Entry::Marker {
                            of: id,
                            committed,
                            ms,
                        });
                    }
                }
                epochs[id.producer as usize] += 1;
            }
            _ => {}
        }
    }
    // Copies are taken one after another: some end before others, and then
    // nothing follows an open transaction of the same producer.
    for model in &mut models {
        let short = rng.usize(0..=model.entries.len());
        if rng.u8(0..3) == 0 {
            model.entries.truncate(short);
        }
        truncate_behind_open(model);
    }
    // Its log may be older than they are.
    let until = match rng.u8(0..4) {
        0 => None,
        1 => Some(rng.usize(0..=words.len())),
        _ => Some(words.len()),
    };
    (models, Coordinator::of(&words, until))
}

/// A producer's next transaction begins when the last one has ended.
fn truncate_behind_open(model: &mut Model) {
    let mut open: BTreeMap<i64, i16> = BTreeMap::new();
    let broken = model.entries.iter().position(|entry| match *entry {
        Entry::Data {
            transaction: Some(id),
            ..
        } => open
            .insert(id.producer, id.epoch)
            .is_some_and(|before| before != id.epoch),
        Entry::Marker { of, .. } => {
            open.remove(&of.producer);
            false
        }
        Entry::Data { .. } => false,
    });
    model
        .entries
        .truncate(broken.unwrap_or(model.entries.len()));
}
