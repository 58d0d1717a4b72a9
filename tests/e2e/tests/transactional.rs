//! A transactional source, copied exactly once: transaction markers take
//! offsets that no reader ever sees. They must not be taken for a loss, and
//! what an open transaction hides must not be taken for nothing.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod shared;

use slackwater_cut::{ClaimName, Cut, GapCause, Verdict};
use slackwater_e2e::{Scene, wait_until};
use slackwater_lab::{HangingTransaction, Lab, Load, LoadPlan, Topic};

use shared::{QUICK, REACH, Slot, Turn, says};

static SLOT: Slot = Slot::new(None);

fn turn() -> Turn {
    Turn::take(&SLOT, || {
        let lab = Lab::builder()
            .name("transactional")
            .exactly_once(true)
            .topic(Topic::new("idle", 1))
            .start()
            .unwrap();
        let scene = Scene::new(lab, QUICK).unwrap();
        transactions(&scene, "idle");
        transactions(&scene, "blogs");
        scene
    })
}

/// A few transactions, some of them aborted, and their copies on the mirror.
fn transactions(scene: &Scene, topic: &str) {
    let plan = LoadPlan::new(500).topics(&[topic]).transactional(20, 0.25);
    let load = Load::start(&scene.lab.source().bootstrap(), &plan).unwrap();
    wait_until("the transactions", REACH, || load.acked() >= 200).unwrap();
    let load = load.stop().unwrap();
    scene.lab.wait_mirrored(&load, REACH).unwrap();
}

fn verdict(cut: &Cut, name: ClaimName) -> (Verdict, &str) {
    let claim = cut.claims.iter().find(|claim| claim.name == name).unwrap();
    (claim.verdict, &claim.reason)
}

#[test]
fn an_idle_partition_of_which_only_markers_were_left_raises_no_false_alarm() {
    let scene = turn();
    let source = scene.lab.source();
    let keep = |ms: &str| {
        scene
            .lab
            .alter_topic(source, "idle", &[("retention.ms", ms)])
            .unwrap();
    };
    keep("1000");
    let admin = source.admin().unwrap();
    wait_until("the idle partition to expire", REACH, || {
        admin
            .watermarks("idle", 0)
            .is_ok_and(|(start, end)| start == end)
    })
    .unwrap();
    keep("604800000");

    let (_, cut) = scene.backup(&[], 0).unwrap();
    let gap = cut
        .rows
        .copies()
        .find(|(row, _)| cut.rows.name(row) == "idle-0")
        .and_then(|(_, source)| source.gap)
        .unwrap();
    assert!(
        gap.first < gap.log_start_offset,
        "the source starts beyond the next offset"
    );
    assert_eq!(gap.cause, GapCause::BeforeRun);
    let (covers, why) = verdict(&cut, ClaimName::Covers);
    assert_eq!(covers, Verdict::Proven, "{why}");
    assert!(why.contains("had deleted before the run"), "{why}");
    assert!(why.contains("idle-0"), "{why}");
}

#[test]
fn a_hanging_transaction_on_the_source_leaves_covers_unproven_until_it_ends() {
    let scene = turn();
    let bootstrap = scene.lab.source().bootstrap();
    let open = |partition| HangingTransaction::open(&bootstrap, "blogs", partition).unwrap();
    let (to_commit, to_abort) = (open(0), open(1));
    let (finished, cut) = scene.backup(&[], 3).unwrap();
    let named = [
        "covers is unproven",
        "blogs-0",
        "blogs-1",
        "open transaction",
    ];
    says(finished.cause(), &named);
    assert_eq!(verdict(&cut, ClaimName::Still).0, Verdict::Proven);

    to_commit.commit().unwrap();
    drop(to_abort);
    let (_, cut) = scene.backup(&[], 0).unwrap();
    assert_eq!(verdict(&cut, ClaimName::Covers).0, Verdict::Proven);
}

#[test]
fn a_backup_under_transactional_load_is_proven() {
    let scene = turn();
    let plan = LoadPlan::new(500)
        .topics(&["items"])
        .transactional(20, 0.25)
        .producer(7);
    let load = Load::start(&scene.lab.source().bootstrap(), &plan).unwrap();
    wait_until("the load", REACH, || load.acked() >= 500).unwrap();
    let (_, cut) = scene.backup(&[], 0).unwrap();
    let load = load.stop().unwrap();
    scene.lab.wait_mirrored(&load, REACH).unwrap();
    for name in [ClaimName::Still, ClaimName::Covers, ClaimName::Resumable] {
        let (verdict, reason) = verdict(&cut, name);
        assert_eq!(verdict, Verdict::Proven, "{name}: {reason}");
    }
}
