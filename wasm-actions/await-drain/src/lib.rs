//! awaitDrain: proves that nothing is in flight.
//!
//! Three equal looks at the mirror over at least two fetch rounds of its
//! followers, all replicas in sync, no open transaction; and, while it waits
//! for those, what the claims need of both sides: committed offsets, the next
//! data record of each partition, the last records of both.
//!
//! With strategy `hot` there is nothing to wait for: one look says what there is.
//!
//! It may only look. A partition that still moves has another producer, and
//! is named.

#[cfg(target_arch = "wasm32")]
mod component;
mod drained;
mod gap;
mod hot;
mod point;
mod seams;
mod settle;
mod sources;
mod world;

use slackwater_cut::{Cut, Drain, State, Strategy, claims};
use slackwater_kit::{Deadline, Session, look_at_connectors, look_summary};
use slackwater_ports::{Failure, Outcome};

pub use world::World;

/// Runs the phase. See the module.
///
/// # Errors
/// What still moves, or what could not be seen in time.
pub fn run(world: &impl World) -> Result<Outcome, Failure> {
    let mut session = Session::load(world)?;
    if session.cut().state != State::Open {
        // The rows are sealed: a later look must not replace them.
        return match session.cut().drain {
            Some(_) => {
                Ok(Outcome::new("the drain was proven already")
                    .with("runId", &session.cut().run_id))
            }
            None => Err(Failure::refused("the run is sealed without a drain")),
        };
    }
    if session.cut().settings.strategy == Strategy::Hot {
        return hot::look_once(world, &mut session);
    }
    let started_ms = world.now_ms();
    let deadline = Deadline::after(world, session.cut().settings.drain_timeout_ms);
    let held = drained::still_held(world, session.cut(), deadline)?;
    let drained = drained::drain(world, session.cut(), &held, deadline)?;

    let view = look_at_connectors(world, "awaitDrain", deadline)?;
    let connectors = look_summary(&view);
    if !connectors.all_stopped() {
        return Err(drained::resumed(&view));
    }
    let guard = world.guard()?;
    drained::same_hold(session.cut(), &guard)?;
    let rows = drained.rows;
    let unmatched = sources::unmatched(session.cut(), &held, &rows);
    let drain = Drain {
        started_ms,
        looks: drained.looks,
        looks_taken: drained.looks_taken,
        unmatched,
        unreachable: drained.unreachable,
        still: rows.still_digest(),
        topology: rows.topology_digest(),
        configurations: rows.config_digest(),
        connectors,
        guard,
        // Without them `durable` is unproven, and the rest is not.
        broker_processes: world.broker_processes().unwrap_or_default(),
        ended_ms: world.now_ms(),
    };
    let partitions = rows.partitions.len();
    let ahead: u64 = rows
        .copies()
        .filter_map(|(_, source)| source.seam.as_ref()?.ahead)
        .sum();
    session.update(world, |cut| {
        cut.rows = rows.clone();
        cut.drain = Some(drain.clone());
        cut.point = point::of(cut);
        keep_one_sample(cut);
    })?;
    let mut summary = format!("nothing is in flight in {partitions} partitions");
    if ahead > 0 {
        summary += &format!("; {ahead} records are ahead of the committed offsets");
    }
    Ok(Outcome::new(summary)
        .with("partitions", partitions)
        .with("ahead", ahead)
        .with("runId", &session.cut().run_id))
}

/// Of all samples the claim needs one: the newest that is covered, or the
/// first, which shows best how much is not.
fn keep_one_sample(cut: &mut Cut) {
    let Some(quiesce) = &cut.quiesce else {
        return;
    };
    let kept = claims::newest_covered(cut, &quiesce.samples)
        .or(quiesce.samples.first())
        .cloned();
    if let Some(quiesce) = &mut cut.quiesce {
        quiesce.samples = kept.into_iter().collect();
    }
}
