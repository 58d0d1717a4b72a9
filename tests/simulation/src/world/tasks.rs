//! MirrorMaker's tasks: they poll, send, are acknowledged, and commit.

use fastrand::Rng;

use super::Ids;
use super::connect::last_position;
use super::log::{Body, Entry, TxnStatus};
use super::mirror::{Mirror, Role};
use super::source::Source;

/// Records in a batch at the most.
const BATCH: u64 = 64;

/// What a partition has under way: at most one batch.
#[derive(Debug, Clone)]
struct Batch {
    last: u64,
    entries: Vec<Entry>,
    land_at: u64,
    /// Log end and epoch that must be acknowledged.
    landed: Option<(u64, i32)>,
}

/// One source partition of a task.
#[derive(Debug, Clone)]
struct Lane {
    source: usize,
    /// The next offset to poll.
    next: u64,
    batch: Option<Batch>,
    /// The last one acknowledged.
    acked: Option<u64>,
    /// The last one committed, or about to be.
    committed: Option<u64>,
}

/// How far a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// Its offsets are written, and are to be acknowledged.
    Offsets(u64),
    /// Prepared: markers follow then.
    Prepared {
        markers_at: u64,
    },
}

#[derive(Debug, Clone, Copy)]
struct Txn {
    id: u32,
    touched: u64,
    stage: Stage,
}

/// A task.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    lanes: Vec<Lane>,
    eos: bool,
    commit_every_ms: u64,
    commit_at: u64,
    txn: Option<Txn>,
    stopping: Option<u64>,
    /// A plain commit that is to be acknowledged.
    committing: Option<u64>,
    /// Finished: gone then.
    gone_at: Option<u64>,
}

/// What a dead task had under way.
#[derive(Debug, Clone)]
pub(crate) struct Stray {
    pub(crate) partition: usize,
    pub(crate) entries: Vec<Entry>,
    pub(crate) at: u64,
}

impl Stray {
    pub(crate) fn txn(&self) -> u32 {
        self.entries.first().map_or(0, |entry| entry.txn)
    }
}

/// A transaction that nobody ends.
#[derive(Debug, Clone)]
pub(crate) struct Orphan {
    pub(crate) txn: u32,
    touched: u64,
    pub(crate) abort_at: u64,
    commit: bool,
    markers_at: Option<u64>,
}

impl Orphan {
    /// Ends it, in two steps; gives whether it is over.
    pub(crate) fn end(
        &mut self,
        now: u64,
        mirror: &mut Mirror,
        ids: &mut Ids,
        rng: &mut Rng,
    ) -> bool {
        match self.markers_at {
            None => {
                let status = TxnStatus::PrepareAbort;
                if self.commit || mirror.note_txn(now, self.txn, status, self.touched, ids) {
                    self.markers_at = Some(now + rng.u64(0..60));
                }
                false
            }
            Some(at) if at > now => false,
            Some(_) => mirror.end_txn(now, self.txn, &mut self.touched, self.commit, ids),
        }
    }
}

impl Task {
    pub(crate) fn spawn(
        count: usize,
        eos: bool,
        commit_every_ms: u64,
        now: u64,
        mirror: &Mirror,
        source: &Source,
    ) -> Vec<Self> {
        let offsets = &mirror.partitions[mirror.of_role(Role::Offset)];
        let lane = |of: usize| {
            let log = offsets.leading();
            let committed = log.and_then(|log| last_position(&log.entries, offsets.hw, of));
            Lane {
                source: of,
                next: committed.map_or(0, |offset| offset + 1),
                batch: None,
                acked: committed,
                committed,
            }
        };
        (0..count)
            .map(|task| Self {
                lanes: (0..source.partitions.len())
                    .filter(|of| of % count == task)
                    .map(lane)
                    .collect(),
                eos,
                commit_every_ms,
                commit_at: now + commit_every_ms,
                txn: None,
                stopping: None,
                committing: None,
                gone_at: None,
            })
            .collect()
    }

    pub(crate) fn assigned(&self) -> impl Iterator<Item = usize> {
        self.lanes.iter().map(|lane| lane.source)
    }

    pub(crate) fn stop(&mut self, now: u64) {
        self.stopping.get_or_insert(now);
    }

