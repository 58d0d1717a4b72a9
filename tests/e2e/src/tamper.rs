//! False backups: what a restored volume must not hold, made by hand. Each
//! kind names the partition and the brokers that it touched, so that a
//! verdict can be held against that.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use slackwater_lab::OpenCopy;

use crate::SceneError;

/// Bytes of a batch's header; its length stands at byte 8, and counts what
/// follows byte 12 (Kafka's `DefaultRecordBatch`).
const HEADER: u64 = 61;

/// In the low byte of the attributes: the batch holds markers.
const CONTROL: u8 = 0x20;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tamper {
    /// One byte of one replica's log, anywhere, gets another value.
    FlippedByte,
    /// One replica loses a segment from the middle of its log.
    MiddleSegmentRemoved,
    /// All replicas lose their first segment.
    FirstSegmentRemoved,
    /// One replica gets one batch more, with a right checksum.
    RecordAppended,
    /// One replica loses its last batch.
    CutShort,
}

impl Tamper {
    /// All of them.
    pub const ALL: [Tamper; 5] = [
        Tamper::FlippedByte,
        Tamper::MiddleSegmentRemoved,
        Tamper::FirstSegmentRemoved,
        Tamper::RecordAppended,
        Tamper::CutShort,
    ];

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Tamper::FlippedByte => "a byte flipped",
            Tamper::MiddleSegmentRemoved => "a middle segment removed",
            Tamper::FirstSegmentRemoved => "the first segment removed on all replicas",
            Tamper::RecordAppended => "one record appended",
            Tamper::CutShort => "one replica cut short",
        }
    }
}

/// What was touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// `<topic>-<partition>`
    pub partition: String,
    /// Ids of the brokers whose replica it was.
    pub brokers: Vec<i32>,
    /// File, position and the like.
    pub what: String,
}

impl Touched {
    /// Whether a reason names the partition on one of the brokers.
    pub fn is_named_in(&self, reason: &str) -> bool {
        self.brokers
            .iter()
            .any(|broker| reason.contains(&format!("{} on broker {broker}", self.partition)))
    }
}

/// Numbers that look like chance and are told by their seed (splitmix64).
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Below `bound`, which is above 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// Tampers with a partition of `topics` that has three segments at least on
/// every volume.
///
/// # Errors
/// No such partition; a file that can't be changed.
pub fn tamper(
    kind: Tamper,
    volumes: &[OpenCopy],
    topics: &[&str],
    chance: &mut Chance,
) -> Result<Touched, SceneError> {
    let partitions = candidates(volumes, topics)?;
    let at = chance.below(partitions.len() as u64) as usize;
    let partition = &partitions[at];
    let victim = &volumes[chance.below(volumes.len() as u64) as usize];
    let segments = segments(&log_dir(victim)?.join(partition))?;
    let mut brokers = vec![victim.broker()];
    let what = match kind {
        Tamper::FlippedByte => flip(&segments, chance)?,
        Tamper::MiddleSegmentRemoved => remove(&segments[segments.len() / 2])?,
        Tamper::FirstSegmentRemoved => {
            brokers = volumes.iter().map(OpenCopy::broker).collect();
            let mut what = String::new();
            for volume in volumes {
                let files = self::segments(&log_dir(volume)?.join(partition))?;
                what = remove(&files[0])?;
            }
            what
        }
        Tamper::RecordAppended => append(&segments)?,
        Tamper::CutShort => shorten(segments.last())?,
    };
    Ok(Touched {
        partition: partition.clone(),
        brokers,
        what,
    })
}

fn log_dir(volume: &OpenCopy) -> Result<PathBuf, SceneError> {
    let below = [volume.path().to_owned(), volume.path().join("data")];
    let found = below
        .into_iter()
        .find(|dir| dir.join("meta.properties").is_file());
    found.ok_or_else(|| {
        SceneError::Unexpected(format!("no log directory in {}", volume.path().display()))
    })
}

/// Partitions with three segments that hold something, everywhere.
fn candidates(volumes: &[OpenCopy], topics: &[&str]) -> Result<Vec<String>, SceneError> {
    let mut found = Vec::new();
    for entry in entries(&log_dir(&volumes[0])?)? {
        let name = entry
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let topic = name.rsplit_once('-').map_or("", |(topic, _)| topic);
        if !topics.contains(&topic) {
            continue;
        }
        let mut long = true;
        for volume in volumes {
            long &= segments(&log_dir(volume)?.join(&name))?.len() >= 3;
        }
        if long {
            found.push(name);
        }
    }
    match found.is_empty() {
        true => Err(SceneError::Unexpected(
            "no partition has three segments".to_owned(),
        )),
        false => Ok(found),
    }
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, SceneError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(dir).map_err(SceneError::io("list", dir))? {
        entries.push(entry.map_err(SceneError::io("list", dir))?.path());
    }
    entries.sort();
    Ok(entries)
}

/// Segments that hold something, the oldest first.
fn segments(replica: &Path) -> Result<Vec<PathBuf>, SceneError> {
    let mut files = entries(replica)?;
    files.retain(|file| {
        file.extension().is_some_and(|ending| ending == "log")
            && fs::metadata(file).is_ok_and(|metadata| metadata.len() > 0)
    });
    Ok(files)
}

