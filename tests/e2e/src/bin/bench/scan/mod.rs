//! `scan`: how fast logs of a real broker are read by us, by `kafka-dump-log`
//! and by `cat`, all in the same run. The files lie in the page cache, so that
//! no disk is measured.

#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark measures by the clock on the wall"
)]

mod logs;
mod many;
mod report;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use slackwater_lab::{DumpLog, Iteration};
use slackwater_logdir::{Depth, Replica, ScanOptions, on_all_cores, scan};

use crate::{BenchError, failed, say};
use logs::{Logs, Set};
pub(crate) use report::Report;
use report::{Figures, Measured};

/// Runs of ours, in turns with what it is compared with.
const RUNS: usize = 7;

/// A run reads this many bytes at least, small sets again and again: a run of
/// some milliseconds measures the start of threads.
const RUN_BYTES: u64 = 1_000_000_000;

/// Runs of `kafka-dump-log`, which takes long.
const KAFKA_RUNS: usize = 3;

/// It is given files again and again until it takes this many times as long as
/// Java takes to start.
const KAFKA_STARTS: f64 = 10.0;

/// Makes the logs and reads them.
pub(crate) fn measure() -> Result<Report, BenchError> {
    let many = many::measure()?;
    let logs = Logs::make()?;
    let kafka = Kafka::new(&logs.empty()?)?;
    let mut sets = Vec::new();
    for set in &logs.sets {
        say(&format!("reading {}", set.name));
        sets.push(of(set, &kafka)?);
    }
    Ok(Report {
        sets,
        kafka_start: kafka.start,
        many,
    })
}

fn of(set: &Set, kafka: &Kafka) -> Result<Figures, BenchError> {
    let bytes = set.bytes();
    let times = RUN_BYTES.div_ceil(bytes.max(1));
    let files: Vec<&Path> = set.files().collect();
    let again = files.repeat(usize::try_from(times).unwrap_or(1));
    cat(&files)?;
    let mut batches = 0;
    let (mut shallow, mut deep, mut cats) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let mut ours = |depth| {
            timed(|| (0..times).try_for_each(|_| ours(set, depth).map(|count| batches = count)))
        };
        shallow.push(ours(Depth::Full)?);
        cats.push(timed(|| cat(&again))?);
        deep.push(ours(Depth::Deep)?);
    }
    let (sample, sampled) = set.sample();
    Ok(Figures {
        set: set.name,
        bytes,
        sampled,
        records: set.records,
        batches,
        shallow: Measured::of(bytes * times, &shallow),
        deep: Measured::of(bytes * times, &deep),
        cat: Measured::of(bytes * times, &cats),
        kafka: kafka.reads(&files, bytes, Iteration::Shallow)?,
        kafka_deep: kafka.reads(&sample, sampled, Iteration::Deep)?,
    })
}

/// `kafka-dump-log`, with what it prints dropped.
struct Kafka {
    tool: DumpLog,
    /// How long it takes on a log without a batch.
    start: Duration,
}

impl Kafka {
    fn new(empty: &Path) -> Result<Self, BenchError> {
        let tool = DumpLog::new()?;
        let mut starts = Vec::new();
        for _ in 0..KAFKA_RUNS {
            starts.push(timed(|| Ok(tool.discard(&[empty], Iteration::Shallow)?))?);
        }
        starts.sort_unstable();
        let start = starts[KAFKA_RUNS / 2];
        Ok(Self { tool, start })
    }

    fn reads(
        &self,
        files: &[&Path],
        bytes: u64,
        iteration: Iteration,
    ) -> Result<Measured, BenchError> {
        let once = timed(|| Ok(self.tool.discard(files, iteration)?))?;
        let times = KAFKA_STARTS * self.start.as_secs_f64() / once.as_secs_f64();
        let times = times.ceil().max(1.0) as usize;
        let again = files.repeat(times);
        let mut runs = Vec::new();
        for _ in 0..KAFKA_RUNS {
            runs.push(timed(|| Ok(self.tool.discard(&again, iteration)?))?);
        }
        Ok(Measured::of(bytes * times as u64, &runs))
    }
}

/// As a volume is read for a cut: headers, checksums, digests, and the last
/// records. Gives the number of batches.
fn ours(set: &Set, depth: Depth) -> Result<u64, BenchError> {
    let options = ScanOptions {
        depth,
        digest_from: 0,
        until: None,
        tail: 64,
    };
    let replicas: Vec<&Replica> = set.replicas.iter().collect();
    let (mut read, mut batches) = (0, 0);
    for found in on_all_cores(&replicas, |reader, _, replica| {
        scan(reader, replica, &options, &|_| {})
    }) {
        let found = found?;
        batches += found.batches;
        if found.bad == 0 && found.torn_bytes == 0 {
            read += found.records;
        }
    }
    if read == set.records {
        Ok(batches)
    } else {
        Err(BenchError::NotWhole {
            set: set.name,
            read,
            written: set.records,
        })
    }
}

fn cat(files: &[&Path]) -> Result<(), BenchError> {
    let status = Command::new("cat")
        .args(files)
        .stdout(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed("cat the logs")(std::io::Error::other(
            status.to_string(),
        ))),
        Err(error) => Err(failed("cat the logs")(error)),
    }
}

fn timed(work: impl FnOnce() -> Result<(), BenchError>) -> Result<Duration, BenchError> {
    let began = Instant::now();
    work()?;
    Ok(began.elapsed())
}
