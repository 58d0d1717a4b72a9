//! What should not be backed up is refused, and what goes wrong in the window
//! is told: by name, with the exit code that says which of the two it is, and
//! with the mirror running as it was found.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod shared;

use std::fs;
use std::time::Duration;

use slackwater_e2e::{Finished, Scene, wait_until};
use slackwater_lab::{CONFIG_TOPIC, Connector, Lab, Load, LoadPlan, Topic};
use slackwater_ports::ConnectorState;

use shared::{
    QUICK, REACH, Slot, Turn, nobody_holds, phase, produce_and_mirror, refused, resume_by_hand,
    says, source_state, stop_by_hand,
};

static SLOT: Slot = Slot::new(None);

fn turn() -> Turn {
    Turn::take(&SLOT, || {
        let lab = Lab::builder()
            .name("refusals")
            .topic(Topic::new("short", 1))
            .start()
            .unwrap();
        let scene = Scene::new(lab, QUICK).unwrap();
        produce_and_mirror(&scene, "blogs", 0, 200);
        produce_and_mirror(&scene, "short", 0, 200);
        scene
    })
}

/// Writes the configuration with some of its text replaced.
fn reconfigure(scene: &Scene, from: &str, to: &str) {
    let text = fs::read_to_string(scene.config()).unwrap();
    assert!(text.contains(from), "{from} is not in\n{text}");
    fs::write(scene.config(), text.replace(from, to)).unwrap();
}

/// Makes the configuration speak of the source as if it were the mirror.
fn take_the_source_for_the_mirror(scene: &Scene, connectors: &str) {
    let mirror = format!(
        "mirror: {{bootstrap: \"{}\"}}",
        scene.lab.mirror().bootstrap()
    );
    let source = format!(
        "mirror: {{bootstrap: \"{}\"}}",
        scene.lab.source().bootstrap()
    );
    reconfigure(scene, &mirror, &source);
    let url = format!("  - url: {}\n", scene.lab.connect().url());
    reconfigure(scene, &url, &format!("{url}    {connectors}\n"));
}

const ALL_THREE: &str = "[mirror-source, mirror-checkpoint, mirror-heartbeat]";

#[test]
fn a_mirror_that_no_connector_feeds_is_refused() {
    let scene = turn();
    take_the_source_for_the_mirror(&scene, &format!("ignore: {ALL_THREE}"));
    refused(&scene, &[], &["no MirrorSourceConnector feeds this mirror"]);
}

#[test]
fn a_connector_of_another_mirror_is_named_and_refused() {
    let scene = turn();
    take_the_source_for_the_mirror(&scene, "ignore: []");
    refused(&scene, &[], &["mirror-source", "connect[].ignore"]);
}

#[test]
fn a_connect_whose_topics_are_on_another_cluster_is_refused_with_both_ids() {
    let scene = turn();
    take_the_source_for_the_mirror(&scene, &format!("connectors: {ALL_THREE}"));
    let ids = [
        scene.lab.mirror().cluster_id(),
        scene.lab.source().cluster_id(),
    ];
    refused(&scene, &[], &ids);
}

#[test]
fn a_connect_topic_that_the_mirror_does_not_have_is_refused_by_name() {
    let scene = turn();
    reconfigure(
        &scene,
        &format!("config: {CONFIG_TOPIC}"),
        "config: nowhere",
    );
    refused(&scene, &[], &["nowhere", "connect.topics"]);
}

#[test]
fn nothing_to_protect_is_refused() {
    let scene = turn();
    scene
        .configure(&format!("{QUICK}protect: {{exclude: [\"*\"]}}\n"))
        .unwrap();
    refused(&scene, &[], &["nothing to protect"]);
}

#[test]
fn a_failed_task_is_refused_by_name() {
    let scene = turn();
    let connect = scene.lab.connect();
    let name = Connector::Heartbeat.name();
    let mut config = connect
        .request("GET", &format!("/connectors/{name}/config"), None)
        .unwrap();
    config["producer.override.compression.type"] = "nonsense".into();
    connect.put_config(name, &config).unwrap();
    wait_until("the failure", REACH, || {
        connect
            .status(name)
            .is_ok_and(|seen| seen.tasks.contains(&"FAILED".to_owned()))
    })
    .unwrap();
    refused(&scene, &[], &[name, "FAILED"]);
    connect.put_connectors().unwrap();
    wait_until("the repair", REACH, || {
        connect
            .status(name)
            .is_ok_and(|seen| seen.tasks == ["RUNNING"])
    })
    .unwrap();
}

#[test]
fn an_isr_that_is_not_full_is_refused() {
    let scene = turn();
    let mirror = scene.lab.mirror();
    let broker = mirror.broker(3).unwrap();
    broker.stop().unwrap();
    refused(&scene, &[], &["not whole", "not all replicas of"]);
    broker.start().unwrap();
    mirror.wait_leaders().unwrap();
    mirror.wait_full_isr().unwrap();
}

#[test]
fn retention_too_short_for_the_window_is_refused_with_partition_and_seconds_unless_accepted() {
    let scene = turn();
    let keep = |ms: &str| {
        let source = scene.lab.source();
        scene
            .lab
            .alter_topic(source, "short", &[("retention.ms", ms)])
            .unwrap();
    };
    keep("90000");
    refused(
        &scene,
        &[],
        &[
            "short-0",
            "the window needs 120 s",
            "--accept-retention-risk short",
        ],
    );
    let (_, cut) = scene
        .backup(&["--accept-retention-risk", "short"], 0)
        .unwrap();
    assert_eq!(cut.quiesce.unwrap().retention_risk_accepted, ["short"]);
    keep("604800000");
}

