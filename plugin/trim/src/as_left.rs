//! Whether a log directory is as its trim left it. A broker that ran on it since has made
//! files of its own, and grown others: what was set aside does not follow these, and put back
//! it would be a log that never was.
//!
//! A trim may have been ended at any of its steps. So each is held against both, what was
//! there before it and what is after it; what is neither, somebody else did. Looks, and
//! changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use crate::edits::{CLEAN, INDEXES, base_and_ending};
use crate::error::TrimError;
use crate::journal::{Journal, Stage, Step};

/// Read of each of two files that are compared.
const AT_ONCE: usize = 1 << 20;

/// What is left to be done where steps were taken before.
const ANEW: &str = ", and what was set aside no longer follows: restore its volume anew";

/// And where it can be kept as it is.
const ANEW_OR_KEEP: &str = ", and what was set aside no longer follows: restore its volume anew, \
                            or delete that with `slackwater logdir discard`";

/// And where no step was taken.
pub(crate) const TAKE_AWAY: &str = ", and nothing was cut there yet: take away what lies ready \
                                    with `slackwater logdir untrim`, and plan again";

/// Holds a directory against its journal. `changes`: whether the trim changes something in any
/// directory: where it does not, marks of a clean shutdown stay.
///
/// # Errors
/// What nobody but a broker has left there, or what is gone.
pub(crate) fn as_left(dir: &Path, journal: &Journal, changes: bool) -> Result<(), TrimError> {
    let looked = Looked::at(dir, journal)?;
    for step in &journal.steps {
        looked.is_before_or_after(step)?;
    }
    for (replica, logs) in looked.logs() {
        looked.nothing_came(replica, &logs)?;
    }
    let clean = Path::new(CLEAN);
    // It is set aside with the first change, and a broker writes it as it stops.
    match changes && looked.bytes(clean)?.is_some() && !looked.waiting.contains(clean) {
        true => Err(looked.odd(format!("{CLEAN} is there"))),
        false => Ok(()),
    }
}

/// How far the steps of a directory were taken.
struct Looked<'j> {
    dir: &'j Path,
    journal: &'j Journal,
    /// Files that were not set aside yet.
    waiting: BTreeSet<&'j Path>,
    /// Files that have got their names.
    placed: BTreeSet<&'j Path>,
}

/// The logs of a replica that a trim changes.
struct Logs {
    /// The least offset of them.
    first: u64,
    /// What begins here or later the trim does not leave.
    past: u64,
}

impl<'j> Looked<'j> {
    fn at(dir: &'j Path, journal: &'j Journal) -> Result<Self, TrimError> {
        let mut looked = Self {
            dir,
            journal,
            waiting: BTreeSet::new(),
            placed: BTreeSet::new(),
        };
        for step in &journal.steps {
            match step {
                Step::SetAside { file, aside, .. } if looked.bytes(aside)?.is_none() => {
                    looked.waiting.insert(file);
                }
                Step::Place { ready, file, .. } if looked.bytes(ready)?.is_none() => {
                    looked.placed.insert(file);
                }
                _ => {}
            }
        }
        Ok(looked)
    }

    fn is_before_or_after(&self, step: &Step) -> Result<(), TrimError> {
        let done = self.journal.stage == Stage::Done;
        match step {
            Step::SetAside { file, aside, was } => match (self.bytes(file)?, self.bytes(aside)?) {
                (Some(_), Some(_)) if !self.placed.contains(file.as_path()) => {
                    Err(self.odd(format!("{} is there again", file.display())))
                }
                (_, Some(_)) => Ok(()),
                (Some(bytes), None) if !done => match was {
                    Some(was) if *was != bytes => Err(self.size(file, bytes, *was)),
                    _ => Ok(()),
                },
                (_, None) => Err(self.gone(aside)),
            },
            Step::Truncate {
                file,
                to,
                was,
                tail,
            } => {
                match self.bytes(file)? {
                    Some(bytes) if bytes == *to || (!done && bytes == *was) => {}
                    Some(bytes) => return Err(self.size(file, bytes, *to)),
                    None => return Err(self.gone(file)),
                }
                match self.bytes(tail)? == Some(was.saturating_sub(*to)) {
                    true => Ok(()),
                    false => Err(self.gone(tail)),
                }
            }
            Step::Place { ready, file, bytes } => match (self.bytes(ready)?, self.bytes(file)?) {
                (None, Some(there)) if there != *bytes => Err(self.size(file, there, *bytes)),
                (None, Some(_)) => Ok(()),
                // It waits until another file has given up that name.
                (Some(_), Some(_)) if self.waiting.contains(file.as_path()) => Ok(()),
                (Some(_), Some(_)) => Err(self.odd(format!("{} is there", file.display()))),
                (Some(_), None) if !done => Ok(()),
                (_, None) => Err(self.gone(file)),
            },
        }
    }