    /// Finished, or not and out of time.
    pub(crate) fn is_over(&self, now: u64, graceful_ms: u64) -> bool {
        self.gone_at.is_some_and(|at| at <= now)
            || self.stopping.is_some_and(|since| now - since > graceful_ms)
    }

    /// It ends here. What it had under way may still arrive.
    pub(crate) fn die(
        self,
        now: u64,
        rng: &mut Rng,
        strays: &mut Vec<Stray>,
        orphans: &mut Vec<Orphan>,
    ) {
        for lane in self.lanes {
            if let Some(batch) = lane.batch
                && batch.landed.is_none()
                && rng.bool()
            {
                strays.push(Stray {
                    partition: lane.source,
                    entries: batch.entries,
                    at: now + rng.u64(0..900),
                });
            }
        }
        if let Some(txn) = self.txn {
            let prepared = matches!(txn.stage, Stage::Prepared { .. });
            orphans.push(Orphan {
                txn: txn.id,
                touched: txn.touched,
                abort_at: if prepared {
                    now
                } else {
                    now + rng.u64(3_000..10_000)
                },
                commit: prepared,
                markers_at: None,
            });
        }
    }

    pub(crate) fn tick(
        &mut self,
        now: u64,
        send_ms: u64,
        source: &Source,
        mirror: &mut Mirror,
        ids: &mut Ids,
        rng: &mut Rng,
    ) {
        if self.gone_at.is_some() {
            return;
        }
        // A transaction ends with all that it began acknowledged.
        let ending = self
            .txn
            .is_some_and(|txn| txn.stage != Stage::Open || now >= self.commit_at);
        for at in 0..self.lanes.len() {
            self.land(at, now, mirror, ids);
            self.acknowledge(at, mirror);
            let may_poll = self.stopping.is_none() && !ending && now >= source.silent_until;
            if may_poll && self.lanes[at].batch.is_none() {
                self.lanes[at].poll(now, send_ms, source, rng);
            }
        }
        if self.eos {
            self.follow_transaction(now, mirror, ids, rng);
        } else {
            self.commit(now, mirror, ids);
        }
        let idle = self.lanes.iter().all(|lane| lane.batch.is_none());
        let level = self.lanes.iter().all(|lane| lane.acked == lane.committed);
        let done = idle && level && self.txn.is_none() && self.committing.is_none();
        if self.stopping.is_some() && done {
            self.gone_at = Some(now + rng.u64(40..140));
        }
    }

    fn land(&mut self, at: usize, now: u64, mirror: &mut Mirror, ids: &mut Ids) {
        let lane = &mut self.lanes[at];
        let Some(batch) = &mut lane.batch else { return };
        if batch.landed.is_some() || batch.land_at > now {
            return;
        }
        let partition = lane.source;
        if mirror.partitions[partition].leader.is_none() {
            return;
        }
        if self.eos {
            let txn = self.txn.get_or_insert_with(|| Txn {
                id: ids.next_txn(),
                touched: 0,
                stage: Stage::Open,
            });
            let bit = 1 << partition;
            if txn.touched & bit == 0 {
                let touched = txn.touched | bit;
                if !mirror.note_txn(now, txn.id, TxnStatus::Ongoing, touched, ids) {
                    return;
                }
                txn.touched = touched;
            }
            for entry in &mut batch.entries {
                entry.txn = txn.id;
            }
        }
        for entry in &batch.entries {
            match mirror.partitions[partition].append(now, *entry) {
                Some(landed) => batch.landed = Some(landed),
                None => return,
            }
        }
    }

    fn acknowledge(&mut self, at: usize, mirror: &Mirror) {
        let lane = &mut self.lanes[at];
        let Some(batch) = &mut lane.batch else { return };
        let Some((end, epoch)) = batch.landed else {
            return;
        };
        let partition = &mirror.partitions[lane.source];
        if partition.hw >= end && partition.holds(&batch.entries, end) {
            lane.acked = Some(batch.last);
            lane.batch = None;
        } else if partition.epoch != epoch {
            // Another leader: what it does not hold is sent again. (Records
            // that it holds are known to it by their sequence.)
            match partition.leading().map(|log| log.entries.len() as u64) {
                Some(there) if there >= end && partition.leads_with(&batch.entries, end) => {
                    batch.landed = Some((end, partition.epoch));
                }
                Some(_) => {
                    let known = partition.known_of(&batch.entries);
                    batch.entries.drain(..known);
                    batch.landed = None;
                    if batch.entries.is_empty() {
                        batch.landed = Some((partition.end(), partition.epoch));
                    }
                }
                None => {}
            }
        }
    }

