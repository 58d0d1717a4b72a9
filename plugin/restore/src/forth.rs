//! To what the snapshots hold.
//!
//! Nothing is touched before every snapshot can be restored from; no volume is
//! let go before it is kept; no broker starts before what lies on the volumes is
//! shown to be the cut, and nothing that feeds the mirror before the brokers'
//! heads are.

use slackwater_store::RunId;

use crate::plan::is_older;
use crate::{Claimed, Feeder, Kafka, PlanError, Seen, Snapshot, Stage, Step, Stopped};

pub(crate) fn next(seen: &Seen) -> Result<Step, PlanError> {
    let stage = stage(seen)?;
    check(seen, stage)?;
    let step = match stage {
        None | Some(Stage::Volumes) => volumes(seen, stage)?,
        Some(Stage::VolumesProven) => start(seen),
        Some(Stage::HeadsProven) => feed(seen),
        Some(Stage::Aside) => return Err(PlanError::IsAside(noted(seen))),
        // Told apart by `stage`.
        Some(Stage::Back | Stage::IsBack) => return Err(PlanError::GoingBack(seen.run.clone())),
    };
    Ok(step)
}

/// Of which run the note is.
fn noted(seen: &Seen) -> RunId {
    match &seen.kafka {
        Kafka::There {
            note: Some(note), ..
        } => note.run.clone(),
        _ => seen.run.clone(),
    }
}

/// How far it is; `None` where nothing is begun.
pub(crate) fn stage(seen: &Seen) -> Result<Option<Stage>, PlanError> {
    let note = match &seen.kafka {
        Kafka::Gone { .. } if seen.volumes_proven => return Ok(Some(Stage::VolumesProven)),
        Kafka::Gone { .. } => return Ok(Some(Stage::Volumes)),
        Kafka::There { note, .. } => note,
    };
    match note {
        None => Ok(None),
        Some(note) if matches!(note.stage, Stage::Back | Stage::IsBack) => {
            Err(PlanError::GoingBack(note.run.clone()))
        }
        Some(note) if note.stage == Stage::Aside => Ok(Some(Stage::Aside)),
        Some(note) if note.run != seen.run => Err(PlanError::OtherRun(note.run.clone())),
        // What was shown is not what is there: somebody has restored a claim since.
        Some(note) if note.stage == Stage::VolumesProven && note.shown_on != seen.claims => {
            Ok(Some(Stage::Volumes))
        }
        Some(note) => Ok(Some(note.stage)),
    }
}

pub(crate) fn check(seen: &Seen, stage: Option<Stage>) -> Result<(), PlanError> {
    if seen.volumes.is_empty() {
        return Err(PlanError::NoVolumes);
    }
    match &seen.kafka {
        Kafka::Gone { is_kept: false } => return Err(PlanError::NotKept),
        Kafka::Gone { is_kept: true } if !seen.lacks.is_empty() => {
            return Err(PlanError::Lacks(seen.lacks.clone()));
        }
        Kafka::There {
            cluster_id: Some(there),
            ..
        } if *there != seen.cluster_id => {
            return Err(PlanError::OtherCluster {
                there: there.clone(),
                cut: seen.cluster_id.clone(),
            });
        }
        _ => {}
    }
    if !seen.other_claims.is_empty() {
        return Err(PlanError::OtherVolumes(seen.other_claims.clone()));
    }
    if let (Some(there), Some(then)) = (&seen.version, &seen.version_then)
        && is_older(there, then)
    {
        return Err(PlanError::Older {
            there: there.clone(),
            then: then.clone(),
        });
    }
    let mut kept = Vec::new();
    let ours = seen.volumes.iter().filter(|one| one.is_kept);
    if stage.is_none() {
        kept.clone_from(&seen.kept_of_others);
        kept.extend(ours.map(|one| one.claim.clone()));
    } else if let Kafka::Gone { .. } = seen.kafka {
        // Those are of what was before it, and endanger nothing; but of a claim that has
        // another volume still, two would be kept, and none known for the way back.
        let twice = ours.filter(|one| one.claimed == Claimed::Old);
        kept.extend(twice.map(|one| one.claim.clone()));
    }
    match kept.is_empty() {
        true => Ok(()),
        false => Err(PlanError::Kept(kept)),
    }
}

