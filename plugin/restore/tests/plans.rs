//! Plans, from whatever may be seen.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod fixture;

use fixture::{must_hold, note, run, running, words};
use proptest::prelude::*;
use proptest::sample::select;
use slackwater_restore::{
    Claimed, Kafka, Note, PlanError, Seen, Snapshot, Stage, Step, Stopped, Volume, Way, next, plan,
};

/// One of which nothing is left but what is kept.
fn gone() -> Seen {
    let mut seen = running();
    seen.kafka = Kafka::Gone { is_kept: true };
    seen.pools[0].is_there = false;
    seen.pools[0].has_its_ids = false;
    seen.nodes.clear();
    seen.pods.clear();
    seen.feeders[0].is_there = false;
    seen.feeders[0].has_workers = false;
    for one in &mut seen.volumes {
        one.claimed = Claimed::Nothing;
        one.snapshot = Snapshot::Gone { is_kept: true };
    }
    seen.lost_secrets = vec!["mirror-cluster-ca".to_owned()];
    seen.lost_others = vec!["KafkaUser/reader".to_owned()];
    seen
}

/// Whether it is another volume that the claim has from here on, or may be.
fn touches_a_claim(step: &Step) -> bool {
    matches!(
        step,
        Step::KeepVolume(_) | Step::RemoveClaim(_) | Step::MakeClaim(_)
    )
}

#[test]
fn what_an_earlier_restore_has_shown_is_forgotten_before_a_claim_is_touched_and_not_afterwards() {
    for seen in [running(), gone()] {
        let steps = plan(Way::Forth, &seen).unwrap();
        let anew = |step: &&Step| step.begins_anew();
        let first = steps.iter().position(|step| step.begins_anew());
        let shown = steps.iter().position(|step| *step == Step::ProveVolumes);
        let shown = shown.unwrap();
        let touched = steps.iter().position(touches_a_claim);
        assert!(first.unwrap() <= touched.unwrap(), "{:?}", words(&steps));
        assert_eq!(steps[shown + 1..].iter().find(anew), None);
    }
}

#[test]
fn where_the_resources_are_there_the_volumes_are_exchanged_under_them() {
    let steps = plan(Way::Forth, &running()).unwrap();
    assert_eq!(
        words(&steps),
        [
            "pause the Kafka, and note on it what is done",
            "pause KafkaMirrorMaker2 kafka/feeder",
            "remove the workers of kafka/feeder",
            "remove StrimziPodSets brokers and their pods",
            "remove StrimziPodSets controllers and their pods",
            "have the volume of data-0 kept",
            "have the volume of data-1 kept",
            "delete claim data-0; its volume stays",
            "delete claim data-1; its volume stays",
            "make claim data-0 from its snapshot",
            "make claim data-1 from its snapshot",
            "hold what lies on the volumes against the cut",
            "unpause the Kafka",
            "wait until the Kafka is ready",
            "hold the brokers' heads against the cut",
            "unpause KafkaMirrorMaker2 kafka/feeder",
            "start what copies, unless the source has deleted what it needs",
            "start the checkpoint connectors once all is caught up",
            "take the notes away",
        ]
    );
}

#[test]
fn where_all_is_gone_it_is_made_from_what_is_kept_and_the_cluster_id_is_given_last() {
    let steps = plan(Way::Forth, &gone()).unwrap();
    let at = |step: &Step| steps.iter().position(|one| one == step);
    let order = [
        Step::FindSnapshot("data-0".to_owned()),
        Step::MakeClaim("data-0".to_owned()),
        Step::ProveVolumes,
        Step::MakeSecret("mirror-cluster-ca".to_owned()),
        Step::MakePool("dual".to_owned()),
        Step::MakeKafka,
        Step::GiveNodeIds("dual".to_owned()),
        Step::GiveClusterId,
        Step::StartNodes,
        Step::MakeOther("KafkaUser/reader".to_owned()),
        Step::ProveHeads,
        Step::MakeFeeder("kafka/feeder".to_owned()),
        Step::StartFeeder("kafka/feeder".to_owned()),
        Step::Finish,
    ];
    let places: Vec<_> = order
        .iter()
        .map(|step| at(step).expect("planned"))
        .collect();
    assert!(places.is_sorted(), "{:?}", words(&steps));
}

#[test]
fn the_way_back_puts_back_each_volume_that_was_exchanged() {
    let steps = plan(Way::Forth, &running()).unwrap();
    let mut seen = running();
    for step in &steps {
        seen = seen.after(step);
    }
    let back = plan(Way::Back, &seen).unwrap();
    for claim in ["data-0", "data-1"] {
        assert!(back.contains(&Step::DropClaim(claim.to_owned())));
        assert!(back.contains(&Step::PutBackClaim(claim.to_owned())));
    }
    assert_eq!(back.last(), Some(&Step::FinishBack));
}

