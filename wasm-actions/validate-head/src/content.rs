//! What lies on volumes, read for a cut: one entry for each of its rows.
//!
//! Replicas run retention each by itself, so they are compared from the
//! greatest of their starts. Where they compact, or moved while they were cut,
//! they are read a second time, where they must agree all the same.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::{
    Class, Content, Cut, FrontRead, PartitionRow, RangeRead, RowContent, RowRange, Transactions,
};
use slackwater_ports::{
    ContentDepth, ContentSurvey, Failure, PartitionId, RangeRow, RangeWanted, ReplicaRead,
    ScanWanted,
};

use crate::World;

/// Partitions that are asked for at once: their answers cross the boundary
/// together, some 300 bytes a replica, and progress is shown in between.
const AT_ONCE: usize = 1000;

/// The metadata log is no partition of the cut.
const METADATA: &str = "__cluster_metadata";

/// The volumes, and one entry for each row of the cut.
pub(crate) fn read(
    world: &impl World,
    cut: &Cut,
    depth: ContentDepth,
) -> Result<(Content, Vec<RowContent>), Failure> {
    world.waiting("validateHead", "the volumes to be listed", None);
    let survey = world.survey()?;
    let mut unread = survey.unread.clone();
    let wanted = wanted(cut, &survey);
    let mut rows: Vec<RowContent> = wanted
        .iter()
        .map(|wanted| RowContent {
            compared_from: wanted.digest_from,
            compared_to: wanted.until,
            replicas: Vec::new(),
            range: None,
            front: None,
        })
        .collect();
    let place: BTreeMap<&PartitionId, usize> = wanted
        .iter()
        .enumerate()
        .map(|(at, wanted)| (&wanted.partition, at))
        .collect();
    for chunk in wanted.chunks(AT_ONCE) {
        let what = format!("{} partitions to be read", wanted.len());
        world.waiting("validateHead", &what, None);
        for row in world.scan(depth, chunk)? {
            let at = place.get(&row.partition).copied();
            match (at, row.read) {
                (Some(at), Ok(read)) => rows[at].replicas.push(read),
                (_, Err(why)) => unread.push(format!("{}: {why}", row.partition)),
                (None, Ok(_)) => {}
            }
        }
    }
    if depth == ContentDepth::Full {
        read_again(world, cut, &wanted, &mut rows)?;
    }
    read_fronts(world, cut, &wanted, &mut rows)?;
    world.waiting("validateHead", "transactions and metadata to be read", None);
    let transactions = world.transactions()?;
    unread.extend(transactions.unread);
    let content = Content {
        asked: survey.asked,
        depth,
        extra: extra(cut, &survey),
        dirs: survey.dirs,
        unread,
        set_aside: survey.set_aside,
        transactions: Transactions {
            replicas: transactions.replicas,
            pending: transactions.pending,
        },
        metadata: world.metadata()?,
    };
    Ok((content, rows))
}

fn id(cut: &Cut, row: &PartitionRow) -> PartitionId {
    PartitionId::new(cut.rows.topic(row).name.clone(), row.partition)
}

/// One for each row, in that order.
fn wanted(cut: &Cut, survey: &ContentSurvey) -> Vec<ScanWanted> {
    let mut starts: BTreeMap<&PartitionId, u64> = BTreeMap::new();
    for replica in &survey.replicas {
        let start = starts.entry(&replica.partition).or_default();
        *start = replica.log_start_offset.max(*start);
    }
    cut.rows
        .partitions
        .iter()
        .map(|row| {
            let partition = id(cut, row);
            let moves = cut.rows.topic(row).class == Class::Own;
            ScanWanted {
                digest_from: starts.get(&partition).copied().unwrap_or(0),
                partition,
                until: (!moves).then_some(row.high_watermark),
                tail: if moves { 0 } else { cut.settings.tail_records },
            }
        })
        .collect()
}

/// Partitions that lie there, that are protected, and that the cut does not
/// have.
fn extra(cut: &Cut, survey: &ContentSurvey) -> Vec<String> {
    let known: BTreeSet<PartitionId> = cut.rows.partitions.iter().map(|row| id(cut, row)).collect();
    let there: BTreeSet<&PartitionId> = survey
        .replicas
        .iter()
        .map(|replica| &replica.partition)
        .filter(|one| one.topic != METADATA && cut.settings.protects(&one.topic))
        .filter(|one| !known.contains(*one))
        .collect();
    there.into_iter().map(ToString::to_string).collect()
}

/// Where it is compared again: from where no replica was compacted, up to
/// where the shortest ends.
struct Again {
    row: usize,
    partition: PartitionId,
    from: u64,
    until: u64,
    /// From where the live keys count, where there was compaction at all.
    live_from: Option<u64>,
}

