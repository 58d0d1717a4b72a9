//! The wait before the first stop: sampling the source, and until the
//! mirror's tail shows it past the first sample.
//!
//! This only chooses the moment. What is covered is decided by committed
//! offsets, after the stop.

use std::collections::BTreeMap;

use slackwater_cut::{Settings, Strategy};
use slackwater_kit::{Deadline, TailRequest, read_tails};
use slackwater_ports::{Cluster, Failure, Isolation, Level, PartitionId, RecordSeen};

use crate::World;
use crate::found::Found;
use crate::sampler::Sampler;

/// Between two looks at the mirror's tail.
const LOOK_MS: u64 = 250;

/// How long one reading of tails may take.
const READ_MS: u64 = 5_000;

/// A lag that grew by less than this many records is noise: MirrorMaker works
/// in batches.
const NOISE: u64 = 1_000;

/// Waits for `lead`, and then, bounded, for the tail. Refuses a mirror that
/// falls behind: holding it would only make that worse.
pub(crate) fn wait(
    world: &impl World,
    found: &Found,
    sampler: &mut Sampler,
    lead: Deadline,
    settings: &Settings,
) -> Result<(), Failure> {
    let mirror_before = mirror_ends(found, &found.mirror.heads());
    let mut last = last_below_first_sample(world, found, sampler)?;
    let mut next_sample = Deadline::after(world, settings.sample_every_ms);
    let give_up = Deadline::after(world, settings.sample_lead_ms + settings.cover_wait_ms);
    loop {
        if next_sample.has_passed(world) {
            sampler.sample(world)?;
            next_sample = Deadline::after(world, settings.sample_every_ms);
        }
        forget_those_that_passed(world, found, &mut last)?;
        if last.is_empty() && lead.has_passed(world) {
            break;
        }
        if give_up.has_passed(world) && settings.strategy == Strategy::Hot {
            // Nothing is stopped, so nothing would wait for it later either: no sweep of
            // the run would lie on the volumes.
            return Err(Failure::refused(format!(
                "in {} partitions the mirror is not past what the source had when the run began: \
                 let it catch up, or raise limits.coverWait",
                last.len()
            )));
        }
        if give_up.has_passed(world) {
            refuse_a_growing_lag(world, found, sampler, mirror_before)?;
            world.log(
                Level::Warn,
                &format!(
                    "the mirror is not past the first sample in {} partitions",
                    last.len()
                ),
            );
            break;
        }
        let awaited = if last.is_empty() {
            "the samples of the source".to_owned()
        } else {
            format!(
                "the mirror's tail to pass the first sample in {} partitions",
                last.len()
            )
        };
        world.waiting("quiesceMirror", &awaited, Some(give_up.remaining_ms(world)));
        give_up.sleep(world, LOOK_MS);
    }
    // The freshest point: right before the stop.
    sampler.sample(world)
}

/// The last data record below the first sample's head, by the name of the
/// mirror's partition.
fn last_below_first_sample(
    world: &impl World,
    found: &Found,
    sampler: &Sampler,
) -> Result<BTreeMap<PartitionId, RecordSeen>, Failure> {
    let mut last = BTreeMap::new();
    for source in found.within_reach() {
        let cluster = Cluster::Source(source.alias.clone());
        let sampled: BTreeMap<PartitionId, u64> = sampler
            .first()
            .filter(|((alias, _), _)| *alias == source.alias)
            .filter_map(|((_, partition), head)| Some((partition.clone(), head?)))
            .collect();
        let partitions: Vec<PartitionId> = sampled.keys().cloned().collect();
        // Not above the last stable offset: a reader of committed records gets
        // neither a record nor an end there.
        let requests: Vec<TailRequest> = world
            .sweep(&cluster, &partitions)?
            .rows
            .into_iter()
            .filter_map(|row| {
                let head = row.head.ok()?;
                Some(TailRequest {
                    end: head.last_stable_offset.min(*sampled.get(&row.partition)?),
                    start: head.log_start_offset,
                    partition: row.partition,
                })
            })
            .collect();
        let tails = read_tails(world, &cluster, source.isolation, &requests, 1, READ_MS)?;
        for (id, records) in tails {
            if let Some(record) = records.last() {
                let copy = source.policy.copy_of(&source.alias, &id.topic);
                last.insert(PartitionId::new(copy, id.partition), *record);
            }
        }
    }
    Ok(last)
}

/// Takes out the partitions whose tail on the mirror is that record, or a
/// later one.
fn forget_those_that_passed(
    world: &impl World,
    found: &Found,
    last: &mut BTreeMap<PartitionId, RecordSeen>,
) -> Result<(), Failure> {
    if last.is_empty() {
        return Ok(());
    }
    let there: Vec<PartitionId> = found
        .mirror
        .view
        .topics
        .iter()
        .flat_map(|topic| {
            topic
                .partitions
                .iter()
                .map(|partition| PartitionId::new(topic.name.clone(), partition.partition))
        })
        .filter(|id| last.contains_key(id))
        .collect();
    let requests: Vec<TailRequest> = world
        .sweep(&Cluster::Mirror, &there)?
        .rows
        .into_iter()
        .filter_map(|row| {
            let head = row.head.ok()?;
            Some(TailRequest {
                partition: row.partition,
                start: head.log_start_offset,
                end: head.last_stable_offset,
            })
        })
        .collect();
    let committed = Isolation::ReadCommitted;
    let tails = read_tails(world, &Cluster::Mirror, committed, &requests, 1, READ_MS)?;
    for (id, records) in tails {
        let passed = |wanted: &RecordSeen| {
            records.last().is_some_and(|seen| {
                seen.content == wanted.content || seen.timestamp_ms >= wanted.timestamp_ms
            })
        };
        if last.get(&id).is_some_and(passed) {
            last.remove(&id);
        }
    }
    Ok(())
}

/// The sum of the ends of the mirror's copies.
fn mirror_ends(
    found: &Found,
    heads: &BTreeMap<PartitionId, Result<slackwater_ports::Head, String>>,
) -> u64 {
    copies(found)
        .filter_map(|id| heads.get(&id)?.as_ref().ok())
        .map(|head| head.high_watermark)
        .sum()
}

fn copies(found: &Found) -> impl Iterator<Item = PartitionId> + '_ {
    found.copied.iter().filter_map(|key| found.copy_of(key))
}

fn refuse_a_growing_lag(
    world: &impl World,
    found: &Found,
    sampler: &Sampler,
    mirror_before: u64,
) -> Result<(), Failure> {
    let now = slackwater_kit::look(world, &found.map)?;
    let mirrored = mirror_ends(found, &now.heads()).saturating_sub(mirror_before);
    let accepted = sampler.growth();
    let fell_behind = accepted.saturating_sub(mirrored);
    if fell_behind > NOISE && fell_behind > accepted / 2 {
        return Err(Failure::refused(format!(
            "the mirror falls behind: while the source accepted {accepted} records, {mirrored} \
             arrived; let it catch up first"
        )));
    }
    Ok(())
}
