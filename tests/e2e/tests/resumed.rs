//! A restored mirror that takes the original's place: MirrorMaker goes on
//! where the cut stood, and mirror and source are equal record by record, with
//! each compression that a topic may have.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "real brokers are loaded for a real while; a test may panic"
)]

mod shared;

use std::time::Duration;

use serde_json::Value;
use shared::REACH;
use slackwater_e2e::{PATIENT, Scene};
use slackwater_lab::{Lab, Load, LoadPlan, LoadReport, Topic, Volumes};

/// Messages a second, over all topics.
const RATE: u32 = 1_000;

/// MirrorMaker gives the mirror's topics the source's `compression.type`, and
/// brokers pack by it.
const CODECS: [&str; 5] = ["uncompressed", "gzip", "snappy", "lz4", "zstd"];

fn lab(name: &str, exactly_once: bool) -> Scene {
    let topics = CODECS.map(|codec| Topic::new(codec, 2).config("compression.type", codec));
    let lab = Lab::builder()
        .name(name)
        .exactly_once(exactly_once)
        .topics(topics.to_vec())
        .volumes(Volumes::Directories)
        // How far it has come is known when it has committed that.
        .connect_property("offset.flush.interval.ms", "5000")
        .start()
        .unwrap();
    Scene::new(lab, PATIENT).unwrap()
}

fn load(scene: &Scene, producer: u64) -> Load {
    let plan = LoadPlan::new(RATE).topics(&CODECS).producer(producer);
    Load::start(&scene.lab.source().bootstrap(), &plan).unwrap()
}

/// Every counter of a comparison that found no difference.
fn compared(printed: &str, load: &[&LoadReport]) {
    let report: Value = serde_json::from_str(printed).unwrap();
    let count = |name: &str| report[name].as_u64().unwrap();
    for name in ["missing", "extra", "outOfOrder", "duplicates", "unresolved"] {
        assert_eq!(count(name), 0, "{name}: {report:#}");
    }
    let committed: u64 = load.iter().map(|load| load.committed()).sum();
    assert!(count("recordsCompared") > 0 && count("recordsCompared") <= committed);
    assert_eq!(count("partitions"), CODECS.len() as u64 * 2);
    println!("{} records are equal", count("recordsCompared"));
}

fn goes_on(name: &str, exactly_once: bool) {
    let scene = lab(name, exactly_once);
    let going = load(&scene, 1);
    std::thread::sleep(Duration::from_secs(4));
    let (_, cut) = scene.backup(&[], 0).unwrap();
    // The source has more than the cut now.
    let first = going.stop().unwrap();
    let copies = scene.restore_volumes(&cut.run_id).unwrap();
    scene.lab.connect().stop().unwrap();
    scene.lab.mirror().stop().unwrap();
    let opened = scene.open(&copies, "look").unwrap();
    let validated = scene.validate_volumes(&opened, &cut.run_id, None).unwrap();
    validated.expect(0).unwrap();
    let up_to = scene.compare_volumes(&opened, &cut.run_id).unwrap();
    compared(&up_to.expect(0).unwrap().stdout, &[&first]);
    drop(opened);

    let mut restored = scene.lab.start_restored(&copies).unwrap();
    restored.start_connect(&scene.lab).unwrap();
    let resume = ["resume", "--cut", &cut.run_id];
    let resumed = scene.run(&resume).unwrap().expect(0).unwrap();
    println!("{}", resumed.stdout);
    restored.connect().unwrap().wait_running().unwrap();
    let more = load(&scene, 2);
    std::thread::sleep(Duration::from_secs(3));
    let second = more.stop().unwrap();
    for load in [&first, &second] {
        scene.lab.wait_mirrored(load, REACH).unwrap();
    }
    let finished = scene.run(&["compare", "--output=json"]).unwrap();
    let report = finished.expect(0).unwrap().stdout;
    compared(&report, &[&first, &second]);
    let report: Value = serde_json::from_str(&report).unwrap();
    let all = first.committed() + second.committed();
    assert_eq!(report["recordsCompared"], all, "all of it is there, once");
}

mod takes_long {
    use super::*;

    #[test]
    fn a_restored_mirror_with_exactly_once_goes_on_without_a_hole_or_a_duplicate() {
        goes_on("resumed-eos", true);
    }

    #[test]
    fn a_restored_mirror_without_exactly_once_goes_on_without_a_hole_or_a_duplicate() {
        goes_on("resumed-alo", false);
    }
}
