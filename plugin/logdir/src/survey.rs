//! What lies in log directories, without reading a log: replicas, their
//! segments as a broker would take them at its start, their checkpoints.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Flock, FlockType, fcntl_getlk};
use slackwater_ports::PartitionId;

use crate::LogdirError;
use crate::file;
use crate::name::{DirName, FileName, dir_name, file_name};
use crate::segment::{SegmentFile, SegmentReader, Want};
use crate::small::{self, EpochStart, MetaProperties, OffsetCheckpoint};

/// How deep below a given path a log directory may lie: a volume's mount
/// point, then what Strimzi calls `kafka-log<n>`, and one more.
const MAX_DEPTH: u32 = 3;

/// mke2fs(8) makes it, no broker writes to it, and only root may list it.
const LOST_AND_FOUND: &str = "lost+found";

/// Most log directories of one path: brokers have a few disks.
const MAX_DIRS: usize = 256;

/// Most replicas of a log directory, and segments of a replica: Kafka itself
/// gets slow far below.
const MAX_ENTRIES: usize = 1_000_000;

/// Whether a directory that a broker has locked may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locked {
    /// No: what is read would change meanwhile.
    Refuse,
    /// Yes; what is found is a moving thing.
    Allow,
}

/// One log directory (`log.dirs` has one or several).
#[derive(Debug, Clone)]
pub struct LogDir {
    /// Where it is.
    pub path: PathBuf,
    /// Its `meta.properties`.
    pub meta: MetaProperties,
    /// It has `.kafka_cleanshutdown`: a broker would not recover its logs.
    pub clean_shutdown: bool,
    /// Sorted by partition.
    pub replicas: Vec<Replica>,
    /// Directories that are no replicas of this broker, though they hold
    /// logs: `-future`, `-stray`.
    pub set_aside: Vec<String>,
    /// Directories on their way out (`-delete`).
    pub deleted: u32,
    /// Replicas and small files that could not be read, and why.
    pub unread: Vec<String>,
}

/// A replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// Of which partition.
    pub partition: PartitionId,
    /// By its `partition.metadata`.
    pub topic_id: Option<String>,
    /// Its directory.
    pub path: PathBuf,
    /// Those that a broker would load, sorted by base offset.
    pub segments: Vec<SegmentFile>,
    /// Files of a swap that a crash cut short, as a broker would end it.
    pub unfinished_swaps: u32,
    /// Log start offset that a broker would come up with.
    pub start: u64,
    /// By `replication-offset-checkpoint`.
    pub high_watermark: Option<u64>,
    /// By `recovery-point-offset-checkpoint`: flushed below it.
    pub recovery_point: Option<u64>,
    /// By `cleaner-offset-checkpoint`: the first offset that was not cleaned.
    pub cleaner_offset: Option<u64>,
    /// By `leader-epoch-checkpoint`.
    pub epochs: Vec<EpochStart>,
}

impl Replica {
    /// Bytes of its segments.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }
}

/// Finds the log directories at or below `path` and lists them.
///
/// # Errors
/// None there; one that is locked; one that can't be listed.
pub fn survey(path: &Path, locked: Locked) -> Result<Vec<LogDir>, LogdirError> {
    let mut dirs = Vec::new();
    find(path, 0, &mut dirs)?;
    if dirs.is_empty() {
        return Err(LogdirError::NoLogDir(path.to_owned()));
    }
    dirs.sort();
    dirs.iter().map(|dir| log_dir(dir, locked)).collect()
}

fn find(path: &Path, depth: u32, dirs: &mut Vec<PathBuf>) -> Result<(), LogdirError> {
    if path.join("meta.properties").is_file() {
        if dirs.len() == MAX_DIRS {
            return Err(too_many(path, "log directories", MAX_DIRS));
        }
        dirs.push(path.to_owned());
        return Ok(());
    }
    if depth == MAX_DEPTH {
        return Ok(());
    }
    for entry in entries(path)? {
        let is_lost_and_found = entry.file_name().is_some_and(|name| name == LOST_AND_FOUND);
        if entry.is_dir() && !entry.is_symlink() && !is_lost_and_found {
            find(&entry, depth + 1, dirs)?;
        }
    }
    Ok(())
}

fn too_many(path: &Path, what: &'static str, limit: usize) -> LogdirError {
    LogdirError::TooMany {
        path: path.to_owned(),
        what,
        limit,
    }
}

/// Sorted, and no more than there may be.
fn entries(path: &Path) -> Result<Vec<PathBuf>, LogdirError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(LogdirError::io("list", path))? {
        if entries.len() == MAX_ENTRIES {
            return Err(too_many(path, "entries", MAX_ENTRIES));
        }
        entries.push(entry.map_err(LogdirError::io("list", path))?.path());
    }
    entries.sort();
    Ok(entries)
}

/// The checkpoints of a log directory. One that can't be read is as good as
/// none to a broker, and is named.
struct Checkpoints {
    start: OffsetCheckpoint,
    recovery: OffsetCheckpoint,
    high_watermark: OffsetCheckpoint,
    cleaner: OffsetCheckpoint,
}

