//! Plans for clones beside the original.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod fixture;

use fixture::{must_hold, note, running, words};
use slackwater_restore::{
    Claimed, CloneOf, Kafka, PlanError, Seen, Snapshot, Stage, Step, Way, next, plan,
};

/// The original runs, and nothing of the clone is there.
fn nothing_yet() -> Seen {
    let mut seen = running();
    seen.kafka = Kafka::Gone { is_kept: true };
    seen.pools[0].is_there = false;
    seen.pools[0].has_its_ids = false;
    seen.nodes.clear();
    seen.pods.clear();
    seen.feeders.clear();
    seen.lost_secrets = vec!["copy/mirror-clients-ca".to_owned()];
    for one in &mut seen.volumes {
        one.snapshot = Snapshot::Gone { is_kept: true };
        one.claimed = Claimed::Nothing;
    }
    seen.clone_of = Some(CloneOf {
        origin: "kafka/mirror".to_owned(),
        is_there: true,
        shared_roots: Vec::new(),
        keeps_ca: false,
        origin_is_mutual: Some(true),
        is_mutual: None,
        is_closed_off: false,
    });
    seen
}

fn with(change: impl Fn(&mut CloneOf)) -> Seen {
    let mut seen = nothing_yet();
    change(seen.clone_of.as_mut().unwrap());
    seen
}

/// All that there is to be said against it, before anything is touched.
fn refused(way: Way, seen: &Seen) -> String {
    next(way, seen).unwrap_err().to_string()
}

#[test]
fn a_clone_is_closed_off_before_its_nodes_start_and_ends_with_its_heads_and_no_feeder() {
    let seen = nothing_yet();
    let steps = plan(Way::Clone, &seen).unwrap();
    assert_eq!(
        words(&steps),
        [
            "make a VolumeSnapshot of what is left of that of data-0",
            "wait until the snapshot of data-0 can be restored from",
            "make a VolumeSnapshot of what is left of that of data-1",
            "wait until the snapshot of data-1 can be restored from",
            "make claim data-0 from its snapshot",
            "make claim data-1 from its snapshot",
            "hold what lies on the volumes against the cut",
            "make Secret copy/mirror-clients-ca again",
            "make KafkaNodePool dual again",
            "make the Kafka again, paused",
            "give KafkaNodePool dual its node ids",
            "give the Kafka its cluster id",
            "let the clone's nodes reach none of another namespace",
            "unpause the Kafka",
            "wait until the Kafka is ready",
            "hold the brokers' heads against the cut",
            "take the notes away",
        ]
    );
    let mut at = seen;
    for step in &steps {
        must_hold(Way::Clone, &at, step);
        at = at.after(step);
    }
}

#[test]
fn whoever_would_be_let_in_by_the_original_is_refused_before_anything_is_touched() {
    let shared = with(|of| of.shared_roots = vec!["O=io.strimzi, CN=cluster-ca v0".to_owned()]);
    let said = refused(Way::Clone, &shared);
    assert!(said.contains("would let each other in"), "{said}");
    assert!(said.contains("CN=cluster-ca v0"), "{said}");
    let open = with(|of| of.origin_is_mutual = Some(false));
    let said = refused(Way::Clone, &open);
    assert!(said.contains("nodes of kafka/mirror"), "{said}");
    let keeps = with(|of| of.keeps_ca = true);
    let said = refused(Way::Clone, &keeps);
    assert!(said.contains("leave --keep-ca out"), "{said}");
    // Of one that is gone its authority may be kept, and is shared with what is kept.
    let gone = with(|of| {
        of.keeps_ca = true;
        of.is_there = false;
        of.origin_is_mutual = None;
        of.shared_roots = vec!["CN=cluster-ca v0".to_owned()];
    });
    assert!(plan(Way::Clone, &gone).is_ok());
    let mut lacks = nothing_yet();
    lacks.lacks = vec!["ConfigMap metrics".to_owned()];
    assert!(refused(Way::Clone, &lacks).contains("(ConfigMap metrics)"));
    assert!(refused(Way::CloneOnClaims, &shared).contains("would let each other in"));
    // A root that came into the clone's own Secrets when its nodes had started.
    let mut late = before(&Step::ProveHeads);
    late.clone_of.as_mut().unwrap().shared_roots = vec!["CN=cluster-ca v0".to_owned()];
    let said = refused(Way::Clone, &late);
    assert!(said.contains("delete its namespace"), "{said}");
}

/// As it is when this step is the next.
fn before(step: &Step) -> Seen {
    let mut seen = nothing_yet();
    for next in plan(Way::Clone, &seen).unwrap() {
        if next == *step {
            return seen;
        }
        seen = seen.after(&next);
    }
    panic!("it does not come to: {step}");
}

#[test]
fn a_clone_that_was_cut_short_anywhere_goes_on_to_the_same_end() {
    let mut seen = nothing_yet();
    let all = plan(Way::Clone, &seen).unwrap();
    for (at, step) in all.iter().enumerate() {
        let rest = plan(Way::Clone, &seen).unwrap();
        assert_eq!(rest, all[at..], "{step}");
        seen = seen.after(step);
    }
    // In the middle of the last: its claims are like any others by then.
    let mut seen = before(&Step::Finish);
    seen.volumes[0].claimed = Claimed::Old;
    assert_eq!(plan(Way::Clone, &seen).unwrap(), [Step::Finish]);
}

#[test]
fn heads_are_held_against_the_cut_only_where_the_clones_nodes_are_seen_to_be_apart() {
    let seen = before(&Step::ProveHeads);
    assert_eq!(next(Way::Clone, &seen), Ok(Step::ProveHeads));
    for says in [None, Some(false)] {
        let mut open = seen.clone();
        open.clone_of.as_mut().unwrap().is_mutual = says;
        let said = refused(Way::Clone, &open);
        assert!(said.contains("nodes of the clone"), "{said}");
    }
}

#[test]
fn what_is_there_and_was_not_made_by_this_clone_is_left_alone() {
    let mut theirs = running();
    theirs.clone_of = nothing_yet().clone_of;
    let said = refused(Way::Clone, &theirs);
    assert!(said.contains("no clone of run"), "{said}");
    // One that is restored in place there.
    note(&mut theirs, Stage::VolumesProven);
    assert!(refused(Way::Clone, &theirs).contains("no clone of run"));
    let mut claims = nothing_yet();
    claims.volumes[1].claimed = Claimed::Old;
    let said = refused(Way::Clone, &claims);
    assert!(said.contains("the claims data-1 are there"), "{said}");
    assert_eq!(next(Way::Clone, &running()), Err(PlanError::NoOrigin));
}

#[test]
fn on_claims_that_others_have_restored_no_snapshot_is_asked_for_and_their_kafka_is_refused() {
    let mut seen = nothing_yet();
    for one in &mut seen.volumes {
        one.snapshot = Snapshot::Gone { is_kept: false };
        one.claimed = Claimed::Old;
    }
    let alone = plan(Way::CloneOnClaims, &seen).unwrap();
    assert_eq!(alone.first(), Some(&Step::ProveVolumes));
    assert!(alone.contains(&Step::CloseOff) && alone.contains(&Step::MakeKafka));
    assert_eq!(alone.last(), Some(&Step::Finish));

    // All of it, and what fed the original with it.
    seen.kafka = Kafka::There {
        cluster_id: None,
        is_paused: true,
        says_paused: true,
        is_ready: false,
        note: None,
    };
    // It has the original's addresses, and may have been fed.
    assert!(refused(Way::CloneOnClaims, &seen).contains("restore the claims there alone"));
}
