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

    mod takes_long {
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
            assert!(
                replicas().any(|one| one.log_start_offset > 0),
                "retention ran"
            );
            assert!(replicas().any(|one| one.holes > 0), "compaction ran");
        }

        #[test]
        fn what_one_broker_alone_deleted_and_compacted_refutes_nothing() {
            // Broker 3 alone looks at retention, and at what is to be compacted,
            // more than once. It leads nothing: followers delete what a leader
            // has deleted.
            let mut lab = Lab::builder()
                .name("alone")
                .mirror_property("log.roll.ms", "2000")
                .mirror_property("log.retention.ms", "7000")
                .mirror_property("log.cleaner.min.cleanable.ratio", "0.01");
            for (broker, every) in [(1, "3600000"), (2, "3600000"), (3, "1000")] {
                for key in ["log.retention.check.interval.ms", "log.cleaner.backoff.ms"] {
                    lab = lab.mirror_broker_property(broker, key, every);
                }
            }
            let lab = lab.volumes(Volumes::LoopImages).start().unwrap();
            lab.reassign(|_, partition| match partition % 2 {
                0 => vec![1, 2, 3],
                _ => vec![2, 1, 3],
            })
            .unwrap();
            lab.elect_preferred_leaders().unwrap();
            let scene = Scene::new(lab, REQUIRE).unwrap();
            let load = Load::start(&scene.lab.source().bootstrap(), &LoadPlan::new(RATE)).unwrap();
            std::thread::sleep(LOADED * 2);
            let (_, cut) = scene.backup(&[], 0).unwrap();
            assert!(load.stop().unwrap().is_whole());
            for name in [ClaimName::Still, ClaimName::Durable, ClaimName::Intact] {
                let claim = claim(&cut, name);
                assert_eq!(claim.verdict, Verdict::Proven, "{claim:?}");
            }
            let dirs = &cut.content.as_ref().unwrap().dirs;
            let (mut deleted, mut compacted) = (0, 0);
            for row in &cut.rows.partitions {
                let replicas = &row.content.as_ref().unwrap().replicas;
                let least = replicas
                    .iter()
                    .map(|one| one.log_start_offset)
                    .min()
                    .unwrap();
                for replica in replicas {
                    let broker = dirs[replica.dir as usize].broker;
                    let (start, holes) = (replica.log_start_offset, replica.holes);
                    deleted += usize::from(start > least);
                    compacted += usize::from(holes > 0);
                    let alone = start == least && holes == 0 || broker == 3;
                    assert!(alone, "{} on {broker}: {replica:?}", cut.rows.name(row));
                }
            }
            println!("on broker 3 alone: {deleted} expired, {compacted} compacted");
            assert!(deleted > 0 && compacted > 0);
        }
    }
}
