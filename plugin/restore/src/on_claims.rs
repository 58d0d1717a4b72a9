//! To what the claims hold that others have restored. Who they were and from what, is
//! not believed: what lies on the volumes is held against the cut, as it is where the
//! claims are made here, and before any broker starts.

use crate::forth::{check, clear, feed, is_left_alone, stage, start};
use crate::{Claimed, PlanError, Seen, Stage, Step};

pub(crate) fn next(seen: &Seen) -> Result<Step, PlanError> {
    let stage = stage(seen)?;
    check(seen, stage)?;
    match stage {
        None | Some(Stage::Aside | Stage::Volumes) => volumes(seen, stage),
        Some(Stage::VolumesProven) => Ok(start(seen)),
        Some(Stage::HeadsProven) => Ok(feed(seen)),
        // Told apart by `stage`.
        Some(Stage::Back | Stage::IsBack) => Err(PlanError::GoingBack(seen.run.clone())),
    }
}

fn volumes(seen: &Seen, stage: Option<Stage>) -> Result<Step, PlanError> {
    if stage.is_none() && !seen.nodes.is_empty() {
        return Err(PlanError::Runs);
    }
    // With the volume from before it was not restored.
    let lacks = |claimed| matches!(claimed, Claimed::Nothing | Claimed::Kept);
    let lacking = seen.volumes.iter().filter(|one| lacks(one.claimed));
    let lacking: Vec<String> = lacking.map(|one| one.claim.clone()).collect();
    if !lacking.is_empty() {
        return Err(PlanError::NotRestored(lacking));
    }
    Ok(match stage {
        Some(Stage::Aside) => Step::TakeOver,
        _ if !is_left_alone(seen, stage) => Step::PauseKafka,
        _ => clear(seen).unwrap_or(Step::ProveVolumes),
    })
}
