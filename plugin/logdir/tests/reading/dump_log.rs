//! Every batch and every record of real brokers' logs, read as Kafka's own
//! tool reads them; what the tool said is kept beside the logs. The same
//! against the living tool, on damaged logs, is in the tests on the lab.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::fixture::{Batch, File, Fixture, Record};
use slackwater_logdir::{
    BatchSeen, Codec, Control, HEADER, NotABatch, SegmentEnd, SegmentReader, Want, control,
    for_each,
};

/// What this reader says of a file.
fn read(path: &Path) -> (File, SegmentEnd) {
    let mut batches = Vec::new();
    let end = SegmentReader::default()
        .read(path, Want::Content, |batch| batches.push(row(batch)))
        .unwrap();
    let file = File {
        invalid_bytes: end.invalid(),
        batches,
    };
    (file, end)
}

fn row(batch: &BatchSeen<'_>) -> Batch {
    let header = &batch.header;
    Batch {
        position: batch.position,
        size: header.size,
        base_offset: header.base_offset,
        last_offset: header.last_offset,
        count: header.records,
        base_sequence: header.base_sequence,
        producer_id: header.producer_id,
        producer_epoch: header.producer_epoch,
        leader_epoch: header.leader_epoch,
        transactional: header.transactional,
        control: header.control,
        delete_horizon: header.delete_horizon.then_some(header.base_timestamp),
        timestamp_type: match header.log_append_time {
            true => "LogAppendTime".to_owned(),
            false => "CreateTime".to_owned(),
        },
        max_timestamp: header.max_timestamp,
        codec: match header.codec.unwrap() {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
        .to_owned(),
        crc: header.crc,
        valid: batch.crc_holds,
        records: records(batch),
    }
}

fn records(batch: &BatchSeen<'_>) -> Vec<Record> {
    let bytes = batch.records.unwrap();
    let marker = match control(&batch.header, bytes, &mut Vec::new()) {
        Some(Control::Abort) if batch.header.control => Some("ABORT".to_owned()),
        Some(Control::Commit) if batch.header.control => Some("COMMIT".to_owned()),
        _ => None,
    };
    let size = |part: Option<&[u8]>| part.map_or(-1, |bytes| bytes.len() as i64);
    let mut records = Vec::new();
    for_each(&batch.header, bytes, &mut Vec::new(), |record| {
        let names = record.headers.iter();
        let names: Vec<_> = names
            .map(|(name, _)| String::from_utf8_lossy(name))
            .collect();
        records.push(Record {
            offset: record.offset,
            timestamp: record.timestamp_ms,
            key_size: size(record.key),
            value_size: size(record.value),
            header_keys: names.join(","),
            marker: marker.clone(),
        });
    })
    .unwrap();
    records
}

#[test]
fn every_batch_and_record_is_read_as_kafka_reads_it() {
    let (mut files, mut batches, mut records) = (0, 0, 0);
    for fixture in Fixture::all() {
        for (name, expected) in &fixture.expected.files {
            let (read, end) = read(&fixture.dir.join(name));
            assert_eq!(read.batches.len(), expected.batches.len(), "{name}");
            for (ours, kafkas) in read.batches.iter().zip(&expected.batches) {
                assert_eq!(ours, kafkas, "{name}");
                records += ours.records.len();
            }
            assert_eq!((read.invalid_bytes, end.stopped), (0, None), "{name}");
            assert_eq!(expected.invalid_bytes, 0, "{name}");
            files += 1;
            batches += read.batches.len();
        }
    }
    // So that nothing is not taken for everything.
    assert!(
        files >= 50 && batches >= 200 && records >= 1000,
        "{files} {batches} {records}"
    );
}

#[test]
fn the_fixtures_hold_each_kind_of_batch_that_there_is() {
    let mut kinds = BTreeSet::new();
    for fixture in Fixture::all() {
        for batch in fixture
            .expected
            .files
            .values()
            .flat_map(|file| &file.batches)
        {
            kinds.insert(batch.codec.clone());
            kinds.insert(batch.timestamp_type.clone());
            kinds.extend((batch.count == 0).then(|| "emptied".to_owned()));
            kinds.extend(batch.delete_horizon.map(|_| "horizon".to_owned()));
            kinds.extend((batch.leader_epoch > 1).then(|| "epoch".to_owned()));
            let records = &batch.records;
            kinds.extend(records.iter().filter_map(|record| record.marker.clone()));
            for (is, kind) in [
                (
                    batch.base_sequence >= 0 && !batch.transactional,
                    "idempotent",
                ),
                (batch.control && records[0].marker.is_none(), "kraft"),
                (records.iter().any(|one| one.key_size < 0), "no key"),
                (records.iter().any(|one| one.value_size < 0), "tombstone"),
                (
                    records.iter().any(|one| one.header_keys.contains(',')),
                    "headers",
                ),
                (
                    records.iter().any(|one| one.value_size > 65_536),
                    "several blocks",
                ),
            ] {
                kinds.extend(is.then(|| kind.to_owned()));
            }
        }
    }
    let all = [
        "ABORT",
        "COMMIT",
        "CreateTime",
        "LogAppendTime",
        "emptied",
        "epoch",
        "gzip",
        "headers",
        "horizon",
        "idempotent",
        "kraft",
        "lz4",
        "no key",
        "none",
        "several blocks",
        "snappy",
        "tombstone",
        "zstd",
    ];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), all);
}

