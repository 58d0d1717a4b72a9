//! Cuts log directories by a plan, takes that back, or makes it final.
//!
//! First all that will be needed is written beside the data of every directory,
//! then a journal into each; nothing was changed so far. Only when every journal
//! is there, steps are taken: renames and cuts that can be taken again. So
//! whatever ends a trim, running it again goes on where it was, to the same
//! bytes; and `untrim` takes the same steps back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;
use slackwater_logdir::{LogDir, SegmentReader};
use slackwater_point::{Plan, PlannedPartition};
use slackwater_ports::PartitionId;

use crate::as_left::as_left;
use crate::copy::{CopyAt, read_copy};
use crate::disk::{Disk, Piece};
use crate::edits::{Edits, Target, unclean};
use crate::error::TrimError;
use crate::journal::{Journal, PREFIX, Stage};
use crate::lock::lock;
use crate::volumes::Volumes;
use crate::{read_back, steps, write};

/// Room that is left on a file system beside what is written: a broker that
/// starts makes indexes of 10 MiB for each log, sparse, and notes of its own.
const MARGIN: u64 = 16 << 20;

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// Log directories.
    pub dirs: u64,
    /// Files that were cut, set aside or added.
    pub steps: u64,
    /// Bytes that were written beside the data.
    pub written: u64,
    /// Copies of partitions that were read back.
    pub read_back: u64,
}

/// How far a trim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// It was not begun.
    Nothing,
    /// It was begun, or is being taken back.
    Begun,
    /// All is cut; what was set aside may be there still, or in part.
    Over,
}

/// Log directories that are held against their brokers.
pub struct Held<'d> {
    volumes: Volumes,
    copies: BTreeMap<PartitionId, Vec<CopyAt>>,
    disk: &'d dyn Disk,
    /// A broker could not start while they are open.
    _locks: Vec<File>,
}

impl<'d> Held<'d> {
    /// Takes the log directories at or below these paths, as a broker would.
    ///
    /// # Errors
    /// One that a broker has; one that can't be read.
    pub fn take(paths: &[PathBuf], disk: &'d dyn Disk) -> Result<Self, TrimError> {
        let volumes = Volumes::open(paths)?;
        let locks = volumes.dirs.iter().map(|dir| lock(&dir.path));
        Ok(Self {
            copies: volumes.copies()?,
            _locks: locks.collect::<Result<_, _>>()?,
            volumes,
            disk,
        })
    }

    /// Cuts them by `plan`, or goes on with it.
    ///
    /// # Errors
    /// Other data than was planned; no room; the operating system's.
    pub fn trim(&mut self, plan: &Plan) -> Result<Trimmed, TrimError> {
        let mut done = Trimmed::default();
        let journals = self.journals_of(plan)?;
        for (dir, journal) in self.volumes.dirs.iter().zip(&journals) {
            let stage = journal.as_ref().map(|journal| journal.stage);
            stage.map_or(Ok(()), |stage| may_go_on(&dir.path, stage))?;
        }
        match journals.iter().any(Option::is_none) {
            true => {
                self.all_are_here(plan)?;
                done.written = self.prepare(plan, &journals)?;
            }
            false => self.are_as_left(&[Stage::Prepared])?,
        }
        // From here on every directory has its journal.
        for journal in self.journals()? {
            done.steps += journal.map_or(0, |one| one.steps.len() as u64);
        }
        self.each_journal(|held, dir, journal| match journal.stage {
            Stage::Prepared => steps::forth(held.disk, dir, journal),
            _ => Ok(()),
        })?;
        done.read_back = self.read_back(plan)?;
        self.each_journal(|held, dir, journal| held.now(Stage::Done, dir, journal))?;
        done.dirs = self.volumes.dirs.len() as u64;
        Ok(done)
    }

