//! Out of the way of others who restore the claims: as far as a restore of our own
//! goes before it makes claims, and no further.

use crate::forth::{check, clear, is_left_alone, stage};
use crate::{Claimed, Kafka, PlanError, Seen, Stage, Step};

pub(crate) fn next(seen: &Seen) -> Result<Step, PlanError> {
    if matches!(seen.kafka, Kafka::Gone { .. }) {
        return Err(PlanError::NoKafka);
    }
    let stage = stage(seen)?;
    check(seen, stage)?;
    match stage {
        // What was restored was not the cut, and no broker has started on it.
        Some(Stage::Volumes) => return Ok(Step::StandAside),
        None | Some(Stage::Aside) if !is_left_alone(seen, stage) => return Ok(Step::StandAside),
        None | Some(Stage::Aside) => {}
        Some(_) => return Err(PlanError::OtherRun(seen.run.clone())),
    }
    if let Some(step) = clear(seen) {
        return Ok(step);
    }
    // One that is kept and has another volume now was restored since: by those for
    // whom this is done, who were told to begin anew.
    let of = |claimed: Claimed| {
        let mut all = seen.volumes.iter();
        let found =
            all.find(|one| one.claimed == claimed && (claimed != Claimed::Old || !one.is_kept));
        found.map(|one| one.claim.clone())
    };
    let keep = of(Claimed::Old).map(Step::KeepVolume);
    Ok(keep
        .or_else(|| of(Claimed::Kept).map(Step::RemoveClaim))
        .unwrap_or(Step::LeaveAside))
}
