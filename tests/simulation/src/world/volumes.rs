//! The brokers' volumes: flushes, snapshots, and what lies in them.

use std::collections::BTreeMap;

use slackwater_ports::SnapshotSeen;

use super::log::Entry;
use super::mirror::{BROKERS, Mirror};

/// A volume's content: the log of each partition that it holds.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) logs: Vec<Option<Vec<Entry>>>,
    /// The partition in which a batch is not what it says.
    pub(crate) rotten: Option<usize>,
    /// Its broker had stopped cleanly.
    pub(crate) clean: bool,
}

/// A snapshot of one volume.
#[derive(Debug, Clone)]
pub(crate) struct Snapped {
    pub(crate) seen: SnapshotSeen,
    pub(crate) image: Image,
    /// When it was cut, by the true clock.
    pub(crate) at: u64,
    /// The high watermarks then.
    pub(crate) heads: Vec<u64>,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Volumes {
    pub(crate) snapshots: BTreeMap<String, Vec<Snapped>>,
    pub(crate) flush_fails: [bool; BROKERS],
    pub(crate) snapshot_fails: [bool; BROKERS],
    /// How long the cutting of all volumes takes, beside what it always does.
    pub(crate) smear_ms: u64,
    /// The next snapshot of this volume is damaged.
    pub(crate) rots: Option<usize>,
}

/// What is on the disk of one broker now.
pub(crate) fn on_disk(mirror: &Mirror, broker: usize) -> Image {
    let logs = mirror.partitions.iter().map(|partition| {
        partition.replicas.contains(&broker).then(|| {
            let log = &partition.logs[broker];
            log.entries[..log.disk as usize].to_vec()
        })
    });
    Image {
        logs: logs.collect(),
        rotten: None,
        clean: mirror.brokers[broker].at_rest,
    }
}

/// What a copy reads of one log now: the kernel's view.
pub(crate) fn copied(mirror: &Mirror, broker: usize, partition: usize) -> Option<Vec<Entry>> {
    let partition = &mirror.partitions[partition];
    let log = &partition.logs[broker];
    partition
        .replicas
        .contains(&broker)
        .then(|| log.entries.clone())
}

/// Everything goes to disk.
pub(crate) fn flush(mirror: &mut Mirror, broker: usize) {
    for partition in &mut mirror.partitions {
        let log = &mut partition.logs[broker];
        log.disk = log.entries.len() as u64;
    }
}
