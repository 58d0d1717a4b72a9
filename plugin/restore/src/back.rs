//! To the volumes from before. They have to be kept of every claim that a restore
//! has exchanged; one that it had not come to is as it was.

use crate::forth::{clear, not_half_taken_over};
use crate::{Claimed, Kafka, PlanError, Seen, Stage, Step, Volume};

pub(crate) fn next(seen: &Seen) -> Result<Step, PlanError> {
    let Kafka::There {
        note,
        is_paused,
        says_paused,
        is_ready,
        cluster_id,
    } = &seen.kafka
    else {
        return gone(seen);
    };
    if let Some(note) = note
        && note.run != seen.run
    {
        return Err(PlanError::OtherRun(note.run.clone()));
    }
    let stage = note.as_ref().map(|note| note.stage);
    if let Some(there) = cluster_id
        && *there != seen.cluster_id
    {
        return Err(PlanError::OtherCluster {
            there: there.clone(),
            cut: seen.cluster_id.clone(),
        });
    }
    not_half_taken_over(seen, stage)?;
    if stage == Some(Stage::IsBack) {
        return Ok(start(seen, *is_paused, *is_ready));
    }
    if stage.is_none() {
        if !seen.volumes.iter().any(|one| one.is_kept) {
            return Err(PlanError::NothingKept);
        }
        if !seen.other_claims.is_empty() {
            return Err(PlanError::OtherVolumes(seen.other_claims.clone()));
        }
    }
    // Of a restore that is over each has been exchanged, and of one by others, too: they
    // mark none. Nor is one let go before all are kept.
    let on_claims = note.as_ref().is_some_and(|note| note.on_claims);
    let is_let_go = |one: &Volume| one.is_kept && one.claimed != Claimed::Kept;
    let all_were = stage.is_none() || on_claims || seen.volumes.iter().any(is_let_go);
    if on_claims && !seen.volumes.iter().any(|one| one.is_kept) {
        return Err(PlanError::NothingKept);
    }
    let lost = seen
        .volumes
        .iter()
        .filter(|one| !one.is_kept && (one.claimed != Claimed::Old || all_were));
    let lost: Vec<String> = lost.map(|one| one.claim.clone()).collect();
    if !lost.is_empty() {
        return Err(PlanError::NotAllKept(lost));
    }
    if !(stage == Some(Stage::Back) && *is_paused && *says_paused) {
        return Ok(Step::TurnBack);
    }
    Ok(clear(seen)
        .or_else(|| exchange(seen))
        .unwrap_or(Step::NoteIsBack))
}

/// The Kafka was gone before, and is: its claims go back alone, and whoever makes it again
/// finds them as they were. There is nothing on which it could be noted how far that is.
fn gone(seen: &Seen) -> Result<Step, PlanError> {
    if !seen.volumes.iter().any(|one| one.is_kept) {
        return Err(PlanError::NoKafka);
    }
    let lost = seen.volumes.iter();
    let lost = lost.filter(|one| !one.is_kept && one.claimed == Claimed::New);
    let lost: Vec<String> = lost.map(|one| one.claim.clone()).collect();
    if !lost.is_empty() {
        return Err(PlanError::NotAllKept(lost));
    }
    let still = seen.feeders.iter().find(|one| one.is_kept_still);
    Ok(match exchange(seen) {
        Some(step) => clear(seen).unwrap_or(step),
        None => still.map_or(Step::FinishBack, |one| Step::StartFeeder(one.name.clone())),
    })
}

/// What is to be done for a claim to have the volume that was kept.
fn exchange(seen: &Seen) -> Option<Step> {
    let mut kept = seen.volumes.iter().filter(|one| one.is_kept);
    kept.find_map(|one| match one.claimed {
        Claimed::Kept => None,
        Claimed::Nothing => Some(Step::PutBackClaim(one.claim.clone())),
        Claimed::New | Claimed::Old => Some(Step::DropClaim(one.claim.clone())),
    })
}

fn start(seen: &Seen, is_paused: bool, is_ready: bool) -> Step {
    if let Kafka::There {
        note: Some(note), ..
    } = &seen.kafka
        && note.holds_retention
    {
        return Step::LetRetentionGo;
    }
    if is_paused {
        return Step::StartNodes;
    }
    if !is_ready {
        return Step::AwaitReady;
    }
    let still = seen.feeders.iter().find(|one| one.is_kept_still);
    still.map_or(Step::FinishBack, |one| Step::StartFeeder(one.name.clone()))
}
