//! What a run says of its sources at a sweep, held against the world; and of a hot one what
//! it says of the mirror before the flush, and that it stopped nothing.

use slackwater_cut::{Cut, Evidence, HotCopy, HotHead, HotSweep, Strategy, Verdict};

use crate::sim::Sim;
use crate::world::World;
use crate::world::mirror::Role;
use crate::world::source::SourcePartition;
use crate::world::volumes::Snapped;

/// What is not so, in words.
pub(crate) fn broken(world: &World, sim: &Sim, cut: &Cut, snapped: &[Snapped]) -> Vec<String> {
    let mut broken = Vec::new();
    let claims = cut.claims.iter();
    broken.extend(
        claims
            .filter(|claim| claim.verdict == Verdict::Proven)
            .filter(|claim| !Strategy::Hot.can_prove(claim.name))
            .map(|claim| format!("{} is proven of a mirror that ran on", claim.name)),
    );
    let quiesce = cut.quiesce.as_ref();
    if quiesce.is_some_and(|one| one.stop_started_ms.is_some() || one.stopped.is_some()) {
        broken.push("a hot run says that it stopped something".to_owned());
    }
    let Some(hot) = &cut.hot else {
        broken.push("a hot run says nothing of both sides".to_owned());
        return broken;
    };
    for (at, copy) in hot.copies.iter().enumerate() {
        let mut partitions = world.mirror.partitions.iter();
        let Some(place) = partitions.position(|one| one.name == copy.mirror) else {
            continue;
        };
        let Role::Copy(of) = world.mirror.partitions[place].role else {
            broken.push(format!("{} is no copy", copy.mirror));
            continue;
        };
        // What was acknowledged before the flush is on one volume at least.
        let before = hot.looks.first().and_then(|look| look.high_watermarks[at]);
        let longest = snapped
            .iter()
            .filter_map(|one| one.image.logs[place].as_ref());
        let longest = longest.map(Vec::len).max().unwrap_or(0) as u64;
        if before.is_some_and(|before| before > longest) {
            broken.push(format!(
                "{} had {before:?} acknowledged before the flush, and its longest copy ends at \
                 {longest}",
                copy.mirror
            ));
        }
        let source = &world.source.partitions[of];
        broken.extend(of_sweeps(sim, source, copy, &hot.sweeps, at));
    }
    broken
}

/// The same of the point that a mirror which stood still is past.
pub(crate) fn broken_point(world: &World, sim: &Sim, cut: &Cut) -> Vec<String> {
    let covered = cut.claims.iter().find_map(|claim| match &claim.evidence {
        Evidence::Covers(one) if claim.verdict == Verdict::Proven => Some(one.sampled),
        _ => None,
    });
    let Some(point) = &cut.point else {
        let missing = "covers is proven, and the cut has no point".to_owned();
        return covered.map(|_| missing).into_iter().collect();
    };
    let mut broken = Vec::new();
    let newest = point.sweeps.last().map(|sweep| sweep.asked);
    if covered.is_some() && newest != covered {
        broken.push(format!(
            "the point is of {newest:?}, and {covered:?} is covered"
        ));
    }
    for (at, copy) in point.copies.iter().enumerate() {
        let mut partitions = world.mirror.partitions.iter();
        let found = partitions.find(|one| one.name == copy.mirror);
        let Some(Role::Copy(of)) = found.map(|one| one.role) else {
            continue;
        };
        let source = &world.source.partitions[of];
        broken.extend(of_sweeps(sim, source, copy, &point.sweeps, at));
    }
    broken
}

fn of_sweeps(
    sim: &Sim,
    source: &SourcePartition,
    copy: &HotCopy,
    sweeps: &[HotSweep],
    at: usize,
) -> Vec<String> {
    let each = sweeps.iter().filter_map(|sweep| {
        let began = sim.record.borrow().began(sweep.asked.first_request_ms)?;
        let why = is_wrong(sweep.heads[at].as_ref()?, source, began)?;
        Some(format!("{} of a sweep at {began}: {why}", copy.mirror))
    });
    each.collect()
}

/// All that was accepted before the sweep lies below its head, and the records that it
/// names are the last ones there.
fn is_wrong(head: &HotHead, source: &SourcePartition, began: u64) -> Option<String> {
    let end = usize::try_from(head.high_watermark).ok()?;
    let (Some(below), Some(above)) = (source.records.get(..end), source.records.get(end..)) else {
        return Some(format!("the source never got to {end}"));
    };
    if let Some(one) = above.iter().find(|one| one.accepted < began) {
        return Some(format!("record {} was accepted before it", one.id));
    }
    let named = head.last.iter().rev();
    let wrong = named.zip(below.iter().rev()).enumerate();
    wrong
        .filter(|(back, (named, real))| {
            named.offset != (end - 1 - back) as u64 || named.timestamp_ms != real.ts
        })
        .map(|(_, (named, _))| format!("offset {} is not one of its last", named.offset))
        .next()
}
