//! What the snapshot itself holds: proven where retention and compaction run
//! through the window, refuted where blocks were cut without a flush, and
//! where somebody tampered with what was restored.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "real brokers are loaded for a real while; a test may panic"
)]

use std::time::Duration;

use slackwater_cut::{Claim, ClaimName, Cut, Verdict};
use slackwater_e2e::{Chance, Scene, Tamper, tamper};
use slackwater_lab::{Lab, LabBuilder, Load, LoadPlan, Volumes};

/// Messages a second, and for how long before the backup. Few: brokers that
/// roll, delete and compact all the time have little time left.
const RATE: u32 = 1_000;
const LOADED: Duration = Duration::from_secs(9);

/// Of the tampering.
const SEEDS: [u64; 2] = [7, 8];

fn claim(cut: &Cut, name: ClaimName) -> &Claim {
    cut.claims.iter().find(|claim| claim.name == name).unwrap()
}

/// What this is about. A slow machine may leave other claims unproven.
const REQUIRE: &str = "require: [still, durable, intact]\n";

fn loaded(lab: LabBuilder) -> (Scene, Load) {
    let lab = lab.volumes(Volumes::LoopImages).start().unwrap();
    println!("up: {}", lab.timings());
    let scene = Scene::new(lab, REQUIRE).unwrap();
    let source = scene.lab.source().bootstrap();
    let load = Load::start(&source, &LoadPlan::new(RATE)).unwrap();
    std::thread::sleep(LOADED);
    (scene, load)
}

mod needs_root {
    use super::*;

    #[test]
    fn retention_and_compaction_that_run_through_the_window_refute_nothing() {
        let (scene, load) = loaded(
            Lab::builder()
                .name("content")
                .mirror_property("log.roll.ms", "2000")
                .mirror_property("log.retention.ms", "7000")
                .mirror_property("log.retention.check.interval.ms", "1000")
                .mirror_property("log.initial.task.delay.ms", "1000")
                .mirror_property("log.cleaner.backoff.ms", "1000")
                .mirror_property("log.cleaner.min.cleanable.ratio", "0.01"),
        );
        let (_, cut) = scene.backup(&[], 0).unwrap();
        assert!(load.stop().unwrap().is_whole());
        for name in [ClaimName::Still, ClaimName::Durable, ClaimName::Intact] {
            let claim = claim(&cut, name);
            assert_eq!(claim.verdict, Verdict::Proven, "{claim:?}");
        }
        let replicas = || {
            let contents = cut.rows.partitions.iter().flat_map(|row| &row.content);
            contents.flat_map(|content| &content.replicas)
        };
        assert!(replicas().any(|one| one.start > 0), "retention ran");
        assert!(replicas().any(|one| one.holes > 0), "compaction ran");
    }

    #[test]
    fn a_false_backup_of_each_kind_is_refuted_and_what_was_touched_is_named() {
        let lab = Lab::builder()
            .name("false")
            .mirror_property("log.roll.ms", "2000");
        let (scene, load) = loaded(lab);
        let (_, cut) = scene.backup(&[], 0).unwrap();
        assert!(load.stop().unwrap().is_whole());
        let copies = scene.restore_volumes(&cut.run_id).unwrap();
        let topics = ["blogs", "items"].map(|topic| scene.lab.policy().mirrored(topic));
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        for seed in SEEDS {
            for (at, kind) in Tamper::ALL.into_iter().enumerate() {
                let name = format!("false-{seed}-{at}");
                let opened = scene.open(&copies, &name).unwrap();
                let touched = tamper(kind, &opened, &topics, &mut Chance::new(seed)).unwrap();
                let finished = scene.validate_volumes(&opened, &cut.run_id, None).unwrap();
                let finished = finished.expect(1).unwrap();
                let claims: Vec<Claim> = serde_json::from_str(&finished.stdout).unwrap();
                let named = ClaimName::Restored;
                let claim = claims.iter().find(|claim| claim.name == named).unwrap();
                println!("{kind:?} {touched:?}: {}", claim.reason);
                assert_eq!(
                    claim.verdict,
                    Verdict::Refuted,
                    "{kind:?} {touched:?} {claim:?}"
                );
                assert!(touched.is_named_in(&claim.reason), "{touched:?} {claim:?}");
            }
        }
    }

    #[test]
    fn without_a_flush_a_clone_of_the_blocks_is_refuted_and_with_it_proven() {
        let (scene, load) = loaded(Lab::builder().name("unflushed"));
        // The exit status of `true` is all that is known of this flush.
        let with_flush = |text: &str| text.replace(", path: ", ", flush: [\"true\"], path: ");
        scene.rewrite(with_flush).unwrap();
        let (finished, cut) = scene.backup(&[], 1).unwrap();
        println!("{}", finished.stderr);
        assert_eq!(claim(&cut, ClaimName::Still).verdict, Verdict::Proven);
        let durable = claim(&cut, ClaimName::Durable);
        assert_eq!(durable.verdict, Verdict::Refuted, "{durable:?}");
        assert!(durable.reason.contains("before the cut"), "{durable:?}");
        assert!(finished.stderr.contains("durable is refuted"));

        scene
            .rewrite(|text| text.replace(", flush: [\"true\"]", ""))
            .unwrap();
        let (_, cut) = scene.backup(&[], 0).unwrap();
        assert!(load.stop().unwrap().is_whole());
        assert_eq!(claim(&cut, ClaimName::Durable).verdict, Verdict::Proven);
        assert_eq!(claim(&cut, ClaimName::Intact).verdict, Verdict::Proven);
        // Read again later: the same, and what it was before is named.
        let verified = scene
            .run(&["verify", &cut.run_id, "--output=json"])
            .unwrap();
        let again = Cut::parse(&verified.expect(0).unwrap().stdout).unwrap();
        assert_eq!(again.previous, cut.digest);
        assert_eq!(claim(&again, ClaimName::Intact).verdict, Verdict::Proven);
    }
}
