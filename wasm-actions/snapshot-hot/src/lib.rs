//! snapshotPartitions where nothing is stopped (strategy `hot`): seals the run, flushes
//! every volume, cuts them all at once, and looks at both sides before the flush and
//! after the last cut.
//!
//! What it saw bounds what each volume can hold, and tells a partition that was idle from
//! one that is not finished. Where all volumes are cut back to is found later, on what
//! came back. It may look, flush and cut; it can stop and start nothing.

#[cfg(target_arch = "wasm32")]
mod component;
mod copies;
mod looks;
mod sweeps;
mod world;

use slackwater_cut::{Hot, HotVolume, Snapshot, SnapshotsBy, State, Strategy};
use slackwater_kit::{Deadline, Session, check_flushed, not_cut};
use slackwater_ports::{Failure, GuardView, Outcome, SnapshotSeen};

pub use world::World;

use copies::Copies;

/// As it is called.
const PHASE: &str = "snapshotPartitions";

/// Between two looks at snapshots that are not cut yet. Nobody waits for them.
const LOOK_EVERY_MS: u64 = 200;

/// No hold is longer than an hour; nothing is waited for beyond that.
const LONGEST_WAIT_MS: u64 = 3_600_000;

/// Runs the phase. See the module.
///
/// # Errors
/// A run of another strategy; a lease that is not ours; a flush or a snapshot that failed;
/// a side that does not answer.
pub fn run(world: &impl World) -> Result<Outcome, Failure> {
    let mut session = Session::load(world)?;
    let ended = |session: &Session| {
        let snapshot = session.cut().snapshot.as_ref();
        snapshot.is_some_and(|one| one.ended_ms.is_some())
    };
    if !ended(&session) {
        take(world, &mut session)?;
    }
    let snapshot = session.cut().snapshot.as_ref();
    let count = snapshot.map_or(0, |one| one.volumes.len());
    Ok(Outcome::new(format!(
        "{count} volumes were flushed and cut while the mirror ran: plan and trim what comes back \
         of them"
    ))
    .with("volumes", count)
    .with("runId", &session.cut().run_id))
}

fn take(world: &impl World, session: &mut Session) -> Result<(), Failure> {
    let guard = asked_for(world, session)?;
    if !world.snapshots()?.is_empty() {
        return Err(Failure::failed(
            "there is a snapshot of this run, and no word of what was seen before it: start again",
        ));
    }
    let copies = Copies::of(session.cut())?;
    let mut sweeps = sweeps::of_the_run(session.cut(), &copies);
    sweeps.push(sweeps::take(world, &copies)?);
    let before = looks::take(world, &copies)?;
    let sealed_ms = world.now_ms();
    session.update_at(world, |cut, revision| {
        cut.state = State::Sealed;
        cut.snapshot = Some(Snapshot::sealed(revision, sealed_ms, guard.clone()));
    })?;

    world.waiting(PHASE, "the volumes to be flushed", None);
    let flushed = world.flush()?;
    check_flushed(&flushed)?;
    session.update(world, |cut| {
        if let Some(snapshot) = &mut cut.snapshot {
            snapshot.flushed.clone_from(&flushed);
        }
    })?;
    world.waiting(PHASE, "the volumes to be cut", None);
    world.request()?;
    let volumes = all_cut(world, session, guard.deadline_ms)?;
    let after = looks::take(world, &copies)?;
    sweeps.push(sweeps::take(world, &copies)?);

    let hot = Hot {
        sweeps: sweeps::with_their_records(world, &copies, sweeps)?,
        copies: copies.into_rows(),
        looks: vec![before, after],
        volumes: volumes.iter().map(bounded).collect(),
    };
    let at_ms = world.now_ms();
    session.update_at(world, |cut, revision| {
        cut.hot = Some(hot.clone());
        if let Some(snapshot) = &mut cut.snapshot {
            snapshot.volumes.clone_from(&volumes);
            snapshot.cut_revision = Some(revision);
            snapshot.ended_ms = Some(at_ms);
        }
    })
}

/// That this is a run of this strategy, and that its guard lives: without it nobody would
/// end the run.
fn asked_for(world: &impl World, session: &Session) -> Result<GuardView, Failure> {
    let cut = session.cut();
    if cut.settings.strategy != Strategy::Hot || cut.settings.snapshots_by != SnapshotsBy::Run {
        return Err(Failure::refused(
            "this run's strategy is not hot: it snapshots by snapshot-partitions",
        ));
    }
    let begun = cut
        .quiesce
        .as_ref()
        .and_then(|quiesce| quiesce.guard.as_ref());
    let guard = world.guard()?;
    if !guard.holding || begun.is_none_or(|begun| begun.token != guard.token) {
        return Err(Failure::failed(
            "the run's guard is another one, or gave it up: start again with quiesceMirror",
        ));
    }
    Ok(guard)
}

/// Looks until every volume that was flushed is cut.
fn all_cut(
    world: &impl World,
    session: &Session,
    deadline_ms: Option<u64>,
) -> Result<Vec<SnapshotSeen>, Failure> {
    let left = deadline_ms.map(|at| at.saturating_sub(world.now_ms()));
    let deadline = Deadline::after(world, left.unwrap_or(LONGEST_WAIT_MS).min(LONGEST_WAIT_MS));
    let flushed = session.cut().snapshot.as_ref().map(|one| &one.flushed);
    let flushed = flushed.map(Vec::as_slice).unwrap_or_default();
    loop {
        let found = world.snapshots()?;
        let Some(missing) = not_cut(flushed, &found)? else {
            return Ok(found);
        };
        if deadline.has_passed(world) {
            return Err(Failure::failed(format!(
                "volume {missing} was flushed and not cut by the deadline"
            )));
        }
        deadline.sleep(world, LOOK_EVERY_MS);
    }
}

/// All are flushed at once, and cut at once: the same two looks bound each.
fn bounded(volume: &SnapshotSeen) -> HotVolume {
    HotVolume {
        volume: volume.volume.clone(),
        broker: volume.broker,
        before: 0,
        after: 1,
    }
}
