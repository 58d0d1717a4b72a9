//! What the offline reader would give of a snapshot's volumes.

use slackwater_ports::{
    Digest128, LogDirSeen, MetadataSeen, PartitionId, PendingTransaction, RangeRow, RangeWanted,
    RecordSeen, ReplicaFound, ReplicaRead, ScanRow, ScanWanted, TailRead, TransactionsSeen,
};

use super::log::{Body, Entry, TxnStatus, data, open_transactions};
use super::mirror::{Partition, Role};
use super::view::{MIRROR_ID, seen, topic_id};
use super::volumes::Image;

/// Bytes of an entry.
const ENTRY_BYTES: u64 = 80;

/// Volumes that lie open, one for each broker in its order.
pub(crate) struct Opened<'w> {
    pub(crate) partitions: &'w [Partition],
    pub(crate) images: &'w [Image],
    /// Of the snapshots that they are clones of.
    pub(crate) handles: &'w [String],
}

impl Opened<'_> {
    pub(crate) fn dirs(&self) -> Vec<LogDirSeen> {
        let dir = |at: usize| LogDirSeen {
            volume: volume(at),
            broker: at as i32 + 1,
            node_id: Some(at as i32 + 1),
            cluster_id: Some(MIRROR_ID.to_owned()),
            directory_id: Some(format!("dir-{at}")),
            clean_shutdown: self.images[at].clean,
            opened_from: self.handles[at].clone(),
        };
        (0..self.images.len()).map(dir).collect()
    }

    /// Each replica, sorted by partition, then by directory.
    fn logs(&self) -> Vec<(PartitionId, u32, usize, &[Entry])> {
        let mut logs = Vec::new();
        for (at, partition) in self.partitions.iter().enumerate() {
            for (dir, image) in self.images.iter().enumerate() {
                if let Some(log) = &image.logs[at] {
                    logs.push((partition.name.clone(), dir as u32, at, log.as_slice()));
                }
            }
        }
        logs.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
        logs
    }

    pub(crate) fn replicas(&self) -> Vec<ReplicaFound> {
        let logs = self.logs().into_iter();
        logs.map(|(partition, dir, _, log)| ReplicaFound {
            dir,
            topic_id: Some(topic_id(&partition.topic)),
            partition,
            log_start_offset: 0,
            bytes: log.len() as u64 * ENTRY_BYTES,
        })
        .collect()
    }

    pub(crate) fn scan(&self, wanted: &[ScanWanted]) -> Vec<ScanRow> {
        let mut rows = Vec::new();
        for (partition, dir, at, log) in self.logs() {
            let Some(wanted) = wanted.iter().find(|one| one.partition == partition) else {
                continue;
            };
            let rotten = self.images[dir as usize].rotten == Some(at);
            rows.push(ScanRow {
                read: Ok(read(&partition, dir, log, wanted, rotten)),
                partition,
                dir,
            });
        }
        rows
    }

    pub(crate) fn range(&self, wanted: &[RangeWanted]) -> Vec<RangeRow> {
        let mut rows = Vec::new();
        for (partition, dir, _, log) in self.logs() {
            let Some(wanted) = wanted.iter().find(|one| one.partition == partition) else {
                continue;
            };
            let end = wanted.until.min(log.len() as u64) as usize;
            let part = &log[(wanted.from as usize).min(end)..end];
            rows.push(RangeRow {
                batches: Ok(digest(part, wanted.from)),
                live: None,
                newest_ms: part.iter().map(|entry| entry.ts).max(),
                partition,
                dir,
            });
        }
        rows
    }

    pub(crate) fn transactions(&self) -> TransactionsSeen {
        let mut found = TransactionsSeen {
            pending: Vec::new(),
            replicas: 0,
            records: 0,
            unread: Vec::new(),
        };
        for (_, dir, at, log) in self.logs() {
            if self.partitions[at].role != Role::Transactions {
                continue;
            }
            found.replicas += 1;
            found.records += log.len() as u64;
            found.pending.extend(self.pending(dir, log));
        }
        found
    }

    fn pending(&self, dir: u32, log: &[Entry]) -> Vec<PendingTransaction> {
        pending(log)
            .into_iter()
            .map(|(id, status, touched)| PendingTransaction {
                dir,
                id: format!("txn-{id}"),
                status: format!("{status:?}"),
                partitions: (0..self.partitions.len())
                    .filter(|at| touched & (1 << at) != 0)
                    .map(|at| self.partitions[at].name.clone())
                    .collect(),
            })
            .collect()
    }

    pub(crate) fn metadata(&self) -> Vec<MetadataSeen> {
        let log = |dir: usize| MetadataSeen {
            dir: dir as u32,
            log_end_offset: 100,
            last_epoch: 1,
            topics: 6,
            voters: vec![1, 2, 3],
            unassigned: Vec::new(),
            error: None,
        };
        (0..self.images.len()).map(log).collect()
    }
}

