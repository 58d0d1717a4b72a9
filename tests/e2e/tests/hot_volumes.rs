//! Volumes that were copied one after another while the mirror ran, planned and
//! trimmed, and started as a real cluster: its partitions end where the plan
//! says, nothing that is kept is later than anything that is not, and MirrorMaker
//! goes on without a hole, with the duplicates that its position tells.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "real brokers are loaded for a real while; a test may panic"
)]

mod shared;

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use shared::REACH;
use slackwater_cut::{Class, Cut};
use slackwater_e2e::{PATIENT, Scene};
use slackwater_lab::{DumpLog, Iteration, Lab, Load, LoadPlan, Topic, Volumes};
use slackwater_logdir::{Isolation, Locked, SegmentReader, records, survey};

/// Messages a second, over all topics.
const RATE: u32 = 1_500;

/// Between two copies: so far apart a storage may cut volumes.
const APART: Duration = Duration::from_secs(2);

/// By so much the load's timestamps may be out of order in a partition, with a
/// wide margin: it is made by one process.
const EPSILON: &str = "500ms";

/// MirrorMaker gives the mirror's topics the source's `compression.type`, and
/// brokers pack by it: a batch that is cut inside is packed anew.
const CODECS: [&str; 5] = ["uncompressed", "gzip", "snappy", "lz4", "zstd"];

/// Of each of their topics.
const PARTITIONS: u16 = 2;

/// Values and timestamps of a partition's records that count, in order.
type Records = Vec<(Vec<u8>, i64)>;

/// The log directories below a directory, by partition.
fn records_of(path: &std::path::Path, topics: &[String]) -> BTreeMap<(String, u32), Records> {
    let mut found = BTreeMap::new();
    for dir in survey(path, Locked::Allow).unwrap() {
        for replica in dir
            .replicas
            .iter()
            .filter(|one| topics.contains(&one.partition.topic))
        {
            let mut all = Records::new();
            let mut reader = SegmentReader::default();
            let end = records(&mut reader, replica, Isolation::ReadCommitted, |record| {
                let value = record.value.unwrap_or_default();
                all.push((value.to_vec(), record.timestamp_ms));
                ControlFlow::Continue(())
            });
            assert!(!end.unwrap().broken, "{}", replica.partition);
            found.insert(
                (replica.partition.topic.clone(), replica.partition.partition),
                all,
            );
        }
    }
    found
}

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

fn mirrored(cut: &Cut) -> BTreeMap<String, String> {
    let topics = cut.rows.topics.iter();
    let copies = topics.filter_map(|topic| Some((topic.name.clone(), topic.source.clone()?.topic)));
    copies
        .filter(|(_, source)| CODECS.contains(&source.as_str()))
        .collect()
}

/// Kafka's own reader takes every batch of the trimmed logs, each packed as it
/// was, up to the cut; `inside`: some of the cuts lie inside of batches.
fn kafka_reads(copies: &[(i32, PathBuf)], plan: &Value, names: &[String], inside: bool) {
    let tool = DumpLog::new().unwrap();
    let mut anew = 0;
    for (node, copy) in copies {
        for replica in survey(copy, Locked::Refuse).unwrap().remove(0).replicas {
            let partition = &replica.partition;
            if !names.contains(&partition.topic) {
                continue;
            }
            let rows = plan["partitions"].as_array().unwrap();
            let row = rows.iter().find(|row| {
                row["partition"]["topic"] == partition.topic.as_str()
                    && row["partition"]["partition"] == partition.partition
            });
            let row = row.unwrap();
            let paths: Vec<&std::path::Path> = replica
                .segments
                .iter()
                .map(|one| one.path.as_path())
                .collect();
            let dumped = tool.run(&paths, Iteration::Deep).unwrap();
            for file in &dumped {
                assert_eq!(
                    (file.invalid_bytes, &file.failure),
                    (0, &None),
                    "{}",
                    file.path
                );
                assert!(
                    file.batches.iter().all(|batch| batch.valid),
                    "{}",
                    file.path
                );
            }
            let last = dumped.iter().flat_map(|file| &file.batches).last().unwrap();
            assert_eq!(
                last.last_offset + 1,
                row["cut"].as_i64().unwrap(),
                "{partition}"
            );
            // A marker is never packed.
            let mut data = dumped.iter().flat_map(|file| &file.batches);
            let data = data.rfind(|batch| !batch.control).unwrap();
            let codec = partition.topic.replace("uncompressed", "none");
            assert!(codec.ends_with(&data.codec), "{partition}: {}", data.codec);
            // Of the copy whose log is kept, what was added is that batch.
            let alone = replica.segments.last().unwrap().base == last.base_offset as u64;
            anew += u32::from(row["keptOf"] == *node && replica.segments.len() > 1 && alone);
        }
    }
    println!("{anew} batches were cut inside");
    assert!(!inside || anew > 0);
}

