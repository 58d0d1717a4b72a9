//! Our reader of logs beside Kafka's own, `kafka-dump-log`, on logs of real
//! brokers, whole and damaged: batches, offsets, counts, verdicts on checksums,
//! invalid bytes. Needs Java, and no cluster.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use slackwater_lab::{DumpLog, Dumped, DumpedBatch, DumpedRecord, Iteration};
use slackwater_logdir::{
    BatchSeen, Codec, Control, HEADER, NotABatch, SegmentEnd, SegmentReader, Want, control,
    for_each,
};

/// Replicas whose first segment is damaged here: a plain one, one of
/// transactions and their markers, a compressed one. Each with the batch that
/// is hit.
const LOGS: [(&str, usize); 3] = [
    ("idempotent-0", 1),
    ("transactions-0", 3),
    ("client-zstd-0", 2),
];

/// The byte of a header that tells the format. No checksum covers it, and
/// Kafka's tool takes 3 for 2.
const MAGIC: usize = 16;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin/logdir/tests/fixtures")
}

/// What our reader says, in Kafka's words.
fn ours(path: &Path, iteration: Iteration) -> (Vec<DumpedBatch>, SegmentEnd) {
    let mut batches = Vec::new();
    let end = SegmentReader::default()
        .read(path, Want::Content, |batch| {
            batches.push(said(batch, iteration))
        })
        .unwrap();
    (batches, end)
}

fn said(batch: &BatchSeen<'_>, iteration: Iteration) -> DumpedBatch {
    let header = &batch.header;
    let codec = header.codec.map(|codec| match codec {
        Codec::None => "none",
        Codec::Gzip => "gzip",
        Codec::Snappy => "snappy",
        Codec::Lz4 => "lz4",
        Codec::Zstd => "zstd",
    });
    let append = header.log_append_time;
    DumpedBatch {
        position: batch.position,
        size: header.size,
        base_offset: header.base_offset as i64,
        last_offset: header.last_offset as i64,
        count: Some(header.records.into()),
        base_sequence: header.base_sequence.into(),
        producer_id: header.producer_id,
        producer_epoch: header.producer_epoch.into(),
        leader_epoch: header.leader_epoch.into(),
        transactional: header.transactional,
        control: header.control,
        delete_horizon: header.delete_horizon.then_some(header.base_timestamp),
        timestamp_type: if append {
            "LogAppendTime"
        } else {
            "CreateTime"
        }
        .to_owned(),
        max_timestamp: header.max_timestamp,
        magic: 2,
        codec: codec.unwrap_or("unknown").to_owned(),
        crc: header.crc,
        valid: batch.crc_holds,
        records: match iteration {
            Iteration::Shallow => Vec::new(),
            Iteration::Deep => records(batch),
        },
    }
}

fn records(batch: &BatchSeen<'_>) -> Vec<DumpedRecord> {
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
        records.push(DumpedRecord {
            offset: record.offset as i64,
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

fn logs(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let is_log = path
            .extension()
            .is_some_and(|e| e == "log" || e == "checkpoint");
        if path.is_dir() {
            logs(&path, found);
        } else if is_log {
            found.push(path);
        }
    }
}

#[test]
fn whole_logs_are_read_as_kafka_reads_them() {
    let mut paths = Vec::new();
    logs(&fixtures(), &mut paths);
    assert!(paths.len() >= 50, "{}", paths.len());
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let kafka = DumpLog::new()
        .unwrap()
        .run(&paths, Iteration::Deep)
        .unwrap();
    for (path, kafkas) in paths.into_iter().zip(kafka) {
        let (batches, end) = ours(path, Iteration::Deep);
        assert_eq!(kafkas.failure, None);
        assert_eq!(kafkas.batches, batches, "{}", path.display());
        assert_eq!((kafkas.invalid_bytes, end.invalid()), (0, 0));
    }
}

/// A damaged copy, and what was done to it.
struct Case {
    what: String,
    path: PathBuf,
}

struct Cases {
    dir: tempfile::TempDir,
    all: Vec<Case>,
}

impl Cases {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            all: Vec::new(),
        }
    }

    /// Each under a name that the tool takes for a log's.
    fn add(&mut self, what: String, bytes: &[u8]) {
        let dir = self.dir.path().join(self.all.len().to_string());
        fs::create_dir(&dir).unwrap();
        let path = dir.join("00000000000000000000.log");
        fs::write(&path, bytes).unwrap();
        self.all.push(Case { what, path });
    }

    /// Gives what each reader says of each.
    fn each(&self, mut visit: impl FnMut(&Case, &Dumped, &[DumpedBatch], SegmentEnd)) {
        let paths: Vec<&Path> = self.all.iter().map(|case| case.path.as_path()).collect();
        let said = DumpLog::new()
            .unwrap()
            .run(&paths, Iteration::Shallow)
            .unwrap();
        for (case, kafkas) in self.all.iter().zip(&said) {
            let (batches, end) = ours(&case.path, Iteration::Shallow);
            visit(case, kafkas, &batches, end);
        }
    }
}

