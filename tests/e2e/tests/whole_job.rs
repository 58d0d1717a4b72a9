//! The whole job under load, with exactly-once on and off and under both
//! replication policies: what a cut says is held against an audit that reads
//! every record, on the mirror and on what came back.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "real brokers are loaded for a real while; a test may panic"
)]

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use serde_json::Value;
use slackwater_cut::{ClaimName, Class, Cut, Verdict};
use slackwater_e2e::{EXPORTS, PATIENT, Scene};
use slackwater_lab::{
    AuditReport, Isolation, Lab, Load, LoadPlan, LoadReport, ReplicationPolicy, Volumes, audit,
};

/// Messages a second, over both topics: what two labs side by side keep up
/// with on two cores, so that no mirror falls behind for want of them.
const RATE: u32 = 2_000;

/// Source topics that carry load.
const LOADED: [&str; 2] = ["blogs", "items"];

/// For the mirror to catch up.
const CATCH_UP: Duration = Duration::from_secs(60);

mod needs_root {
    use super::*;

    #[test]
    fn a_mirror_with_exactly_once_is_backed_up_under_load_and_comes_back_as_the_cut_says() {
        let (scene, cut, before) =
            backed_up("eos-identity", true, ReplicationPolicy::Identity, true);
        assert_mirror_goes_on(&scene, &cut, &before);
        assert_comes_back(&scene, &cut, &before);
    }

    mod takes_long {
        use super::*;

        #[test]
        fn a_mirror_with_prefixed_topics_is_backed_up_under_load_and_comes_back_as_the_cut_says() {
            let (scene, cut, before) =
                backed_up("alo-default", false, ReplicationPolicy::Default, true);
            assert_mirror_goes_on(&scene, &cut, &before);
            assert_comes_back(&scene, &cut, &before);
        }
    }
}

/// Both loads of one scene: the first one was over when the backup began, the
/// second one went on through it.
struct Loads {
    before: LoadReport,
    during: LoadReport,
}

/// A lab, a backup of it under load, and what was produced.
fn backed_up(
    name: &str,
    exactly_once: bool,
    policy: ReplicationPolicy,
    images: bool,
) -> (Scene, Cut, Loads) {
    let lab = Lab::builder()
        .name(name)
        .exactly_once(exactly_once)
        .policy(policy)
        .volumes(if images {
            Volumes::LoopImages
        } else {
            Volumes::Directories
        })
        .start()
        .unwrap();
    println!("{name}: up: {}", lab.timings());
    let scene = Scene::new(lab, PATIENT).unwrap();
    let source = scene.lab.source().bootstrap();
    let first = Load::start(&source, &LoadPlan::new(RATE)).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let before = first.stop().unwrap();
    let second = Load::start(&source, &LoadPlan::new(RATE).producer(2)).unwrap();

    let (finished, cut) = scene.backup(&[], 0).unwrap();
    let during = second.stop().unwrap();
    assert!(
        before.is_whole() && during.is_whole(),
        "{before:?} {during:?}"
    );
    println!(
        "{name}: window {:?} ms\n{}",
        cut.window_ms(),
        finished.stderr
    );

    assert_claims(&cut);
    let verified = scene.run(&["cut", "verify", &cut.run_id]).unwrap();
    verified.expect(0).unwrap();
    assert_replays(&scene, &cut);
    (scene, cut, Loads { before, during })
}

/// The phases do it again on what was recorded, to the byte; another component
/// is told by its first other call.
fn assert_replays(scene: &Scene, cut: &Cut) {
    let recordings = scene.recordings(cut).unwrap();
    let folder = recordings.to_str().unwrap();
    let replay = ["replay", folder, "--cut", &cut.run_id, "--output", "json"];
    let replayed = scene.run(&replay).unwrap().expect(0).unwrap();
    let replayed: Value = serde_json::from_str(&replayed.stdout).unwrap();
    let replayed = replayed.as_array().unwrap();
    assert_eq!(replayed.len(), EXPORTS);
    for one in replayed {
        assert_eq!(one["run"], Value::from(cut.run_id.as_str()));
        assert_eq!(one["difference"], Value::Null);
        assert!(one["calls"].as_u64().unwrap() > 5, "{one:#}");
    }
    let bytes = |entry: fs::DirEntry| entry.metadata().unwrap().len();
    let all = fs::read_dir(&recordings).unwrap();
    let all: u64 = all.map(|entry| bytes(entry.unwrap())).sum();
    println!("{} recordings of {all} bytes", replayed.len());

    let drain = recordings.join("await-drain.jsonl.zst");
    let whole = zstd::decode_all(fs::File::open(&drain).unwrap()).unwrap();
    let whole = String::from_utf8(whole).unwrap();
    let altered = scene.at("altered.jsonl");
    fs::write(
        &altered,
        whole
            .replacen("RUNNING", "STOPPED", 1)
            .replacen("true", "false", 1),
    )
    .unwrap();
    let altered = ["replay", altered.to_str().unwrap()];
    let refused = scene.run(&altered).unwrap().expect(2).unwrap();
    assert!(refused.cause().contains("altered"), "{}", refused.cause());
    let other = scene.run(&["replay", drain.to_str().unwrap(), "--cut", &cut.run_id]);
    let other = other.unwrap().expect(1).unwrap();
    assert!(other.cause().contains("is not what"), "{}", other.cause());
}