#[test]
fn what_forbids_a_restore_is_named_before_anything_is_touched() {
    let with = |change: &dyn Fn(&mut Seen)| {
        let mut seen = running();
        change(&mut seen);
        next(Way::Forth, &seen).unwrap_err().to_string()
    };
    let other = with(&|seen| {
        if let Kafka::There { cluster_id, .. } = &mut seen.kafka {
            *cluster_id = Some("two".to_owned());
        }
    });
    assert!(
        other.contains("cluster two, and the cut is of one"),
        "{other}"
    );
    let kept = with(&|seen| seen.volumes[1].is_kept = true);
    assert!(kept.contains("kept (data-1)"), "{kept}");
    let lost = with(&|seen| seen.volumes[0].snapshot = Snapshot::Gone { is_kept: false });
    assert!(lost.contains("snapshot of data-0 is gone"), "{lost}");
    let unknown = with(&|seen| {
        seen.volumes[1].claimed = Claimed::Nothing;
        seen.volumes[1].is_known = false;
    });
    assert!(unknown.contains("claim data-1 is gone"), "{unknown}");
    let unkept = with(&|seen| seen.kafka = Kafka::Gone { is_kept: false });
    assert!(unkept.contains("no copy of its resources"), "{unkept}");
    let scaled = with(&|seen| seen.other_claims = vec!["data-2".to_owned()]);
    assert!(
        scaled.contains("other volumes than the cut (data-2)"),
        "{scaled}"
    );
    let older = with(&|seen| seen.version = Some("4.2.0".to_owned()));
    assert!(older.contains("of version 4.2.0"), "{older}");
    let back = with(&|seen| note(seen, Stage::Back));
    assert!(back.contains("--undo"), "{back}");
    let nothing = next(Way::Back, &running());
    assert_eq!(nothing, Err(PlanError::NothingKept));
}

/// After a restore that is over.
fn restored() -> Seen {
    let mut seen = running();
    for step in plan(Way::Forth, &running()).unwrap() {
        seen = seen.after(&step);
    }
    seen
}

#[test]
fn the_way_back_is_of_the_cluster_that_was_restored_whole_or_not_at_all() {
    let refused = |change: &dyn Fn(&mut Seen)| {
        let mut seen = restored();
        change(&mut seen);
        next(Way::Back, &seen).unwrap_err().to_string()
    };
    // Another Kafka of the same name was made since.
    let other = refused(&|seen| {
        if let Kafka::There { cluster_id, .. } = &mut seen.kafka {
            *cluster_id = Some("two".to_owned());
        }
    });
    assert!(other.contains("cluster two"), "{other}");
    let scaled = refused(&|seen| seen.other_claims = vec!["data-2".to_owned()]);
    assert!(scaled.contains("data-2"), "{scaled}");
    // Some of them went since.
    let partly = refused(&|seen| seen.volumes[1].is_kept = false);
    assert!(partly.contains("not kept of data-1"), "{partly}");
}

#[test]
fn volumes_that_are_kept_from_before_another_restore_are_no_hindrance_where_all_is_gone() {
    let mut seen = gone();
    seen.kept_of_others = vec!["data-0".to_owned()];
    assert_eq!(plan(Way::Forth, &seen).unwrap().last(), Some(&Step::Finish));
    let mut seen = running();
    seen.kept_of_others = vec!["data-0".to_owned()];
    assert!(matches!(next(Way::Forth, &seen), Err(PlanError::Kept(_))));
}

#[test]
fn no_second_volume_is_kept_of_a_claim_though_the_kafka_be_gone() {
    let mut seen = gone();
    seen.volumes[0].claimed = Claimed::Old;
    seen.volumes[0].is_kept = true;
    assert!(matches!(next(Way::Forth, &seen), Err(PlanError::Kept(_))));
    seen.volumes[0].is_kept = false;
    assert_eq!(plan(Way::Forth, &seen).unwrap().last(), Some(&Step::Finish));
}

#[test]
fn a_volume_that_was_never_there_before_leaves_no_way_back() {
    let mut seen = running();
    note(&mut seen, Stage::VolumesProven);
    seen.volumes[0].claimed = Claimed::New;
    seen.volumes[0].is_kept = true;
    seen.volumes[1].claimed = Claimed::New;
    let said = next(Way::Back, &seen).unwrap_err().to_string();
    assert!(said.contains("not kept of data-1"), "{said}");
}

#[test]
fn where_the_kafka_was_gone_and_its_claims_were_not_they_go_back_alone() {
    let mut begin = gone();
    for one in &mut begin.volumes {
        (one.claimed, one.snapshot) = (Claimed::Old, Snapshot::Ready);
    }
    begin.feeders[0].is_there = true;
    begin.feeders[0].has_workers = true;
    let forth = plan(Way::Forth, &begin).unwrap();
    // Refuted, say: until what lies on the volumes is shown there is no Kafka.
    let shows = forth.iter().position(|step| *step == Step::ProveVolumes);
    for done in 0..=shows.unwrap() {
        let mut seen = begin.clone();
        for step in &forth[..done] {
            seen = seen.after(step);
        }
        let Ok(back) = plan(Way::Back, &seen) else {
            assert!(!seen.volumes.iter().any(|one| one.is_kept));
            continue;
        };
        assert_eq!(back.last(), Some(&Step::FinishBack));
        for step in &back {
            must_hold(Way::Back, &seen, step);
            seen = seen.after(step);
        }
        assert!(seen.volumes.iter().all(|one| one.claimed == Claimed::Old));
        assert!(seen.feeders.iter().all(|one| !one.is_kept_still));
    }
}

