//! Replication that hangs just as the mirror is stopped: STOPPED connectors,
//! heads that stand still, full in-sync sets, nothing uncommitted. All that a
//! client can see is as it should be, while the leaders' logs hold records that
//! no follower ever got. Only the snapshot tells. And disks that are slow, with
//! Kafka's own tool for a witness of what the snapshot holds.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "real brokers are loaded for a real while; a test may panic"
)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use slackwater_cut::{Claim, ClaimName, Cut, Verdict};
use slackwater_e2e::{Gate, PATIENT, Scene};
use slackwater_lab::{DumpLog, Hang, Iteration, Lab, Load, LoadPlan, Volumes};

/// Messages a second: each task has a batch on its way at any time.
const RATE: u32 = 3_000;

/// From the hang to the stop: what is sent meanwhile stays uncommitted.
const HUNG_BEFORE_STOP: Duration = Duration::from_millis(2_500);

/// How the kernel calls a `ReplicaFetcherThread`.
const FETCHER: &str = "ReplicaFetcher";

/// And the threads that write what producers send, and answer.
const HANDLER: &str = "data-plane-kafk";

/// What each write and each flush takes on a slow disk: at first less than a
/// look of the drain, then so much that a fetch takes longer than its looks.
const SLOW: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(400)];

/// Messages a second there.
const SLOW_RATE: u32 = 300;

const QUORUM: &str = "org.apache.kafka.tools.MetadataQuorumCommand";

fn claim(cut: &Cut, name: ClaimName) -> &Claim {
    cut.claims.iter().find(|claim| claim.name == name).unwrap()
}

/// Has one broker follow and no more: it leads no partition and not the
/// controllers, and holds no topic of Kafka's or Connect's own. Gives its id.
fn make_a_follower(lab: &Lab) -> i32 {
    let bootstrap = lab.mirror().bootstrap();
    let server = ["--bootstrap-server", bootstrap.as_str()];
    let status = lab
        .kafka_tool(QUORUM, &[&server[..], &["describe", "--status"]].concat())
        .unwrap();
    let leader = status
        .lines()
        .find_map(|line| line.strip_prefix("LeaderId:"))
        .and_then(|id| id.trim().parse::<i32>().ok())
        .unwrap();
    let follower = if leader == 3 { 2 } else { 3 };
    let others: Vec<i32> = (1..=3).filter(|id| *id != follower).collect();
    lab.reassign(|topic, partition| {
        let mut replicas = others.clone();
        replicas.rotate_left(partition as usize % 2);
        if ["blogs", "items"].contains(&topic) {
            replicas.push(follower);
        }
        replicas
    })
    .unwrap();
    lab.elect_preferred_leaders().unwrap();
    follower
}

/// The replicas of the loaded topics that don't end at the cut, as
/// kafka-dump-log reads the restored volumes.
fn beside_the_cut(scene: &Scene, cut: &Cut) -> Vec<String> {
    let copies = scene.restore_volumes(&cut.run_id).unwrap();
    let opened = scene
        .open(&copies, &format!("seen-{}", cut.run_id))
        .unwrap();
    let topics = ["blogs", "items"].map(|topic| scene.lab.policy().mirrored(topic));
    let mut last = Vec::new();
    for row in cut.rows.partitions.iter() {
        if !topics.contains(&cut.rows.topic(row).name) {
            continue;
        }
        for volume in &opened {
            let log = volume.path().join("data").join(cut.rows.name(row));
            let segments = std::fs::read_dir(log).unwrap();
            let newest = segments
                .map(|file| file.unwrap().path())
                .filter(|file| file.extension().is_some_and(|ending| ending == "log"))
                .max();
            last.push((row, volume.broker(), newest.unwrap()));
        }
    }
    assert!(last.len() >= 3 * 12);
    let files: Vec<_> = last.iter().map(|(_, _, file)| file.as_path()).collect();
    let said = DumpLog::new()
        .unwrap()
        .run(&files, Iteration::Shallow)
        .unwrap();
    let mut beside = Vec::new();
    for ((row, broker, file), said) in last.iter().zip(said) {
        let base: u64 = file.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        let end = said
            .batches
            .last()
            .map_or(base, |batch| batch.last_offset as u64 + 1);
        if end != row.high_watermark {
            let name = cut.rows.name(row);
            beside.push(format!(
                "{name} on {broker}: {end}, not {}",
                row.high_watermark
            ));
        }
    }
    beside
}

mod needs_root {
    use super::*;

