//! Replication that hangs just as the mirror is stopped: STOPPED connectors,
//! heads that stand still, full in-sync sets, nothing uncommitted. All that a
//! client can see is as it should be, while the leaders' logs hold records that
//! no follower ever got. Only the snapshot tells.
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
use slackwater_lab::{Hang, Lab, Load, LoadPlan, Volumes};

/// Messages a second: each task has a batch on its way at any time.
const RATE: u32 = 3_000;

/// From the hang to the stop: what is sent meanwhile stays uncommitted.
const HUNG_BEFORE_STOP: Duration = Duration::from_millis(2_500);

/// How the kernel calls a `ReplicaFetcherThread`.
const FETCHER: &str = "ReplicaFetcher";

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
}
