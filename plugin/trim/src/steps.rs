//! The steps of a journal, forth and back. Each finds out by itself whether it
//! was taken, and can be taken again.
//!
//! Names that are given up are on the disk before they are given to other files:
//! a file system may write renames in any order.

use std::io;
use std::path::Path;

use crate::disk::{Disk, Piece};
use crate::edits::CLEAN;
use crate::error::TrimError;
use crate::journal::{Journal, Step};

/// Takes each step that was not taken yet.
pub(crate) fn forth(disk: &dyn Disk, dir: &Path, journal: &Journal) -> Result<(), TrimError> {
    for step in marks_first(journal) {
        match step {
            Step::SetAside { file, aside, .. } => {
                // Another file may have its name by now.
                let aside = dir.join(aside);
                move_once(disk, &dir.join(file), &aside, aside.exists())?;
                if is_mark(file) {
                    sync_own(disk, dir)?;
                }
            }
            Step::Truncate { file, to, .. } => {
                let path = dir.join(file);
                disk.truncate(&path, *to)
                    .map_err(TrimError::io("cut", &path))?;
            }
            Step::Place { .. } => {}
        }
    }
    sync(disk, dir, journal)?;
    for step in &journal.steps {
        if let Step::Place { ready, file, .. } = step {
            let ready = dir.join(ready);
            move_once(disk, &ready, &dir.join(file), !ready.exists())?;
        }
    }
    sync(disk, dir, journal)
}

/// Takes each step back that was taken.
pub(crate) fn back(disk: &dyn Disk, dir: &Path, journal: &Journal) -> Result<(), TrimError> {
    for step in &journal.steps {
        if let Step::Place { ready, file, .. } = step {
            let (ready, file) = (dir.join(ready), dir.join(file));
            move_once(disk, &file, &ready, ready.exists())?;
        }
    }
    sync(disk, dir, journal)?;
    for step in marks_first(journal).rev() {
        match step {
            Step::SetAside { file, aside, .. } => {
                if is_mark(file) {
                    sync(disk, dir, journal)?;
                }
                let aside = dir.join(aside);
                move_once(disk, &aside, &dir.join(file), !aside.exists())?;
            }
            Step::Truncate {
                file,
                to,
                was,
                tail,
            } => {
                let path = dir.join(file);
                let tail = Piece::Of {
                    path: dir.join(tail),
                    from: 0,
                    bytes: was - to,
                };
                let wrote = disk.end_with(&path, *to, &tail);
                wrote.map_err(TrimError::io("write", &path))?;
            }
            Step::Place { .. } => {}
        }
    }
    sync(disk, dir, journal)
}

/// Brokers trust each log and each index of a directory with this mark
/// (`LogManager.loadLogs`): before any of them is touched it is gone, and when they are put
/// back it comes last.
fn is_mark(file: &Path) -> bool {
    file == Path::new(CLEAN)
}

/// Wherever a journal has it: earlier ones had it last.
fn marks_first(journal: &Journal) -> impl DoubleEndedIterator<Item = &Step> {
    let of_mark = |step: &&Step| matches!(step, Step::SetAside { file, .. } if is_mark(file));
    let marks = journal.steps.iter().filter(of_mark);
    let others = journal.steps.iter().filter(move |step| !of_mark(step));
    marks.chain(others)
}

fn sync_own(disk: &dyn Disk, dir: &Path) -> Result<(), TrimError> {
    disk.sync_directory(dir).map_err(TrimError::io("sync", dir))
}

fn move_once(disk: &dyn Disk, from: &Path, to: &Path, done: bool) -> Result<(), TrimError> {
    match done {
        true => Ok(()),
        false => disk.rename(from, to).map_err(TrimError::io("rename", from)),
    }
}

/// Has the names of all that changes on the disk.
pub(crate) fn sync(disk: &dyn Disk, dir: &Path, journal: &Journal) -> Result<(), TrimError> {
    for below in journal.directories() {
        let path = dir.join(below);
        disk.sync_directory(&path)
            .map_err(TrimError::io("sync", &path))?;
    }
    Ok(())
}

/// The same where brokers may have run since: they delete the directories of topics, and with
/// one went all that a name in it could be of.
fn sync_what_is_there(disk: &dyn Disk, dir: &Path, journal: &Journal) -> Result<(), TrimError> {
    for below in journal.directories() {
        let path = dir.join(below);
        match disk.sync_directory(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            synced => synced.map_err(TrimError::io("sync", &path))?,
        }
    }
    Ok(())
}

/// Deletes what lies beside the data, and the journal at last. A file that is
/// gone was deleted before.
pub(crate) fn clean(disk: &dyn Disk, dir: &Path, journal: &Journal) -> Result<(), TrimError> {
    for step in &journal.steps {
        let path = dir.join(match step {
            Step::SetAside { aside, .. } => aside,
            Step::Truncate { tail, .. } => tail,
            Step::Place { ready, .. } => ready,
        });
        disk.remove(&path).map_err(TrimError::io("remove", &path))?;
    }
    sync_what_is_there(disk, dir, journal)?;
    Journal::remove(disk, dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_a_clean_shutdown_goes_first_and_comes_back_last_wherever_a_journal_has_it() {
        let aside = |file: &str| Step::SetAside {
            file: file.into(),
            aside: format!("{file}.aside").into(),
            was: None,
        };
        for order in [[CLEAN, "x-0/0.log"], ["x-0/0.log", CLEAN]] {
            let steps = order.map(aside).to_vec();
            let journal = Journal::prepared("plan", 1, steps);
            let first = marks_first(&journal).next();
            assert_eq!(first, Some(&aside(CLEAN)), "{order:?}");
            assert_ne!(marks_first(&journal).next_back(), first, "{order:?}");
        }
    }
}