    /// Puts everything back as it was before.
    ///
    /// # Errors
    /// Nothing to put back; a broker that has written since.
    pub fn untrim(&mut self) -> Result<Trimmed, TrimError> {
        self.all_have_journals(&[
            Stage::Prepared,
            Stage::Done,
            Stage::Untrimming,
            Stage::Untrimmed,
        ])?;
        self.are_as_left(&[Stage::Prepared, Stage::Done])?;
        let mut done = Trimmed::default();
        for (dir, journal) in self.volumes.dirs.iter().zip(self.journals()?) {
            if journal.is_none() {
                self.remove_ours(dir)?;
            }
        }
        // All are on their way back before the first one is there: of a part of
        // them no trim could go on.
        self.each_journal(|held, dir, journal| match journal.stage {
            Stage::Untrimmed => Ok(()),
            _ => held.now(Stage::Untrimming, dir, journal),
        })?;
        self.each_journal(|held, dir, journal| {
            done.steps += journal.steps.len() as u64;
            done.dirs += 1;
            if journal.stage == Stage::Untrimming {
                steps::back(held.disk, dir, journal)?;
                held.now(Stage::Untrimmed, dir, journal)?;
            }
            steps::clean(held.disk, dir, journal)
        })?;
        Ok(done)
    }

    /// How far the trim by `plan` is here.
    ///
    /// # Errors
    /// A trim by another plan, or of other directories, too.
    pub fn reached(&self, plan: &Plan) -> Result<Reached, TrimError> {
        let journals = self.journals_of(plan)?;
        let stages: Vec<Stage> = journals.iter().flatten().map(|one| one.stage).collect();
        if stages.is_empty() {
            return Ok(Reached::Nothing);
        }
        // What is discarded loses its journals one after another.
        let are_there = stages.len() == journals.len() || stages.contains(&Stage::Discarding);
        let mut all = stages.iter();
        let is_over = all.all(|one| matches!(one, Stage::Done | Stage::Discarding));
        Ok(match is_over && are_there {
            true => Reached::Over,
            false => Reached::Begun,
        })
    }

    /// Deletes what was set aside: there is no way back then.
    ///
    /// # Errors
    /// A trim that is not over.
    pub fn discard(&mut self) -> Result<Trimmed, TrimError> {
        self.all_have_journals(&[Stage::Done, Stage::Discarding])?;
        let mut done = Trimmed::default();
        self.each_journal(|held, dir, journal| held.now(Stage::Discarding, dir, journal))?;
        self.each_journal(|held, dir, journal| {
            done.steps += journal.steps.len() as u64;
            done.dirs += 1;
            steps::clean(held.disk, dir, journal)
        })?;
        Ok(done)
    }

    fn now(&self, stage: Stage, dir: &Path, journal: &mut Journal) -> Result<(), TrimError> {
        journal.stage = stage;
        journal.write(self.disk, dir)
    }

    fn journals(&self) -> Result<Vec<Option<Journal>>, TrimError> {
        self.volumes
            .dirs
            .iter()
            .map(|dir| Journal::read(&dir.path))
            .collect()
    }

    /// Of no trim by another plan.
    fn journals_of(&self, plan: &Plan) -> Result<Vec<Option<Journal>>, TrimError> {
        let digest = plan.digest.as_deref().unwrap_or_default();
        let journals = self.journals_of_all()?;
        for (dir, journal) in self.volumes.dirs.iter().zip(&journals) {
            if let Some(journal) = journal.as_ref().filter(|one| one.plan != digest) {
                return Err(TrimError::OtherPlan {
                    path: dir.path.clone(),
                    digest: journal.plan.clone(),
                });
            }
        }
        Ok(journals)
    }

    /// Nobody else was in a directory of which the trim is in one of these stages.
    fn are_as_left(&self, stages: &[Stage]) -> Result<(), TrimError> {
        let journals = self.journals()?;
        let changes = journals.iter().flatten().any(Journal::changes);
        let of_all = self.volumes.dirs.iter().zip(journals);
        let mut each = of_all.filter_map(|(dir, journal)| Some((dir, journal?)));
        each.try_for_each(|(dir, journal)| match stages.contains(&journal.stage) {
            true => as_left(&dir.path, &journal, changes),
            false => Ok(()),
        })
    }

    /// Of no trim that is of other directories, too.
    fn journals_of_all(&self) -> Result<Vec<Option<Journal>>, TrimError> {
        let (journals, dirs) = (self.journals()?, &self.volumes.dirs);
        let is_of_more = |one: &Option<Journal>| {
            let journal = one.as_ref();
            journal.is_some_and(|one| !one.is_of_all(dirs.len()))
        };
        match journals.iter().position(is_of_more) {
            Some(at) => Err(TrimError::State {
                path: dirs[at].path.clone(),
                why: "was trimmed together with others, or is to be: name the directories of all \
                      brokers",
            }),
            None => Ok(journals),
        }
    }