fn bytes_and_batches(replica: &str) -> (Vec<u8>, Vec<DumpedBatch>) {
    // In which directory a broker puts a replica is its own choice.
    let mut paths = Vec::new();
    logs(&fixtures(), &mut paths);
    let segment = Path::new(replica).join("00000000000000000000.log");
    let path = paths.iter().find(|path| path.ends_with(&segment)).unwrap();
    (fs::read(path).unwrap(), ours(path, Iteration::Shallow).0)
}

#[test]
fn a_tail_that_was_cut_has_as_many_invalid_bytes_for_both() {
    let mut cases = Cases::new();
    for (log, _) in LOGS {
        let (bytes, batches) = bytes_and_batches(log);
        let last = batches.last().unwrap();
        let (from, size) = (last.position as usize, last.size as usize);
        for kept in [1, 12, 16, 17, 18, 40, 60, 61, 62, size / 2, size - 1] {
            cases.add(
                format!("{log}: {kept} of the last batch"),
                &bytes[..from + kept],
            );
        }
    }
    cases.each(|case, kafkas, batches, end| {
        assert_eq!(kafkas.failure, None, "{}", case.what);
        assert_eq!(kafkas.batches, batches, "{}", case.what);
        assert_eq!(kafkas.invalid_bytes, end.invalid(), "{}", case.what);
        assert!(end.invalid() > 0, "{}", case.what);
    });
}

#[test]
fn zeros_end_the_log_for_both_and_kafka_gives_up_at_them() {
    let mut cases = Cases::new();
    for (log, _) in LOGS {
        let (bytes, _) = bytes_and_batches(log);
        for zeros in [1, 17, 18, 61, 4096] {
            let mut more = bytes.clone();
            more.resize(bytes.len() + zeros, 0);
            cases.add(format!("{log} and {zeros} zeros"), &more);
        }
    }
    cases.each(|case, kafkas, batches, end| {
        assert_eq!(kafkas.batches, batches, "{}", case.what);
        // Up to 17 bytes are too few for it to look at.
        match &kafkas.failure {
            None => assert_eq!(kafkas.invalid_bytes, end.invalid(), "{}", case.what),
            Some(why) => assert!(why.contains("size 0 smaller"), "{}: {why}", case.what),
        }
        assert_eq!(
            kafkas.failure.is_some(),
            end.invalid() > 17,
            "{}",
            case.what
        );
    });
}

#[test]
fn a_header_that_was_cut_is_where_both_stop_or_fail() {
    let mut cases = Cases::new();
    for (log, hit) in LOGS {
        let (bytes, batches) = bytes_and_batches(log);
        let from = batches[hit].position as usize;
        for cut in [1, 8, 20, HEADER] {
            let mut rest = bytes.clone();
            rest.drain(from..from + cut);
            cases.add(format!("{log}: {cut} bytes cut out of batch {hit}"), &rest);
        }
    }
    let mut compared = 0;
    cases.each(|case, kafkas, batches, end| {
        let seen = agree(case, kafkas, batches, end);
        assert_ne!(seen, Seen::Same, "{}", case.what);
        compared += 1;
    });
    assert_eq!(compared, LOGS.len() * 4);
}