#[test]
fn a_mirror_that_someone_else_stopped_is_refused_and_with_leave_backed_up_and_left_stopped() {
    let scene = turn();
    stop_by_hand(&scene);
    refused(
        &scene,
        &[],
        &["mirror-source", "stopped", "--allow-stopped"],
    );
    let (_, cut) = scene.backup(&["--allow-stopped"], 0).unwrap();
    let prior = &cut.quiesce.unwrap().connectors;
    assert!(
        prior
            .iter()
            .any(|one| one.copies && one.state == ConnectorState::Stopped)
    );
    assert_eq!(source_state(&scene), "STOPPED");
    resume_by_hand(&scene);
}

#[test]
fn a_foreign_producer_in_the_window_is_named_and_the_mirror_runs_again() {
    let scene = turn();
    phase(&scene, "quiesceMirror", 0);
    let plan = LoadPlan::new(500)
        .topics(&["items"])
        .partitions("items", &[7])
        .producer(66);
    let foreign = Load::start(&scene.lab.mirror().bootstrap(), &plan).unwrap();
    wait_until("its first record", REACH, || foreign.acked() > 0).unwrap();
    let drain = phase(&scene, "awaitDrain", 1);
    foreign.stop().unwrap();
    says(drain.cause(), &["items-7", "someone else"]);
    runs_again(&scene);
    // Enough good records for the ones in between to be forgotten.
    produce_and_mirror(&scene, "items", 7, 100);
}

#[test]
fn a_connector_that_someone_resumes_in_the_window_is_named_and_the_mirror_runs_again() {
    let scene = turn();
    phase(&scene, "quiesceMirror", 0);
    resume_by_hand_only_the_source(&scene);
    let drain = phase(&scene, "awaitDrain", 1);
    says(drain.cause(), &["resumed", "mirror-source is RUNNING"]);
    runs_again(&scene);
}

#[test]
fn a_connector_that_someone_resumes_behind_the_drain_refutes_the_cut() {
    let scene = turn();
    phase(&scene, "quiesceMirror", 0);
    phase(&scene, "awaitDrain", 0);
    resume_by_hand_only_the_source(&scene);
    phase(&scene, "snapshotPartitions", 0);
    let validate = phase(&scene, "validateHead", 1);
    says(
        validate.cause(),
        &["still is refuted", "mirror-source was RUNNING"],
    );
    runs_again(&scene);
}

#[test]
fn a_second_run_is_told_who_holds_the_mirror_and_until_when() {
    let scene = turn();
    let first = phase(&scene, "quiesceMirror", 0);
    let run = run_id(&first);
    // What it was begun with goes with it.
    let drain = ["phase", "awaitDrain", "--allow-plain-copy"];
    for (option, other) in [("--strategy", "hot"), ("--verify", "off")] {
        let words = [&drain[..], &[option, other]].concat();
        let drain = scene.run(&words).unwrap().expect(2).unwrap();
        says(drain.cause(), &[&run, "begun with another", option]);
    }
    for second in [
        vec!["backup", "--allow-plain-copy"],
        vec!["phase", "quiesceMirror", "--allow-plain-copy"],
        vec!["phase", "awaitDrain", "--run", "lab-1-1"],
    ] {
        let second = scene.run(&second).unwrap().expect(4).unwrap();
        says(second.cause(), &["held by", &run, "until"]);
    }
    let status = scene.run(&["status"]).unwrap().expect(0).unwrap();
    says(&status.stdout, &[&run, "until"]);
    phase(&scene, "awaitDrain", 0);
    scene.run(&["resume"]).unwrap().expect(0).unwrap();
    runs_again(&scene);
}

#[test]
fn of_two_runs_that_begin_at_once_one_is_held_off_and_the_other_is_not_disturbed() {
    let scene = turn();
    let args = ["backup", "--allow-plain-copy"];
    let both = [scene.start(&args).unwrap(), scene.start(&args).unwrap()];
    let mut ended: Vec<(Option<i32>, String)> = both
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            (
                output.status.code(),
                String::from_utf8_lossy(&output.stderr).into_owned(),
            )
        })
        .collect();
    ended.sort();
    let codes: Vec<Option<i32>> = ended.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [Some(0), Some(4)], "{ended:#?}");
    says(ended[1].1.lines().last().unwrap(), &["held by run"]);
    runs_again(&scene);
}

/// Everything runs, nobody holds it, and records still arrive.
fn runs_again(scene: &Scene) {
    scene.lab.connect().wait_running().unwrap();
    nobody_holds(scene);
    produce_and_mirror(scene, "blogs", 1, 10);
}

fn resume_by_hand_only_the_source(scene: &Scene) {
    let (connect, name) = (scene.lab.connect(), Connector::Source.name());
    connect.resume_connector(name).unwrap();
    wait_until("the resume", Duration::from_secs(20), || {
        connect
            .status(name)
            .is_ok_and(|seen| seen.connector == "RUNNING" && !seen.tasks.is_empty())
    })
    .unwrap();
}

/// The run's id, as a phase gives it to Kanister.
fn run_id(finished: &Finished) -> String {
    let line = finished
        .stdout
        .lines()
        .find(|line| line.contains("\"runId\""))
        .unwrap_or_else(|| panic!("no run id in {}", finished.stdout));
    line.split('"').nth(7).unwrap().to_owned()
}
