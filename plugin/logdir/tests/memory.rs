//! Memory has a bound, whatever a log holds. Each case runs in a process of
//! its own, and what that needed at the most is read from the kernel.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod log;

use std::process::Command;

use log::record::varint;
use log::{Batch, Disk, PARTITION, Packing, Rec, options, plain, scan_with};
use slackwater_logdir::{
    Depth, MAX_DECOMPRESSED, MAX_HELD, Replica, SegmentReader, range, records,
};

/// Tells this program, started a second time, which case it is.
const CASE: &str = "SLACKWATER_TEST_CASE";

/// What one reader may need: a batch, what it decompresses to (held twice for
/// a moment, while room for it grows), and the program itself.
const BOUND: u64 = (MAX_HELD + 2 * MAX_DECOMPRESSED + (32 << 20)) as u64;

/// What the largest window of Zstandard takes on top of that.
const WINDOW: u64 = 128 << 20;

/// Records of one batch.
const MANY: i32 = 3_000_000;

/// Writes the log of a case. A process of its own, too: its memory is not the
/// reader's.
fn write(case: &str, disk: &Disk) {
    let mut bytes = log::batch::bytes_of(&plain(1));
    let mut batch = Batch::of(vec![Rec::new(3, None, None)]);
    let body = match case {
        "zeros, gzip" => zeros(Packing::Gzip, 3 * MAX_DECOMPRESSED),
        "zeros, lz4" => zeros(Packing::Lz4, 3 * MAX_DECOMPRESSED),
        "zeros, zstd" => zeros(Packing::Zstd, 4 * MAX_DECOMPRESSED),
        // The best level, whose window is larger than the limit.
        "window, zstd" => {
            zstd::stream::encode_all(vec![0; MAX_DECOMPRESSED + 1].as_slice(), 22).unwrap()
        }
        // One block that says that it is 4 GiB, and framed ones, each of
        // which is allowed.
        "a length, snappy" => b"\xff\xff\xff\xff\x0f\x00\x00".to_vec(),
        "blocks, snappy" => {
            let block = zeros(Packing::SnappyBare, MAX_DECOMPRESSED / 2);
            let mut body = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
            for _ in 0..3 {
                body.extend((block.len() as u32).to_be_bytes());
                body.extend(&block);
            }
            body
        }
        "headers" => {
            let count = MAX_DECOMPRESSED / 2 - 100;
            let mut record = vec![0, 0, 0, 1, 1];
            varint(count as i64, &mut record);
            // Each an empty name and an empty value.
            record.resize(record.len() + 2 * count, 0);
            let mut body = Vec::new();
            varint(record.len() as i64, &mut body);
            body.extend(record);
            Packing::Zstd.pack(&body)
        }
        "records" => {
            let mut body = Vec::new();
            for at in 0..i64::from(MANY) {
                let mut record = vec![0, 0];
                varint(at, &mut record);
                record.extend([1, 1, 0]);
                varint(record.len() as i64, &mut body);
                body.extend(record);
            }
            Packing::Zstd.pack(&body)
        }
        "one record" => vec![0; 20 * MAX_HELD],
        other => panic!("{other}"),
    };
    batch.packing = match case.rsplit(", ").next().unwrap() {
        "gzip" => Packing::Gzip,
        "lz4" => Packing::Lz4,
        "snappy" => Packing::SnappyBare,
        "one record" => Packing::None,
        _ => Packing::Zstd,
    };
    if case != "one record" {
        assert!(body.len() < MAX_HELD, "{}: held at all", body.len());
    }
    let begin = bytes.len();
    bytes.extend(batch.bytes_around(&body, 0));
    if case == "records" {
        let batch = &mut bytes[begin..];
        batch[23..27].copy_from_slice(&(MANY - 1).to_be_bytes());
        batch[57..61].copy_from_slice(&MANY.to_be_bytes());
        log::batch::seal(batch);
    }
    disk.segment(PARTITION, 0, &bytes);
}

fn zeros(packing: Packing, count: usize) -> Vec<u8> {
    packing.pack(&vec![0; count])
}

