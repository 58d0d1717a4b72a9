//! What a trim needs, written beside the data of every directory; and first whether these
//! are the data that were planned. Of the data nothing is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rustix::fs::statvfs;
use slackwater_logdir::{LogDir, SegmentReader};
use slackwater_point::{Plan, PlannedPartition};
use slackwater_ports::PartitionId;

use crate::copy::{CopyAt, read_copy};
use crate::disk::Piece;
use crate::edits::{Edits, Target, unclean};
use crate::error::TrimError;
use crate::journal::Journal;
use crate::trim::Held;
use crate::{steps, write};

/// Room that is left on a file system beside what is written: a broker that
/// starts makes indexes of 10 MiB for each log, sparse, and notes of its own.
const MARGIN: u64 = 16 << 20;

impl Held<'_> {
    /// Every copy of the plan is here, and is what it was planned on.
    pub(crate) fn all_are_here(&self, plan: &Plan) -> Result<(), TrimError> {
        let nodes: Vec<i32> = self
            .volumes
            .dirs
            .iter()
            .filter_map(|dir| dir.meta.node_id)
            .collect();
        let mut reader = SegmentReader::default();
        for planned in &plan.partitions {
            for replica in &planned.replicas {
                if !nodes.contains(&replica.node) {
                    return Err(TrimError::NodeMissing(replica.node));
                }
                let copy = self.copy(&planned.partition, replica.node)?;
                let path = copy.replica.path.clone();
                let other = |why: &str| TrimError::OtherData {
                    path: path.clone(),
                    why: why.to_owned(),
                };
                let segments = &copy.replica.segments;
                let first = segments
                    .iter()
                    .position(|one| one.base == replica.read_from);
                let first = match (first, segments.is_empty()) {
                    (Some(first), _) => first,
                    (None, true) => 0,
                    (None, false) => return Err(other("a segment is missing")),
                };
                let read = read_copy(&mut reader, &copy.replica, first)?;
                if read.seen(&copy.replica) != replica.seen {
                    return Err(other(
                        "its last segments hold other batches, or others have another size",
                    ));
                }
                if copy.replica.start != replica.start {
                    return Err(other("it starts elsewhere"));
                }
            }
            for copy in self.copies.get(&planned.partition).into_iter().flatten() {
                if !planned.replicas.iter().any(|one| one.node == copy.node) {
                    return Err(TrimError::OtherData {
                        path: copy.replica.path.clone(),
                        why: "the plan does not know this copy".to_owned(),
                    });
                }
            }
        }
        let known: BTreeSet<&PartitionId> =
            plan.partitions.iter().map(|one| &one.partition).collect();
        let mut copies = self.copies.iter();
        match copies.find(|(partition, _)| !known.contains(partition)) {
            None => Ok(()),
            Some((_, copies)) => Err(TrimError::OtherData {
                path: copies[0].replica.path.clone(),
                why: "the plan does not know this partition".to_owned(),
            }),
        }
    }

    fn copy(&self, partition: &PartitionId, node: i32) -> Result<&CopyAt, TrimError> {
        let copies = self.copies.get(partition);
        let copy = copies.and_then(|copies| copies.iter().find(|copy| copy.node == node));
        copy.ok_or_else(|| TrimError::CopyMissing {
            partition: partition.clone(),
            node,
        })
    }

    /// Writes what will be needed, and a journal into each directory that has
    /// none. Gives how many bytes.
    pub(crate) fn prepare(
        &self,
        plan: &Plan,
        journals: &[Option<Journal>],
    ) -> Result<u64, TrimError> {
        let mut by_dir: BTreeMap<&Path, Edits> = BTreeMap::new();
        let mut reader = SegmentReader::default();
        let mut any = false;
        for planned in &plan.partitions {
            for (dir, edits) in self.edits(&mut reader, planned)? {
                any |= !edits.steps.is_empty();
                let all = by_dir.entry(dir).or_default();
                all.files.extend(edits.files);
                all.steps.extend(edits.steps);
            }
        }
        let mut written = 0;
        for (dir, journal) in self.volumes.dirs.iter().zip(journals) {
            if journal.is_some() {
                continue;
            }
            let mut edits = by_dir.remove(dir.path.as_path()).unwrap_or_default();
            if any {
                // First: what is cut halfway is no log that was closed.
                edits.steps.splice(0..0, unclean(&dir.path));
            }
            written += self.prepare_one(plan, dir, edits)?;
        }
        Ok(written)
    }

    fn edits<'s>(
        &'s self,
        reader: &mut SegmentReader,
        planned: &PlannedPartition,
    ) -> Result<Vec<(&'s Path, Edits)>, TrimError> {
        let kept = self.copy(&planned.partition, planned.kept_of)?;
        let added = write::behind(planned);
        let each = planned.replicas.iter().map(|replica| {
            let copy = self.copy(&planned.partition, replica.node)?;
            let target = Target {
                partition: &planned.partition,
                copy,
                planned: replica,
                cut: planned.cut,
                added: &added,
                kept,
            };
            Ok((copy.dir.as_path(), target.edits(reader)?))
        });
        each.collect()
    }

    fn prepare_one(&self, plan: &Plan, dir: &LogDir, edits: Edits) -> Result<u64, TrimError> {
        self.remove_ours(dir)?;
        let written = edits
            .files
            .iter()
            .flat_map(|(_, pieces)| pieces)
            .map(Piece::len)
            .sum();
        let room = statvfs(&dir.path)
            .map_err(|error| TrimError::io("look at", &dir.path)(error.into()))?;
        let free = room.f_bavail.saturating_mul(room.f_frsize);
        if written > 0 && free < written + MARGIN {
            return Err(TrimError::NoRoom {
                path: dir.path.clone(),
                free,
                needed: written + MARGIN,
            });
        }
        for (file, pieces) in &edits.files {
            let path = dir.path.join(file);
            self.disk
                .write(&path, pieces)
                .map_err(TrimError::io("write", &path))?;
        }
        let digest = plan.digest.as_deref().unwrap_or_default();
        let journal = Journal::prepared(digest, self.volumes.dirs.len(), edits.steps);
        steps::sync(self.disk, &dir.path, &journal)?;
        journal.write(self.disk, &dir.path)?;
        Ok(written)
    }
}
