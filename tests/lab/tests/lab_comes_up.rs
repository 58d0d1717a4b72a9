//! The lab, once round: up, loaded, mirrored, snapped, restored in isolation,
//! and gone without a trace.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "real brokers are loaded for a real while; a test may panic"
)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use slackwater_lab::{Isolation, Lab, Load, LoadPlan, ReplicationPolicy, Volumes, audit, is_root};

mod needs_root {
    mod takes_long {
        #[test]
        fn a_lab_comes_up_mirrors_is_snapped_restored_and_leaves_nothing_behind() {
            super::super::once_round();
        }
    }
}

fn once_round() {
    assert!(is_root(), "this test mounts images: run it as root");
    let lab = Lab::builder()
        .name("comes-up")
        .policy(ReplicationPolicy::Default)
        .volumes(Volumes::LoopImages)
        .start()
        .unwrap();
    println!("up: {}", lab.timings());
    let run_dir = lab.run_dir().to_owned();

    let load = Load::start(&lab.source().bootstrap(), &LoadPlan::new(2000)).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let load = load.stop().unwrap();
    assert!(load.is_whole() && load.acked() > 2000, "{load:?}");
    lab.wait_mirrored(&load, Duration::from_secs(30)).unwrap();

    let topics = ["source.blogs", "source.items"];
    let named = |topic: &str| lab.policy().mirrored(topic);
    let mirror = lab.mirror().bootstrap();
    let report = audit(&mirror, &topics, Isolation::ReadCommitted).unwrap();
    assert_eq!(report.problems(), Vec::<String>::new());
    assert_eq!(report.absent(&load, named), Vec::<String>::new());

    let copies = snap(&lab);
    // What comes after the snapshot must not be in the restored cluster.
    let later = Load::start(&lab.source().bootstrap(), &LoadPlan::new(1000).producer(2)).unwrap();
    std::thread::sleep(Duration::from_secs(1));
    let later = later.stop().unwrap();
    lab.wait_mirrored(&later, Duration::from_secs(30)).unwrap();

    let started = std::time::Instant::now();
    let restored = lab.start_restored(&copies).unwrap();
    println!("restored: {:.1} s", started.elapsed().as_secs_f64());
    let back = restored
        .run(|| audit(&restored.bootstrap(), &topics, Isolation::ReadCommitted))
        .unwrap();
    assert_eq!(
        back, report,
        "what came back is what was there at the snapshot"
    );

    let pids: Vec<u32> = lab
        .mirror()
        .brokers()
        .iter()
        .chain(restored.cluster().brokers())
        .chain(lab.source().brokers())
        .filter_map(|broker| broker.pid())
        .chain(lab.connect().pid())
        .collect();
    assert_eq!(pids.len(), 8);
    let netns = restored.netns().unwrap().name().to_owned();
    drop(restored);
    drop(lab);
    assert_nothing_left(&run_dir, &pids, &netns);
}

/// Clones every broker's image at one moment, after a flush.
fn snap(lab: &Lab) -> Vec<(i32, std::path::PathBuf)> {
    let snapshots = lab.snapshots_dir().unwrap();
    for broker in lab.mirror().brokers() {
        run(Command::new("sync").arg("-f").arg(broker.mount_point()));
    }
    lab.mirror()
        .brokers()
        .iter()
        .map(|broker| {
            let copy = snapshots.join(format!("volume-{}.img", broker.id()));
            run(Command::new("cp")
                .arg("--reflink=always")
                .arg(broker.image().unwrap())
                .arg(&copy));
            (broker.id(), copy)
        })
        .collect()
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

fn assert_nothing_left(run_dir: &Path, pids: &[u32], netns: &str) {
    let here = run_dir.display().to_string();
    assert!(!run_dir.exists(), "{here} is still there");
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
    assert!(!mounts.contains(&here), "{mounts}");
    let loops = Command::new("losetup").arg("--all").output().unwrap();
    assert!(!String::from_utf8_lossy(&loops.stdout).contains(&here));
    for pid in pids {
        assert!(
            !Path::new(&format!("/proc/{pid}")).exists(),
            "process {pid} lives"
        );
    }
    assert!(!Path::new("/run/netns").join(netns).exists());
}
