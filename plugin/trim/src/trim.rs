//! Cuts log directories by a plan, takes that back, or makes it final.
//!
//! First all that will be needed is written beside the data of every directory,
//! then a journal into each; nothing was changed so far. Only when every journal
//! is there, steps are taken: renames and cuts that can be taken again. So
//! whatever ends a trim, running it again goes on where it was, to the same
//! bytes; and `untrim` takes the same steps back.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use slackwater_logdir::SegmentReader;
use slackwater_point::Plan;
use slackwater_ports::PartitionId;

use crate::as_left::{TAKE_AWAY, as_left, is_untouched};
use crate::copy::CopyAt;
use crate::disk::Disk;
use crate::error::TrimError;
use crate::journal::{Journal, Stage};
use crate::lock::lock;
use crate::volumes::Volumes;
use crate::{earlier, read_back, steps};

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
    /// Log directories with a trim by another plan that was over: what that had set aside is
    /// deleted.
    pub ended: u64,
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
    pub(crate) volumes: Volumes,
    pub(crate) copies: BTreeMap<PartitionId, Vec<CopyAt>>,
    pub(crate) disk: &'d dyn Disk,
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
        if let Some(refused) = self.untouched(&journals, &[Stage::Prepared])?.pop() {
            return Err(refused.1);
        }
        if journals.iter().any(Option::is_none) {
            self.all_are_here(plan)?;
            done.ended = self.end_earlier(plan)?;
            done.written = self.prepare(plan, &journals)?;
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

    /// Puts everything back as it was before. Where no step was taken, that takes away what
    /// lies ready, and no more.
    ///
    /// # Errors
    /// Nothing to put back; a broker that has written since.
    pub fn untrim(&mut self) -> Result<Trimmed, TrimError> {
        if self.journals()?.iter().all(Option::is_none) && self.take_away_what_lies_ready()? {
            return Ok(Trimmed {
                dirs: self.volumes.dirs.len() as u64,
                ..Trimmed::default()
            });
        }
        self.all_have_journals(&[
            Stage::Prepared,
            Stage::Done,
            Stage::Untrimming,
            Stage::Untrimmed,
        ])?;
        let journals = self.journals()?;
        let untouched = self.untouched(&journals, &[Stage::Prepared, Stage::Done])?;
        let mut done = Trimmed::default();
        for (dir, journal) in self.volumes.dirs.iter().zip(journals) {
            if journal.is_none() {
                self.remove_ours(dir)?;
            }
        }
        // All are on their way back before the first one is there: of a part of
        // them no trim could go on.
        self.each_journal(|held, dir, journal| match journal.stage {
            Stage::Untrimmed => Ok(()),
            // A tail that was put back would end what a broker has written since.
            _ if untouched.iter().any(|one| one.0 == dir) => {
                held.now(Stage::Untrimmed, dir, journal)
            }
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
    /// A trim by another plan that is not over; one of other directories, too.
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

    /// Those of the trim by this plan. Where there is one by another, that is over.
    fn journals_of(&self, plan: &Plan) -> Result<Vec<Option<Journal>>, TrimError> {
        let dirs: Vec<&Path> = self.volumes.dirs.iter().map(|one| &*one.path).collect();
        let own = earlier::without(&dirs, self.journals()?, plan.digest.as_deref())?;
        self.are_of_all(own)
    }

    /// Deletes what trims by other plans have set aside, which must be over, and gives in how
    /// many directories.
    pub(crate) fn end_earlier(&self, plan: &Plan) -> Result<u64, TrimError> {
        self.journals_of(plan)?;
        let digest = plan.digest.as_deref().unwrap_or_default();
        let mut ended = 0;
        // Before the first one is gone all say that it is: of the rest alone it could not be
        // told.
        self.each_journal(|held, dir, journal| match journal.plan == digest {
            true => Ok(()),
            false => held.now(Stage::Discarding, dir, journal),
        })?;
        self.each_journal(|held, dir, journal| match journal.plan == digest {
            true => Ok(()),
            false => {
                ended += 1;
                steps::clean(held.disk, dir, journal)
            }
        })?;
        Ok(ended)
    }

    /// Of directories whose trim is in one of these stages, those in which somebody else was
    /// since, though no step was taken there; what there is to be said of each.
    ///
    /// # Errors
    /// One in which somebody was behind a step.
    fn untouched(
        &self,
        journals: &[Option<Journal>],
        stages: &[Stage],
    ) -> Result<Vec<(PathBuf, TrimError)>, TrimError> {
        let changes = journals.iter().flatten().any(Journal::changes);
        let begun = journals.iter().all(Option::is_some);
        let mut untouched = Vec::new();
        for (dir, journal) in self.volumes.dirs.iter().zip(journals) {
            let in_stage = |one: &&Journal| stages.contains(&one.stage);
            let Some(journal) = journal.as_ref().filter(in_stage) else {
                continue;
            };
            match as_left(&dir.path, journal, changes) {
                Ok(()) => {}
                Err(TrimError::NotAsLeft { path, found, .. })
                    if is_untouched(&dir.path, journal, begun)? =>
                {
                    let remedy = TAKE_AWAY;
                    let said = TrimError::NotAsLeft {
                        path: path.clone(),
                        found,
                        remedy,
                    };
                    untouched.push((path, said));
                }
                Err(other) => return Err(other),
            }
        }
        Ok(untouched)
    }

    /// Of no trim that is of other directories, too.
    fn are_of_all(
        &self,
        journals: Vec<Option<Journal>>,
    ) -> Result<Vec<Option<Journal>>, TrimError> {
        let dirs = &self.volumes.dirs;
        let is_of_more = |one: &Option<Journal>| {
            let journal = one.as_ref();
            journal.is_some_and(|one| !one.is_of_all(dirs.len()))
        };
        match journals.iter().position(is_of_more) {
            Some(at) => Err(TrimError::State {
                path: dirs[at].path.clone(),
                why: "was trimmed together with others, or is to be: name the directories of all \
                      brokers of that trim, and of no other",
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
        for (dir, journal) in self
            .volumes
            .dirs
            .iter()
            .zip(self.are_of_all(self.journals()?)?)
        {
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
            let changed = planned.replicas.iter().map(|one| one.agrees_to);
            let from = changed.fold(planned.cut, u64::min);
            read_back::same(&mut reader, copies, from, planned.ends_at())?;
        }
        Ok(count)
    }
}

fn may_go_on(dir: &Path, stage: Stage) -> Result<(), TrimError> {
    let why = match stage {
        Stage::Prepared | Stage::Done => return Ok(()),
        Stage::Untrimming | Stage::Untrimmed => "is in the middle of an untrim: end it first",
        Stage::Discarding => {
            "was trimmed, and what was set aside is being deleted: end that by `logdir discard`"
        }
    };
    Err(TrimError::State {
        path: dir.to_owned(),
        why,
    })
}
