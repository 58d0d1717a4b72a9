//! Source and mirror compared record by record, on real clusters: a mirror
//! that is whole, under load, with transactions, up to a cut, and in the
//! directories of a snapshot; one with a hole made on purpose; one with
//! records twice, held against an audit that counts them in its own way.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "real brokers are loaded for a real while; a test may panic"
)]

mod shared;

use std::time::Duration;

use serde_json::{Value, json};
use shared::{REACH, move_committed, produce, resume_by_hand, says, stop_by_hand};
use slackwater_e2e::{Finished, PATIENT, Scene};
use slackwater_lab::{Isolation, Lab, Load, LoadPlan, ReplicationPolicy, Topic, Volumes, audit};

/// Messages a second.
const RATE: u32 = 2_000;

/// So many records are left out of blogs-0.
const HOLE: u64 = 25;

/// Runs `slackwater compare` to this exit code, and reads what it prints.
fn compare(scene: &Scene, more: &[&str], code: i32) -> (Finished, Value) {
    let args = [&["compare", "--output", "json"], more].concat();
    let finished = scene.run(&args).unwrap().expect(code).unwrap();
    let report = serde_json::from_str(&finished.stdout).unwrap();
    (finished, report)
}

fn count(report: &Value, name: &str) -> u64 {
    report[name]
        .as_u64()
        .unwrap_or_else(|| panic!("{name} in {report}"))
}

/// The row of a partition of the mirror.
fn row<'r>(report: &'r Value, mirror: &str) -> &'r Value {
    let rows = report["rows"].as_array().unwrap();
    rows.iter().find(|row| row["mirror"] == mirror).unwrap()
}

fn assert_whole(report: &Value) {
    for name in [
        "missing",
        "extra",
        "outOfOrder",
        "duplicates",
        "unresolved",
        "partitionsDiffer",
    ] {
        assert_eq!(count(report, name), 0, "{name}: {report:#}");
    }
}

/// Loads the source for some seconds; with transactions a fifth is aborted.
fn load(scene: &Scene, plan: &LoadPlan, seconds: u64) -> slackwater_lab::LoadReport {
    let load = Load::start(&scene.lab.source().bootstrap(), plan).unwrap();
    std::thread::sleep(Duration::from_secs(seconds));
    let load = load.stop().unwrap();
    scene.lab.wait_mirrored(&load, REACH).unwrap();
    load
}

/// The snapshot's directories, restored and not started, against the running
/// source.
fn in_directories(scene: &Scene, run: &str, records: u64) {
    let mut restore = vec![
        "restore".to_owned(),
        run.to_owned(),
        "--allow-plain-copy".to_owned(),
    ];
    let mut compared = vec!["--up-to".to_owned(), run.to_owned()];
    for id in 1..=3 {
        let dir = scene.lab.run_dir().join(format!("restored-{id}"));
        restore.push(format!("--to=volume-{id}={}", dir.display()));
        compared.push(format!("--mirror-dir={}", dir.display()));
    }
    let restore: Vec<&str> = restore.iter().map(String::as_str).collect();
    scene.run(&restore).unwrap().expect(0).unwrap();
    let compared: Vec<&str> = compared.iter().map(String::as_str).collect();
    let (_, report) = compare(scene, &compared, 0);
    assert_whole(&report);
    assert_eq!(count(&report, "recordsCompared"), records);
    let read_from = row(&report, "blogs-0")["mirrorDir"].as_str().unwrap();
    assert!(read_from.ends_with("blogs-0"), "{read_from}");

    // Brokers have these: what is read would change meanwhile.
    let live = scene.lab.mirror().brokers()[0]
        .mount_point()
        .display()
        .to_string();
    let args = ["compare", "--up-to", run, "--mirror-dir", &live];
    scene.run(&args).unwrap().expect(2).unwrap();
}