fn again(at: usize, wanted: &ScanWanted, content: &RowContent, moves: bool) -> Option<Again> {
    let replicas = &content.replicas;
    let first = replicas.first()?;
    if replicas.iter().all(|one| one.digest == first.digest) {
        return None;
    }
    let of = |value: fn(&ReplicaRead) -> u64| replicas.iter().map(value);
    let cleaned = of(|one| one.cleaned_to.max(one.cleaner_offset)).max()?;
    let compacted = cleaned > content.compared_from;
    if !compacted && !moves {
        return None;
    }
    let from = content.compared_from.max(cleaned);
    let until = of(|one| one.log_end_offset)
        .min()?
        .min(content.compared_to.unwrap_or(u64::MAX));
    Some(Again {
        row: at,
        partition: wanted.partition.clone(),
        from,
        until: until.max(from),
        live_from: compacted.then_some(content.compared_from),
    })
}

fn read_again(
    world: &impl World,
    cut: &Cut,
    wanted: &[ScanWanted],
    rows: &mut [RowContent],
) -> Result<(), Failure> {
    let again: Vec<Again> = cut
        .rows
        .partitions
        .iter()
        .enumerate()
        .filter_map(|(at, row)| {
            let moves = cut.rows.topic(row).class == Class::Own;
            again(at, &wanted[at], &rows[at], moves)
        })
        .collect();
    for chunk in again.chunks(AT_ONCE) {
        let what = format!("{} partitions to be read a second time", again.len());
        world.waiting("validateHead", &what, None);
        let batches: Vec<RangeWanted> = chunk
            .iter()
            .map(|one| RangeWanted {
                partition: one.partition.clone(),
                from: one.from,
                until: one.until,
                live: false,
            })
            .collect();
        let live: Vec<RangeWanted> = chunk
            .iter()
            .filter_map(|one| {
                Some(RangeWanted {
                    partition: one.partition.clone(),
                    from: one.live_from?,
                    until: one.until,
                    live: true,
                })
            })
            .collect();
        let batches = by_replica(world.range(&batches)?);
        let live = by_replica(world.range(&live)?);
        for one in chunk {
            let replicas = rows[one.row]
                .replicas
                .iter()
                .map(|replica| {
                    let key = (one.partition.clone(), replica.dir);
                    RangeRead {
                        dir: replica.dir,
                        batches: batches.get(&key).and_then(|row| row.batches.clone().ok()),
                        live: live.get(&key).and_then(|row| row.live),
                    }
                })
                .collect();
            rows[one.row].range = Some(RowRange {
                from: one.from,
                until: one.until,
                replicas,
            });
        }
    }
    Ok(())
}

/// Where some replicas begin later than their leader did at the closing look,
/// the age of what they lack: retention took it, or nobody knows who.
fn read_fronts(
    world: &impl World,
    cut: &Cut,
    wanted: &[ScanWanted],
    rows: &mut [RowContent],
) -> Result<(), Failure> {
    let mut asked = Vec::new();
    for (at, row) in cut.rows.partitions.iter().enumerate() {
        let starts = || rows[at].replicas.iter().map(|one| one.log_start_offset);
        let (Some(least), Some(greatest)) = (starts().min(), starts().max()) else {
            continue;
        };
        if least < greatest
            && row
                .closing_log_start_offset
                .is_none_or(|start| greatest > start)
        {
            let range = RangeWanted {
                partition: wanted[at].partition.clone(),
                from: least,
                until: greatest,
                live: false,
            };
            asked.push((at, range));
        }
    }
    for chunk in asked.chunks(AT_ONCE) {
        let what = format!("the age of what {} partitions lack to be read", asked.len());
        world.waiting("validateHead", &what, None);
        let ranges: Vec<RangeWanted> = chunk.iter().map(|(_, range)| range.clone()).collect();
        let mut newest: BTreeMap<PartitionId, Option<i64>> = BTreeMap::new();
        for row in world.range(&ranges)? {
            let known = newest.entry(row.partition).or_default();
            *known = row.newest_ms.max(*known);
        }
        for (at, range) in chunk {
            rows[*at].front = Some(FrontRead {
                from: range.from,
                until: range.until,
                newest_ms: newest.get(&range.partition).copied().flatten(),
            });
        }
    }
    Ok(())
}

fn by_replica(rows: Vec<RangeRow>) -> BTreeMap<(PartitionId, u32), RangeRow> {
    rows.into_iter()
        .map(|row| ((row.partition.clone(), row.dir), row))
        .collect()
}
