//! What has to change of one copy, so that it ends at the cut with the batches
//! of the log that is kept. Decides and reads; changes nothing.
//!
//! The least that a broker comes up well with, by experiment and by
//! `LogLoader`: the log cut at a batch's boundary, no later segment, no index of
//! the segment that was cut (a broker that finds none reads the segment and
//! makes them anew), no producer snapshot past the cut, no leader epoch that
//! begins there, and no mark of a clean shutdown. What is added comes as
//! segments of their own, so that no file is ever written over.

use std::fs;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use slackwater_logdir::SegmentReader;
use slackwater_point::{PlannedReplica, PlannedStanding};
use slackwater_ports::PartitionId;

use crate::copy::{Batch, CopyAt, CopyRead, read_copy};
use crate::disk::Piece;
use crate::error::TrimError;
use crate::journal::{PREFIX, Step};
use crate::recode::recode;
use crate::write::{self, NewRecord};

/// What has to lie ready, and the steps then.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    pub(crate) files: Vec<(PathBuf, Vec<Piece>)>,
    pub(crate) steps: Vec<Step>,
}

/// The mark of a clean shutdown in a log directory (`CleanShutdownFileHandler`).
pub(crate) const CLEAN: &str = ".kafka_cleanshutdown";

/// `LeaderEpochCheckpointFile`
const EPOCHS: &str = "leader-epoch-checkpoint";

/// What stands beside a segment.
pub(crate) const INDEXES: [&str; 3] = ["index", "timeindex", "txnindex"];

/// A copy, and where it is to end.
pub(crate) struct Target<'t> {
    pub(crate) partition: &'t PartitionId,
    pub(crate) copy: &'t CopyAt,
    pub(crate) planned: &'t PlannedReplica,
    pub(crate) cut: u64,
    /// What comes behind that.
    pub(crate) added: &'t [NewRecord],
    /// The copy whose log is kept.
    pub(crate) kept: &'t CopyAt,
}

/// The mark is set aside, where there is one: logs are recovered then.
pub(crate) fn unclean(dir: &Path) -> Vec<Step> {
    let there = fs::metadata(dir.join(CLEAN)).ok();
    let there = there.filter(fs::Metadata::is_file);
    let step = there.map(|there| Step::SetAside {
        file: CLEAN.into(),
        aside: format!("{PREFIX}{CLEAN}").into(),
        was: Some(there.len()),
    });
    step.into_iter().collect()
}

/// Of a file of a log: the offset by which it is called, and the ending of its name.
pub(crate) fn base_and_ending(file: &Path) -> Option<(u64, &str)> {
    let stem = file.file_stem()?.to_str()?;
    let base = stem.parse().ok().filter(|_| stem.len() == 20)?;
    Some((base, file.extension()?.to_str()?))
}

