//! `slackwater logdir`: Kafka's log directories, read offline, planned and cut.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use clap::{Args, Subcommand};
use serde::Serialize;
use slackwater_logdir::{
    Depth, Locked, LogDir, Replica, ReplicaScan, ScanOptions, on_all_cores, range, scan, survey,
};
use slackwater_ports::{PartitionId, Progress};

mod numbers;
mod plan;
mod trim;

pub(super) use plan::{max_jettison, span, stop};
pub(super) use trim::read_plan;

use super::Context;
use crate::adapters::Terminal;
use crate::exit::Stop;

/// Kafka's log directories, read offline, and cut.
///
/// Only while no broker has them, but for a scan that is told so.
#[derive(Debug, Args)]
pub(super) struct Logdir {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Scan(Scan),
    Plan(plan::Plan),
    Trim(trim::Trim),
    Untrim(trim::Untrim),
    Discard(trim::Discard),
}

/// Read every log: what it holds, whether it is whole, whether its replicas agree.
///
/// Nothing is written. Exit code 1 where a batch is bad, a file can't be read or
/// replicas differ; 2 where the directories can't be compared or hold no log.
///
/// TORN: bytes behind the last valid batch, which a broker cuts off as it
/// starts. HOLES: runs of offsets without a batch. OPEN: transactions without
/// a marker. OTHERS: whether the replicas hold the same from the greatest of
/// their starts to the least of their ends; SHORTER is one that ends before
/// another, as a follower may, and a restored one may not. DIGEST: over the
/// whole log.
#[derive(Debug, Args)]
struct Scan {
    /// Directories of `log.dirs`, or above them; those of several brokers are
    /// compared.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Decode every record too.
    #[arg(long)]
    deep: bool,
    /// Read directories that a running broker has locked; what is found moves.
    #[arg(long)]
    live: bool,
    /// How many of the last records of each log are digested.
    #[arg(long, default_value_t = 64)]
    tail: u32,
}

/// Whether a partition's replicas hold the same from the greatest of their
/// starts to the least of their ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Agreement {
    /// There is no other.
    Alone,
    /// They do, batch by batch; where they compact, by their live keys.
    Agree,
    /// They do not.
    Differ,
    /// As far as it goes it is what the others are, and they go further.
    Shorter,
    /// It can't be told.
    Unknown,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    partition: PartitionId,
    node: Option<i32>,
    path: PathBuf,
    topic_id: Option<String>,
    start: u64,
    high_watermark: Option<u64>,
    #[serde(flatten)]
    scan: Option<ReplicaScan>,
    error: Option<String>,
    agreement: Agreement,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    replicas: Vec<Row>,
    set_aside: Vec<String>,
    unread: Vec<String>,
}

impl Logdir {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        match &self.verb {
            Verb::Scan(scan) => scan.run(context),
            Verb::Plan(plan) => plan.run(context),
            Verb::Trim(trim) => trim.run(context),
            Verb::Untrim(untrim) => untrim.run(context),
            Verb::Discard(discard) => discard.run(context),
        }
    }
}

impl Scan {
    fn run(&self, context: &Context) -> Result<(), Stop> {
        let locked = if self.live {
            Locked::Allow
        } else {
            Locked::Refuse
        };
        let mut dirs: Vec<LogDir> = Vec::new();
        for path in &self.paths {
            dirs.extend(survey(path, locked).map_err(Stop::bad_input)?);
        }
        of_one_cluster(&dirs)?;
        let report = self.read(&dirs, &Terminal::new(context.quiet));
        context.print(&report, text)?;
        verdict(&report)
    }

