//! The looks: until three in a row are equal, settled, and far enough apart.

use std::collections::BTreeSet;

use slackwater_cut::claims::{EQUAL_LOOKS, TWO_FETCH_ROUNDS_MS};
use slackwater_cut::{Cut, DrainLook, Rows, Unreachable};
use slackwater_kit::{
    Deadline, Feed, Look, Problem, TopicMap, look, look_at_connectors, look_summary, rows_of,
    sampled,
};
use slackwater_ports::{Failure, GuardView, MirrorView};

use crate::World;
use crate::settle::Movement;
use crate::sources::{self, Sources};

/// Between two looks: two gaps make the two rounds.
const LOOK_EVERY_MS: u64 = TWO_FETCH_ROUNDS_MS / 2 + 5;

/// What feeds the mirror, seen stopped when the drain began.
pub(crate) struct Held {
    pub(crate) feed: Feed,
    pub(crate) map: TopicMap,
}

/// What the drain found.
pub(crate) struct Drained {
    pub(crate) rows: Rows,
    /// Sources that were gone.
    pub(crate) unreachable: Vec<Unreachable>,
    pub(crate) looks: Vec<DrainLook>,
    pub(crate) looks_taken: u32,
}

/// Sees that the mirror is held, by this run's guard, and stopped.
pub(crate) fn still_held(
    world: &impl World,
    cut: &Cut,
    deadline: Deadline,
) -> Result<Held, Failure> {
    let quiesce = cut
        .quiesce
        .as_ref()
        .filter(|quiesce| quiesce.stopped.is_some())
        .ok_or_else(|| Failure::refused("the mirror is not quiesced: run quiesceMirror first"))?;
    same_hold(cut, &world.guard()?)?;
    let view = look_at_connectors(world, "awaitDrain", deadline)?;
    if !look_summary(&view).all_stopped() {
        return Err(resumed(&view));
    }
    let feed = Feed::check(&view)?;
    let copied: BTreeSet<_> = sampled(quiesce).collect();
    let map = TopicMap::new(&feed, &copied, &cut.settings);
    Ok(Held { feed, map })
}

/// Sees that the guard is the one that was seen alive before the stop, and
/// that it still holds the mirror.
pub(crate) fn same_hold(cut: &Cut, guard: &GuardView) -> Result<(), Failure> {
    let quiesce = cut.quiesce.as_ref();
    let token = quiesce.and_then(|quiesce| Some(quiesce.guard.as_ref()?.token.as_str()));
    if token != Some(guard.token.as_str()) {
        return Err(Failure::failed(
            "the lease changed hands: start again with quiesceMirror",
        ));
    }
    if !guard.holding {
        return Err(Failure::failed(
            "the guard has resumed the mirror already: start again with quiesceMirror",
        ));
    }
    Ok(())
}

/// The failure that names a connector which somebody resumed.
pub(crate) fn resumed(view: &MirrorView) -> Failure {
    let going: Vec<String> = look_summary(view)
        .connectors
        .iter()
        .filter(|seen| seen.state != slackwater_ports::ConnectorState::Stopped || seen.tasks > 0)
        .map(|seen| {
            format!(
                "{} is {} with {} tasks",
                seen.connector, seen.state, seen.tasks
            )
        })
        .collect();
    Failure::failed(format!(
        "somebody resumed the mirror in the window: {}",
        going.join(", ")
    ))
}

/// Looks until the mirror is drained. What the claims need of the sources is
/// gathered between the looks, which have to be apart anyway.
pub(crate) fn drain(
    world: &impl World,
    cut: &Cut,
    held: &Held,
    deadline: Deadline,
) -> Result<Drained, Failure> {
    let mut movement = Movement::default();
    let mut equal: Vec<(Look, DrainLook)> = Vec::new();
    let mut sources: Option<Sources> = None;
    let mut looks_taken = 0;
    loop {
        let next_look = Deadline::after(world, LOOK_EVERY_MS);
        looks_taken += 1;
        let seen = match look(world, &held.map) {
            // Clients ask any broker for the topics, and one that hangs is soon nobody's
            // leader.
            Err(silence) if silence.is_silence() && !deadline.has_passed(world) => {
                equal.clear();
                sources = None;
                let left = Some(deadline.remaining_ms(world));
                world.waiting("awaitDrain", &silence.to_string(), left);
                next_look.sleep(world, LOOK_EVERY_MS);
                continue;
            }
            seen => seen?,
        };
        let problems = seen.problems(&held.map);
        let kept = kept(&seen, &held.map, &problems);
        movement.note(&seen, &held.map);
        let settled = problems.is_empty();
        if !settled || equal.last().is_some_and(|(_, before)| !same(before, &kept)) {
            equal.clear();
            sources = None;
        }
        if settled {
            equal.push((seen, kept));
        }
        if equal.len() >= EQUAL_LOOKS as usize
            && rounds_apart(&equal)
            && let (Some(sources), Some((last, _))) = (sources.take(), equal.last())
        {
            let unreachable = sources.unreachable.clone();
            let rows = sources::rows(world, cut, held, last, sources)?;
            return Ok(Drained {
                rows,
                unreachable,
                looks: equal.into_iter().map(|(_, kept)| kept).collect(),
                looks_taken,
            });
        }
        let awaited = match problems.first() {
            Some(problem) => problem.to_string(),
            None => format!("{} equal looks, {} so far", EQUAL_LOOKS, equal.len()),
        };
        if let Some(foreign) = movement.foreign_writer() {
            return Err(Failure::failed(foreign));
        }
        if deadline.has_passed(world) {
            return Err(Failure::failed(format!(
                "the mirror did not settle within {} ms: {}",
                cut.settings.drain_timeout_ms,
                movement.last_moved().unwrap_or(awaited)
            )));
        }
        world.waiting("awaitDrain", &awaited, Some(deadline.remaining_ms(world)));
        if settled
            && sources.is_none()
            && equal.len() >= 2
            && let Some((last, _)) = equal.last()
        {
            sources = Some(sources::gather(world, cut, held, last, deadline)?);
        }
        next_look.sleep(world, LOOK_EVERY_MS);
    }
}

fn rounds_apart(equal: &[(Look, DrainLook)]) -> bool {
    let (Some((_, first)), Some((_, last))) = (equal.first(), equal.last()) else {
        return false;
    };
    let apart = last.asked.last_answer_ms;
    apart.saturating_sub(first.asked.first_request_ms) >= TWO_FETCH_ROUNDS_MS
}

/// What the run document keeps of a look.
fn kept(look: &Look, map: &TopicMap, problems: &[Problem]) -> DrainLook {
    let rows = rows_of(look, map, &std::collections::BTreeMap::new());
    let count = |is: fn(&Problem) -> bool| {
        let those = problems.iter().filter(|one| is(one));
        u32::try_from(those.count()).unwrap_or(u32::MAX)
    };
    DrainLook {
        asked: look.sweep.asked,
        still: rows.still_digest(),
        topology: rows.topology_digest(),
        out_of_sync: count(|one| matches!(one, Problem::OutOfSync(_))),
        open_transactions: count(|one| matches!(one, Problem::OpenTransaction(_))),
        unanswered: count(|one| matches!(one, Problem::NoAnswer(..))),
    }
}

/// What must be equal: topology and, for all that may not move, topic id,
/// leader epoch and end.
fn same(one: &DrainLook, other: &DrainLook) -> bool {
    (one.still, one.topology) == (other.still, other.topology)
}