fn name(file: &Path) -> String {
    file.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn flip(segments: &[PathBuf], chance: &mut Chance) -> Result<String, SceneError> {
    let file = &segments[chance.below(segments.len() as u64) as usize];
    let open = open(file)?;
    let bytes = open.metadata().map_err(SceneError::io("stat", file))?.len();
    let position = chance.below(bytes);
    let mask = 1u8 << chance.below(8);
    let mut byte = [0];
    open.read_exact_at(&mut byte, position)
        .and_then(|()| open.write_all_at(&[byte[0] ^ mask], position))
        .map_err(SceneError::io("change", file))?;
    Ok(format!(
        "byte {position} of {}, bits {mask:#04x}",
        name(file)
    ))
}

fn open(file: &Path) -> Result<File, SceneError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(file)
        .map_err(SceneError::io("open", file))
}

fn remove(file: &Path) -> Result<String, SceneError> {
    for ending in ["log", "index", "timeindex", "txnindex", "snapshot"] {
        let beside = file.with_extension(ending);
        if beside.exists() {
            fs::remove_file(&beside).map_err(SceneError::io("remove", &beside))?;
        }
    }
    Ok(name(file))
}

/// A segment's last batches.
struct Ends {
    file: File,
    /// Position and size of the last one that holds data: a segment may have rolled right
    /// before a transaction's marker.
    data: Option<(u64, u64)>,
    /// Position and size of the last one.
    last: (u64, u64),
    /// The offset after it.
    next: u64,
}

fn last_batches(file: &Path) -> Result<Ends, SceneError> {
    let open = open(file)?;
    let bytes = open.metadata().map_err(SceneError::io("stat", file))?.len();
    let (mut position, mut data, mut last) = (0, None, None);
    while position + HEADER <= bytes {
        let mut head = [0; HEADER as usize];
        open.read_exact_at(&mut head, position)
            .map_err(SceneError::io("read", file))?;
        let number =
            |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let mut base = [0; 8];
        base.copy_from_slice(&head[..8]);
        let size = u64::from(number(8)) + 12;
        if number(8) == 0 || position + size > bytes {
            break;
        }
        if head[22] & CONTROL == 0 {
            data = Some((position, size));
        }
        let next = u64::from_be_bytes(base) + u64::from(number(23)) + 1;
        last = Some(((position, size), next));
        position += size;
    }
    let Some((last, next)) = last else {
        let what = format!("{} holds no batch", file.display());
        return Err(SceneError::Unexpected(what));
    };
    Ok(Ends {
        file: open,
        data,
        last,
        next,
    })
}

/// The last records again, at the next offset: the offset stands outside of what
/// the checksum covers.
fn append(segments: &[PathBuf]) -> Result<String, SceneError> {
    let mut batch = Vec::new();
    for file in segments.iter().rev() {
        let ends = last_batches(file)?;
        if let Some((position, size)) = ends.data {
            batch.resize(size as usize, 0);
            ends.file
                .read_exact_at(&mut batch, position)
                .map_err(SceneError::io("read", file))?;
            break;
        }
    }
    let last = segments.last().filter(|_| !batch.is_empty());
    let file = last.ok_or_else(|| SceneError::Unexpected("no segment holds data".to_owned()))?;
    let ends = last_batches(file)?;
    batch[..8].copy_from_slice(&ends.next.to_be_bytes());
    ends.file
        .write_all_at(&batch, ends.last.0 + ends.last.1)
        .map_err(SceneError::io("write", file))?;
    Ok(format!("offset {} in {}", ends.next, name(file)))
}

fn shorten(file: Option<&PathBuf>) -> Result<String, SceneError> {
    let file = file.ok_or_else(|| SceneError::Unexpected("no segment".to_owned()))?;
    let ends = last_batches(file)?;
    let (position, size) = ends.last;
    ends.file
        .set_len(position)
        .map_err(SceneError::io("shorten", file))?;
    Ok(format!("the last {size} bytes of {}", name(file)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use super::*;

    /// A batch of so many records, of which only what is read here is right.
    fn batch(base: u64, records: u32, control: bool) -> Vec<u8> {
        let mut bytes = vec![0; HEADER as usize + 9];
        bytes[..8].copy_from_slice(&base.to_be_bytes());
        let length = bytes.len() as u32 - 12;
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[22] = if control { CONTROL } else { 0 };
        bytes[23..27].copy_from_slice(&(records - 1).to_be_bytes());
        bytes
    }

    #[test]
    fn where_the_last_segment_has_but_a_marker_a_record_of_an_earlier_one_is_appended_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let files = ["0.log", "4.log"].map(|name| dir.path().join(name));
        fs::write(&files[0], batch(0, 4, false)).unwrap();
        fs::write(&files[1], batch(4, 1, true)).unwrap();
        assert_eq!(append(&files).unwrap(), "offset 5 in 4.log");
        let expected = [batch(4, 1, true), batch(5, 4, false)].concat();
        assert_eq!(fs::read(&files[1]).unwrap(), expected);
        // The marker alone is what a replica may be short of.
        fs::write(&files[1], batch(4, 1, true)).unwrap();
        assert_eq!(shorten(files.last()).unwrap(), "the last 70 bytes of 4.log");
        assert_eq!(fs::metadata(&files[1]).unwrap().len(), 0);
    }
}
