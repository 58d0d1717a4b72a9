//! Volumes that were trimmed, held against their plan: for a claim of a cut. Nothing is
//! written.

use std::collections::BTreeSet;
use std::path::PathBuf;

use slackwater_cut::Tail;
use slackwater_cut::claims::{Trimmed, TrimmedPartition};
use slackwater_logdir::{Depth, ScanOptions, SegmentReader, scan};
use slackwater_point::Plan;
use slackwater_ports::PartitionId;

use crate::copy::CopyAt;
use crate::error::TrimError;
use crate::journal::{Journal, Stage};
use crate::read_back;
use crate::topics;
use crate::volumes::Volumes;

/// Every segment: what is damaged far from the end is no copy either.
const ALL: usize = usize::MAX;

/// Reads every batch of every copy at or below these paths, and so many of each
/// partition's last records.
///
/// # Errors
/// A directory that a broker has, or that can't be read; one of which a trim was begun
/// and not ended.
pub fn show(paths: &[PathBuf], plan: &Plan, tail: u32) -> Result<Trimmed, TrimError> {
    let volumes = Volumes::open(paths)?;
    for dir in &volumes.dirs {
        let journal = Journal::read(&dir.path)?;
        if journal.is_some_and(|one| {
            !matches!(
                one.stage,
                Stage::Done | Stage::Untrimmed | Stage::Discarding
            )
        }) {
            return Err(TrimError::State {
                path: dir.path.clone(),
                why: "has a trim, or an untrim, that was not ended: run it again",
            });
        }
    }
    let copies = volumes.copies()?;
    let mut reader = SegmentReader::default();
    let mut partitions = Vec::new();
    for planned in &plan.partitions {
        let there = copies.get(&planned.partition);
        let there = there.map(Vec::as_slice).unwrap_or_default();
        partitions.push(TrimmedPartition {
            start: start_of(there).unwrap_or(0),
            topic_id: topics::ids(there).next().map(|(_, id)| id.to_owned()),
            tail: last_records(&mut reader, there, planned.ends_at(), tail)?,
            partition: planned.partition.clone(),
            cut: planned.ends_at(),
            planned: u32::try_from(planned.replicas.len()).unwrap_or(u32::MAX),
            copies: read_back::shown(&mut reader, there, ALL)?,
        });
    }
    let planned: BTreeSet<&PartitionId> =
        plan.partitions.iter().map(|one| &one.partition).collect();
    let unplanned = copies.keys().filter(|id| !planned.contains(id));
    Ok(Trimmed {
        plan: plan.digest.clone().unwrap_or_default(),
        planned_of: plan
            .cut
            .as_ref()
            .map(|cut| cut.sha256.clone())
            .unwrap_or_default(),
        other_volumes: plan.cut.as_ref().is_some_and(|cut| cut.other_volumes),
        guarantee: plan.guarantee.clone(),
        excluded: plan.excluded.clone(),
        cluster_id: volumes.cluster_id.clone().unwrap_or_default(),
        unplanned: unplanned.map(ToString::to_string).collect(),
        partitions,
    })
}

fn start_of(copies: &[CopyAt]) -> Option<u64> {
    copies.iter().map(|copy| copy.replica.start).max()
}

/// Of the first copy: all are the same, or the claim is refuted. Below the greatest of
/// their starts there is no answer that all have.
fn last_records(
    reader: &mut SegmentReader,
    copies: &[CopyAt],
    until: u64,
    tail: u32,
) -> Result<Option<Tail>, TrimError> {
    let (Some(first), Some(digest_from)) = (copies.first(), start_of(copies)) else {
        return Ok(None);
    };
    let options = ScanOptions {
        depth: Depth::Tail,
        digest_from,
        until: Some(until),
        tail,
    };
    let found = scan(reader, &first.replica, &options, &|_| ())?;
    let read = found.tail.filter(|read| read.count > 0);
    Ok(read.map(|read| Tail {
        count: read.count,
        digest: read.digest,
        last_offset: read.last_offset,
        last_timestamp_ms: read.last_timestamp_ms,
        batch_epoch: read.batch_epoch,
    }))
}