    /// `work` on each directory that has a journal, in their order.
    fn each_journal(
        &self,
        mut work: impl FnMut(&Self, &Path, &mut Journal) -> Result<(), TrimError>,
    ) -> Result<(), TrimError> {
        for dir in &self.volumes.dirs {
            if let Some(mut journal) = Journal::read(&dir.path)? {
                work(self, &dir.path, &mut journal)?;
            }
        }
        Ok(())
    }

    fn all_have_journals(&self, stages: &[Stage]) -> Result<(), TrimError> {
        let mut some = false;
        for (dir, journal) in self.volumes.dirs.iter().zip(self.journals_of_all()?) {
            let Some(journal) = journal else {
                continue;
            };
            some = true;
            if !stages.contains(&journal.stage) {
                return Err(TrimError::State {
                    path: dir.path.clone(),
                    why: match journal.stage {
                        Stage::Prepared => "is in the middle of a trim: end it first",
                        Stage::Untrimming | Stage::Untrimmed => {
                            "is in the middle of an untrim: end it first"
                        }
                        _ => "has lost what was set aside: there is no way back",
                    },
                });
            }
        }
        match (some, self.volumes.dirs.first()) {
            (false, Some(dir)) => Err(TrimError::State {
                path: dir.path.clone(),
                why: "was not trimmed: it has no journal",
            }),
            _ => Ok(()),
        }
    }

    /// Every copy of the plan is here, and is what it was planned on.
    fn all_are_here(&self, plan: &Plan) -> Result<(), TrimError> {
        let nodes: Vec<i32> = self
            .volumes
            .dirs
            .iter()
            .filter_map(|dir| dir.meta.node_id)
            .collect();
        let mut reader = SegmentReader::default();
        for planned in &plan.partitions {
            for replica in &planned.replicas {
                if !nodes.contains(&replica.node) {
                    return Err(TrimError::NodeMissing(replica.node));
                }
                let copy = self.copy(&planned.partition, replica.node)?;
                let path = copy.replica.path.clone();
                let other = |why: &str| TrimError::OtherData {
                    path: path.clone(),
                    why: why.to_owned(),
                };
                let segments = &copy.replica.segments;
                let first = segments
                    .iter()
                    .position(|one| one.base == replica.read_from);
                let first = match (first, segments.is_empty()) {
                    (Some(first), _) => first,
                    (None, true) => 0,
                    (None, false) => return Err(other("a segment is missing")),
                };
                let read = read_copy(&mut reader, &copy.replica, first)?;
                if read.seen(&copy.replica) != replica.seen {
                    return Err(other(
                        "its last segments hold other batches, or others have another size",
                    ));
                }
                if copy.replica.start != replica.start {
                    return Err(other("it starts elsewhere"));
                }
            }
            for copy in self.copies.get(&planned.partition).into_iter().flatten() {
                if !planned.replicas.iter().any(|one| one.node == copy.node) {
                    return Err(TrimError::OtherData {
                        path: copy.replica.path.clone(),
                        why: "the plan does not know this copy".to_owned(),
                    });
                }
            }
        }
        let known: BTreeSet<&PartitionId> =
            plan.partitions.iter().map(|one| &one.partition).collect();
        let mut copies = self.copies.iter();
        match copies.find(|(partition, _)| !known.contains(partition)) {
            None => Ok(()),
            Some((_, copies)) => Err(TrimError::OtherData {
                path: copies[0].replica.path.clone(),
                why: "the plan does not know this partition".to_owned(),
            }),
        }
    }

    fn copy(&self, partition: &PartitionId, node: i32) -> Result<&CopyAt, TrimError> {
        let copies = self.copies.get(partition);
        let copy = copies.and_then(|copies| copies.iter().find(|copy| copy.node == node));
        copy.ok_or_else(|| TrimError::CopyMissing {
            partition: partition.clone(),
            node,
        })
    }

