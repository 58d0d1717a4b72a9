//! What lies on restored volumes, before any broker starts, against a cut.

use slackwater_cut::claims;
use slackwater_kit::Session;
use slackwater_ports::{ContentDepth, Failure, Outcome};

use crate::{World, content};

/// Reads the volumes and adds the claim to the document that it was given.
///
/// # Errors
/// Volumes that can't be read at all.
pub fn compare_volumes(world: &impl World) -> Result<Outcome, Failure> {
    let mut session = Session::load_any(world)?;
    let (found, rows) = content::read(world, session.cut(), ContentDepth::Full)?;
    let claim = claims::judge_volumes(session.cut(), found, rows);
    session.update(world, |cut| cut.add_claim(claim.clone()))?;
    Ok(Outcome::new(format!(
        "{} {}: {}",
        claim.name, claim.verdict, claim.reason
    ))
    .with("runId", &session.cut().run_id)
    .with(&claim.name.to_string(), claim.verdict))
}