/// A volume's name in the configuration.
pub(crate) fn volume(broker: usize) -> String {
    format!("volume-{}", broker + 1)
}

/// Transactions that a coordinator would go on with: number, status, and the
/// partitions that it names.
pub(crate) fn pending(log: &[Entry]) -> Vec<(u32, TxnStatus, u64)> {
    let mut last: Vec<(u32, TxnStatus, u64)> = Vec::new();
    for entry in log {
        if let Body::Txn {
            id,
            status,
            touched,
        } = entry.body
        {
            last.retain(|(known, ..)| *known != id);
            last.push((id, status, touched));
        }
    }
    last.retain(|(_, status, _)| *status != TxnStatus::Complete);
    last
}

/// Over batches: what tells one log from another.
fn digest(entries: &[Entry], from: u64) -> Digest128 {
    let mut state: u128 = u128::from(from) ^ 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for entry in entries {
        let word = u128::from(entry.id) << 64 | u128::from(entry.epoch.unsigned_abs());
        state = (state ^ word).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    Digest128(state)
}

fn read(
    partition: &PartitionId,
    dir: u32,
    log: &[Entry],
    wanted: &ScanWanted,
    rotten: bool,
) -> ReplicaRead {
    let end = log.len() as u64;
    let until = wanted.until.unwrap_or(u64::MAX).min(end);
    let from = wanted.digest_from.min(until);
    let beyond = log[until as usize..].iter().filter(|one| !one.is_marker());
    ReplicaRead {
        dir,
        topic_id: Some(topic_id(&partition.topic)),
        log_start_offset: 0,
        bytes: end * ENTRY_BYTES,
        log_end_offset: end,
        read_from: 0,
        beyond: beyond.count() as u64,
        bad: u64::from(rotten),
        first_bad: rotten.then(|| "its CRC does not hold".to_owned()),
        holes: 0,
        first_hole: None,
        cleaned_to: 0,
        cleaner_offset: 0,
        last_epoch: log[..until as usize].last().map(|entry| entry.epoch),
        open_transactions: open_transactions(log, end).len() as u64,
        digest: digest(&log[from as usize..until as usize], from),
        whole: digest(&log[..until as usize], 0),
        tail: Some(tail(log, until, wanted.tail)),
    }
}

fn tail(log: &[Entry], until: u64, most: u32) -> TailRead {
    let end = log.len() as u64;
    let mut last: Vec<RecordSeen> = data(log, 0, end, true)
        .filter(|(offset, _)| *offset < until)
        .map(|(offset, entry)| seen(offset, entry))
        .collect();
    let drop = last.len().saturating_sub(most as usize);
    last.drain(..drop);
    let of_last = last.last();
    TailRead {
        count: last.len() as u32,
        digest: RecordSeen::digest_of_run(&last),
        last_offset: of_last.map_or(0, |one| one.offset),
        last_timestamp_ms: of_last.map_or(0, |one| one.timestamp_ms),
        batch_epoch: of_last.and_then(|one| one.batch_epoch),
    }
}