    /// Writes what will be needed, and a journal into each directory that has
    /// none. Gives how many bytes.
    fn prepare(&self, plan: &Plan, journals: &[Option<Journal>]) -> Result<u64, TrimError> {
        let mut by_dir: BTreeMap<&Path, Edits> = BTreeMap::new();
        let mut reader = SegmentReader::default();
        let mut any = false;
        for planned in &plan.partitions {
            for (dir, edits) in self.edits(&mut reader, planned)? {
                any |= !edits.steps.is_empty();
                let all = by_dir.entry(dir).or_default();
                all.files.extend(edits.files);
                all.steps.extend(edits.steps);
            }
        }
        let mut written = 0;
        for (dir, journal) in self.volumes.dirs.iter().zip(journals) {
            if journal.is_some() {
                continue;
            }
            let mut edits = by_dir.remove(dir.path.as_path()).unwrap_or_default();
            if any {
                edits.steps.extend(unclean(&dir.path));
            }
            written += self.prepare_one(plan, dir, edits)?;
        }
        Ok(written)
    }

    fn edits<'s>(
        &'s self,
        reader: &mut SegmentReader,
        planned: &PlannedPartition,
    ) -> Result<Vec<(&'s Path, Edits)>, TrimError> {
        let kept = self.copy(&planned.partition, planned.kept_of)?;
        let added = write::behind(planned);
        let each = planned.replicas.iter().map(|replica| {
            let copy = self.copy(&planned.partition, replica.node)?;
            let target = Target {
                partition: &planned.partition,
                copy,
                planned: replica,
                cut: planned.cut,
                added: &added,
                kept,
            };
            Ok((copy.dir.as_path(), target.edits(reader)?))
        });
        each.collect()
    }

    fn prepare_one(&self, plan: &Plan, dir: &LogDir, edits: Edits) -> Result<u64, TrimError> {
        self.remove_ours(dir)?;
        let written = edits
            .files
            .iter()
            .flat_map(|(_, pieces)| pieces)
            .map(Piece::len)
            .sum();
        let room = statvfs(&dir.path)
            .map_err(|error| TrimError::io("look at", &dir.path)(error.into()))?;
        let free = room.f_bavail.saturating_mul(room.f_frsize);
        if written > 0 && free < written + MARGIN {
            return Err(TrimError::NoRoom {
                path: dir.path.clone(),
                free,
                needed: written + MARGIN,
            });
        }
        for (file, pieces) in &edits.files {
            let path = dir.path.join(file);
            self.disk
                .write(&path, pieces)
                .map_err(TrimError::io("write", &path))?;
        }
        let digest = plan.digest.as_deref().unwrap_or_default();
        let journal = Journal::prepared(digest, self.volumes.dirs.len(), edits.steps);
        steps::sync(self.disk, &dir.path, &journal)?;
        journal.write(self.disk, &dir.path)?;
        Ok(written)
    }

    /// What a trim that never got to its journal has left.
    fn remove_ours(&self, dir: &LogDir) -> Result<(), TrimError> {
        Journal::remove_unfinished(self.disk, &dir.path)?;
        for replica in dir.replicas.iter().map(|replica| &replica.path) {
            for entry in fs::read_dir(replica).map_err(TrimError::io("list", replica))? {
                let entry = entry.map_err(TrimError::io("list", replica))?;
                if entry.file_name().to_string_lossy().starts_with(PREFIX) {
                    let path = entry.path();
                    self.disk
                        .remove(&path)
                        .map_err(TrimError::io("remove", &path))?;
                }
            }
        }
        Ok(())
    }

    /// Every copy ends at its cut, and all of a partition are the same.
    fn read_back(&mut self, plan: &Plan) -> Result<u64, TrimError> {
        self.volumes.survey_again()?;
        self.copies = self.volumes.copies()?;
        let mut reader = SegmentReader::default();
        let mut count = 0;
        for planned in &plan.partitions {
            let copies = self
                .copies
                .get(&planned.partition)
                .map_or(&[][..], Vec::as_slice);
            count += copies.len() as u64;
            read_back::same(&mut reader, copies, planned.ends_at())?;
        }
        Ok(count)
    }
}

fn may_go_on(dir: &Path, stage: Stage) -> Result<(), TrimError> {
    let why = match stage {
        Stage::Prepared | Stage::Done => return Ok(()),
        Stage::Untrimming | Stage::Untrimmed => "is in the middle of an untrim: end it first",
        Stage::Discarding => {
            "was trimmed, and what was set aside is being deleted: end that by `trim --discard`"
        }
    };
    Err(TrimError::State {
        path: dir.to_owned(),
        why,
    })
}
