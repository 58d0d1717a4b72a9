//! What lies ready beside the data of a directory whose trim never got to its journal: it is
//! taken away, unless it shows that steps were taken, and that the journal is gone instead.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;

use slackwater_logdir::{LogDir, SegmentReader, Want};

use crate::edits::CLEAN;
use crate::error::TrimError;
use crate::journal::{Journal, PREFIX};
use crate::trim::Held;

/// Of a tail so much is held against its log: it begins with a batch, whose offset tells it
/// from all others.
const COMPARED: u64 = 64 << 10;

impl Held<'_> {
    /// Where no directory has a journal; whether there was anything.
    ///
    /// # Errors
    /// Steps were taken: what lies there is all that is left of what went.
    pub(crate) fn take_away_what_lies_ready(&self) -> Result<bool, TrimError> {
        for dir in &self.volumes.dirs {
            if has_lost_its_journal(dir)? {
                return Err(TrimError::State {
                    path: dir.path.clone(),
                    why: "was trimmed, and has lost its journal: what went lies beside the data, \
                          in files whose names begin with slackwater-; restore its volume anew",
                });
            }
        }
        let mut some = false;
        for dir in &self.volumes.dirs {
            some |= self.remove_ours(dir)?;
        }
        Ok(some)
    }

    /// What a trim that never got to its journal has left; whether there was any.
    pub(crate) fn remove_ours(&self, dir: &LogDir) -> Result<bool, TrimError> {
        let mut some = Journal::remove_unfinished(self.disk, &dir.path)?;
        for replica in dir.replicas.iter().map(|replica| &replica.path) {
            for name in ours(replica)? {
                let path = replica.join(name);
                let removed = self.disk.remove(&path);
                removed.map_err(TrimError::io("remove", &path))?;
                some = true;
            }
        }
        Ok(some)
    }
}

/// The names of what is ours in a replica's directory.
fn ours(replica: &Path) -> Result<Vec<String>, TrimError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(replica).map_err(TrimError::io("list", replica))? {
        let name = entry.map_err(TrimError::io("list", replica))?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) {
            names.push(name.into_owned());
        }
    }
    Ok(names)
}

/// Names are given up, and logs are cut, when every directory has its journal.
fn has_lost_its_journal(dir: &LogDir) -> Result<bool, TrimError> {
    if dir.path.join(format!("{PREFIX}{CLEAN}")).exists() {
        return Ok(true);
    }
    let mut reader = SegmentReader::default();
    for replica in dir.replicas.iter().map(|replica| &replica.path) {
        for name in ours(replica)? {
            let of = name.strip_prefix(PREFIX).unwrap_or_default();
            let was_taken = match of.strip_suffix(".tail") {
                Some(log) => !has(&mut reader, &replica.join(log), &replica.join(&name))?,
                None => of.ends_with(".aside"),
            };
            if was_taken {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether a log has what was copied of it, or the beginning of that: it was not cut then.
fn has(reader: &mut SegmentReader, log: &Path, tail: &Path) -> Result<bool, TrimError> {
    let wanted = bytes(tail, 0, COMPARED)?;
    if !log.exists() {
        return Ok(false);
    }
    let (mut found, mut failed) = (false, None);
    let mut is_at = |at: u64| match bytes(log, at, wanted.len() as u64) {
        Ok(there) => there == wanted,
        Err(error) => {
            failed = Some(error);
            false
        }
    };
    let end = reader.read_while(log, 0, Want::Headers, |batch| {
        found = is_at(batch.position);
        match found {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })?;
    // What is no batch any more was cut off, too.
    found = found || is_at(end.valid);
    match failed {
        Some(error) => Err(error),
        None => Ok(found),
    }
}

fn bytes(path: &Path, from: u64, most: u64) -> Result<Vec<u8>, TrimError> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(TrimError::io("read", path))
}