/// Until what lies on the volumes is shown to be the cut.
fn volumes(seen: &Seen, stage: Option<Stage>) -> Result<Step, PlanError> {
    for one in &seen.volumes {
        let claim = one.claim.clone();
        match (&one.snapshot, one.claimed) {
            (_, Claimed::New) | (Snapshot::Ready, _) => {}
            (Snapshot::NotReady, _) => return Ok(Step::AwaitSnapshot(claim)),
            (Snapshot::Gone { is_kept: true }, _) => return Ok(Step::FindSnapshot(claim)),
            (Snapshot::Gone { is_kept: false }, _) => return Err(PlanError::NoSnapshot(claim)),
        }
        if one.claimed == Claimed::Nothing && !one.is_known {
            return Err(PlanError::UnknownClaim(one.claim.clone()));
        }
    }
    if !is_left_alone(seen, stage) {
        return Ok(Step::PauseKafka);
    }
    let cleared = clear(seen).or_else(|| {
        let of = |claimed: Claimed| {
            let found = seen.volumes.iter().find(|one| one.claimed == claimed);
            found.map(|one| one.claim.clone())
        };
        // Each of all of them, before the next of one.
        let keep = of(Claimed::Old).map(Step::KeepVolume);
        keep.or_else(|| of(Claimed::Kept).map(Step::RemoveClaim))
            .or_else(|| of(Claimed::Nothing).map(Step::MakeClaim))
    });
    Ok(
        cleared.unwrap_or_else(|| match (seen.trims, seen.lost_secrets.first()) {
            // Sources may have to be asked where what is kept ends.
            (true, Some(secret)) => Step::MakeSecret(secret.clone()),
            (true, None) => Step::TrimVolumes,
            (false, _) => Step::ProveVolumes,
        }),
    )
}

/// Whether the operator leaves the Kafka alone, for a restore that is noted on it; or
/// there is none.
pub(crate) fn is_left_alone(seen: &Seen, stage: Option<Stage>) -> bool {
    match &seen.kafka {
        Kafka::Gone { .. } => true,
        Kafka::There {
            is_paused,
            says_paused,
            ..
        } => stage.is_some() && *is_paused && *says_paused,
    }
}

/// What was kept when it went aside is one run's, or another's, and never some of each.
pub(crate) fn not_half_taken_over(seen: &Seen, stage: Option<Stage>) -> Result<(), PlanError> {
    match stage == Some(Stage::Aside) && !seen.kept_of_others.is_empty() {
        true => Err(PlanError::HalfTakenOver(seen.kept_of_others.clone())),
        false => Ok(()),
    }
}

/// What must not run while volumes are exchanged.
pub(crate) fn clear(seen: &Seen) -> Option<Step> {
    for feeder in seen.feeders.iter().filter(|one| one.is_there) {
        if let Some(step) = still(feeder) {
            return Some(step);
        }
    }
    // Brokers first: a controlled shutdown asks the controllers.
    for last in [false, true] {
        let sets = seen.nodes.iter().filter(|one| one.has_controllers == last);
        let sets: Vec<String> = sets.map(|one| one.name.clone()).collect();
        if !sets.is_empty() {
            return Some(Step::RemoveNodes(sets));
        }
    }
    let pods = &seen.pods;
    (!pods.is_empty()).then(|| Step::AwaitNoPods(pods.clone()))
}

/// What keeps it so, where it is not.
fn still(feeder: &Feeder) -> Option<Step> {
    let name = feeder.name.clone();
    if !(feeder.is_paused && feeder.is_kept_still) {
        return Some(Step::PauseFeeder(name));
    }
    feeder.has_workers.then_some(Step::RemoveWorkers(name))
}

/// Until the brokers' heads are shown to be the cut's.
pub(crate) fn start(seen: &Seen) -> Step {
    if let Some(step) = seen
        .feeders
        .iter()
        .filter(|one| one.is_there)
        .find_map(still)
    {
        return step;
    }
    if let Some(secret) = seen.lost_secrets.first() {
        return Step::MakeSecret(secret.clone());
    }
    if let Some(pool) = seen.pools.iter().find(|one| !one.is_there) {
        return Step::MakePool(pool.name.clone());
    }
    let Kafka::There {
        cluster_id,
        is_paused,
        says_paused,
        is_ready,
        ..
    } = &seen.kafka
    else {
        return Step::MakeKafka;
    };
    let ids = seen.pools.iter().find(|one| !one.has_its_ids);
    if let Some(pool) = ids {
        return Step::GiveNodeIds(pool.name.clone());
    }
    match (cluster_id, *is_paused, *says_paused) {
        // What is written before the operator has looked once, it writes over.
        (None, true, false) => Step::PauseKafka,
        (None, ..) => Step::GiveClusterId,
        (Some(_), true, _) => Step::StartNodes,
        (Some(_), false, _) if !is_ready => Step::AwaitReady,
        _ => match seen.lost_others.first() {
            Some(other) => Step::MakeOther(other.clone()),
            None => Step::ProveHeads,
        },
    }
}

/// Until the mirror is fed again.
pub(crate) fn feed(seen: &Seen) -> Step {
    if let Kafka::There { note, is_ready, .. } = &seen.kafka {
        if note.as_ref().is_some_and(|note| note.holds_retention) {
            return Step::LetRetentionGo;
        }
        if !is_ready {
            return Step::AwaitReady;
        }
    }
    for feeder in &seen.feeders {
        let name = feeder.name.clone();
        if !feeder.is_there {
            return Step::MakeFeeder(name);
        }
        if feeder.is_kept_still {
            return Step::StartFeeder(name);
        }
    }
    let any = |stopped: Stopped| seen.feeders.iter().any(|one| one.stopped == stopped);
    match () {
        () if any(Stopped::All) => Step::StartCopying,
        () if any(Stopped::Checkpoints) => Step::StartCheckpoints,
        () => Step::Finish,
    }
}
