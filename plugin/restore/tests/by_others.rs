//! Plans around restores that others make of the claims.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod fixture;

use std::mem::discriminant;

use fixture::{must_hold, note, running, words};
use slackwater_restore::{
    Claimed, Kafka, PlanError, Seen, Snapshot, Stage, Step, Stopped, Way, next, plan,
    steps_around_others,
};

/// As others leave it who have restored all of it, on a cluster that had nothing of it.
fn restored_by_others() -> Seen {
    let mut seen = running();
    seen.kafka = Kafka::There {
        cluster_id: None,
        is_paused: true,
        says_paused: true,
        is_ready: false,
        note: None,
    };
    seen.nodes.clear();
    seen.pods.clear();
    seen.pools[0].has_its_ids = false;
    seen.feeders[0].is_paused = true;
    seen.feeders[0].is_kept_still = true;
    seen.feeders[0].has_workers = false;
    for one in &mut seen.volumes {
        one.snapshot = Snapshot::Gone { is_kept: false };
    }
    seen
}

#[test]
fn what_others_have_restored_is_shown_to_be_the_cut_before_anything_starts_on_it() {
    let steps = plan(Way::OnClaims, &restored_by_others()).unwrap();
    assert_eq!(
        words(&steps),
        [
            "note which run's backup others have restored",
            "hold what lies on the volumes against the cut",
            "give KafkaNodePool dual its node ids",
            "give the Kafka its cluster id",
            "unpause the Kafka",
            "wait until the Kafka is ready",
            "hold the brokers' heads against the cut",
            "unpause KafkaMirrorMaker2 kafka/feeder",
            "start what copies, unless the source has deleted what it needs",
            "start the checkpoint connectors once all is caught up",
            "take the notes away",
        ]
    );
    // Nobody knows what brokers that run have written.
    assert_eq!(next(Way::OnClaims, &running()), Err(PlanError::Runs));
    let mut partly = restored_by_others();
    partly.volumes[1].claimed = Claimed::Nothing;
    let said = next(Way::OnClaims, &partly).unwrap_err().to_string();
    assert!(said.contains("restored the claims data-1"), "{said}");
}

#[test]
fn a_claim_that_is_exchanged_behind_the_proof_has_all_of_it_shown_anew() {
    let mut seen = restored_by_others();
    loop {
        let step = next(Way::OnClaims, &seen).unwrap();
        seen = seen.after(&step);
        if step == Step::ProveVolumes {
            break;
        }
    }
    let goes_on = next(Way::OnClaims, &seen).unwrap();
    assert_ne!(goes_on, Step::ProveVolumes);
    seen.claims = "with another".to_owned();
    assert_eq!(next(Way::OnClaims, &seen), Ok(Step::ProveVolumes));
    // Nor do brokers stay that were just started on what was shown.
    (seen.nodes, seen.pods) = (running().nodes, running().pods);
    let steps = plan(Way::OnClaims, &seen).unwrap();
    let shown = steps.iter().position(|step| *step == Step::ProveVolumes);
    let stopped = |step: &Step| matches!(step, Step::RemoveNodes(_));
    let stopped = steps.iter().rposition(stopped);
    assert!(stopped.unwrap() < shown.unwrap(), "{:?}", words(&steps));
}

#[test]
fn a_restore_around_others_takes_no_step_but_those_whose_rights_are_asked_for() {
    let mut fed = restored_by_others();
    fed.feeders[0].is_there = false;
    fed.feeders[0].stopped = Stopped::All;
    fed.lost_others = vec!["KafkaUser/reader".to_owned()];
    let mut bare = restored_by_others();
    bare.kafka = Kafka::Gone { is_kept: true };
    bare.pools[0].is_there = false;
    bare.lost_secrets = vec!["mirror-cluster-ca".to_owned()];
    bare.retention_would_delete = true;
    // Restored once, and once more from another point.
    let mut again = aside();
    for one in &mut again.volumes {
        one.claimed = Claimed::New;
    }
    // Unpaused by somebody in the middle.
    let mut going = running();
    going.nodes.clear();
    note(&mut going, Stage::Volumes);
    let plans = [
        (Way::Aside, running()),
        (Way::Aside, again),
        (Way::OnClaims, restored_by_others()),
        (Way::OnClaims, fed),
        (Way::OnClaims, bare),
        (Way::OnClaims, going),
    ];
    let asked = steps_around_others();
    let mut taken = Vec::new();
    for (way, seen) in plans {
        taken.extend(plan(way, &seen).unwrap());
    }
    let is_in = |all: &[Step], step: &Step| {
        let kind = discriminant(step);
        all.iter().any(|one| discriminant(one) == kind)
    };
    for step in &taken {
        assert!(is_in(&asked, step), "{step}");
    }
    // And for nothing that none takes.
    for step in &asked {
        assert!(is_in(&taken, step), "{step}");
    }
}

/// Aside, and its claims restored by others.
fn aside() -> Seen {
    let mut seen = running();
    let steps = plan(Way::Aside, &seen).unwrap();
    assert_eq!(steps.last(), Some(&Step::LeaveAside));
    for step in &steps {
        must_hold(Way::Aside, &seen, step);
        seen = seen.after(step);
    }
    assert!(
        seen.volumes
            .iter()
            .all(|one| one.claimed == Claimed::Nothing && one.is_kept)
    );
    seen
}

