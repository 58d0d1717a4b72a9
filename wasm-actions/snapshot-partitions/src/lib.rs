//! snapshotPartitions: seals the run, flushes every volume, cuts them all at
//! once.
//!
//! The seal comes first, so that a sealed document lies before the snapshots.
//! It may flush and cut volumes, and nothing else: it sees neither cluster.

#[cfg(target_arch = "wasm32")]
mod component;
mod world;

use slackwater_cut::{Snapshot, State};
use slackwater_kit::Session;
use slackwater_ports::{Failure, Flushed, GuardView, Outcome, SnapshotSeen};

pub use world::World;

/// Runs the phase. See the module.
///
/// # Errors
/// A lease that is not ours, a flush or a snapshot that failed.
pub fn run(world: &impl World) -> Result<Outcome, Failure> {
    let mut session = Session::load(world)?;
    if let Some(snapshot) = &session.cut().snapshot {
        return Ok(outcome(&session, snapshot));
    }
    let guard = held(world, &session)?;
    session.update(world, |cut| cut.state = State::Sealed)?;
    let sealed_revision = session.revision();
    let sealed_ms = world.now_ms();
    world.waiting("snapshotPartitions", "the volumes to be flushed", None);
    let flushed = world.flush()?;
    check_flushed(&flushed)?;
    world.waiting("snapshotPartitions", "the volumes to be cut", None);
    let made = world.snapshot()?;
    check_cut(&flushed, &made)?;
    let volumes = world.find()?;
    check_found(&made, &volumes)?;
    let snapshot = Snapshot {
        sealed_revision,
        sealed_ms,
        guard,
        flushed,
        volumes: made,
        ended_ms: world.now_ms(),
    };
    session.update(world, |cut| cut.snapshot = Some(snapshot.clone()))?;
    Ok(outcome(&session, &snapshot))
}

fn outcome(session: &Session, snapshot: &Snapshot) -> Outcome {
    let count = snapshot.volumes.len();
    Outcome::new(format!("{count} volumes were flushed and cut"))
        .with("volumes", count)
        .with("runId", &session.cut().run_id)
}

/// The drain's lease must be the one that is held now.
fn held(world: &impl World, session: &Session) -> Result<GuardView, Failure> {
    let drain = session.cut().drain.as_ref().ok_or_else(|| {
        Failure::refused("nothing shows that the mirror is drained: run awaitDrain first")
    })?;
    let guard = world.guard()?;
    if guard.token != drain.guard.token {
        return Err(Failure::failed(
            "the lease changed hands since the drain: start again with quiesceMirror",
        ));
    }
    Ok(guard)
}

fn check_flushed(flushed: &[Flushed]) -> Result<(), Failure> {
    if flushed.is_empty() {
        return Err(Failure::refused(
            "no volume is configured: list the brokers' volumes",
        ));
    }
    match flushed
        .iter()
        .find_map(|one| Some((one, one.error.as_ref()?)))
    {
        Some((one, error)) => Err(Failure::failed(format!(
            "volume {} could not be flushed: {error}",
            one.volume
        ))),
        None => Ok(()),
    }
}

fn check_cut(flushed: &[Flushed], made: &[SnapshotSeen]) -> Result<(), Failure> {
    if let Some((one, error)) = made.iter().find_map(|one| Some((one, one.error.as_ref()?))) {
        return Err(Failure::failed(format!(
            "volume {} could not be cut: {error}",
            one.volume
        )));
    }
    match flushed
        .iter()
        .find(|one| !made.iter().any(|cut| cut.volume == one.volume))
    {
        Some(missing) => Err(Failure::failed(format!(
            "volume {} was flushed and not cut",
            missing.volume
        ))),
        None => Ok(()),
    }
}

/// What was made is there when it is looked for.
fn check_found(made: &[SnapshotSeen], found: &[SnapshotSeen]) -> Result<(), Failure> {
    let missing = made.iter().find(|one| {
        !found
            .iter()
            .any(|there| there.volume == one.volume && there.handle == one.handle)
    });
    match missing {
        Some(one) => Err(Failure::failed(format!(
            "the snapshot {} of volume {} was made and is not there",
            one.handle, one.volume
        ))),
        None => Ok(()),
    }
}
