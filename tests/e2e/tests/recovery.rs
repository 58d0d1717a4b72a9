//! Where a damaged log ends: for our reader, and for a real broker that finds
//! it at its start after a kill, and recovers it.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a real broker is loaded for a real while; a test may panic"
)]

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use slackwater_e2e::wait_until;
use slackwater_lab::{Alone, Load, LoadPlan, Topic};
use slackwater_logdir::{
    Depth, HEADER, Locked, Replica, ReplicaScan, ScanOptions, SegmentReader, Want, scan, survey,
};

/// What is done to a log: to its bytes, knowing where its batches begin.
type Damage = fn(&mut Vec<u8>, &[usize]);

/// A batch in the middle.
fn middle(batches: &[usize]) -> usize {
    batches[batches.len() / 2]
}

/// Where Kafka's recovery looks at nothing, so that it takes what is no log any
/// more, or throws a whole segment away: ours ends elsewhere, and must say that
/// something is wrong.
const ELSEWHERE: [&str; 3] = ["format", "offset-down", "offset-up"];

/// Each on a topic of its own.
const DAMAGES: [(&str, Damage); 14] = [
    ("nothing", |_, _| {}),
    ("torn-records", |bytes, _| bytes.truncate(bytes.len() - 1)),
    ("torn-header", |bytes, batches| {
        bytes.truncate(batches.last().unwrap() + 20);
    }),
    ("few-zeros", |bytes, _| bytes.resize(bytes.len() + 10, 0)),
    ("many-zeros", |bytes, _| bytes.resize(bytes.len() + 9999, 0)),
    ("noise", |bytes, _| bytes.extend([0xA5; 200])),
    ("record", |bytes, batches| {
        bytes[middle(batches) + HEADER + 3] ^= 1
    }),
    ("checksum", |bytes, batches| {
        bytes[middle(batches) + 17] ^= 1
    }),
    ("length", |bytes, batches| bytes[middle(batches) + 8] ^= 1),
    ("count", |bytes, batches| bytes[middle(batches) + 57] ^= 1),
    ("offset-up", |bytes, batches| {
        bytes[middle(batches) + 4] ^= 1
    }),
    ("offset-down", |bytes, batches| {
        bytes[middle(batches)..][..8].copy_from_slice(&0u64.to_be_bytes());
    }),
    ("format", |bytes, batches| bytes[middle(batches) + 16] ^= 1),
    ("epoch", |bytes, batches| bytes[middle(batches) + 15] ^= 1),
];

/// Records in each log, at least.
const RECORDS: u64 = 200;
/// A broker that is slow to answer gets few and large batches, and what is done
/// to the middle one would be done to the last: these are the most records of one.
const PER_BATCH: u32 = 10;
/// Fewer than the records of a log make, as its share of the load varies.
const BATCHES: usize = 10;

fn replicas(alone: &Alone) -> BTreeMap<String, Replica> {
    survey(&alone.broker().data_dir(), Locked::Refuse)
        .unwrap()
        .into_iter()
        .flat_map(|dir| dir.replicas)
        .map(|replica| (replica.partition.topic.to_string(), replica))
        .collect()
}

fn batches(replica: &Replica) -> Vec<usize> {
    let mut positions = Vec::new();
    let path = &replica.segments.last().unwrap().path;
    SegmentReader::default()
        .read(path, Want::Headers, |batch| {
            positions.push(batch.position as usize);
        })
        .unwrap();
    positions
}

fn scanned(replica: &Replica, until: Option<u64>) -> ReplicaScan {
    let options = ScanOptions {
        depth: Depth::Full,
        digest_from: 0,
        until,
        tail: 0,
    };
    scan(&mut SegmentReader::default(), replica, &options, &|_| {}).unwrap()
}

#[test]
fn a_damaged_log_ends_where_a_broker_that_recovers_it_ends_it() {
    let alone = Alone::builder("recovery").start().unwrap();
    let names = DAMAGES.map(|(name, _)| name);
    let topics = names.map(|name| Topic::new(name, 1));
    let admin = alone.cluster().admin().unwrap();
    admin.create_topics(&topics, 1).unwrap();
    alone.cluster().wait_leaders().unwrap();
    let bootstrap = alone.cluster().bootstrap();
    let plan = LoadPlan::new(2000).topics(&names).per_batch(PER_BATCH);
    let load = Load::start(&bootstrap, &plan).unwrap();
    let enough = RECORDS * names.len() as u64;
    wait_until("the load", Duration::from_secs(60), || {
        load.acked() >= enough
    })
    .unwrap();
    load.stop().unwrap();
    let told = |name| (name, admin.watermarks(name, 0).unwrap().1 as u64);
    let ends: BTreeMap<&str, u64> = names.into_iter().map(told).collect();
    alone.broker().kill9();

    let replicas = replicas(&alone);
    let mut ours = BTreeMap::new();
    for (name, damage) in DAMAGES {
        let replica = &replicas[name];
        let path = &replica.segments.last().unwrap().path;
        let mut bytes = fs::read(path).unwrap();
        let batches = batches(replica);
        assert!(batches.len() >= BATCHES, "{name}: {batches:?}");
        damage(&mut bytes, &batches);
        fs::write(path, bytes).unwrap();
        let found = scanned(replica, None);
        // To one that knows where the log must end, no damage is none.
        let judged = scanned(replica, Some(ends[name]));
        let wrong = judged.bad > 0 || judged.holes > 0 || judged.end < ends[name];
        let harmless = ["nothing", "few-zeros", "many-zeros", "noise", "epoch"];
        assert_eq!(wrong, !harmless.contains(&name), "{name}: {judged:?}");
        ours.insert(name, found.end);
    }
    alone.cluster().restart().unwrap();
    let brokers: BTreeMap<&str, u64> = names.into_iter().map(told).collect();
    for (name, end) in ours {
        let alike = !ELSEWHERE.contains(&name);
        assert_eq!(
            end == brokers[name],
            alike,
            "{name}: {end}, {}",
            brokers[name]
        );
    }
}
