//! snapshotPartitions: seals the run, flushes every volume, cuts them all at
//! once.
//!
//! The seal comes first, so that a sealed document lies before the snapshots.
//! With strategy `cold` the brokers are stopped after the seal, and started
//! when all volumes are cut. Where others snapshot, [`seal`] is done before they
//! begin, [`run`] waits for theirs, and [`confirm`] looks again when they are done.
//! It may do that, flush and cut, and nothing else: it sees neither cluster.

mod cold;
#[cfg(target_arch = "wasm32")]
mod component;
mod others;
mod world;

use slackwater_cut::{Snapshot, SnapshotsBy, State};
use slackwater_kit::{Deadline, Session, check_flushed, not_cut, start_brokers};
use slackwater_ports::{Failure, GuardView, Outcome, SnapshotIdentity, SnapshotSeen};

pub use others::confirm;
pub use world::World;

/// As it is called.
const PHASE: &str = "snapshotPartitions";

/// Between two looks at snapshots that are not cut yet: a storage system cuts
/// within fractions of a second, and the mirror stands still meanwhile.
const LOOK_EVERY_MS: u64 = 100;

/// The same where others snapshot: they take minutes, one volume after the other.
const LOOK_AT_OTHERS_EVERY_MS: u64 = 1_000;

/// No window is longer than an hour; nothing is waited for beyond that.
const LONGEST_WAIT_MS: u64 = 3_600_000;

/// Runs the phase. See the module.
///
/// # Errors
/// A lease that is not ours, a flush or a snapshot that failed.
pub fn run(world: &impl World) -> Result<Outcome, Failure> {
    let (mut session, guard) = sealed(world)?;
    if of(&session).ended_ms.is_none() {
        world.waiting(PHASE, "the volumes to be cut", None);
        if session.cut().settings.snapshots_by == SnapshotsBy::Run {
            world.request()?;
        }
        let (found, identities) = all_cut(world, &session, guard.deadline_ms)?;
        let at_ms = world.now_ms();
        session.update_at(world, |cut, revision| {
            if let Some(snapshot) = &mut cut.snapshot {
                snapshot.volumes.clone_from(&found);
                snapshot.identities.clone_from(&identities);
                snapshot.cut_revision = Some(revision);
                snapshot.ended_ms = Some(at_ms);
            }
        })?;
    }
    start_brokers(world, PHASE, &mut session)?;
    let count = of(&session).volumes.len();
    Ok(
        Outcome::new(format!("{count} volumes were flushed and cut"))
            .with("volumes", count)
            .with("runId", &session.cut().run_id),
    )
}

/// Seals the run and flushes, for others who snapshot next.
///
/// # Errors
/// A run that snapshots by itself; a lease that is not ours; a flush that failed.
pub fn seal(world: &impl World) -> Result<Outcome, Failure> {
    if Session::load(world)?.cut().settings.snapshots_by != SnapshotsBy::Others {
        return Err(Failure::refused(
            "this run makes its snapshots itself: run snapshotPartitions",
        ));
    }
    let (session, _) = sealed(world)?;
    let count = of(&session).flushed.len();
    Ok(
        Outcome::new(format!("{count} volumes are flushed, for others to cut"))
            .with("volumes", count)
            .with("runId", &session.cut().run_id),
    )
}

/// Up to the flush, as far as that is not done yet.
fn sealed(world: &impl World) -> Result<(Session, GuardView), Failure> {
    let mut session = Session::load(world)?;
    let guard = held(world, &session)?;
    if session.cut().snapshot.is_none() {
        let at_ms = world.now_ms();
        session.update_at(world, |cut, revision| {
            cut.state = State::Sealed;
            cut.snapshot = Some(Snapshot::sealed(revision, at_ms, guard.clone()));
        })?;
    }
    cold::stop(world, &mut session)?;
    if of(&session).flushed.is_empty() {
        flush(world, &mut session)?;
    }
    Ok((session, guard))
}

fn flush(world: &impl World, session: &mut Session) -> Result<(), Failure> {
    world.waiting(PHASE, "the volumes to be flushed", None);
    let by_others = session.cut().settings.snapshots_by == SnapshotsBy::Others;
    // What was cut before it was flushed and noted down may lack anything.
    if !by_others && !world.snapshots()?.is_empty() {
        return Err(Failure::failed(
            "there is a snapshot of this run, and no word of the flush before it: start again",
        ));
    }
    let flushed = world.flush()?;
    check_flushed(&flushed)?;
    let found_before = match by_others {
        true => Some(others::there(world)?),
        false => None,
    };
    session.update(world, |cut| {
        if let Some(snapshot) = &mut cut.snapshot {
            snapshot.flushed.clone_from(&flushed);
            snapshot.found_before.clone_from(&found_before);
        }
    })?;
    Ok(())
}

/// What is there of the section.
fn of(session: &Session) -> Snapshot {
    session.cut().snapshot.clone().unwrap_or_else(nothing)
}

fn nothing() -> Snapshot {
    Snapshot::sealed(0, 0, GuardView::default())
}

/// The drain's lease must be the one that is held now.
fn held(world: &impl World, session: &Session) -> Result<GuardView, Failure> {
    let drain = session.cut().drain.as_ref().ok_or_else(|| {
        Failure::refused("nothing shows that the mirror is drained: run awaitDrain first")
    })?;
    let guard = world.guard()?;
    if guard.token != drain.guard.token || !guard.holding {
        return Err(Failure::failed(
            "the mirror is no longer held as it was at the drain: start again with quiesceMirror",
        ));
    }
    Ok(guard)
}

/// Snapshots; and which ones they are, where others made them.
type Cuts = (Vec<SnapshotSeen>, Vec<SnapshotIdentity>);

/// Looks until every volume that was flushed is cut. The mirror is held, so it
/// is looked at often; and not past the deadline at which the guard resumes it.
fn all_cut(
    world: &impl World,
    session: &Session,
    deadline_ms: Option<u64>,
) -> Result<Cuts, Failure> {
    let left = deadline_ms.map(|at| at.saturating_sub(world.now_ms()));
    let deadline = Deadline::after(world, left.unwrap_or(LONGEST_WAIT_MS).min(LONGEST_WAIT_MS));
    let snapshot = of(session);
    let (flushed, before) = (&snapshot.flushed, snapshot.found_before.as_deref());
    let every_ms = match before {
        Some(_) => LOOK_AT_OTHERS_EVERY_MS,
        None => LOOK_EVERY_MS,
    };
    loop {
        let (found, identities) = match before {
            None => (world.snapshots()?, Vec::new()),
            Some(before) => match world.others() {
                Ok(found) => others::cuts(others::since(found, before)?),
                // For minutes, while others are at it: one look without an answer is none.
                Err(_) if !deadline.has_passed(world) => {
                    deadline.sleep(world, every_ms);
                    continue;
                }
                Err(error) => return Err(error.into()),
            },
        };
        let Some(missing) = not_cut(flushed, &found)? else {
            return Ok((found, identities));
        };
        if deadline.has_passed(world) {
            return Err(Failure::failed(format!(
                "volume {missing} was flushed and not cut by the deadline"
            )));
        }
        deadline.sleep(world, every_ms);
    }
}
