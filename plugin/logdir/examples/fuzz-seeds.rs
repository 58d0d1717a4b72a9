//! Writes what the fuzz targets begin with, into the directory that is named:
//! `cargo run -p slackwater-logdir --example fuzz-seeds plugin/logdir/fuzz/seeds`.
//! From the tests' writer, from small pieces of what real brokers left (the
//! fixtures), and by hand.
#![allow(clippy::unwrap_used, reason = "a tool for those who write tests")]

#[path = "../tests/log/mod.rs"]
mod log;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use log::batch::{Batch, abort, bytes_of, commit};
use log::cleaner::Cleaning;
use log::{Packing, Rec, plain};
use slackwater_logdir::{HEADER, Isolation, Locked, Replica, SegmentReader, Want, records, survey};

/// A seed is no larger: small ones change faster.
const MOST_BYTES: usize = 1200;

fn main() {
    let to = std::env::args_os().nth(1).expect("a directory to write to");
    let to = Path::new(&to);
    let put = |target: &str, name: &str, bytes: &[u8]| {
        let dir = to.join(target);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join(name), bytes).unwrap();
    };
    for (name, batches) in logs() {
        let split = batches.len() / 2;
        let first = bytes_of(&batches[..split]);
        let base = batches.get(split).map_or(0, |one| one.base);
        // Sealed; start, cut, tail; the second segment and where it begins.
        let mut input = vec![1, 0, 0, 4, u8::try_from(base).unwrap()];
        input.extend(u16::try_from(first.len()).unwrap().to_be_bytes());
        input.extend(first);
        input.extend(bytes_of(&batches[split..]));
        put("batches", name, &input);
    }
    for packing in Packing::ALL {
        let name = format!("{packing:?}").to_lowercase();
        let batch = Batch::numbered(3, 4).packed(packing);
        put("records", &name, &batch.bytes());
    }
    put("records", "marker", &commit(9, 7).bytes());
    for (name, text) in TEXTS {
        put("checkpoints", name, text.as_bytes());
    }
    for replica in fixtures() {
        let (topic, number) = (&replica.partition.topic, replica.partition.partition);
        for segment in &replica.segments {
            let bytes = fs::read(&segment.path).unwrap();
            if (1..MOST_BYTES).contains(&bytes.len()) {
                let base = u8::try_from(segment.base).unwrap();
                let input = [&[0, base, 0, 4, base, 0, 0], bytes.as_slice()].concat();
                put("batches", &format!("{topic}-{number}-{base}"), &input);
            }
        }
        if let Some(batch) = first_batch(&replica)
            && (HEADER..MOST_BYTES).contains(&batch.len())
        {
            put("records", &format!("{topic}-{number}"), &batch);
        }
        match topic.as_str() {
            "__cluster_metadata" => put("metadata", "broker", &contents(&replica, false)),
            "__transaction_state" => put("transactions", "broker", &contents(&replica, true)),
            _ => {}
        }
    }
    put("metadata", "topic", &pieces(&metadata()));
    put("transactions", "both-versions", &pieces(&transactions()));
}

fn fixtures() -> Vec<Replica> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let dirs = survey(&dir, Locked::Refuse).unwrap();
    dirs.into_iter().flat_map(|dir| dir.replicas).collect()
}

fn first_batch(replica: &Replica) -> Option<Vec<u8>> {
    let path = &replica.segments.first()?.path;
    let mut end = None;
    let mut reader = SegmentReader::default();
    let read = reader.read_while(path, 0, Want::Headers, |batch| {
        end = Some(batch.header.size as usize);
        ControlFlow::Break(())
    });
    read.unwrap();
    Some(fs::read(path).unwrap()[..end?].to_vec())
}

/// Of the first records: keys, if they are wanted, and values.
fn contents(replica: &Replica, keys: bool) -> Vec<u8> {
    let mut all = Vec::new();
    let mut reader = SegmentReader::default();
    let isolation = Isolation::ReadUncommitted;
    let read = records(&mut reader, replica, isolation, |record| {
        let key = record.key.filter(|_| keys);
        let value = record.value.unwrap_or_default();
        if key.is_none_or(|key| key.len() < 256) && value.len() < 256 {
            all.extend(key.map(<[u8]>::to_vec));
            all.push(value.to_vec());
        }
        match pieces(&all).len() < MOST_BYTES {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    });
    read.unwrap();
    pieces(&all)
}

fn logs() -> Vec<(&'static str, Vec<Batch>)> {
    let key = |offset, value: Option<&str>| Batch::of(vec![Rec::new(offset, Some("k"), value)]);
    let keyed = vec![
        key(0, Some("a")),
        key(1, Some("b")).in_transaction(7),
        abort(2, 7),
        key(3, None),
        key(4, Some("c")).in_transaction(8),
        commit(5, 8),
        Batch::numbered(6, 2).in_transaction(9),
    ];
    let mut stamped = Batch::numbered(0, 2).of_epoch(3);
    stamped.append_time = Some(1_700_000_000_000);
    vec![
        ("plain", plain(6)),
        ("cleaned", Cleaning::first(4).of(&keyed)),
        ("transactions", keyed),
        ("stamped", vec![stamped, Batch::numbered(2, 1)]),
        ("one", vec![Batch::numbered(0, 1)]),
    ]
}

const TEXTS: [(&str, &str); 4] = [
    ("offsets", "0\n2\na-b 0 12\nt 3 0\n"),
    ("epochs", "0\n2\n0 0\n4 17\n"),
    (
        "meta",
        "#\nversion=1\nnode.id=2\ncluster.id=abc\ndirectory.id=x\n",
    ),
    ("topic-id", "version: 0\ntopic_id: 4Fi6pGugSI6936nrTTy4_w\n"),
];

/// Each after its length, as the targets take them apart.
fn pieces(pieces: &[Vec<u8>]) -> Vec<u8> {
    let one = |piece: &Vec<u8>| [&[u8::try_from(piece.len()).unwrap()], piece.as_slice()].concat();
    pieces.iter().flat_map(one).collect()
}

/// Begin, a topic, its partition, a move, end; then the topic goes.
fn metadata() -> Vec<Vec<u8>> {
    let record = |kind: u8, parts: &[&[u8]]| [&[1, kind, 0], parts.concat().as_slice()].concat();
    let (id, zero) = ([7; 16], [0; 4]);
    vec![
        record(23, &[&[0]]),
        record(2, &[&[2, b't'], &id, &[0]]),
        record(3, &[&zero, &id, &[3, 0, 0, 0, 1, 0, 0, 0, 2]]),
        record(24, &[&[0]]),
        record(5, &[&zero, &id, &[1, 2, 5, 2, 0, 0, 0, 3]]),
        record(9, &[&id]),
    ]
}

/// A key, then a value of version 0, one of version 1, and a tombstone.
fn transactions() -> Vec<Vec<u8>> {
    let key = vec![0, 0, 0, 1, b'x'];
    let value = |version: u8, partitions: &[u8]| {
        [&[0, version], [0; 14].as_slice(), &[1], partitions].concat()
    };
    vec![
        key.clone(),
        value(0, &[0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 3]),
        key.clone(),
        value(1, &[2, 2, b't', 2, 0, 0, 0, 3, 0]),
        key,
        Vec::new(),
    ]
}
