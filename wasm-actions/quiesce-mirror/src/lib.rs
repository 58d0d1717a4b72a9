//! quiesceMirror: takes hold of the mirror.
//!
//! It samples the source's heads from its first act on, refuses what should
//! not be tried, has the guard started and seen alive, and stops every
//! connector that feeds the mirror. Nothing is stopped before the guard
//! lives, and before what was found is written down. If it fails after that,
//! whoever runs it lets the guard resume.
//!
//! With strategy `hot` it does all of that but the stop: its samples are the first
//! sweeps that the run is ordered by.
//!
//! It may look at both clusters and at Connect, and stop connectors; it can't
//! start them and can't touch a volume.

#[cfg(target_arch = "wasm32")]
mod component;
mod cover;
mod found;
mod retention;
mod sampler;
mod settled;
mod stop;
mod world;

use slackwater_cut::{Quiesce, Strategy};
use slackwater_kit::{Deadline, Session, configurations, unassigned};
use slackwater_ports::{ConnectorState, Failure, Outcome};

pub use world::World;

use found::Found;
use sampler::Sampler;

/// Runs the phase. See the module.
///
/// # Errors
/// A refusal where nothing was done; a failure where the mirror may be
/// stopped.
pub fn run(world: &impl World) -> Result<Outcome, Failure> {
    let mut session = Session::load(world)?;
    if session.cut().settings.strategy == Strategy::Hot {
        return stand_by(world, &mut session);
    }
    // A phase that is run again after a crash goes on with the states that
    // were found first: those that it sees now are its own doing.
    let begun = session
        .cut()
        .quiesce
        .as_ref()
        .is_some_and(|quiesce| quiesce.stop_started_ms.is_some());
    if !begun {
        begin(world, &mut session)?;
    }
    world.engage(session.cut().settings.window_ms)?;
    // This may be another guard than before: one that let the mirror go gave the
    // run up, and what is stopped after that nobody would start.
    let mut session = Session::load(world)?;
    let stopped = stop::stop(world, &session)?;
    let count = stopped.connectors.len();
    session.update(world, |cut| {
        if let Some(quiesce) = &mut cut.quiesce {
            quiesce.stopped = Some(stopped.clone());
        }
    })?;
    let summary = format!("{count} connectors are STOPPED without tasks");
    Ok(Outcome::new(summary)
        .with("runId", &session.cut().run_id)
        .with("connectorsStopped", count))
}

/// All of it, but for the stop.
fn stand_by(world: &impl World, session: &mut Session) -> Result<Outcome, Failure> {
    match session.cut().quiesce.is_some() {
        false => begin(world, session)?,
        true => drop(world.engage(session.cut().settings.window_ms)?),
    }
    Ok(
        Outcome::new("nothing is stopped: the mirror runs on (strategy hot)")
            .with("runId", &session.cut().run_id)
            .with("connectorsStopped", 0),
    )
}

/// All that comes before the first stop.
fn begin(world: &impl World, session: &mut Session) -> Result<(), Failure> {
    let settings = session.cut().settings.clone();
    let found = Found::gather(world, &settings)?;
    let mut sampler = Sampler::new(&found);
    sampler.sample(world)?;
    let lead = Deadline::after(world, settings.sample_lead_ms);
    found.refuse_what_cannot_be_held(&settings)?;
    // Asked for after the stop: whoever may not is told before it.
    configurations(world, &found.map, &found.mirror.view)?;
    let fronts = retention::fronts(world, &found)?;
    let headroom_ms = retention::check(world, &found, &fronts, &settings)?;
    cover::wait(world, &found, &mut sampler, lead, &settings)?;
    // After the last sample: a topic that came before it is not missed.
    let unassigned = unassigned(world, found.within_reach(), &found.copied)?;

    let guard = world.engage(settings.window_ms)?;
    let quiesce = Quiesce {
        clusters: found.clusters(),
        connects: found.connects(),
        connectors: found.feed.connectors.clone(),
        sampled: found.sampled(),
        samples_taken: sampler.taken(),
        samples: sampler.into_samples(),
        fronts: fronts.iter().map(retention::Front::kept).collect(),
        unassigned,
        unreachable: found.unreachable.clone(),
        retention_risk_accepted: settings.accept_retention_risk.clone(),
        headroom_ms,
        guard: Some(guard),
        stop_started_ms: (settings.strategy != Strategy::Hot).then(|| world.now_ms()),
        stopped: None,
    };
    session.update(world, |cut| cut.quiesce = Some(quiesce.clone()))
}

/// Whether a connector found in this state is stopped by the run, and put
/// back after it.
fn is_ours_to_stop(state: &ConnectorState) -> bool {
    *state != ConnectorState::Stopped
}