/// The source's log directory, copied while nothing writes to it, against the
/// running mirror.
fn source_in_a_directory(scene: &Scene, records: u64) {
    let source = scene.lab.source().brokers()[0].data_dir();
    let copy = scene.lab.run_dir().join("source-copy");
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .args([&source, &copy])
        .status()
        .unwrap();
    assert!(copied.success());
    let copy = format!("--source-dir={}", copy.display());
    let (_, report) = compare(scene, &[&copy], 0);
    assert_whole(&report);
    assert_eq!(count(&report, "recordsCompared"), records);
    let read_from = row(&report, "items-0")["sourceDir"].as_str().unwrap();
    assert!(read_from.ends_with("items-0"), "{read_from}");
    let live = source.display().to_string();
    let args = ["compare", "--source-dir", &live];
    scene.run(&args).unwrap().expect(2).unwrap();
}

/// Has MirrorMaker go past records of blogs-0, as it does silently when it is
/// told to. Gives the offset of the first one.
fn leave_out(scene: &Scene) -> u64 {
    stop_by_hand(scene);
    produce(scene, "blogs", 0, 100);
    let committed = move_committed(scene, |committed| committed + HOLE);
    resume_by_hand(scene);
    let later = produce(scene, "blogs", 0, 10);
    scene.lab.wait_mirrored(&later, REACH).unwrap();
    committed + 1
}

mod takes_long {
    use super::*;

    #[test]
    fn a_whole_mirror_is_equal_and_a_hole_in_it_is_missing_with_its_range() {
        let lab = Lab::builder()
            .name("compare-eos")
            .exactly_once(true)
            .policy(ReplicationPolicy::Identity)
            .volumes(Volumes::Directories)
            .start()
            .unwrap();
        let scene = Scene::new(lab, PATIENT).unwrap();
        let (finished, report) = compare(&scene, &[], 3);
        assert_eq!(count(&report, "recordsCompared"), 0);
        says(finished.cause(), &["no record to compare"]);

        // Markers and aborted records on the source, and keys that come again.
        let transactions = load(&scene, &LoadPlan::new(RATE).transactional(50, 0.2), 3);
        let keys = LoadPlan::new(500)
            .topics(&["compacted"])
            .keys(10)
            .producer(2);
        let keys = load(&scene, &keys, 2);
        let all = transactions.committed() + keys.committed();
        let (finished, report) = compare(&scene, &[], 0);
        println!("{}", finished.stderr);
        assert_whole(&report);
        assert_eq!(count(&report, "recordsCompared"), all);
        assert_eq!(count(&report, "behind"), 0);
        assert_eq!(count(&report, "partitions"), 16);
        assert_eq!(count(&report, "partitionsEmpty"), 1);
        assert_eq!(row(&report, "blogs-0")["timestamps"], true);
        assert_eq!(row(&report, "compacted-0")["compactedTopic"], true);

        // Under load some of the source may not be copied yet, and nothing else.
        let going = Load::start(
            &scene.lab.source().bootstrap(),
            &LoadPlan::new(RATE).producer(3),
        )
        .unwrap();
        std::thread::sleep(Duration::from_secs(1));
        let (_, under_load) = compare(&scene, &["--topic", "blogs", "--topic", "it*"], 0);
        assert_whole(&under_load);
        assert_eq!(count(&under_load, "partitions"), 13);
        assert!(count(&under_load, "recordsCompared") > transactions.committed());
        let (_, cut) = scene.backup(&[], 0).unwrap();
        let going = going.stop().unwrap();
        scene.lab.wait_mirrored(&going, REACH).unwrap();

        let (_, up_to) = compare(&scene, &["--up-to", &cut.run_id], 0);
        assert_whole(&up_to);
        assert_eq!(
            (count(&up_to, "behind"), &up_to["upTo"]),
            (0, &json!(cut.run_id))
        );
        let at_cut = count(&up_to, "recordsCompared");
        assert!(at_cut > all && at_cut < all + going.committed(), "{at_cut}");
        let same = scene.lab.mirror().bootstrap();
        let again = ["--up-to", &cut.run_id, "--mirror-bootstrap", &same];
        assert_eq!(
            count(&compare(&scene, &again, 0).1, "recordsCompared"),
            at_cut
        );
        in_directories(&scene, &cut.run_id, at_cut);
        source_in_a_directory(&scene, all + going.committed());

        let first = leave_out(&scene);
        let (finished, report) = compare(&scene, &["--show"], 1);
        says(
            finished.cause(),
            &["1 of 16 partitions", "blogs-0", "25 missing"],
        );
        assert_eq!(count(&report, "missing"), HOLE);
        assert_eq!(count(&report, "extra") + count(&report, "duplicates"), 0);
        let hole = row(&report, "blogs-0");
        assert_eq!(hole["missing"]["ranges"][0]["first"], first);
        assert_eq!(hole["missing"]["ranges"][0]["count"], HOLE);
        assert_eq!(hole["firstDifference"]["kind"], "missing");
        assert_eq!(hole["firstDifference"]["source"]["offset"], first);
        assert_eq!(hole["sourceRecord"]["offset"], first);
        assert!(hole["mirrorRecord"]["value"].is_string(), "{hole:#}");
        let text = scene.run(&["compare"]).unwrap().expect(1).unwrap();
        says(&text.stdout, &["blogs-0", "differs", "missing: offsets"]);
        // What came before is still equal.
        compare(&scene, &["--up-to", &cut.run_id], 0);
    }