fn assert_claims(cut: &Cut) {
    let by_name: BTreeMap<_, _> = cut.claims.iter().map(|claim| (claim.name, claim)).collect();
    for name in [
        ClaimName::Still,
        ClaimName::Durable,
        ClaimName::Intact,
        ClaimName::Covers,
        ClaimName::Resumable,
    ] {
        let claim = by_name[&name];
        assert_eq!(claim.verdict, Verdict::Proven, "{claim:?}");
        assert!(claim.examined > 0, "{claim:?}");
    }
}

/// The stop has cost the mirror nothing: it catches up, with every record once
/// and in order.
fn assert_mirror_goes_on(scene: &Scene, cut: &Cut, loads: &Loads) {
    let lab = &scene.lab;
    lab.wait_mirrored(&loads.during, CATCH_UP).unwrap();
    let named = |topic: &str| lab.policy().mirrored(topic);
    let now = read(scene, &lab.mirror().bootstrap()).unwrap();
    assert_eq!(now.problems(), Vec::<String>::new());
    assert_eq!(now.foreign(), 0);
    for load in [&loads.before, &loads.during] {
        assert_eq!(now.absent(load, named), Vec::<String>::new());
    }
    let went_on: u64 = ends(&now)
        .iter()
        .map(|(partition, end)| end - cut_ends(cut)[partition])
        .sum();
    assert!(went_on > 0, "the load went on after the cut");
}

/// What came back is the cut: its ends, no record missing below them, none
/// doubled, and all that had been accepted before the backup began.
fn assert_comes_back(scene: &Scene, cut: &Cut, loads: &Loads) {
    let copies = scene.restore_volumes(&cut.run_id).unwrap();
    let opened = scene.open(&copies, "look").unwrap();
    let validated = scene.validate_volumes(&opened, &cut.run_id, None).unwrap();
    assert_proven(&validated.expect(0).unwrap().stdout, ClaimName::Restored);
    drop(opened);
    let restored = scene.lab.start_restored(&copies).unwrap();
    let validated = scene.validate(&restored, &cut.run_id, None).unwrap();
    assert_proven(
        &validated.expect(0).unwrap().stdout,
        ClaimName::HeadsRestored,
    );

    let back = restored.run(|| read(scene, &restored.bootstrap())).unwrap();
    assert_eq!(back.problems(), Vec::<String>::new());
    assert_eq!(ends(&back), cut_ends(cut));
    let named = |topic: &str| scene.lab.policy().mirrored(topic);
    assert_eq!(back.absent(&loads.before, named), Vec::<String>::new());
    assert!(
        !back.absent(&loads.during, named).is_empty(),
        "the load went on after the cut"
    );
}

fn assert_proven(claims: &str, name: ClaimName) {
    let claims: Vec<slackwater_cut::Claim> = serde_json::from_str(claims).unwrap();
    let claim = claims.iter().find(|claim| claim.name == name).unwrap();
    assert_eq!(claim.verdict, Verdict::Proven, "{claim:?}");
    assert!(claim.examined > 0, "{claim:?}");
}

fn read(scene: &Scene, bootstrap: &str) -> Result<AuditReport, slackwater_lab::LabError> {
    let topics = LOADED.map(|topic| scene.lab.policy().mirrored(topic));
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    audit(bootstrap, &topics, Isolation::ReadCommitted)
}

/// Where each partition ended for a reader of committed records.
fn ends(report: &AuditReport) -> BTreeMap<String, u64> {
    report
        .topics
        .iter()
        .flat_map(|(topic, partitions)| {
            partitions.iter().map(move |(partition, audit)| {
                (
                    format!("{topic}-{partition}"),
                    u64::try_from(audit.end).unwrap(),
                )
            })
        })
        .collect()
}

/// The same partitions as the cut has them.
fn cut_ends(cut: &Cut) -> BTreeMap<String, u64> {
    cut.rows
        .partitions
        .iter()
        .filter(|row| {
            let topic = cut.rows.topic(row);
            let copy_of = topic.source.as_ref().map(|source| source.topic.as_str());
            topic.class == Class::Mirrored && copy_of.is_some_and(|name| LOADED.contains(&name))
        })
        .map(|row| (cut.rows.name(row), row.high_watermark))
        .collect()
}

mod takes_long {
    use super::*;

    #[test]
    fn a_mirror_with_exactly_once_and_prefixed_topics_is_backed_up_under_load() {
        let (scene, cut, before) =
            backed_up("eos-default", true, ReplicationPolicy::Default, false);
        assert_mirror_goes_on(&scene, &cut, &before);
    }

    #[test]
    fn a_mirror_without_exactly_once_is_backed_up_under_load() {
        let (scene, cut, before) =
            backed_up("alo-identity", false, ReplicationPolicy::Identity, false);
        assert_mirror_goes_on(&scene, &cut, &before);
    }
}