impl Target<'_> {
    /// The steps; none where nothing has to change.
    pub(crate) fn edits(&self, reader: &mut SegmentReader) -> Result<Edits, TrimError> {
        let replica = &self.copy.replica;
        // From here on it is another log.
        let fork = self.planned.agrees_to.min(self.cut);
        let at = replica
            .segments
            .partition_point(|one| one.base <= fork)
            .checked_sub(1);
        let read = read_copy(reader, replica, at.unwrap_or(0))?;
        let inside = |one: &&Batch| one.header.base_offset < fork && fork <= one.header.last_offset;
        let through = read.batches.iter().find(inside);
        let from = through.map_or(fork, |batch| batch.header.base_offset);
        let mut added = self.lacking(reader, fork, through)?;
        added.extend(self.behind(reader)?);
        let stays = self.stays(at, from, &read);
        let mut edits = Edits::default();
        let whole = stays.is_some_and(|(segment, bytes)| {
            segment + 1 == replica.segments.len() && bytes == replica.segments[segment].bytes
        });
        if whole && added.is_empty() {
            return Ok(edits);
        }
        self.usual_names(stays.map_or(0, |(segment, _)| segment))?;
        let first_gone = self.cut_segment(stays, added.first().map(|one| one.0), &mut edits);
        for segment in &replica.segments[first_gone..] {
            edits.set_aside(&self.below(&segment.path), segment.bytes);
        }
        self.beside(stays.map(|(segment, _)| segment), from, &mut edits)?;
        for (base, pieces, _) in &added {
            self.place(&format!("{base:020}.log"), pieces.clone(), &mut edits);
        }
        self.epochs(from, &added, &mut edits)?;
        Ok(edits)
    }

    /// The segment that is the last one to stay, and how many of its bytes do.
    /// Of a copy that is behind, nothing does.
    fn stays(&self, at: Option<usize>, from: u64, read: &CopyRead) -> Option<(usize, u64)> {
        let at = at.filter(|_| self.planned.standing != PlannedStanding::Behind)?;
        let stays = |one: &&Batch| one.segment == at && one.header.last_offset < from;
        let last = read.batches.iter().rev().find(stays);
        Some((at, last.map_or(0, |one| one.position + one.header.size)))
    }

    /// Cuts the segment; gives the first one that goes whole.
    fn cut_segment(
        &self,
        stays: Option<(usize, u64)>,
        added: Option<u64>,
        edits: &mut Edits,
    ) -> usize {
        let Some((at, bytes)) = stays else {
            return 0;
        };
        let segment = &self.copy.replica.segments[at];
        if bytes == 0 && added == Some(segment.base) {
            // What is added takes its name.
            return at;
        }
        if bytes < segment.bytes {
            let file = self.below(&segment.path);
            let tail = aside(&file, ".tail");
            let piece = Piece::Of {
                path: segment.path.clone(),
                from: bytes,
                bytes: segment.bytes - bytes,
            };
            edits.files.push((tail.clone(), vec![piece]));
            edits.steps.push(Step::Truncate {
                file,
                to: bytes,
                was: segment.bytes,
                tail,
            });
        }
        at + 1
    }

    /// Indexes of the segment that is cut and of those that go, and producer
    /// snapshots past what stays.
    fn beside(&self, stays: Option<usize>, from: u64, edits: &mut Edits) -> Result<(), TrimError> {
        let segments = &self.copy.replica.segments;
        let least = segments.get(stays.unwrap_or(0)).map_or(0, |one| one.base);
        let dir = &self.copy.replica.path;
        let mut names = Vec::new();
        for entry in fs::read_dir(dir).map_err(TrimError::io("list", dir))? {
            let entry = entry.map_err(TrimError::io("list", dir))?;
            names.push(PathBuf::from(entry.file_name()));
        }
        names.sort();
        for name in names {
            let Some((base, ending)) = base_and_ending(&name) else {
                continue;
            };
            let index = INDEXES.contains(&ending) && base >= least;
            if index || (ending == "snapshot" && base > from) {
                self.set_aside(&dir.join(&name), edits)?;
            }
        }
        Ok(())
    }

    /// What comes behind all that is kept, as a segment.
    fn behind(&self, reader: &mut SegmentReader) -> Result<Option<Added>, TrimError> {
        if self.added.is_empty() {
            return Ok(None);
        }
        let epoch = self.last_epoch(reader)?;
        let bytes = write::batch(self.cut, epoch, self.added).map_err(|why| TrimError::Add {
            partition: self.partition.clone(),
            why,
        })?;
        Ok(Some((
            self.cut,
            vec![Piece::Bytes(bytes)],
            vec![(epoch, self.cut)],
        )))
    }

    /// That of the last batch that is kept: no leader was elected since.
    fn last_epoch(&self, reader: &mut SegmentReader) -> Result<i32, TrimError> {
        let kept = &self.kept.replica;
        let first = kept.segments.partition_point(|one| one.base < self.cut);
        let read = read_copy(reader, kept, first.saturating_sub(1))?;
        let below = |one: &&Batch| one.header.base_offset < self.cut;
        let last = read.batches.iter().rev().find(below);
        let noted = kept.epochs.iter().rev().find(|(_, from)| *from <= self.cut);
        let noted = noted.map(|(epoch, _)| *epoch);
        let last = last.map(|one| one.header.leader_epoch);
        Ok(last.or(noted).unwrap_or(0))
    }

    /// The segments of the kept log that this one lacks: base, bytes, and the epochs of
    /// their batches.
    fn lacking(
        &self,
        reader: &mut SegmentReader,
        fork: u64,
        through: Option<&Batch>,
    ) -> Result<Vec<Added>, TrimError> {
        if let Some(batch) = through {
            let bytes = self.recoded(&self.copy.replica.segments[batch.segment].path, batch)?;
            let epochs = vec![(batch.header.leader_epoch, batch.header.base_offset)];
            return Ok(vec![(
                batch.header.base_offset,
                vec![Piece::Bytes(bytes)],
                epochs,
            )]);
        }
        let from = match self.planned.standing {
            PlannedStanding::Behind => 0,
            _ => fork,
        };
        if from >= self.cut {
            return Ok(Vec::new());
        }
        let kept = &self.kept.replica;
        let first = kept
            .segments
            .partition_point(|one| one.base <= from)
            .saturating_sub(1);
        let read = read_copy(reader, kept, first)?;
        let wanted = |one: &&Batch| (from..self.cut).contains(&one.header.base_offset);
        let mut added: Vec<Added> = Vec::new();
        let mut of_segment = None;
        for batch in read.batches.iter().filter(wanted) {
            let header = &batch.header;
            let path = &kept.segments[batch.segment].path;
            if of_segment != Some(batch.segment) {
                of_segment = Some(batch.segment);
                added.push((header.base_offset, Vec::new(), Vec::new()));
            }
            let Some((_, pieces, epochs)) = added.last_mut() else {
                continue;
            };
            epochs.push((header.leader_epoch, header.base_offset));
            if header.last_offset >= self.cut {
                pieces.push(Piece::Bytes(self.recoded(path, batch)?));
                continue;
            }
            match pieces.last_mut() {
                Some(Piece::Of { bytes, .. }) => *bytes += header.size,
                _ => pieces.push(Piece::Of {
                    path: path.clone(),
                    from: batch.position,
                    bytes: header.size,
                }),
            }
        }
        Ok(added)
    }

    fn recoded(&self, path: &Path, batch: &Batch) -> Result<Vec<u8>, TrimError> {
        let failed = |why: String| TrimError::Recode {
            partition: self.partition.clone(),
            offset: batch.header.base_offset,
            cut: self.cut,
            why,
        };
        let size = usize::try_from(batch.header.size).map_err(|why| failed(why.to_string()))?;
        let mut whole = vec![0; size];
        let file = File::open(path).map_err(TrimError::io("open", path))?;
        file.read_exact_at(&mut whole, batch.position)
            .map_err(TrimError::io("read", path))?;
        recode(&whole, self.cut).map_err(failed)
    }

    /// The epochs of the log as it will be: those of before that begin in what
    /// stays, then those of what is added, as a follower that copies it would
    /// note them (`LeaderEpochFileCache.assign`).
    fn epochs(&self, from: u64, added: &[Added], edits: &mut Edits) -> Result<(), TrimError> {
        let replica = &self.copy.replica;
        let path = replica.path.join(EPOCHS);
        if !path.is_file() {
            // It is made anew with the indexes.
            return Ok(());
        }
        let behind = self.planned.standing == PlannedStanding::Behind;
        let stay = replica
            .epochs
            .iter()
            .filter(|(_, start)| *start < from && !behind);
        let mut epochs: Vec<(i32, u64)> = stay.copied().collect();
        for (epoch, base) in added.iter().flat_map(|(_, _, epochs)| epochs) {
            if epochs.last().is_none_or(|(last, _)| last < epoch) {
                epochs.push((*epoch, *base));
            }
        }
        if epochs == replica.epochs {
            return Ok(());
        }
        let mut text = format!("0\n{}\n", epochs.len());
        for (epoch, start) in &epochs {
            text += &format!("{epoch} {start}\n");
        }
        self.set_aside(&path, edits)?;
        self.place(EPOCHS, vec![Piece::Bytes(text.into_bytes())], edits);
        Ok(())
    }

    fn set_aside(&self, path: &Path, edits: &mut Edits) -> Result<(), TrimError> {
        let there = fs::metadata(path).map_err(TrimError::io("look at", path))?;
        edits.set_aside(&self.below(path), there.len());
        Ok(())
    }

    fn place(&self, name: &str, pieces: Vec<Piece>, edits: &mut Edits) {
        let file = self.below(&self.copy.replica.path.join(name));
        let ready = aside(&file, ".ready");
        edits.steps.push(Step::Place {
            ready: ready.clone(),
            file,
            bytes: pieces.iter().map(Piece::len).sum(),
        });
        edits.files.push((ready, pieces));
    }

    /// A cleaner that was interrupted leaves segments by other names, and a
    /// broker ends what it began before it reads any.
    fn usual_names(&self, from: usize) -> Result<(), TrimError> {
        let usual = |path: &Path| path.extension().is_some_and(|one| one == "log");
        match self.copy.replica.segments[from..]
            .iter()
            .all(|one| usual(&one.path))
        {
            true => Ok(()),
            false => Err(TrimError::State {
                path: self.copy.replica.path.clone(),
                why: "has a swap of the cleaner that a crash cut short, where it would be cut: let its \
                      broker start and stop once, on a copy, and plan again",
            }),
        }
    }

    /// A path below the log directory.
    fn below(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.copy.dir).unwrap_or(path).to_owned()
    }
}

/// Base, bytes, and each batch's epoch and first offset.
type Added = (u64, Vec<Piece>, Vec<(i32, u64)>);

impl Edits {
    fn set_aside(&mut self, file: &Path, bytes: u64) {
        self.steps.push(Step::SetAside {
            file: file.to_owned(),
            aside: aside(file, ".aside"),
            was: Some(bytes),
        });
    }
}

/// A name beside it that no broker reads.
fn aside(file: &Path, ending: &str) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!("{PREFIX}{name}{ending}"))
}