#[test]
fn a_flipped_bit_anywhere_in_a_batch_is_judged_alike() {
    let mut cases = Cases::new();
    for (log, hit) in LOGS {
        let (bytes, batches) = bytes_and_batches(log);
        let from = batches[hit].position as usize;
        let size = batches[hit].size as usize;
        let records = (HEADER..size).step_by(((size - HEADER) / 6).max(1));
        for place in (0..HEADER).chain(records) {
            for bit in [0x01, 0x80] {
                let mut flipped = bytes.clone();
                flipped[from + place] ^= bit;
                cases.add(
                    format!("{log}: byte {place} of batch {hit} ^ {bit:#x}"),
                    &flipped,
                );
            }
        }
    }
    let mut counts = [0; 4];
    cases.each(|case, kafkas, batches, end| {
        counts[agree(case, kafkas, batches, end) as usize] += 1;
    });
    println!("same, bad for both, only ours stops, kafka fails: {counts:?}");
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}

/// How two readings compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// All batches alike, and all valid: what was flipped is covered by no
    /// checksum.
    Same,
    /// All batches alike, and one is bad, or the log ends at it.
    BadForBoth,
    /// Ours stops at what can't be a batch; Kafka goes on behind it.
    OnlyOursStops,
    /// Kafka's tool ends with an error, where ours has a bad batch or the end.
    KafkaFails,
}

/// Holds the readings together: what is good for one is good for the other,
/// with the same numbers, and the first that is bad for one is bad for the
/// other.
fn agree(case: &Case, kafkas: &Dumped, batches: &[DumpedBatch], end: SegmentEnd) -> Seen {
    let what = &case.what;
    let common = kafkas.batches.len().min(batches.len());
    assert_eq!(kafkas.batches[..common], batches[..common], "{what}");
    if kafkas.failure.is_some() {
        let next = batches.get(common);
        assert!(
            next.is_some_and(|one| !one.valid) || (next.is_none() && end.stopped.is_some()),
            "{what}: {:?}, and {end:?}",
            kafkas.failure
        );
        return Seen::KafkaFails;
    }
    if let Some(more) = kafkas.batches.get(common) {
        let why = end.stopped.unwrap();
        // Outside of what a checksum covers, Kafka's tool takes anything.
        let not_covered = match why {
            NotABatch::Magic(_) => true,
            NotABatch::Numbers => more.base_offset < 0,
            _ => false,
        };
        assert!(!more.valid || not_covered, "{what}: {why}, and {more:?}");
        assert_eq!(more.position, end.valid, "{what}");
        return Seen::OnlyOursStops;
    }
    assert_eq!(batches.len(), common, "{what}");
    assert_eq!(kafkas.invalid_bytes, end.invalid(), "{what}");
    if end.invalid() == 0 && batches.iter().all(|batch| batch.valid) {
        Seen::Same
    } else {
        Seen::BadForBoth
    }
}

#[test]
fn only_base_offset_epoch_and_format_can_change_without_a_bad_checksum() {
    let mut cases = Cases::new();
    let (log, hit) = LOGS[0];
    let (bytes, batches) = bytes_and_batches(log);
    let from = batches[hit].position as usize;
    let places: Vec<usize> = (0..8).chain(12..17).collect();
    for place in &places {
        let mut flipped = bytes.clone();
        flipped[from + place] ^= 0x01;
        cases.add(format!("byte {place}"), &flipped);
    }
    let mut place = places.iter();
    cases.each(|case, kafkas, batches, end| {
        let place = *place.next().unwrap();
        assert!(kafkas.batches[hit].valid, "{}", case.what);
        let seen = agree(case, kafkas, batches, end);
        let wanted = match place {
            // Ours knows no format 3.
            MAGIC => Seen::OnlyOursStops,
            _ => Seen::Same,
        };
        assert_eq!(seen, wanted, "{}", case.what);
    });
}
