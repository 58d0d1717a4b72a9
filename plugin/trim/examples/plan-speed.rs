//! How long a plan takes, and how much memory: as many partitions as are asked
//! for, of three brokers, on this machine's memory file system; by the source's heads,
//! by timestamps, and by numbers that the example of an order key reads. Prints one JSON
//! object as its last line: the figures of the slowest order, and those of each.
//!
//!     cargo xtask bench plan --json
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
use std::path::{Path, PathBuf};
use std::time::Instant;

use log::batch::bytes_of;
use log::{Batch, Rec};
use slackwater_cut::{Cut, Hot, HotCopy, HotHead, HotRecord, HotSweep, SourcePartition};
use slackwater_host::{Host, HostOptions, Message, OrderKey, PhaseComponent};
use slackwater_logdir::Record;
use slackwater_point::SequenceAsked;
use slackwater_ports::{Digest128, Interval, PartitionId};
use slackwater_trim::{OrderAsked, PlanOptions, Volumes, plan};

/// Batches of a partition, and records of a batch: with 10,000 partitions the three
/// brokers' volumes have 2.5 GB, which have to fit into memory.
const BATCHES: u64 = 40;
const RECORDS: u64 = 10;

/// Of a record's value.
const BYTES: usize = 200;

/// Batches at the end of which each record has a number of its own. All partitions
/// share the bytes of those before, so that the volumes are made in seconds.
const OWN: u64 = 4;

/// Records below a head, as a hot run keeps them.
const MARKS: usize = 16;

/// How often each order is measured; the best counts.
const RUNS: u32 = 3;

/// Of a second, in `/proc/self/stat`: the same on all Linux that Rust knows.
const TICKS: f64 = 100.0;

struct Figures {
    seconds: f64,
    /// Of all cores, in user's and system's time: what others on the machine don't
    /// lengthen.
    cpu_seconds: f64,
    peak_rss_mib: u64,
}

fn main() {
    let numbers = std::env::args().skip(1).find_map(|one| one.parse().ok());
    let partitions: u32 = numbers.unwrap_or(10_000);
    let root = match Path::new("/dev/shm").is_dir() {
        true => tempfile::tempdir_in("/dev/shm").unwrap(),
        false => tempfile::tempdir().unwrap(),
    };
    write(root.path(), partitions);
    let key = key();
    let of = |partition: &PartitionId, record: &Record<'_>| number(&key, partition, record);
    let by_number = PlanOptions {
        order: OrderAsked::Sequence {
            of: &of,
            component: "",
            stated: SequenceAsked {
                first: None,
                disorder: 10_000,
            },
        },
        ..world::options(0)
    };
    let by_source = PlanOptions {
        order: OrderAsked::Source,
        ..world::options(0)
    };
    let none = world::no_cut();
    let orders = [
        (
            "source",
            measure(root.path(), &swept(partitions), &by_source),
        ),
        (
            "timestamp",
            measure(root.path(), &none, &world::options(5_000)),
        ),
        ("order", measure(root.path(), &none, &by_number)),
    ];
    let all = orders.iter().map(|(_, figures)| figures);
    let slowest = all.clone().map(|one| one.seconds).fold(0.0, f64::max);
    let peak = all.map(|one| one.peak_rss_mib).max().unwrap();
    let each = orders.iter().map(|(name, one)| {
        format!(
            "\"{name}\":{{\"seconds\":{:.2},\"cpu_seconds\":{:.2},\"peak_rss_mib\":{}}}",
            one.seconds, one.cpu_seconds, one.peak_rss_mib
        )
    });
    println!(
        "{{\"partitions\":{partitions},\"seconds\":{slowest:.2},\"peak_rss_mib\":{peak},\"orders\":{{{}}}}}",
        each.collect::<Vec<_>>().join(",")
    );
}

/// Three brokers' volumes, copied one after another: each a little longer, and the
/// last messages of one partition are in no copy.
fn write(root: &Path, partitions: u32) {
    let shared: Vec<Batch> = (0..BATCHES - OWN).map(|at| batch(at, None)).collect();
    let shared = bytes_of(&shared);
    for node in 1..=3u64 {
        let dir = root.join(format!("node-{node}"));
        fs::create_dir_all(&dir).unwrap();
        let meta = format!("cluster.id=c\nnode.id={node}\n");
        fs::write(dir.join("meta.properties"), meta).unwrap();
    }
    for number in 0..partitions {
        let lacks = u64::from(number == 0);
        let own = BATCHES - OWN..BATCHES - lacks;
        let of = Some((u64::from(number), u64::from(partitions)));
        let own: Vec<Batch> = own.map(|at| batch(at, of)).collect();
        for node in 1..=3 {
            let there = own.len() - 3 + node;
            let bytes = [shared.as_slice(), &bytes_of(&own[..there])].concat();
            let replica = root.join(format!("node-{node}/src.t-{number}"));
            fs::create_dir(&replica).unwrap();
            fs::write(replica.join("00000000000000000000.log"), bytes).unwrap();
        }
    }
}

