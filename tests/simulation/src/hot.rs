//! What a hot run says, held against the world: of the source at each sweep, of the mirror
//! before the flush; and that it stopped nothing.

use slackwater_cut::{Cut, HotHead, Strategy, Verdict};

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
        for sweep in &hot.sweeps {
            let began = sim.record.borrow().began(sweep.asked.first_request_ms);
            if let (Some(head), Some(began)) = (&sweep.heads[at], began)
                && let Some(why) = is_wrong(head, source, began)
            {
                broken.push(format!("{} of a sweep at {began}: {why}", copy.mirror));
            }
        }
    }
    broken
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
