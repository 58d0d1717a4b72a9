//! Calibration: what befalls a run between two of its phases leads to the same
//! verdicts here, on real clusters, as in the simulated world.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod shared;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use slackwater_cut::{Cut, State};
use slackwater_e2e::{Scene, kill_guard, wait_until};
use slackwater_lab::{Connector, Lab, Volumes};
use slackwater_simulation::{CLAIMS, Plot, Verdicts};

use shared::{QUICK, REACH, produce, produce_and_mirror, resume_by_hand, write_to};

/// The copied topic to which things are done.
const TOPIC: &str = "blogs";

/// Between which phases a plot acts.
enum Moment {
    AfterDrain,
    AfterCut,
}

fn moment(plot: Plot) -> Moment {
    match plot {
        Plot::ForeignAfterCut | Plot::RevertedAfterCut | Plot::GuardKilledAfterCut => {
            Moment::AfterCut
        }
        _ => Moment::AfterDrain,
    }
}

fn act(scene: &Scene, plot: Plot) {
    let lab = &scene.lab;
    match plot {
        Plot::Nothing => {}
        Plot::LostWhileHeld => {
            produce(scene, TOPIC, 0, 100);
            let admin = lab.source().admin().unwrap();
            let end = admin.watermarks(TOPIC, 0).unwrap().1;
            admin.delete_records(TOPIC, 0, end).unwrap();
        }
        Plot::ForeignAfterDrain | Plot::ForeignAfterCut => {
            let copy = lab.policy().mirrored(TOPIC);
            write_to(&lab.mirror().bootstrap(), &copy, 1, 50);
        }
        Plot::RevertedAfterDrain | Plot::RevertedAfterCut => {
            let before = ends(scene);
            for connector in Connector::ALL {
                lab.connect().resume_connector(connector.name()).unwrap();
            }
            produce(scene, TOPIC, 2, 100);
            wait_until("records of a mirror that runs", REACH, || {
                ends(scene) > before
            })
            .unwrap();
        }
        Plot::LeaderAfterDrain => lab.elect_preferred_leaders().unwrap(),
        Plot::ConfigAfterDrain => {
            let copy = lab.policy().mirrored(TOPIC);
            lab.mirror()
                .admin()
                .unwrap()
                .alter_topic(&copy, "max.message.bytes", "2000000")
                .unwrap();
        }
        Plot::GuardKilledAfterDrain | Plot::GuardKilledAfterCut => kill_guard(scene).unwrap(),
    }
}

/// Of the copies of one partition.
fn ends(scene: &Scene) -> i64 {
    let admin = scene.lab.mirror().admin().unwrap();
    let copy = scene.lab.policy().mirrored(TOPIC);
    admin.watermarks(&copy, 2).unwrap().1
}

/// A run, phase by phase, with `plot` in it; what it came to.
fn on_the_lab(scene: &Scene, plot: Plot) -> Verdicts {
    let before = runs(scene);
    let mut gone_well = true;
    let mut phase = |name: &str| {
        if gone_well {
            let finished = scene.run(&["phase", name]).unwrap();
            // Verdicts are no failures: the cut is closed.
            gone_well = matches!(finished.code, Some(0)) || name == "validateHead";
        }
    };
    phase("quiesceMirror");
    phase("awaitDrain");
    if matches!(moment(plot), Moment::AfterDrain) {
        act(scene, plot);
    }
    phase("snapshotPartitions");
    if matches!(moment(plot), Moment::AfterCut) {
        act(scene, plot);
    }
    phase("validateHead");
    // What a blueprint's `deferPhase` does, whatever became of the run.
    scene.run(&["phase", "resumeMirror"]).unwrap();
    let mirror_runs = scene.lab.connect().wait_running().is_ok();
    let run = runs(scene).difference(&before).next().unwrap().clone();
    Verdicts {
        claims: claims(scene, &run),
        mirror_runs,
    }
}

fn runs(scene: &Scene) -> BTreeSet<String> {
    let status = scene
        .run(&["status", "--output", "json", "--runs", "1000"])
        .unwrap();
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let rows = status["runs"].as_array().unwrap();
    rows.iter()
        .map(|row| row["run"].as_str().unwrap().to_owned())
        .collect()
}

fn claims(scene: &Scene, run: &str) -> BTreeMap<String, String> {
    let shown = scene
        .run(&["cut", "show", run, "--output", "json"])
        .unwrap();
    let cut = Cut::parse(&shown.expect(0).unwrap().stdout).unwrap();
    if !matches!(cut.state, State::Closed { .. }) {
        return BTreeMap::new();
    }
    let asked = cut
        .claims
        .iter()
        .filter(|claim| CLAIMS.contains(&claim.name));
    asked
        .map(|claim| {
            println!("    {} {}: {}", claim.name, claim.verdict, claim.reason);
            (claim.name.to_string(), claim.verdict.to_string())
        })
        .collect()
}

mod needs_root {
    use super::*;

    mod takes_long {
        use super::*;

        #[test]
        fn ten_plots_come_to_the_same_verdicts_in_the_world_and_on_real_clusters() {
            let lab = Lab::builder()
                .name("calibration")
                .exactly_once(true)
                .volumes(Volumes::LoopImages)
                .start()
                .unwrap();
            let scene = Scene::new(lab, QUICK).unwrap();
            for partition in 0..3 {
                produce_and_mirror(&scene, TOPIC, partition, 300);
            }
            let mut other = Vec::new();
            for plot in Plot::ALL {
                println!("{plot:?}");
                if plot == Plot::LeaderAfterDrain {
                    // Led by others until then.
                    scene.lab.elect_preferred_leaders().unwrap();
                    let rotated = |_: &str, partition: i32| {
                        let mut replicas = vec![1, 2, 3];
                        replicas.rotate_left((1 + partition as usize) % 3);
                        replicas
                    };
                    scene.lab.reassign(rotated).unwrap();
                }
                let here = on_the_lab(&scene, plot);
                let there = plot.in_the_world();
                if there != BTreeSet::from([here.clone()]) {
                    other.push(json!({
                        "plot": format!("{plot:?}"),
                        "lab": format!("{here:?}"),
                        "world": format!("{there:?}"),
                    }));
                }
                // The next one begins with a mirror that is whole, and whose last
                // records are copies again.
                resume_by_hand(&scene);
                for partition in 0..3 {
                    produce_and_mirror(&scene, TOPIC, partition, 100);
                }
            }
            assert!(other.is_empty(), "{}", json!(other));
        }
    }
}
