//! Partitions that another leader led at the closing look, with the end that
//! the drain saw. Equal ends don't tell what the change left: a new leader
//! makes followers truncate, and what lay above the high watermark goes or
//! stays (KIP-101). The snapshot tells: where every replica ends at the cut,
//! with the last records that a client saw before, nothing was written.
//!
//! The same holds for an end that moved after the volumes were cut at rest, with
//! every broker down that held the partition (strategy `cold`): Connect writes
//! to its own topics when the brokers are back.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use slackwater_ports::{Digest128, LogDirSeen};

use super::falls::{Change, Fall};
use super::name_some;
use super::replicas::{Findings, Read, end_falls, replica_falls};
use super::volumes::{SnapshotHandle, directories, directory_falls, handles, opened, opened_falls};
use crate::{Cut, Moved, Movement, PartitionRow, Rows, Strategy};

/// What the snapshot's logs were read with, beside what the rows hold of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LedAnew {
    /// The mirror's `cluster.id`.
    pub cluster_id: String,
    /// The snapshots of the run.
    pub snapshots: Vec<SnapshotHandle>,
    /// The log directories that were read.
    pub dirs: Vec<LogDirSeen>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
}

impl LedAnew {
    /// Nothing where the snapshot was not read, or can't tell more than the
    /// closing look does.
    pub(super) fn gather(cut: &Cut, moved: &[Moved]) -> Option<Self> {
        let content = cut.content.as_ref()?;
        let at_rest = match content.dirs.is_empty() {
            false => content.dirs.iter().any(|dir| dir.clean_shutdown),
            true => cut.settings.strategy == Strategy::Cold,
        };
        let telling = |moved: &Moved| match moved.change {
            Movement::LeaderEpoch { .. } => true,
            Movement::HighWatermark { .. } => at_rest,
            Movement::NoAnswer => false,
        };
        moved.iter().any(telling).then(|| Self {
            cluster_id: cut.mirror_cluster_id().to_owned(),
            snapshots: handles(cut),
            dirs: content.dirs.clone(),
            unread: content.unread.clone(),
        })
    }

    /// Whether an end went on when the volumes were cut already: every replica
    /// lies where its broker had stopped cleanly, and ends where the drain saw
    /// it.
    pub(super) fn went_on_after_the_cut(&self, moved: &Moved, rows: &Rows) -> bool {
        let Movement::HighWatermark { was, is } = moved.change else {
            return false;
        };
        let by_name = by_name(rows);
        let content = by_name
            .get(&moved.partition.to_string())
            .and_then(|row| row.content.as_ref());
        let at_rest = |dir: u32| {
            let dir = self.dirs.get(dir as usize);
            dir.is_some_and(|dir| dir.clean_shutdown)
        };
        was < is
            && content.is_some_and(|content| {
                let mut replicas = content.replicas.iter();
                !content.replicas.is_empty()
                    && replicas.all(|one| at_rest(one.dir) && one.log_end_offset == was)
            })
    }

    /// Whether an end that went on may have done so when volumes of stopped brokers
    /// were cut already: not all of them were read.
    pub(super) fn may_have_gone_on(&self, moved: &Moved) -> bool {
        let Movement::HighWatermark { was, is } = moved.change else {
            return false;
        };
        let at_rest = self.dirs.is_empty() || self.dirs.iter().any(|dir| dir.clean_shutdown);
        was < is && at_rest && !self.unread.is_empty()
    }

    /// Why the snapshot does not show that what moved was the leader alone, or
    /// moved after the cut.
    pub(super) fn doubt(&self, moved: &[Moved], rows: &Rows) -> Option<String> {
        let mut findings = Findings::default();
        directories(&self.dirs, &self.cluster_id, &mut findings);
        opened(&self.dirs, &self.snapshots, &mut findings);
        let by_name = by_name(rows);
        for moved in moved {
            let name = moved.partition.to_string();
            let Some(row) = by_name.get(&name) else {
                findings.unknown.push(format!("{name} is not in the cut"));
                continue;
            };
            match moved.change {
                Movement::LeaderEpoch { was, .. } if was == row.leader_epoch => {}
                Movement::HighWatermark { was, .. }
                    if was == row.high_watermark && self.went_on_after_the_cut(moved, rows) => {}
                _ => findings.unknown.push(format!("{name}: {}", moved.change)),
            }
            let Some(content) = &row.content else {
                findings.unknown.push(format!("{name} was not read"));
                continue;
            };
            let read = Read {
                rows,
                row,
                content,
                dirs: &self.dirs,
                unread: false,
            };
            read.are_there(&mut findings);
            read.end_at_the_cut(&mut findings);
        }
        let found = [self.unread.clone(), findings.contrary, findings.unknown].concat();
        (!found.is_empty()).then(|| {
            let found = name_some(&found);
            format!("a leader changed in the window, and of the snapshot: {found}")
        })
    }
}

/// What the closing look's digest must be if nothing but these moved.
pub(super) fn still_digest(moved: &[Moved], rows: &Rows) -> Digest128 {
    let mut rows = rows.clone();
    let mut changes: BTreeMap<String, Vec<Movement>> = BTreeMap::new();
    for moved in moved {
        let of_it = changes.entry(moved.partition.to_string()).or_default();
        of_it.push(moved.change);
    }
    let named: Vec<String> = rows.partitions.iter().map(|row| rows.name(row)).collect();
    for (row, name) in rows.partitions.iter_mut().zip(named) {
        for change in changes.get(&name).into_iter().flatten() {
            match *change {
                Movement::LeaderEpoch { is, .. } => row.leader_epoch = is,
                Movement::HighWatermark { is, .. } => row.high_watermark = is,
                Movement::NoAnswer => {}
            }
        }
    }
    rows.still_digest()
}

fn by_name(rows: &Rows) -> BTreeMap<String, &PartitionRow> {
    let named = rows.still_rows().map(|row| (rows.name(row), row));
    named.collect()
}

/// Changes that must make it fall, where a leader changed.
pub(super) fn falls() -> Vec<Fall> {
    let mut falls = vec![
        Fall::evidence("ledAnew", Change::Set(Value::Null)),
        Fall::evidence("ledAnew.clusterId", Change::OtherText),
        Fall::evidence("ledAnew.unread", Change::Push("t-0".into())),
        Fall::evidence("moved", Change::Clear),
        Fall::evidence("moved[].partition.topic", Change::OtherText),
        Fall::evidence("moved[].partition.partition", Change::Add(1_000)),
        Fall::evidence("moved[].change.leaderEpoch.was", Change::Add(1)),
        Fall::evidence("moved[].change.leaderEpoch.is", Change::Add(1)),
        Fall::evidence("moved[].change.highWatermark.was", Change::Add(1)),
        Fall::evidence("moved[].change.highWatermark.is", Change::Add(1)),
        Fall::evidence(
            "ledAnew.dirs[].cleanShutdown",
            Change::Set(Value::Bool(false)),
        )
        .where_an_end_moved(),
        Fall::evidence("moved[].change", Change::Set("noAnswer".into())),
        Fall::evidence(
            "moved[].change",
            Change::Set(serde_json::json!({"highWatermark": {"was": 1, "is": 2}})),
        ),
    ];
    falls.extend(directory_falls("ledAnew."));
    falls.extend(opened_falls("ledAnew."));
    falls.extend(replica_falls(Fall::moved_rows));
    falls.extend(end_falls(Fall::moved_rows));
    falls
}