/// The logs of a fixture that have a batch, with what Kafka said of them.
fn logs(fixture: &Fixture) -> Vec<(PathBuf, &File)> {
    let logs: Vec<_> = fixture
        .expected
        .files
        .iter()
        .filter(|(_, file)| !file.batches.is_empty())
        .map(|(name, file)| (fixture.dir.join(name), file))
        .collect();
    assert!(logs.len() >= 10);
    logs
}

/// About so many places of a long stretch, and all of a short one.
const PLACES: u64 = 80;

#[test]
fn a_tail_cut_anywhere_in_the_last_batch_takes_that_batch_and_no_other() {
    let copy = tempfile::NamedTempFile::new().unwrap();
    for fixture in Fixture::all() {
        for (path, expected) in logs(&fixture) {
            let (last, whole) = expected.batches.split_last().unwrap();
            fs::write(copy.path(), fs::read(&path).unwrap()).unwrap();
            let step = (last.size / PLACES).max(1) as usize;
            for kept in (1..last.size).rev().step_by(step) {
                copy.as_file().set_len(last.position + kept).unwrap();
                let (read, end) = read(copy.path());
                assert!(read.batches == whole, "{} {kept}", path.display());
                assert_eq!(read.invalid_bytes, kept);
                let cause = match kept < HEADER as u64 {
                    true => NotABatch::Short(kept),
                    false => NotABatch::Torn {
                        size: last.size,
                        left: kept,
                    },
                };
                assert_eq!(end.stopped, Some(cause));
            }
        }
    }
}

#[test]
fn zeros_behind_the_last_batch_are_counted_and_hide_nothing() {
    let copy = tempfile::NamedTempFile::new().unwrap();
    for fixture in Fixture::all() {
        for (path, expected) in logs(&fixture) {
            let bytes = fs::read(&path).unwrap();
            for zeros in [1, 16, 17, 60, 61, 4096, 600_000] {
                fs::write(copy.path(), &bytes).unwrap();
                let size = bytes.len() as u64 + zeros;
                copy.as_file().set_len(size).unwrap();
                let (read, _) = read(copy.path());
                assert!(read.batches == expected.batches, "{}", path.display());
                assert_eq!(read.invalid_bytes, zeros);
            }
        }
    }
}

#[test]
fn a_flipped_bit_that_a_checksum_covers_fails_its_batch_alone() {
    let copy = tempfile::NamedTempFile::new().unwrap();
    for fixture in Fixture::all() {
        for (path, expected) in logs(&fixture) {
            let mut bytes = fs::read(&path).unwrap();
            for (at, batch) in expected.batches.iter().enumerate() {
                let step = ((batch.size - HEADER as u64) / 8).max(1) as usize;
                // The checksum itself, a timestamp, and the records.
                let places = [17, 40]
                    .into_iter()
                    .chain((HEADER as u64..batch.size).step_by(step));
                for place in places {
                    let byte = (batch.position + place) as usize;
                    bytes[byte] ^= 0x04;
                    fs::write(copy.path(), &bytes).unwrap();
                    bytes[byte] ^= 0x04;
                    let mut verdicts = Vec::new();
                    let end = SegmentReader::default()
                        .read(copy.path(), Want::Content, |seen| {
                            verdicts.push(seen.crc_holds)
                        })
                        .unwrap();
                    let wanted: Vec<bool> =
                        (0..expected.batches.len()).map(|one| one != at).collect();
                    assert_eq!(verdicts, wanted, "{} {byte}", path.display());
                    assert_eq!(end.stopped, None);
                }
            }
        }
    }
}

#[test]
fn a_header_that_was_cut_out_ends_the_log_there_or_fails_there() {
    let copy = tempfile::NamedTempFile::new().unwrap();
    for fixture in Fixture::all() {
        for (path, expected) in logs(&fixture) {
            let bytes = fs::read(&path).unwrap();
            for (at, batch) in expected.batches.iter().enumerate() {
                let mut rest = bytes.clone();
                let from = batch.position as usize;
                rest.drain(from..from + HEADER);
                fs::write(copy.path(), &rest).unwrap();
                let mut seen = Vec::new();
                SegmentReader::default()
                    .read(copy.path(), Want::Content, |one| {
                        seen.push((one.position, one.crc_holds));
                    })
                    .unwrap();
                let before = expected.batches[..at]
                    .iter()
                    .map(|one| (one.position, true));
                assert!(
                    seen.iter().copied().take(at).eq(before),
                    "{}",
                    path.display()
                );
                assert!(
                    seen[at..].iter().all(|(_, holds)| !holds),
                    "{}",
                    path.display()
                );
            }
        }
    }
}