    /// By the directory of each replica.
    fn logs(&self) -> BTreeMap<&'j Path, Logs> {
        let mut all: BTreeMap<&Path, (u64, Option<u64>, u64)> = BTreeMap::new();
        for step in &self.journal.steps {
            let (file, stays) = match step {
                Step::SetAside { file, .. } => (file, false),
                Step::Truncate { file, .. } | Step::Place { file, .. } => (file, true),
            };
            let of = file.parent().zip(base_and_ending(file));
            let Some((replica, (base, "log"))) = of else {
                continue;
            };
            let (first, last, gone) = all.entry(replica).or_insert((base, None, u64::MAX));
            *first = (*first).min(base);
            match stays {
                true => *last = (*last).max(Some(base)),
                false => *gone = (*gone).min(base),
            }
        }
        let each = all.into_iter().map(|(replica, (first, last, gone))| {
            let past = last.map_or(gone, |last| last + 1);
            (replica, Logs { first, past })
        });
        each.collect()
    }

    /// No segment behind the last one that the trim leaves, and no index beside those that it
    /// changed: a broker makes both.
    fn nothing_came(&self, replica: &Path, logs: &Logs) -> Result<(), TrimError> {
        let dir = self.dir.join(replica);
        for entry in fs::read_dir(&dir).map_err(TrimError::io("list", &dir))? {
            let entry = entry.map_err(TrimError::io("list", &dir))?;
            let file = replica.join(entry.file_name());
            let is_known = [&self.waiting, &self.placed];
            if is_known.iter().any(|all| all.contains(file.as_path())) {
                continue;
            }
            let came = match base_and_ending(&file) {
                Some((base, "log")) => base >= logs.past,
                Some((base, ending)) => INDEXES.contains(&ending) && base >= logs.first,
                None => false,
            };
            if came {
                return Err(self.odd(format!("{} is there", file.display())));
            }
        }
        Ok(())
    }

    /// How long it is; `None` where it is not there.
    fn bytes(&self, file: &Path) -> Result<Option<u64>, TrimError> {
        let path = self.dir.join(file);
        match fs::metadata(&path) {
            Ok(seen) => Ok(Some(seen.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(TrimError::io("look at", &path)(error)),
        }
    }

    fn size(&self, file: &Path, bytes: u64, left: u64) -> TrimError {
        self.odd(format!(
            "{} has {bytes} bytes, and was left with {left}",
            file.display()
        ))
    }

    fn gone(&self, file: &Path) -> TrimError {
        self.odd(format!("{} is gone", file.display()))
    }

    fn odd(&self, found: String) -> TrimError {
        TrimError::NotAsLeft {
            path: self.dir.to_owned(),
            found,
            remedy: match self.journal.stage {
                Stage::Done => ANEW_OR_KEEP,
                _ => ANEW,
            },
        }
    }
}

/// Whether no step of a prepared trim was taken in a directory, whatever a broker has made of
/// it since. `begun`: whether steps may have been taken anywhere, as they are when every
/// directory has its journal.
///
/// # Errors
/// A file that can't be read.
pub(crate) fn is_untouched(dir: &Path, journal: &Journal, begun: bool) -> Result<bool, TrimError> {
    if journal.stage != Stage::Prepared {
        return Ok(false);
    }
    for step in &journal.steps {
        let untaken = match step {
            Step::SetAside { aside, .. } => !dir.join(aside).exists(),
            // With the directory of a topic went all that a step had changed there.
            Step::Place { ready, file, .. } => dir.join(ready).exists() || is_gone(dir, file),
            Step::Truncate { file, to, tail, .. } => {
                !begun || is_gone(dir, file) || has(&dir.join(file), *to, &dir.join(tail))?
            }
        };
        if !untaken {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_gone(dir: &Path, file: &Path) -> bool {
    file.parent()
        .is_some_and(|replica| !dir.join(replica).exists())
}

/// Whether `file` goes on from `at` as its tail was copied: a broker that starts may have cut
/// off a write that was cut short, and has appended then.
fn has(file: &Path, at: u64, tail: &Path) -> Result<bool, TrimError> {
    let open = |path: &Path| match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some).map_err(TrimError::io("open", path)),
    };
    let (Some(mut whole), Some(mut part)) = (open(file)?, open(tail)?) else {
        return Ok(false);
    };
    whole
        .seek(SeekFrom::Start(at))
        .map_err(TrimError::io("read", file))?;
    let (mut one, mut other) = (vec![0; AT_ONCE], vec![0; AT_ONCE]);
    let mut same = false;
    loop {
        let there = read_full(&mut part, &mut other).map_err(TrimError::io("read", tail))?;
        let found =
            read_full(&mut whole, &mut one[..there]).map_err(TrimError::io("read", file))?;
        if one[..found] != other[..found] {
            return Ok(false);
        }
        same |= found > 0;
        if found < AT_ONCE {
            return Ok(same);
        }
    }
}

/// Fills `bytes`, or comes to the file's end; gives how many.
fn read_full(file: &mut File, bytes: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < bytes.len() {
        match file.read(&mut bytes[read..])? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}
