//! Files that were copied one broker after another: what is known of the mirror is an
//! earlier cut, and the order is that of timestamps.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use slackwater_e2e::Scene;
use slackwater_lab::Volumes;

use crate::REACH;
use crate::trimmed::{Takes, Trimmed, at_rest, load, scene};

/// Between two copies: so far apart a storage may cut volumes.
const APART: Duration = Duration::from_secs(2);

/// By so much the load's timestamps may be out of order in a partition, with a
/// wide margin: it is made by one process.
const EPSILON: &str = "500ms";

/// A copy of each broker's volume, one after another, while all of them run.
fn copies(scene: &Scene) -> Vec<(i32, PathBuf)> {
    let mut copies = Vec::new();
    for broker in scene.lab.mirror().brokers() {
        std::thread::sleep(APART);
        let copy = scene.at(&format!("hot-{}", broker.id()));
        // A file that goes while it is copied is no failure: a segment that is deleted.
        Command::new("cp")
            .arg("-a")
            .arg(broker.mount_point())
            .arg(&copy)
            .status()
            .unwrap();
        copies.push((broker.id(), copy));
    }
    copies
}

#[test]
fn a_mirror_that_was_copied_hot_is_cut_at_one_point_and_goes_on_with_what_was_foretold() {
    let scene = scene("hot-alo", false, Volumes::Directories);
    let warm = load(&scene, 1);
    std::thread::sleep(Duration::from_secs(2));
    let warm = warm.stop().unwrap();
    scene.lab.wait_mirrored(&warm, REACH).unwrap();
    // What the topics are; and the connector's position is that of a mirror at rest.
    let (_, cut) = scene.backup(&[], 0).unwrap();
    let going = load(&scene, 2);
    std::thread::sleep(Duration::from_secs(3));
    let copies = copies(&scene);
    std::thread::sleep(APART);
    let first = at_rest(&scene, going);

    // Connect goes on by itself, by what it has: what that costs is foretold.
    let order = ["--order=timestamp", "--epsilon", EPSILON, "--leave-connect"];
    let trimmed = Trimmed::of(&scene, &cut, &copies, &order, Takes::InTurnAndInside);
    trimmed.must_be_one_point(0);
    trimmed.must_go_on(&copies, &[&first], false);
}