    fn read(&self, dirs: &[LogDir], terminal: &Terminal) -> Report {
        let mut jobs: Vec<(&LogDir, &Replica)> = dirs
            .iter()
            .flat_map(|dir| dir.replicas.iter().map(move |replica| (dir, replica)))
            .collect();
        jobs.sort_by(|one, other| one.1.partition.cmp(&other.1.partition));
        let starts = greatest_starts(&jobs);
        let replicas: Vec<&Replica> = jobs.iter().map(|job| job.1).collect();
        let total: u64 = replicas.iter().map(|one| one.bytes()).sum();
        let (read, done) = (AtomicU64::new(0), AtomicU64::new(0));
        let progress = |bytes| {
            let read = read.fetch_add(bytes, Ordering::Relaxed) + bytes;
            let logs = done.load(Ordering::Relaxed);
            let what = format!(
                "{logs} of {} logs, {} of {} MiB",
                jobs.len(),
                read >> 20,
                total >> 20
            );
            terminal.waiting("scan", &what, None);
        };
        let scans = on_all_cores(&replicas, |reader, _, replica| {
            let options = ScanOptions {
                depth: if self.deep { Depth::Deep } else { Depth::Full },
                digest_from: starts[&replica.partition],
                until: None,
                tail: self.tail,
            };
            let found = scan(reader, replica, &options, &progress);
            done.fetch_add(1, Ordering::Relaxed);
            found.map_err(|error| error.to_string())
        });
        let agreements = agreements(&replicas, &scans, &starts);
        let rows = jobs.iter().zip(scans).map(|((dir, replica), found)| Row {
            partition: replica.partition.clone(),
            node: dir.meta.node_id,
            path: replica.path.clone(),
            topic_id: replica.topic_id.clone(),
            start: replica.start,
            high_watermark: replica.high_watermark,
            error: found.as_ref().err().cloned(),
            scan: found.ok(),
            agreement: agreements[&replica.partition],
        });
        let mut rows: Vec<Row> = rows.collect();
        tell_the_shorter(&mut rows);
        Report {
            replicas: rows,
            set_aside: dirs.iter().flat_map(|dir| dir.set_aside.clone()).collect(),
            unread: dirs.iter().flat_map(|dir| dir.unread.clone()).collect(),
        }
    }
}

/// Replicas are compared, so they must be such: of one cluster, and each of
/// another node.
fn of_one_cluster(dirs: &[LogDir]) -> Result<(), Stop> {
    let mut clusters: Vec<&str> = dirs
        .iter()
        .filter_map(|dir| dir.meta.cluster_id.as_deref())
        .collect();
    clusters.sort_unstable();
    clusters.dedup();
    if clusters.len() > 1 {
        return Err(Stop::bad_input(format!(
            "these directories are of {} clusters ({}): scan them one after the other",
            clusters.len(),
            clusters.join(", ")
        )));
    }
    let mut seen: BTreeMap<(Option<i32>, &PartitionId), &Path> = BTreeMap::new();
    for dir in dirs {
        for replica in &dir.replicas {
            let key = (dir.meta.node_id, &replica.partition);
            if let Some(other) = seen.insert(key, &replica.path) {
                return Err(Stop::bad_input(format!(
                    "{} and {} are the same replica of the same node: name each directory once",
                    other.display(),
                    replica.path.display()
                )));
            }
        }
    }
    Ok(())
}

/// What all replicas have agrees; the one that lacks what others have is named.
fn tell_the_shorter(rows: &mut [Row]) {
    let mut ends: BTreeMap<PartitionId, u64> = BTreeMap::new();
    for row in &*rows {
        let end = row.scan.as_ref().map_or(0, |found| found.end);
        let known = ends.entry(row.partition.clone()).or_default();
        *known = end.max(*known);
    }
    for row in rows {
        let end = row.scan.as_ref().map_or(0, |found| found.end);
        if row.agreement == Agreement::Agree && end < ends[&row.partition] {
            row.agreement = Agreement::Shorter;
        }
    }
}

fn greatest_starts(jobs: &[(&LogDir, &Replica)]) -> BTreeMap<PartitionId, u64> {
    let mut starts: BTreeMap<PartitionId, u64> = BTreeMap::new();
    for (_, replica) in jobs {
        let start = starts.entry(replica.partition.clone()).or_default();
        *start = replica.start.max(*start);
    }
    starts
}

type Scanned = Result<ReplicaScan, String>;

fn agreements(
    replicas: &[&Replica],
    scans: &[Scanned],
    starts: &BTreeMap<PartitionId, u64>,
) -> BTreeMap<PartitionId, Agreement> {
    let mut groups: BTreeMap<PartitionId, Vec<(&Replica, &Scanned)>> = BTreeMap::new();
    for (replica, found) in replicas.iter().zip(scans) {
        let group = groups.entry(replica.partition.clone()).or_default();
        group.push((*replica, found));
    }
    groups
        .into_iter()
        .map(|(partition, group)| {
            let agreement = agreement(&group, starts[&partition]);
            (partition, agreement)
        })
        .collect()
}