#[test]
fn where_the_kafka_is_gone_a_claim_whose_volume_was_not_kept_leaves_no_way_back() {
    let mut seen = gone();
    seen.volumes[0].claimed = Claimed::New;
    seen.volumes[0].is_kept = true;
    seen.volumes[1].claimed = Claimed::New;
    let said = next(Way::Back, &seen).unwrap_err().to_string();
    assert!(said.contains("not kept of data-1"), "{said}");
}

fn kafka() -> impl Strategy<Value = Kafka> {
    let stages = [
        None,
        Some(Stage::Aside),
        Some(Stage::Volumes),
        Some(Stage::VolumesProven),
        Some(Stage::HeadsProven),
        Some(Stage::Back),
        Some(Stage::IsBack),
    ];
    let there = (
        select(vec![None, Some("one".to_owned())]),
        any::<[bool; 5]>(),
        select(stages.to_vec()),
    );
    let there = there.prop_map(|(cluster_id, flags, stage)| Kafka::There {
        cluster_id,
        is_paused: flags[0],
        says_paused: flags[1],
        is_ready: flags[2],
        note: stage.map(|stage| Note {
            run: run(),
            stage,
            holds_retention: flags[3],
            feeders: Vec::new(),
            is_made: false,
            on_claims: flags[4],
            shown_on: String::new(),
        }),
    });
    prop_oneof![Just(Kafka::Gone { is_kept: true }), there]
}

fn some_volume(claim: &'static str) -> impl Strategy<Value = Volume> {
    let snapshots = vec![
        Snapshot::Ready,
        Snapshot::NotReady,
        Snapshot::Gone { is_kept: true },
    ];
    let claims = vec![Claimed::Nothing, Claimed::Old, Claimed::Kept, Claimed::New];
    let all = (select(snapshots), select(claims), any::<bool>());
    all.prop_map(move |(snapshot, claimed, kept)| Volume {
        claim: claim.to_owned(),
        snapshot,
        is_kept: kept || claimed == Claimed::Kept,
        claimed,
        is_known: true,
    })
}

prop_compose! {
    fn seen()(
        kafka in kafka(),
        volumes in (some_volume("data-0"), some_volume("data-1")),
        feeder in any::<[bool; 5]>(),
        has_nodes in any::<bool>(),
        flags in any::<[bool; 5]>(),
    ) -> Seen {
        let mut seen = running();
        if !has_nodes {
            seen.nodes.clear();
        }
        seen.kafka = kafka;
        seen.volumes = vec![volumes.0, volumes.1];
        let one = &mut seen.feeders[0];
        one.is_there = feeder[0];
        one.is_paused = feeder[1];
        one.is_kept_still = feeder[2];
        one.has_workers = feeder[3];
        one.stopped = if feeder[4] { Stopped::All } else { Stopped::None };
        seen.pools[0].is_there = flags[0];
        seen.pools[0].has_its_ids = flags[1];
        seen.retention_would_delete = flags[2];
        if flags[3] {
            seen.lost_secrets = vec!["ca".to_owned()];
        }
        seen.trims = flags[4];
        seen
    }
}

proptest! {
    #[test]
    fn from_whatever_is_seen_a_plan_ends_and_no_step_is_done_before_its_time(seen in seen()) {
        for way in [Way::Forth, Way::Back, Way::Aside, Way::OnClaims] {
            let Ok(steps) = plan(way, &seen) else { continue };
            prop_assert!(steps.len() < 60);
            let mut now = seen.clone();
            for step in &steps {
                must_hold(way, &now, step);
                now = now.after(step);
            }
        }
    }

    #[test]
    fn what_was_cut_short_anywhere_goes_on_to_the_same_end(
        cut in 0usize..40,
        all_gone: bool,
        trims: bool,
    ) {
        let mut begin = if all_gone { gone() } else { running() };
        begin.trims = trims;
        let steps = plan(Way::Forth, &begin).unwrap();
        let done = cut.min(steps.len() - 1);
        let mut seen = begin;
        for step in &steps[..done] {
            seen = seen.after(step);
        }
        // What was in nobody's note is forgotten.
        seen.volumes_proven = false;
        let rest = plan(Way::Forth, &seen).unwrap();
        prop_assert_eq!(rest.last(), Some(&Step::Finish));
        let mut end = seen.clone();
        for step in &rest {
            must_hold(Way::Forth, &end, step);
            end = end.after(step);
        }
        // And back from there, where there is a way.
        if !all_gone && done > 0 {
            let back = plan(Way::Back, &seen).unwrap();
            prop_assert_eq!(back.last(), Some(&Step::FinishBack));
            let mut end = seen;
            for step in &back {
                must_hold(Way::Back, &end, step);
                end = end.after(step);
            }
            prop_assert!(end.volumes.iter().all(|one| one.claimed == Claimed::Old));
        }
    }
}