fn log_dir(path: &Path, locked: Locked) -> Result<LogDir, LogdirError> {
    if locked == Locked::Refuse && is_locked(path)? {
        return Err(LogdirError::Locked(path.to_owned()));
    }
    let mut unread = Vec::new();
    let mut checkpoint = |name: &str| {
        small::read_as(&path.join(name), small::offsets)
            .unwrap_or_else(|error| {
                unread.push(error.to_string());
                None
            })
            .unwrap_or_default()
    };
    let checkpoints = Checkpoints {
        start: checkpoint("log-start-offset-checkpoint"),
        recovery: checkpoint("recovery-point-offset-checkpoint"),
        high_watermark: checkpoint("replication-offset-checkpoint"),
        cleaner: checkpoint("cleaner-offset-checkpoint"),
    };
    let meta = small::read_as(&path.join("meta.properties"), small::meta_properties)?;
    let mut dir = LogDir {
        path: path.to_owned(),
        meta: meta.unwrap_or_default(),
        clean_shutdown: path.join(".kafka_cleanshutdown").is_file(),
        replicas: Vec::new(),
        set_aside: Vec::new(),
        deleted: 0,
        unread,
    };
    let mut reader = SegmentReader::default();
    for entry in entries(path)? {
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        if !entry.is_dir() {
            continue;
        }
        match dir_name(&name) {
            Some(DirName::Replica(topic, partition)) => {
                let id = PartitionId::new(topic, partition);
                match replica(&entry, id, &checkpoints, &mut reader) {
                    Ok(replica) => dir.replicas.push(replica),
                    Err(error) => dir.unread.push(error.to_string()),
                }
            }
            Some(DirName::Deleted) => dir.deleted += 1,
            Some(DirName::Future(..) | DirName::Stray(_)) => dir.set_aside.push(name.into_owned()),
            None => {}
        }
    }
    dir.replicas
        .sort_by(|one, other| one.partition.cmp(&other.partition));
    Ok(dir)
}

/// A broker locks `.lock` in each of its log directories (`FileLock`, which is
/// fcntl(2)'s).
fn is_locked(path: &Path) -> Result<bool, LogdirError> {
    let lock = path.join(".lock");
    let file = match file::open(&lock) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(LogdirError::io("open", &lock)(error)),
    };
    fcntl_getlk(&file, &Flock::from(FlockType::WriteLock))
        .map(|holder| holder.is_some())
        .map_err(|error| LogdirError::io("look at the lock of", &lock)(error.into()))
}

fn replica(
    path: &Path,
    partition: PartitionId,
    checkpoints: &Checkpoints,
    reader: &mut SegmentReader,
) -> Result<Replica, LogdirError> {
    let (segments, unfinished_swaps) = segments(path, reader)?;
    let first = segments.first().map_or(0, |segment| segment.base);
    let of = |checkpoint: &OffsetCheckpoint| checkpoint.get(&partition).copied();
    Ok(Replica {
        topic_id: small::read_as(&path.join("partition.metadata"), small::topic_id)?,
        start: of(&checkpoints.start).unwrap_or(0).max(first),
        high_watermark: of(&checkpoints.high_watermark),
        recovery_point: of(&checkpoints.recovery),
        cleaner_offset: of(&checkpoints.cleaner),
        epochs: small::read_as(&path.join("leader-epoch-checkpoint"), small::epochs)?
            .unwrap_or_default(),
        path: path.to_owned(),
        segments,
        unfinished_swaps,
        partition,
    })
}

/// The segments that a broker would load. Source: `LogLoader.load`: what was
/// being cleaned is dropped, and with it swaps at or past it; the swaps that
/// are left take the place of all segments from the first of them to where the
/// last of them ends.
fn segments(
    path: &Path,
    reader: &mut SegmentReader,
) -> Result<(Vec<SegmentFile>, u32), LogdirError> {
    let mut logs = BTreeMap::new();
    let mut swaps = Vec::new();
    let mut least_cleaned = u64::MAX;
    for entry in entries(path)? {
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        let Some(kind) = file_name(&name) else {
            continue;
        };
        let metadata = entry.metadata().map_err(LogdirError::io("stat", &entry))?;
        if !metadata.is_file() {
            continue;
        }
        let file = |base| SegmentFile {
            base,
            bytes: metadata.len(),
            path: entry.clone(),
        };
        match kind {
            FileName::Log(base) => drop(logs.insert(base, file(base))),
            FileName::Swap(base) => swaps.push(file(base)),
            FileName::Cleaned(base) => least_cleaned = least_cleaned.min(base),
        }
    }
    swaps.retain(|swap| swap.base < least_cleaned);
    let (mut first, mut next) = (u64::MAX, 0);
    for swap in &swaps {
        first = first.min(swap.base);
        next = next.max(swap.base);
        reader.read(&swap.path, Want::Headers, |batch| {
            next = next.max(batch.header.last_offset + 1);
        })?;
    }
    logs.retain(|base, _| !(first..next).contains(base));
    let ended = u32::try_from(swaps.len()).unwrap_or(u32::MAX);
    logs.extend(swaps.into_iter().map(|swap| (swap.base, swap)));
    Ok((logs.into_values().collect(), ended))
}