    #[test]
    fn records_that_a_killed_worker_copied_twice_are_duplicates_and_nothing_else() {
        let lab = Lab::builder()
            .name("compare-alo")
            .policy(ReplicationPolicy::Default)
            .topic(Topic::new("stamped", 1).config("message.timestamp.type", "LogAppendTime"))
            .volumes(Volumes::Directories)
            .start()
            .unwrap();
        let scene = Scene::new(lab, PATIENT).unwrap();
        produce(&scene, "stamped", 0, 50);
        let going = Load::start(&scene.lab.source().bootstrap(), &LoadPlan::new(RATE)).unwrap();
        std::thread::sleep(Duration::from_secs(5));
        let connect = scene.lab.connect();
        connect.kill9();
        connect.start().unwrap();
        connect.wait_ready().unwrap();
        connect.wait_running().unwrap();
        let copied = going.stop().unwrap();
        scene.lab.wait_mirrored(&copied, REACH).unwrap();

        let topics = ["source.blogs", "source.items", "source.stamped"];
        let bootstrap = scene.lab.mirror().bootstrap();
        let audited = audit(&bootstrap, &topics, Isolation::ReadCommitted).unwrap();
        assert_eq!(audited.missing(), 0);
        let (finished, report) = compare(&scene, &[], 0);
        println!("{}", finished.stderr);
        let told = (
            count(&report, "duplicates"),
            count(&report, "missing"),
            count(&report, "extra"),
        );
        assert_eq!(told, (audited.duplicates(), 0, 0));
        assert!(told.0 > 0, "the worker was killed before it had committed");
        assert!(count(&report, "recordsCompared") >= copied.committed() + 50);
        assert_eq!(row(&report, "source.stamped-0")["verdict"], "equal");

        let (finished, _) = compare(&scene, &["--strict"], 1);
        says(finished.cause(), &["duplicates"]);
        let by_name = ["--policy", "default", "--topic", "source.blogs"];
        assert_eq!(count(&compare(&scene, &by_name, 0).1, "partitions"), 3);

        // Without exactly-once MirrorMaker copies what was aborted too: it is on
        // both sides.
        let before = count(&report, "recordsCompared");
        let aborting = LoadPlan::new(RATE).transactional(50, 0.2).producer(2);
        let aborting = load(&scene, &aborting, 2);
        assert!(aborting.acked() > aborting.committed());
        let (_, report) = compare(&scene, &[], 0);
        let told = (count(&report, "missing"), count(&report, "extra"));
        assert_eq!(told, (0, 0));
        assert!(count(&report, "recordsCompared") > before + aborting.committed());
        let nothing = scene.run(&["compare", "--topic", "absent"]).unwrap();
        says(nothing.expect(2).unwrap().cause(), &["no copied topic"]);
    }
}
