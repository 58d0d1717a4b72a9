//! To what the claims hold that others have restored. Who they were and from what, is
//! not believed: what lies on the volumes is held against the cut, as it is where the
//! claims are made here, and before any broker starts.

use crate::forth::{check, clear, feed, is_left_alone, stage, start};
use crate::{Claimed, PlanError, Seen, Stage, Step};

pub(crate) fn next(seen: &Seen) -> Result<Step, PlanError> {
    let stage = stage(seen)?;
    check(seen, stage.or_else(|| lost_note(seen)))?;
    match stage {
        None | Some(Stage::Aside | Stage::Volumes) => volumes(seen, stage),
        Some(Stage::VolumesProven) => Ok(start(seen)),
        Some(Stage::HeadsProven) => Ok(feed(seen)),
        // Told apart by `stage`.
        Some(Stage::Back | Stage::IsBack) => Err(PlanError::GoingBack(seen.run.clone())),
    }
}

/// Whoever restores the Kafka itself may take the note from it. The volumes that were
/// kept when it went aside are there still, one of each claim.
fn lost_note(seen: &Seen) -> Option<Stage> {
    let one_of_each = seen.volumes.iter().all(|one| {
        let of_others = seen.kept_of_others.iter();
        let count = of_others.filter(|claim| **claim == one.claim).count();
        usize::from(one.is_kept) + count == 1
    });
    (one_of_each && seen.nodes.is_empty()).then_some(Stage::Aside)
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
        None | Some(Stage::Aside) => Step::TakeOver,
        _ if !is_left_alone(seen, stage) => Step::PauseKafka,
        _ => clear(seen).unwrap_or(Step::ProveVolumes),
    })
}