    #[test]
    fn records_that_no_follower_got_refute_durable_alone_and_are_counted() {
        let lab = Lab::builder()
            .name("hung")
            .volumes(Volumes::LoopImages)
            .start()
            .unwrap();
        let scene = Scene::new(lab, PATIENT).unwrap();
        let follower = make_a_follower(&scene.lab);
        let connect = scene.lab.connect();
        let pid = scene.lab.mirror().broker(follower).unwrap().pid().unwrap();
        let hang: Arc<Mutex<Option<Hang>>> = Arc::default();
        let (held, began) = (hang.clone(), AtomicBool::new(false));
        let port = connect.url().rsplit(':').next().unwrap().parse().unwrap();
        let gate = Gate::open(port, move |line| {
            if line.contains("/stop") && !began.swap(true, Ordering::SeqCst) {
                *held.lock().unwrap() = Some(Hang::threads(pid, FETCHER).unwrap());
                println!("hangs: {line}");
                std::thread::sleep(HUNG_BEFORE_STOP);
            } else if line.contains("/resume") && held.lock().unwrap().take().is_some() {
                println!("goes on: {line}");
            }
        })
        .unwrap();
        let (own, gates) = (connect.url(), gate.url());
        scene.rewrite(|text| text.replace(&own, &gates)).unwrap();

        let load = Load::start(&scene.lab.source().bootstrap(), &LoadPlan::new(RATE)).unwrap();
        std::thread::sleep(Duration::from_secs(6));
        let (finished, cut) = scene.backup(&[], 1).unwrap();
        assert!(load.stop().unwrap().is_whole());
        println!("{}", finished.stderr);
        for claim in &cut.claims {
            println!("{:?} {:?}: {}", claim.name, claim.verdict, claim.reason);
        }
        use ClaimName::{Covers, Intact, Resumable, Still};
        for name in [Still, Covers, Resumable, Intact] {
            let claim = claim(&cut, name);
            assert_eq!(claim.verdict, Verdict::Proven, "{claim:?}");
        }
        let durable = claim(&cut, ClaimName::Durable);
        assert_eq!(durable.verdict, Verdict::Refuted, "{durable:?}");
        let contents = cut
            .rows
            .partitions
            .iter()
            .filter_map(|row| row.content.as_ref());
        let beyond: Vec<u64> = contents
            .flat_map(|content| &content.replicas)
            .map(|replica| replica.beyond)
            .filter(|beyond| *beyond > 0)
            .collect();
        println!("records above the high watermark in each replica: {beyond:?}");
        assert!(!beyond.is_empty());
        let first = beyond
            .iter()
            .any(|count| durable.reason.contains(&count.to_string()));
        assert!(first && durable.reason.contains("on broker"), "{durable:?}");
        let named = finished.cause();
        assert!(named.contains("durable is refuted"), "{named}");
    }

    mod takes_long {
        use super::*;

        #[test]
        fn on_slow_disks_durable_says_what_kafkas_own_tool_sees_in_the_snapshot() {
            let lab = Lab::builder()
                .name("slow")
                .volumes(Volumes::LoopImages)
                .start()
                .unwrap();
            let scene = Scene::new(lab, PATIENT).unwrap();
            let follower = make_a_follower(&scene.lab);
            let pid = scene.lab.mirror().broker(follower).unwrap().pid().unwrap();
            for delay in SLOW {
                let slow: Vec<Hang> = [FETCHER, HANDLER]
                    .map(|name| Hang::writes(pid, name, delay).unwrap())
                    .into();
                let load = Load::start(&scene.lab.source().bootstrap(), &LoadPlan::new(SLOW_RATE));
                std::thread::sleep(Duration::from_secs(4));
                let backup = scene.run(&["backup", "--output=json"]).unwrap();
                drop(slow);
                assert!(load.unwrap().stop().unwrap().is_whole());
                println!("{delay:?}: {:?} {}", backup.code, backup.cause());
                let Ok(cut) = Cut::parse(&backup.stdout) else {
                    // Given up, it claims nothing.
                    assert!(delay > SLOW[0] && backup.code != Some(0), "{backup:?}");
                    continue;
                };
                let durable = claim(&cut, ClaimName::Durable);
                let beside = beside_the_cut(&scene, &cut);
                println!("{durable:?}\nby Kafka's own tool: {beside:?}");
                match durable.verdict {
                    Verdict::Proven => assert!(beside.is_empty(), "{beside:?}"),
                    Verdict::Refuted => assert!(!beside.is_empty(), "{durable:?}"),
                    // The closing look did not come to its end in time, and the run says so.
                    Verdict::Unproven if cut.bracket.is_none() => assert!(delay > SLOW[0]),
                    Verdict::Unproven => panic!("all of it could be read: {durable:?}"),
                }
            }
        }
    }
}
