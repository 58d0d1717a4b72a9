//! Out of the way of others who restore the claims: as far as a restore of our own
//! goes before it makes claims, and no further.

use crate::forth::{check, clear, is_left_alone, not_half_taken_over, stage};
use crate::{Claimed, Kafka, PlanError, Seen, Stage, Step, Volume};

pub(crate) fn next(seen: &Seen) -> Result<Step, PlanError> {
    let on_claims = match &seen.kafka {
        Kafka::Gone { .. } => return Err(PlanError::NoKafka),
        Kafka::There { note, .. } => note.as_ref().is_some_and(|note| note.on_claims),
    };
    let stage = stage(seen)?;
    check(seen, stage)?;
    not_half_taken_over(seen, stage)?;
    match stage {
        None | Some(Stage::Aside) if !is_left_alone(seen, stage) => return Ok(Step::StandAside),
        None | Some(Stage::Aside) => {}
        // What was restored was not the cut, or is not wanted.
        Some(Stage::Volumes | Stage::VolumesProven | Stage::HeadsProven)
            if on_claims && nothing_feeds(seen) =>
        {
            return Ok(Step::StandAside);
        }
        Some(_) => return Err(PlanError::OtherRun(seen.run.clone())),
    }
    if let Some(step) = clear(seen) {
        return Ok(step);
    }
    let first = |is: &dyn Fn(&Volume) -> bool| {
        let found = seen.volumes.iter().find(|one| is(one));
        found.map(|one| one.claim.clone())
    };
    let theirs = |one: &Volume| matches!(one.claimed, Claimed::Old | Claimed::New);
    // Where the one from before is kept, another one was made since by those for whom
    // this is done: they begin anew. Where none is kept, what others have restored is
    // theirs to exchange, and nothing from before.
    let drop = first(&|one| one.is_kept && theirs(one)).map(Step::DropClaim);
    let keep = || first(&|one| !on_claims && one.claimed == Claimed::Old).map(Step::KeepVolume);
    let remove = || first(&|one| one.claimed == Claimed::Kept).map(Step::RemoveClaim);
    Ok(drop
        .or_else(keep)
        .or_else(remove)
        .unwrap_or(Step::LeaveAside))
}

/// Nor is about to.
fn nothing_feeds(seen: &Seen) -> bool {
    let mut each = seen.feeders.iter().filter(|one| one.is_there);
    each.all(|one| one.is_kept_still)
}