fn agreement(group: &[(&Replica, &Scanned)], start: u64) -> Agreement {
    let read: Vec<(&Replica, &ReplicaScan)> = group
        .iter()
        .filter_map(|(replica, found)| Some((*replica, found.as_ref().ok()?)))
        .collect();
    let (Some(first), true) = (read.first(), read.len() == group.len()) else {
        return Agreement::Unknown;
    };
    if read.len() == 1 {
        return Agreement::Alone;
    }
    if read.iter().all(|(_, found)| found.digest == first.1.digest) {
        return Agreement::Agree;
    }
    // Each compacts by itself, and one may be behind the other.
    let cleaned = read
        .iter()
        .map(|(replica, found)| found.cleaned_to.max(replica.cleaner_offset.unwrap_or(0)))
        .max()
        .unwrap_or(0);
    let end = read.iter().map(|(_, found)| found.end).min().unwrap_or(0);
    let from = cleaned.max(start).min(end);
    let replicas: Vec<&Replica> = read.iter().map(|one| one.0).collect();
    let parts = on_all_cores(&replicas, |reader, _, replica| {
        let batches = range(reader, replica, from, end, false).ok()?.batches;
        let live = match cleaned > start {
            true => Some(range(reader, replica, start, end, true).ok()?.live?),
            false => None,
        };
        Some((batches, live))
    });
    match parts.iter().all(Option::is_some) {
        false => Agreement::Unknown,
        true if parts.iter().all(|part| *part == parts[0]) => Agreement::Agree,
        true => Agreement::Differ,
    }
}

fn verdict(report: &Report) -> Result<(), Stop> {
    if report.replicas.is_empty() && report.unread.is_empty() {
        return Err(Stop::bad_input(
            "there is no log in these directories: nothing was looked at",
        ));
    }
    let name = |row: &Row| format!("{} in {}", row.partition, row.path.display());
    for row in &report.replicas {
        if let Some(error) = &row.error {
            return Err(Stop::failed(format!("{}: {error}", name(row))));
        }
        if let Some(bad) = row.scan.as_ref().and_then(|found| found.first_bad.as_ref()) {
            return Err(Stop::failed(format!(
                "{}: {} at byte {}: {}",
                name(row),
                bad.file,
                bad.position,
                bad.why
            )));
        }
        if row.agreement == Agreement::Differ {
            return Err(Stop::failed(format!(
                "the replicas of {} differ",
                row.partition
            )));
        }
    }
    match report.unread.first() {
        Some(why) => Err(Stop::failed(why)),
        None => Ok(()),
    }
}

fn text(report: &Report) -> String {
    let widest = |of: fn(&Row) -> usize, least| {
        let lengths = report.replicas.iter().map(of);
        lengths.max().unwrap_or(0).max(least)
    };
    let wide = widest(|row| row.partition.to_string().len(), 9);
    let mut out = format!(
        "{:<wide$} {:>5} {:>11} {:>11} {:>6} {:>9} {:>10} {:>5} {:>5} {:>6} {:>5} {:<7} {}\n",
        "PARTITION",
        "NODE",
        "START",
        "END",
        "EPOCH",
        "BATCHES",
        "RECORDS",
        "BAD",
        "HOLES",
        "TORN",
        "OPEN",
        "OTHERS",
        "DIGEST"
    );
    for row in &report.replicas {
        let node = row.node.map_or_else(|| "-".to_owned(), |id| id.to_string());
        let Some(found) = &row.scan else {
            let error = row.error.as_deref().unwrap_or_default();
            out += &format!("{:<wide$} {node:>5} {error}\n", row.partition.to_string());
            continue;
        };
        let epoch = found
            .last_epoch
            .map_or_else(|| "-".to_owned(), |one| one.to_string());
        let others = match row.agreement {
            Agreement::Alone => "-",
            Agreement::Agree => "agree",
            Agreement::Differ => "DIFFER",
            Agreement::Shorter => "SHORTER",
            Agreement::Unknown => "unknown",
        };
        out += &format!(
            "{:<wide$} {node:>5} {:>11} {:>11} {epoch:>6} {:>9} {:>10} {:>5} {:>5} {:>6} {:>5} {others:<7} {}\n",
            row.partition.to_string(),
            row.start,
            found.end,
            found.batches,
            found.records,
            found.bad,
            found.holes,
            found.torn_bytes,
            found.open_transactions,
            found.whole
        );
    }
    for name in &report.set_aside {
        out += &format!("not a replica: {name}\n");
    }
    out
}
