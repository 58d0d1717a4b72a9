//! How long a plan takes, and how much memory: as many partitions as are asked
//! for, of three brokers, on this machine's memory file system. Prints one JSON
//! object as its last line.
//!
//!     cargo run --release -p slackwater-trim --example plan-speed -- 10000
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a measure: it looks at the clock, and ends where something is wrong"
)]

#[path = "../../logdir/tests/log/mod.rs"]
mod log;
#[path = "../tests/world/mod.rs"]
mod world;

use std::fs;
use std::path::Path;
use std::time::Instant;

use log::batch::bytes_of;
use log::{Batch, Rec};
use slackwater_trim::{Volumes, plan};

/// Batches of a partition, and records of a batch.
const BATCHES: u64 = 40;
const RECORDS: u64 = 25;

fn main() {
    let partitions: u32 = std::env::args()
        .nth(1)
        .and_then(|one| one.parse().ok())
        .unwrap_or(10_000);
    let root = match Path::new("/dev/shm").is_dir() {
        true => tempfile::tempdir_in("/dev/shm").unwrap(),
        false => tempfile::tempdir().unwrap(),
    };
    let batches: Vec<Batch> = (0..BATCHES).map(batch).collect();
    for node in 1..=3u64 {
        let dir = root.path().join(format!("node-{node}"));
        fs::create_dir_all(&dir).unwrap();
        fs::write(
            dir.join("meta.properties"),
            format!("cluster.id=c\nnode.id={node}\n"),
        )
        .unwrap();
        // Copied one after another: each a little longer.
        let bytes = bytes_of(&batches[..batches.len() - 3 + node as usize]);
        for number in 0..partitions {
            let replica = dir.join(format!("src.t-{number}"));
            fs::create_dir(&replica).unwrap();
            fs::write(replica.join("00000000000000000000.log"), &bytes).unwrap();
        }
    }
    let cut = world::no_cut();
    let document = cut.to_canonical().unwrap();
    let paths = world::nodes(root.path());
    let mut best = f64::MAX;
    for _ in 0..3 {
        let began = Instant::now();
        let volumes = Volumes::open(&paths).unwrap();
        let made = plan(&cut, &document, &volumes, &world::options(5_000)).unwrap();
        let seconds = began.elapsed().as_secs_f64();
        assert_eq!(made.partitions.len(), partitions as usize);
        assert_eq!(made.read.older_segments, 0);
        println!(
            "{seconds:.2} s, {} records go",
            made.partitions[0].jettisoned_records.unwrap()
        );
        best = best.min(seconds);
    }
    println!(
        "{{\"partitions\":{partitions},\"seconds\":{best:.2},\"peak_rss_mib\":{}}}",
        peak_mib()
    );
}

fn batch(number: u64) -> Batch {
    let base = number * RECORDS;
    let records = (base..base + RECORDS).map(|offset| {
        let mut record = Rec::new(offset, None, Some(&"x".repeat(200)));
        record.timestamp = 1_700_000_000_000 + offset as i64 * 100;
        record
    });
    Batch::of(records.collect())
}

fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|peak| peak.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
