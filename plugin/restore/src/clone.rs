//! Beside the original, which may run: as a restore goes where nothing is, or to claims
//! that others have restored, with what keeps the two apart.
//!
//! Restored metadata has the original's addresses, under the same cluster id: until a
//! clone's brokers have registered anew they fetch from there what is newer, and report
//! Ready (seen with Strimzi 1.0.0: 21 of 142 partitions past the snapshot). What prevents it
//! is that neither lets the other's nodes in: by mutual TLS, from different roots.
//! What feeds the original never feeds the clone.

use crate::forth::stage;
use crate::seen::CloneOf;
use crate::{Claimed, Kafka, PlanError, Seen, Stage, Step, Way, forth, on_claims};

pub(crate) fn next(way: Way, seen: &Seen) -> Result<Step, PlanError> {
    let of = seen.clone_of.as_ref().ok_or(PlanError::NoOrigin)?;
    are_apart(of)?;
    if !seen.lacks.is_empty() {
        return Err(PlanError::Lacks(seen.lacks.clone()));
    }
    nothing_of_others(way, seen)?;
    let step = match stage(seen)? {
        Some(Stage::HeadsProven) => end(seen),
        _ if way == Way::Clone => forth::next(seen)?,
        _ => on_claims::next(seen)?,
    };
    match step {
        Step::StartNodes if !of.is_closed_off => Ok(Step::CloseOff),
        // Its nodes run by now: what is not shown of them is not so.
        Step::ProveHeads if of.is_mutual != Some(true) => {
            Err(PlanError::NotMutual("the clone".to_owned()))
        }
        step => Ok(step),
    }
}

fn are_apart(of: &CloneOf) -> Result<(), PlanError> {
    if of.keeps_ca && of.is_there {
        return Err(PlanError::OriginIsThere(of.origin.clone()));
    }
    if !of.keeps_ca && !of.shared_roots.is_empty() {
        // Its nodes run: whatever is done to its Secrets now comes after they were let in.
        if of.is_mutual.is_some() {
            return Err(PlanError::Spoilt(of.origin.clone()));
        }
        return Err(PlanError::SharedRoots {
            origin: of.origin.clone(),
            roots: of.shared_roots.clone(),
        });
    }
    let says_no = |says: Option<bool>| says == Some(false);
    if says_no(of.origin_is_mutual) {
        return Err(PlanError::NotMutual(of.origin.clone()));
    }
    if says_no(of.is_mutual) {
        return Err(PlanError::NotMutual("the clone".to_owned()));
    }
    Ok(())
}

/// What is there is this clone, or nothing is. A Kafka that others have restored there may
/// have all that makes it the original to others: its addresses, what it was fed by.
fn nothing_of_others(way: Way, seen: &Seen) -> Result<(), PlanError> {
    let is_begun = match &seen.kafka {
        Kafka::Gone { .. } => false,
        Kafka::There { note, .. } if note.as_ref().is_some_and(|note| note.is_made) => true,
        Kafka::There { .. } => return Err(PlanError::NotAClone(seen.run.clone())),
    };
    if is_begun || way == Way::CloneOnClaims {
        return Ok(());
    }
    let theirs = seen.volumes.iter();
    let theirs = theirs.filter(|one| matches!(one.claimed, Claimed::Old | Claimed::Kept));
    let theirs: Vec<String> = theirs.map(|one| one.claim.clone()).collect();
    match theirs.is_empty() {
        true => Ok(()),
        false => Err(PlanError::ClaimsAreThere(theirs)),
    }
}

/// Nothing is fed.
fn end(seen: &Seen) -> Step {
    match &seen.kafka {
        Kafka::There { note, .. } if note.as_ref().is_some_and(|note| note.holds_retention) => {
            Step::LetRetentionGo
        }
        Kafka::There {
            is_ready: false, ..
        } => Step::AwaitReady,
        _ => Step::Finish,
    }
}