    fn commit(&mut self, now: u64, mirror: &mut Mirror, ids: &mut Ids) {
        let at = mirror.of_role(Role::Offset);
        if let Some(end) = self.committing {
            if mirror.partitions[at].hw >= end {
                self.committing = None;
            }
            return;
        }
        let last = self.stopping.is_some() && self.lanes.iter().all(|lane| lane.batch.is_none());
        if now < self.commit_at && !last {
            return;
        }
        self.commit_at = now + self.commit_every_ms;
        if let Some(end) = self.write_positions(now, 0, at, mirror, ids) {
            self.committing = Some(end);
        }
    }

    /// The acknowledged offsets, where they are new; gives the log's end.
    fn write_positions(
        &mut self,
        now: u64,
        txn: u32,
        at: usize,
        mirror: &mut Mirror,
        ids: &mut Ids,
    ) -> Option<u64> {
        let mut end = None;
        for lane in &mut self.lanes {
            let Some(acked) = lane.acked.filter(|_| lane.acked != lane.committed) else {
                continue;
            };
            let entry = Entry {
                txn,
                body: Body::Position {
                    source: lane.source,
                    offset: acked,
                },
                ..ids.word(now)
            };
            let (reached, _) = mirror.partitions[at].append(now, entry)?;
            lane.committed = lane.acked;
            end = Some(reached);
        }
        end
    }

    fn follow_transaction(&mut self, now: u64, mirror: &mut Mirror, ids: &mut Ids, rng: &mut Rng) {
        let Some(mut txn) = self.txn else { return };
        let offsets = mirror.of_role(Role::Offset);
        match txn.stage {
            Stage::Open => {
                let idle = self.lanes.iter().all(|lane| lane.batch.is_none());
                if !idle || (now < self.commit_at && self.stopping.is_none()) {
                    return;
                }
                let touched = txn.touched | 1 << offsets;
                if !mirror.note_txn(now, txn.id, TxnStatus::Ongoing, touched, ids) {
                    return;
                }
                txn.touched = touched;
                let end = self.write_positions(now, txn.id, offsets, mirror, ids);
                txn.stage = Stage::Offsets(end.unwrap_or(0));
            }
            Stage::Offsets(end) if mirror.partitions[offsets].hw >= end => {
                let status = TxnStatus::PrepareCommit;
                if mirror.note_txn(now, txn.id, status, txn.touched, ids) {
                    let markers_at = now + rng.u64(0..60);
                    txn.stage = Stage::Prepared { markers_at };
                }
            }
            Stage::Offsets(_) => {}
            Stage::Prepared { markers_at } if markers_at <= now => {
                if mirror.end_txn(now, txn.id, &mut txn.touched, true, ids) {
                    self.txn = None;
                    self.commit_at = now + self.commit_every_ms.min(1_000);
                    return;
                }
            }
            Stage::Prepared { .. } => {}
        }
        self.txn = Some(txn);
    }
}

impl Lane {
    fn poll(&mut self, now: u64, send_ms: u64, source: &Source, rng: &mut Rng) {
        let partition = &source.partitions[self.source];
        // What is gone is skipped without a word.
        let from = self.next.max(partition.start);
        let until = partition.end().min(from + BATCH);
        if from >= until {
            return;
        }
        let entries = partition.records[from as usize..until as usize]
            .iter()
            .map(|record| Entry {
                id: record.id,
                ts: record.ts,
                epoch: 0,
                txn: 0,
                body: Body::Data,
            })
            .collect();
        self.next = until;
        self.batch = Some(Batch {
            last: until - 1,
            entries,
            land_at: now + rng.u64(send_ms / 4..=send_ms),
            landed: None,
        });
    }
}