/// Reads it in every way, and prints what it found and needed.
fn read(replica: &Replica) {
    let deep = scan_with(replica, &options(Depth::Deep));
    let mut reader = SegmentReader::default();
    let live = range(&mut reader, replica, 0, u64::MAX, true).unwrap().live;
    let mut seen = 0u64;
    let end = records(
        &mut reader,
        replica,
        slackwater_logdir::Isolation::ReadUncommitted,
        |_| {
            seen += 1;
            std::ops::ControlFlow::Continue(())
        },
    );
    println!(
        "found: bad {} undecoded {} tail {:?} live {} seen {seen} broken {} why {:?}",
        deep.bad,
        deep.undecoded,
        deep.tail.map(|tail| tail.count),
        live.is_some(),
        end.unwrap().broken_at.is_some(),
        deep.first_bad.map(|bad| bad.why),
    );
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM:"));
    println!("peak: {}", peak.unwrap());
}

#[test]
fn is_one_case_when_it_is_told_to() {
    let Ok(case) = std::env::var(CASE) else {
        return;
    };
    match case.split_once(" in ").unwrap() {
        (case, path) if case.starts_with("write ") => {
            let disk = Disk::new();
            write(case.strip_prefix("write ").unwrap(), &disk);
            let segment = disk.replica(PARTITION).segments.remove(0);
            std::fs::copy(segment.path, path).unwrap();
        }
        (_, path) => {
            let disk = Disk::new();
            let partition = disk.partition(PARTITION);
            let segment = partition.join(log::disk::segment_name(0));
            std::os::unix::fs::symlink(path, segment).unwrap();
            read(&disk.replica(PARTITION));
        }
    }
}

fn child(case: &str, path: &std::path::Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "is_one_case_when_it_is_told_to", "--nocapture"])
        .env(CASE, format!("{case} in {}", path.display()))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{case}: {text}\n{said}");
    text
}

/// What was found, after what was needed was held against the bound.
fn found(case: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    child(&format!("write {case}"), &path);
    let text = child(case, &path);
    let after = |word| {
        text.lines()
            .find_map(|line| line.split_once(word))
            .unwrap()
            .1
    };
    let peak = after("VmHWM:").trim().strip_suffix(" kB").unwrap();
    let peak = peak.parse::<u64>().unwrap() << 10;
    let window = if case.starts_with("window") {
        WINDOW
    } else {
        0
    };
    assert!(peak < BOUND + window, "{case}: {} MiB", peak >> 20);
    after("found: ").to_owned()
}

#[test]
fn a_batch_that_decompresses_to_too_much_is_bad_and_needs_no_memory() {
    for case in [
        "zeros, gzip",
        "zeros, lz4",
        "zeros, zstd",
        "window, zstd",
        "a length, snappy",
    ] {
        let found = found(case);
        let expected = "bad 1 undecoded 0 tail None live false seen 3 broken true";
        assert!(found.starts_with(expected), "{case}: {found}");
        assert!(
            found.contains("decompresses to more than"),
            "{case}: {found}"
        );
    }
}

#[test]
fn blocks_that_are_small_enough_one_by_one_are_no_way_around_the_limit() {
    let found = found("blocks, snappy");
    assert!(found.contains("decompresses to more than"), "{found}");
    assert!(found.starts_with("bad 1 undecoded 0 tail None"), "{found}");
}

#[test]
fn a_record_with_millions_of_headers_is_bad_and_needs_no_memory() {
    let found = found("headers");
    assert!(
        found.starts_with("bad 1 undecoded 0 tail None live false"),
        "{found}"
    );
    assert!(found.contains("headers"), "{found}");
}

#[test]
fn millions_of_records_in_a_batch_are_never_held_together() {
    let found = found("records");
    let expected = "bad 0 undecoded 0 tail Some(8) live true seen 3000003 broken false";
    assert!(found.starts_with(expected), "{found}");
}

#[test]
fn a_batch_that_is_too_large_to_hold_is_not_held() {
    let found = found("one record");
    assert!(
        found.starts_with("bad 0 undecoded 1 tail None live false"),
        "{found}"
    );
}
