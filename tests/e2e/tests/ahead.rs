//! A mirror that is ahead of its committed offsets, as a cancelled task leaves
//! it: a restored one would copy those records twice.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "real brokers are loaded for a real while; a test may panic"
)]

mod shared;

use std::time::Duration;

use shared::move_committed;
use slackwater_cut::{ClaimName, Cut, Verdict};
use slackwater_e2e::{Finished, Scene};
use slackwater_lab::{Lab, Load, LoadPlan, Volumes};

/// So far the committed offset of blogs-0 is set back.
const AHEAD: u64 = 20;

/// A run in phases, in which the committed offset goes back behind the stop.
fn run(scene: &Scene, how: &[&str], code: i32) -> (Finished, Finished, Cut) {
    let phase = |name: &str, code: i32| {
        let mut args = vec!["phase", name, "--allow-plain-copy"];
        args.extend(how);
        scene.run(&args).unwrap().expect(code).unwrap()
    };
    let quiesced = phase("quiesceMirror", 0);
    let id = quiesced
        .stdout
        .lines()
        .find_map(|line| {
            line.split_once(r#""key":"runId","value":""#)?
                .1
                .strip_suffix("\"}")
        })
        .unwrap()
        .to_owned();
    move_committed(scene, |committed| committed - AHEAD);
    let drained = phase("awaitDrain", 0);
    phase("snapshotPartitions", 0);
    let ended = phase("validateHead", code);
    let shown = scene
        .run(&["cut", "show", "--output", "json", &id])
        .unwrap();
    let cut = Cut::parse(&shown.expect(0).unwrap().stdout).unwrap();
    (drained, ended, cut)
}

fn claim(cut: &Cut) -> (Verdict, String) {
    let claim = cut
        .claims
        .iter()
        .find(|one| one.name == ClaimName::Resumable)
        .unwrap();
    (claim.verdict, claim.reason.clone())
}

mod takes_long {
    use super::*;

    #[test]
    fn records_ahead_of_the_committed_offset_refute_resumable_unless_they_are_settled() {
        let lab = Lab::builder()
            .name("ahead")
            .volumes(Volumes::Directories)
            .start()
            .unwrap();
        let load = Load::start(&lab.source().bootstrap(), &LoadPlan::new(1_000)).unwrap();
        std::thread::sleep(Duration::from_secs(2));
        let load = load.stop().unwrap();
        lab.wait_mirrored(&load, Duration::from_secs(30)).unwrap();
        let scene = Scene::new(lab, "").unwrap();

        let (drained, ended, cut) = run(&scene, &[], 1);
        assert!(
            drained.stderr.contains("20 records are ahead"),
            "{}",
            drained.stderr
        );
        let resumable = claim(&cut);
        assert_eq!(resumable.0, Verdict::Refuted, "{}", ended.stderr);
        assert!(
            resumable.1.contains("blogs-0 is 20 records ahead"),
            "{}",
            resumable.1
        );

        // What was copied twice is on the mirror then; under load the seam is past
        // it.
        let load = Load::start(
            &scene.lab.source().bootstrap(),
            &LoadPlan::new(3_000).producer(2),
        )
        .unwrap();
        let (drained, ended, cut) = run(&scene, &["--settle"], 0);
        load.stop().unwrap();
        assert!(drained.stderr.contains("settling"), "{}", drained.stderr);
        assert_eq!(claim(&cut).0, Verdict::Proven, "{}", ended.stderr);
    }
}