#[test]
fn a_mirror_that_stands_aside_goes_on_from_another_run_than_its_last_or_goes_back() {
    let mut seen = aside();
    assert_eq!(
        plan(Way::Back, &seen).unwrap().last(),
        Some(&Step::FinishBack)
    );
    let forth = next(Way::Forth, &seen).unwrap_err();
    assert!(matches!(forth, PlanError::IsAside(_)), "{forth}");
    let lacks = next(Way::OnClaims, &seen).unwrap_err().to_string();
    assert!(lacks.contains("data-0, data-1"), "{lacks}");
    // What is kept is the last run's, and what was restored an older one's.
    let claims: Vec<String> = seen.volumes.iter().map(|one| one.claim.clone()).collect();
    seen.run = "kafka-mirror-0-0".parse().unwrap();
    seen.kept_of_others = claims;
    for one in &mut seen.volumes {
        (one.claimed, one.is_kept) = (Claimed::Old, false);
    }
    let steps = plan(Way::OnClaims, &seen).unwrap();
    assert_eq!(
        steps[..2],
        [Step::TakeOver, Step::ProveVolumes],
        "{:?}",
        words(&steps)
    );
    let mut end = seen;
    for step in &steps {
        must_hold(Way::OnClaims, &end, step);
        end = end.after(step);
    }
    // The way back is that run's now.
    assert_eq!(
        plan(Way::Back, &end).unwrap().last(),
        Some(&Step::FinishBack)
    );
}

#[test]
fn a_mirror_stands_aside_again_where_what_was_restored_was_not_the_cut() {
    let mut seen = aside();
    for one in &mut seen.volumes {
        one.claimed = Claimed::Old;
    }
    // Told again by whoever restores it: what it has made since goes, the volumes from
    // before stay.
    let dropped = Step::DropClaim("data-0".to_owned());
    assert_eq!(next(Way::Aside, &seen), Ok(dropped.clone()));
    // And so at any time before something feeds it.
    for stage in [Stage::Volumes, Stage::VolumesProven, Stage::HeadsProven] {
        note(&mut seen, stage);
        assert!(
            next(Way::Aside, &seen).is_err(),
            "{stage:?} of a restore of our own"
        );
        by_others(&mut seen);
        let steps = plan(Way::Aside, &seen).unwrap();
        assert_eq!(
            steps[..2],
            [Step::StandAside, dropped.clone()],
            "{:?}",
            words(&steps)
        );
        assert!(!steps.iter().any(|step| matches!(step, Step::KeepVolume(_))));
    }
    seen.feeders[0].is_kept_still = false;
    assert!(next(Way::Aside, &seen).is_err());
    seen.kafka = Kafka::Gone { is_kept: true };
    assert_eq!(next(Way::Aside, &seen), Err(PlanError::NoKafka));
}

fn by_others(seen: &mut Seen) {
    if let Kafka::There {
        note: Some(note), ..
    } = &mut seen.kafka
    {
        note.on_claims = true;
    }
}

#[test]
fn what_others_have_restored_where_nothing_was_is_neither_kept_nor_gone_back_to() {
    let begin = restored_by_others();
    let steps = plan(Way::OnClaims, &begin).unwrap();
    let mut seen = begin;
    for step in &steps[..steps.len() - 1] {
        seen = seen.after(step);
        let back = next(Way::Back, &seen);
        assert_eq!(back, Err(PlanError::NothingKept), "after {step}");
    }
    let mut seen = restored_by_others();
    seen = seen.after(&Step::TakeOver);
    // Refuted, say: others exchange it.
    let again = plan(Way::Aside, &seen).unwrap();
    assert_eq!(again.last(), Some(&Step::LeaveAside));
    assert!(
        !again
            .iter()
            .any(|step| matches!(step, Step::KeepVolume(_) | Step::DropClaim(_)))
    );
}

#[test]
fn volumes_that_are_half_taken_over_go_on_to_the_run_that_took_them_and_nowhere_else() {
    let mut seen = aside();
    for one in &mut seen.volumes {
        one.claimed = Claimed::Old;
    }
    // Of the first one the note has been changed, and of the Kafka not yet.
    seen.volumes[0].is_kept = false;
    seen.kept_of_others = vec!["data-0".to_owned()];
    for way in [Way::Back, Way::Aside] {
        let said = next(way, &seen).unwrap_err().to_string();
        assert!(said.contains("kept for another run already"), "{said}");
    }
    // By that run: the other way round.
    seen.run = "kafka-mirror-0-0".parse().unwrap();
    seen.volumes[0].is_kept = true;
    seen.volumes[1].is_kept = false;
    seen.kept_of_others = vec!["data-1".to_owned()];
    assert_eq!(next(Way::OnClaims, &seen), Ok(Step::TakeOver));
}

#[test]
fn where_others_have_taken_the_note_too_the_kept_volumes_tell_that_it_stood_aside() {
    let mut seen = aside();
    if let Kafka::There { note, .. } = &mut seen.kafka {
        *note = None;
    }
    for one in &mut seen.volumes {
        one.claimed = Claimed::Old;
    }
    assert_eq!(next(Way::OnClaims, &seen), Ok(Step::TakeOver));
    // Two of one claim: nobody chooses.
    seen.kept_of_others = vec!["data-1".to_owned()];
    assert!(matches!(
        next(Way::OnClaims, &seen),
        Err(PlanError::Kept(_))
    ));
}

#[test]
fn one_that_was_let_go_and_is_not_kept_leaves_no_way_back_for_the_others() {
    let mut seen = running();
    note(&mut seen, Stage::Volumes);
    seen.volumes[0].claimed = Claimed::Nothing;
    seen.volumes[0].is_kept = true;
    let said = next(Way::Back, &seen).unwrap_err().to_string();
    assert!(said.contains("not kept of data-1"), "{said}");
}
