//! The verdicts: judged from the run document, which they close.

use slackwater_cut::{State, claims};
use slackwater_kit::Session;
use slackwater_ports::{Failure, Outcome};

use crate::World;

/// Judges every claim and closes the cut.
///
/// # Errors
/// A run that has ended, or whose mirror was not seen running again.
pub fn prove_content(world: &impl World) -> Result<Outcome, Failure> {
    let mut session = Session::load(world)?;
    let snapshot = session.cut().snapshot.as_ref();
    if snapshot.is_none_or(|snapshot| snapshot.ended_ms.is_none()) {
        return Err(Failure::failed("there is no snapshot: nothing to close"));
    }
    let running = session
        .cut()
        .resume
        .as_ref()
        .is_some_and(|resume| resume.running_ms.is_some());
    if !running {
        return Err(Failure::failed(
            "the mirror was not seen running again: the cut is closed after that",
        ));
    }
    let at_ms = world.now_ms();
    session.update(world, |cut| {
        cut.claims = claims::judge(cut);
        cut.state = State::Closed { at_ms };
        cut.digest = None;
        cut.digest = cut.compute_digest().ok();
    })?;
    let cut = session.cut();
    let verdicts: Vec<String> = cut
        .claims
        .iter()
        .map(|claim| format!("{} {}", claim.name, claim.verdict))
        .collect();
    let outcome = Outcome::new(format!("the cut is closed: {}", verdicts.join(", ")))
        .with("runId", &cut.run_id)
        .with("cutDigest", cut.digest.as_deref().unwrap_or_default());
    Ok(cut.claims.iter().fold(outcome, |outcome, claim| {
        outcome.with(&claim.name.to_string(), claim.verdict)
    }))
}
