//! What the source has deleted and the mirror still needs: MirrorMaker skips
//! it without a word, so slackwater says it, with partition and count. A run
//! resumes all the same; a resume by hand refuses. And a source that can't be asked at all.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod shared;

use slackwater_cut::{ClaimName, Cut, Verdict};
use slackwater_e2e::Scene;
use slackwater_lab::{Connector, Lab, Topic};

use shared::{
    QUICK, REACH, Slot, Turn, phase, produce, produce_and_mirror, refused, resume_by_hand, says,
    source_state, stop_by_hand,
};

static SLOT: Slot = Slot::new(None);

const TOPIC: &str = "doomed";

fn turn() -> Turn {
    Turn::take(&SLOT, || {
        let lab = Lab::builder()
            .name("lost")
            .topic(Topic::new(TOPIC, 2))
            // How far it has come is known when it has committed that.
            .connect_property("offset.flush.interval.ms", "5000")
            // So long a connector asks a source that is gone; a minute by default.
            .connector_property(Connector::Source, "admin.timeout.ms", "10000")
            .connector_property(Connector::Checkpoint, "admin.timeout.ms", "10000")
            .start()
            .unwrap();
        let scene = Scene::new(lab, QUICK).unwrap();
        produce_and_mirror(&scene, TOPIC, 0, 200);
        produce_and_mirror(&scene, TOPIC, 1, 200);
        scene
    })
}

/// Where the source's log of a partition ends.
fn end(scene: &Scene, partition: i32) -> i64 {
    scene
        .lab
        .source()
        .admin()
        .unwrap()
        .watermarks(TOPIC, partition)
        .unwrap()
        .1
}

/// Takes the mirror past a loss: records after it are copied, and a stop
/// commits the position behind them. While the committed position lies before
/// the loss, the next run would rightly name it again.
fn leave_behind(scene: &Scene, partition: i32) {
    produce_and_mirror(scene, TOPIC, partition, 100);
    stop_by_hand(scene);
    resume_by_hand(scene);
}

/// Puts records on the source that wait for the mirror, and deletes all but
/// the last ten of them. Gives how many are gone for the mirror.
fn delete_what_waits(scene: &Scene, partition: i32) -> i64 {
    let needed = end(scene, partition);
    produce(scene, TOPIC, partition, 100);
    let before = end(scene, partition) - 10;
    let admin = scene.lab.source().admin().unwrap();
    admin.delete_records(TOPIC, partition, before).unwrap();
    before - needed
}

/// A mirror that is stopped, and of which the source now deletes what waits, goes on from a
/// cut only where the loss is accepted.
fn goes_on_only_with_leave(scene: &Scene, cut: &Cut) {
    let gone = delete_what_waits(scene, 0);
    let resume = ["resume", "--cut", &cut.run_id];
    let refused = scene.run(&resume).unwrap().expect(2).unwrap();
    let count = format!("{gone} offsets");
    says(refused.cause(), &["doomed-0", &count, "--accept-loss"]);
    assert_eq!(source_state(scene), "STOPPED");
    let accepted = [resume.as_slice(), &["--accept-loss"]].concat();
    scene.run(&accepted).unwrap().expect(0).unwrap();
    scene.lab.connect().wait_running().unwrap();
    leave_behind(scene, 0);
}

fn verdict(cut: &Cut, name: ClaimName) -> (Verdict, &str) {
    let claim = cut.claims.iter().find(|claim| claim.name == name).unwrap();
    (claim.verdict, &claim.reason)
}

#[test]
fn a_loss_behind_a_mirror_that_someone_stopped_is_named_and_refutes_the_cut() {
    let scene = turn();
    stop_by_hand(&scene);
    delete_what_waits(&scene, 0);
    let (finished, cut) = scene.backup(&["--allow-stopped"], 1).unwrap();
    says(finished.cause(), &["refuted", "doomed-0"]);
    for name in [ClaimName::Covers, ClaimName::Resumable] {
        let (verdict, why) = verdict(&cut, name);
        assert_eq!(verdict, Verdict::Refuted, "{why}");
        says(why, &["doomed-0"]);
    }
    // What a connector that is left stopped does not copy is no backlog: it
    // would be waited for in vain.
    let resume = cut.resume.unwrap();
    assert_eq!((resume.backlog, resume.caught_up_ms.is_some()), (0, true));
    assert_eq!(source_state(&scene), "STOPPED");
    resume_by_hand(&scene);
    leave_behind(&scene, 0);
}

#[test]
fn a_loss_while_the_mirror_is_held_is_named_with_its_count_refutes_the_cut_and_the_mirror_runs() {
    let scene = turn();
    phase(&scene, "quiesceMirror", 0);
    phase(&scene, "awaitDrain", 0);
    let gone = delete_what_waits(&scene, 1);
    phase(&scene, "snapshotPartitions", 0);
    let validate = phase(&scene, "validateHead", 1);
    let count = format!("{gone} offsets");
    says(
        validate.cause(),
        &["resumable is refuted", "doomed-1", &count],
    );
    scene.lab.connect().wait_running().unwrap();
    leave_behind(&scene, 1);
}

#[test]
fn a_resume_by_hand_refuses_to_let_records_be_skipped_unless_the_loss_is_accepted() {
    let scene = turn();
    let (_, cut) = scene.backup(&[], 0).unwrap();
    // As a mirror restored from that cut would be: stopped, at its positions.
    stop_by_hand(&scene);
    goes_on_only_with_leave(&scene, &cut);
}

#[test]
fn a_resume_by_hand_goes_on_from_the_cut_where_nothing_is_lost() {
    let scene = turn();
    let (_, cut) = scene.backup(&[], 0).unwrap();
    stop_by_hand(&scene);
    let load = produce(&scene, TOPIC, 0, 100);
    let resume = ["resume", "--cut", &cut.run_id];
    scene.run(&resume).unwrap().expect(0).unwrap();
    scene.lab.wait_mirrored(&load, REACH).unwrap();
}

#[test]
fn a_source_that_cant_be_reached_is_refused_and_with_leave_costs_what_is_compared_with_it() {
    let scene = turn();
    let source = scene.lab.source();
    produce_and_mirror(&scene, TOPIC, 0, 100);
    source.stop().unwrap();
    refused(
        &scene,
        &[],
        &["source source", "--allow-unreachable-source"],
    );
    let leave = ["--allow-unreachable-source"];
    refused(&scene, &leave, &["limits.window", "needs 110 s"]);
    let window = QUICK.replace("{", "{window: 150s, ");
    scene.configure(&window).unwrap();
    let (finished, cut) = scene.backup(&leave, 3).unwrap();
    says(
        finished.cause(),
        &["covers is unproven", "can't be reached"],
    );
    for name in [ClaimName::Still, ClaimName::Durable, ClaimName::Intact] {
        let (verdict, why) = verdict(&cut, name);
        assert_eq!(verdict, Verdict::Proven, "{name}: {why}");
    }
    for name in [ClaimName::Covers, ClaimName::Resumable] {
        let (verdict, why) = verdict(&cut, name);
        assert_eq!(verdict, Verdict::Unproven, "{name}: {why}");
        says(why, &["source source can't be reached"]);
    }
    let rows = cut.rows.unmatched_copies();
    let copies: Vec<String> = rows.map(|row| cut.rows.name(row)).collect();
    assert!(
        copies.iter().any(|name| name.ends_with("doomed-1")),
        "{copies:?}"
    );
    // A mirror that is restored from it goes on only when the source has been asked.
    source.restart().unwrap();
    stop_by_hand(&scene);
    goes_on_only_with_leave(&scene, &cut);
}
