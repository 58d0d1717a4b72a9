//! Files that were copied one broker after another: what is known of the mirror is an
//! earlier cut, and the order is one of the messages' own.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use slackwater_e2e::{Scene, order_key};
use slackwater_lab::Volumes;

use crate::REACH;
use crate::trimmed::{Messages, OTHER, Takes, Trimmed, at_rest, load, scene};

/// Between two copies: so far apart a storage may cut volumes.
pub(crate) const APART: Duration = Duration::from_secs(2);

/// By so much the load's timestamps may be out of order in a partition, with a
/// wide margin: it is made by one process.
pub(crate) const EPSILON: &str = "500ms";

/// A copy of each broker's volume, one after another, while all of them run. `before` comes
/// before each, and is told how many there are.
pub(crate) fn copies(scene: &Scene, before: impl Fn(usize)) -> Vec<(i32, PathBuf)> {
    let mut copies = Vec::new();
    for broker in scene.lab.mirror().brokers() {
        std::thread::sleep(APART);
        before(copies.len());
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

/// How messages are ordered over partitions, for a plan.
#[derive(Clone, Copy)]
pub(crate) enum By {
    Timestamps,
    /// Which they carry, and which the example's component reads.
    Numbers,
}

/// Copies that were taken one after another are cut back to one point by this order, and
/// the mirror goes on from there.
pub(crate) fn must_come_back(name: &str, exactly_once: bool, by: By, messages: Messages) {
    let scene = scene(name, exactly_once, Volumes::Directories);
    let warm = load(&scene, messages, 1);
    std::thread::sleep(Duration::from_secs(2));
    let warm = warm.stop().unwrap();
    scene.lab.wait_mirrored(&warm, REACH).unwrap();
    // What the topics are; and the connector's position is that of a mirror at rest.
    let (_, cut) = scene.backup(&[], 0).unwrap();
    let going = load(&scene, messages.from(warm.committed()), 2);
    std::thread::sleep(Duration::from_secs(3));
    let copies = copies(&scene, |_| ());
    std::thread::sleep(APART);
    let going = at_rest(&scene, going);

    let key = order_key();
    let order = match by {
        By::Timestamps => ["--order=timestamp", "--epsilon", EPSILON],
        By::Numbers => ["--order=order", "--order-key", &key],
    };
    let connect = match by {
        // It goes on by itself, by what it has: what that costs is foretold.
        By::Timestamps => "--leave-connect",
        // Where no head tells what is kept, the source does.
        By::Numbers => "--ask-source",
    };
    let order = [&order[..], &[connect, OTHER]].concat();
    // A transaction is not cut through, and so no batch of one.
    let takes = match exactly_once {
        true => Takes::InTurn,
        false => Takes::InTurnAndInside,
    };
    let trimmed = Trimmed::made(&scene, &cut, &copies, &order, takes).of(messages);
    trimmed.must_be_one_point(0);
    trimmed.must_go_on(&copies, &[&going], exactly_once);
}

#[test]
fn a_mirror_that_was_copied_hot_is_cut_at_one_point_and_goes_on_with_what_was_foretold() {
    let plain = Messages::Plain { first: 0 };
    must_come_back("hot-alo", false, By::Timestamps, plain);
}