/// `of`: the number of its partition, and of how many.
fn batch(at: u64, of: Option<(u64, u64)>) -> Batch {
    let base = at * RECORDS;
    let records = (base..base + RECORDS).map(|offset| {
        let number = of.map(|(partition, partitions)| offset * partitions + partition);
        let mut value = number.map_or_else(String::new, |number| format!("Msg[{number}]"));
        value.extend(std::iter::repeat_n('x', BYTES - value.len()));
        let mut record = Rec::new(offset, None, Some(&value));
        record.timestamp = 1_700_000_000_000 + offset as i64 * 100;
        record
    });
    Batch::of(records.collect())
}

/// A cut with two sweeps of the source: all partitions have the older one.
fn swept(partitions: u32) -> Cut {
    let head = |batches: u64, partition: u32| {
        let of = Some((u64::from(partition), u64::from(partitions)));
        let last = (batches - 2..batches).flat_map(|at| batch(at, of).records);
        let mark = |record: Rec| HotRecord {
            offset: record.offset,
            timestamp_ms: record.timestamp,
            content: Digest128::of_content(record.key.as_deref(), record.value.as_deref(), &[]),
        };
        let last: Vec<HotRecord> = last.map(mark).collect();
        Some(HotHead {
            high_watermark: batches * RECORDS,
            last: last[last.len() - MARKS..].to_vec(),
        })
    };
    let sweep = |ms: u64, batches: u64| HotSweep {
        asked: Interval {
            first_request_ms: ms,
            last_answer_ms: ms + 1,
        },
        heads: (0..partitions).map(|one| head(batches, one)).collect(),
    };
    let copies = (0..partitions).map(|number| HotCopy {
        source: SourcePartition {
            alias: "src".to_owned(),
            partition: PartitionId::new("t", number),
        },
        mirror: PartitionId::new("src.t", number),
    });
    let mut cut = world::no_cut();
    cut.hot = Some(Hot {
        copies: copies.collect(),
        sweeps: vec![sweep(1, BATCHES - 2), sweep(3, BATCHES)],
        looks: Vec::new(),
        volumes: Vec::new(),
    });
    cut
}

fn measure(root: &Path, cut: &Cut, options: &PlanOptions<'_>) -> Figures {
    let paths = world::nodes(root);
    // What was needed to make the volumes does not count.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let (mut seconds, mut cpu_seconds) = (f64::MAX, f64::MAX);
    for _ in 0..RUNS {
        let (began, cpu) = (Instant::now(), cpu());
        let volumes = Volumes::open(&paths).unwrap();
        let made = plan(cut, &volumes, options).unwrap();
        let took = began.elapsed().as_secs_f64();
        cpu_seconds = cpu_seconds.min(self::cpu() - cpu);
        assert_eq!(made.read.older_segments, 0);
        let gone = made
            .partitions
            .iter()
            .filter_map(|one| one.jettisoned_records);
        println!(
            "{took:.2} s, {} records of {} partitions go: {}",
            gone.sum::<u64>(),
            made.partitions.len(),
            made.guarantee
        );
        seconds = seconds.min(took);
    }
    Figures {
        seconds,
        cpu_seconds,
        peak_rss_mib: peak_mib(),
    }
}

/// The example, as `cargo xtask wasm` builds it.
fn key() -> OrderKey {
    let dir = std::env::var_os("SLACKWATER_WASM_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wasm-actions"),
        PathBuf::from,
    );
    let component = PhaseComponent::read(&dir.join("order-key.component.wasm"))
        .unwrap_or_else(|error| panic!("{error}; build it with `cargo xtask wasm`"));
    let host = Host::new(HostOptions::default()).unwrap();
    host.order_key(&component).unwrap()
}

fn number(
    key: &OrderKey,
    partition: &PartitionId,
    record: &Record<'_>,
) -> Result<Option<i64>, String> {
    let number = key.sequence(Message {
        topic: &partition.topic,
        partition: partition.partition,
        offset: record.offset,
        timestamp_ms: Some(record.timestamp_ms),
        key: record.key,
        value: record.value,
        headers: &[],
    });
    let number = number.map_err(|error| error.to_string())?;
    Ok(number.and_then(|number| i64::try_from(number).ok()))
}

/// Seconds of this process, its ended threads among them.
fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, rest) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<u64>().unwrap();
    (ticks(11) + ticks(12)) as f64 / TICKS
}

fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|peak| peak.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