fn goes_on(name: &str, exactly_once: bool) {
    let topics =
        CODECS.map(|codec| Topic::new(codec, PARTITIONS.into()).config("compression.type", codec));
    let lab = Lab::builder()
        .name(name)
        .exactly_once(exactly_once)
        .topics(topics.to_vec())
        .volumes(Volumes::Directories)
        .start()
        .unwrap();
    let scene = Scene::new(lab, PATIENT).unwrap();
    let load = |producer| {
        let plan = LoadPlan::new(RATE).topics(&CODECS).producer(producer);
        Load::start(&scene.lab.source().bootstrap(), &plan).unwrap()
    };
    let warm = load(1);
    std::thread::sleep(Duration::from_secs(2));
    let warm = warm.stop().unwrap();
    scene.lab.wait_mirrored(&warm, REACH).unwrap();
    // What the topics are; and the connector's position is that of a mirror at rest.
    let (_, cut) = scene.backup(&[], 0).unwrap();
    let going = load(2);
    std::thread::sleep(Duration::from_secs(3));
    let copies = copies(&scene);
    std::thread::sleep(APART);
    let first = going.stop().unwrap();
    scene.lab.wait_mirrored(&first, REACH).unwrap();
    scene.lab.connect().stop().unwrap();
    scene.lab.mirror().stop().unwrap();

    let file = |name: &str| scene.at(name).display().to_string();
    fs::write(scene.at("cut.json"), cut.to_canonical().unwrap()).unwrap();
    let paths: Vec<String> = copies
        .iter()
        .map(|(_, copy)| copy.display().to_string())
        .collect();
    let with = |args: &[&str]| {
        let mut all: Vec<&str> = args.to_vec();
        all.extend(paths.iter().map(String::as_str));
        scene.run(&all).unwrap()
    };
    let (cut_file, plan_file) = (file("cut.json"), file("plan.json"));
    // Topics without a record say nothing of how far they are.
    let topics = mirrored(&cut);
    let empty = cut
        .rows
        .topics
        .iter()
        .filter(|topic| topic.class == Class::Mirrored);
    let empty = empty.filter(|topic| !topics.contains_key(&topic.name));
    let empty: Vec<String> = empty
        .map(|topic| format!("--exclude-order={}", topic.name))
        .collect();
    let mut plan = vec!["logdir", "plan", "--order=timestamp", "--epsilon", EPSILON];
    plan.extend(empty.iter().map(String::as_str));
    plan.extend(["--save", &plan_file, &cut_file]);
    let planned = with(&plan);
    println!("{}", planned.expect(0).unwrap().stdout);
    let plan: Value = serde_json::from_str(&fs::read_to_string(&plan_file).unwrap()).unwrap();
    let shorter = plan["partitions"].as_array().unwrap().iter().filter(|row| {
        let replicas = row["replicas"].as_array().unwrap();
        replicas
            .iter()
            .any(|replica| replica["standing"] == "shorter")
    });
    assert!(
        shorter.count() >= 10,
        "the copies were taken one after another"
    );
    println!(
        "{}",
        with(&["logdir", "trim", &plan_file])
            .expect(0)
            .unwrap()
            .stdout
    );
    let scan = with(&["logdir", "scan", "--output=json", "--deep"])
        .expect(0)
        .unwrap();
    let scan: Value = serde_json::from_str(&scan.stdout).unwrap();
    for row in scan["replicas"].as_array().unwrap() {
        let metadata = row["partition"]["topic"] == "__cluster_metadata";
        assert!(metadata || row["agreement"] == "agree", "{row}");
    }

    let names: Vec<String> = topics.keys().cloned().collect();
    let sources: Vec<String> = topics.values().cloned().collect();
    kafka_reads(&copies, &plan, &names, !exactly_once);
    let source = scene.lab.source().brokers()[0].mount_point().to_owned();
    let all = records_of(&source, &sources);
    let kept = records_of(&copies[0].1, &names);
    assert_eq!(kept.len(), CODECS.len() * usize::from(PARTITIONS));
    let (mut latest, mut earliest) = (i64::MIN, i64::MAX);
    let (mut kept_count, mut lost_count) = (0, 0);
    for ((topic, number), kept) in &kept {
        let all = &all[&(topics[topic].clone(), *number)];
        assert!(
            all.starts_with(kept),
            "{topic}-{number} is the source's, from its first record on"
        );
        latest = latest.max(kept.iter().map(|one| one.1).max().unwrap());
        let lost = &all[kept.len()..];
        earliest = earliest.min(lost.iter().map(|one| one.1).min().unwrap_or(i64::MAX));
        kept_count += kept.len();
        lost_count += lost.len();
    }
    println!(
        "{kept_count} records kept, {lost_count} not; {} ms between",
        earliest - latest
    );
    assert!(
        latest <= earliest,
        "a message is kept without an earlier one"
    );
    assert!(lost_count > 0 && kept_count > 0);

    let mut restored = scene.lab.start_restored(&copies).unwrap();
    let admin = restored.cluster().admin().unwrap();
    for row in plan["partitions"].as_array().unwrap() {
        let topic = row["partition"]["topic"].as_str().unwrap();
        if names.iter().any(|name| name == topic) {
            let number = row["partition"]["partition"].as_i64().unwrap();
            let (_, end) = admin
                .watermarks(topic, i32::try_from(number).unwrap())
                .unwrap();
            assert_eq!(end, row["cut"].as_i64().unwrap(), "{topic}-{number}");
        }
    }
    // With exactly-once the position went with the data; without, it lies behind, and
    // what comes twice is known; or, where Connect committed just before the last copy
    // was taken, ahead, and what it skips is.
    let positions = plan["depends"]["positions"].as_array().unwrap();
    let (mut twice, mut skipped) = (0, 0);
    for ((topic, number), kept) in &kept {
        let held = positions.iter().find(|one| {
            one["mirror"]["topic"] == topic.as_str() && one["mirror"]["partition"] == *number
        });
        let next = held.unwrap()["committed"].as_u64().unwrap() + 1;
        twice += (kept.len() as u64).saturating_sub(next);
        skipped += next.saturating_sub(kept.len() as u64);
    }
    println!("{twice} records will come twice, {skipped} be skipped");
    assert_eq!(twice + skipped == 0, exactly_once);

    restored.start_connect(&scene.lab).unwrap();
    restored.connect().unwrap().wait_running().unwrap();
    let second = load(3);
    std::thread::sleep(Duration::from_secs(3));
    let second = second.stop().unwrap();
    for load in [&first, &second] {
        scene.lab.wait_mirrored(load, REACH).unwrap();
    }
    let compared = scene.run(&["compare", "--output=json"]).unwrap();
    let compared = compared.expect(i32::from(skipped > 0)).unwrap();
    let report: Value = serde_json::from_str(&compared.stdout).unwrap();
    let count = |name: &str| report[name].as_u64().unwrap();
    for name in ["extra", "outOfOrder", "unresolved"] {
        assert_eq!(count(name), 0, "{name}: {report:#}");
    }
    let foretold = (count("missing"), count("duplicates"));
    assert_eq!(foretold, (skipped, twice), "{report:#}");
}

#[test]
fn a_mirror_that_was_copied_hot_is_cut_at_one_point_and_goes_on_with_what_was_foretold() {
    goes_on("hot-alo", false);
}
