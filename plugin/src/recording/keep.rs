//! Keeping what was recorded.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use slackwater_host::{Entry, PhaseName};
use slackwater_ports::{Clock as _, Failure, Outcome};
use slackwater_store::RunId;
use slackwater_tape::{Begun, RECORDING, Tape};
use zstd::stream::write::Encoder;

use super::ENDING;
use crate::adapters::SystemClock;
use crate::exit::Stop;

/// Recorded lines are some times smaller at once, at a cost that a window does
/// not show.
const LEVEL: i32 = 1;

/// How far back a repetition is found: 128 MiB. A phase passes its whole
/// document again and again, and one of 10,000 partitions has 20 MB. More
/// would have to be allowed by every reader.
const WINDOW_LOG: u32 = 27;

/// So many recordings of one export in one run: a phase that is run again has
/// another one.
const MOST_OF_ONE: u32 = 100;

/// Where lines go until the phase has ended.
pub type Sink = Encoder<'static, Vec<u8>>;

/// Records the phases of one run, and writes the recordings when it is let go:
/// when the program has nothing more to do, and not while the mirror waits.
#[derive(Default)]
pub struct Recorder {
    /// Beside the cuts; nothing is recorded without.
    folder: Option<PathBuf>,
    /// Where else, as plain lines; of the first phase alone.
    file: Option<(PathBuf, File)>,
    run: OnceLock<RunId>,
    ended: Mutex<Vec<Ended>>,
}

struct Ended {
    name: String,
    compressed: Vec<u8>,
}

impl Recorder {
    /// Keeps recordings in a folder of the run below this one.
    pub fn keep_in(&mut self, folder: PathBuf) {
        self.folder = Some(folder);
    }

    /// Whether recordings are kept beside the cuts.
    pub fn keeps(&self) -> bool {
        self.folder.is_some()
    }

    /// Writes the first recording to this new file too, as plain JSON lines.
    ///
    /// # Errors
    /// A file that is there already or can't be made.
    pub fn also_to(&mut self, path: &Path) -> Result<(), Stop> {
        let file = File::create_new(path).map_err(|error| {
            Stop::bad_input(format!(
                "can't make {} for a recording: {error}",
                path.display()
            ))
        })?;
        self.file = Some((path.to_owned(), file));
        Ok(())
    }

    /// Names the run that is recorded; the first name stays.
    pub fn of_run(&self, run: &RunId) {
        let _ = self.run.set(run.clone());
    }

    /// A tape for an export, if anything is to be recorded.
    pub fn begin(
        &self,
        phase: PhaseName,
        entry: Entry,
        component: &str,
    ) -> Option<Arc<Tape<Sink>>> {
        if self.folder.is_none() && self.file.is_none() {
            return None;
        }
        let begun = Begun {
            recording: RECORDING.to_owned(),
            run: self.run.get().map_or_else(String::new, RunId::to_string),
            phase: phase.world().to_owned(),
            entry: entry.export().to_owned(),
            component: component.to_owned(),
        };
        match sink() {
            Ok(sink) => Some(Tape::begin(begun, sink, || SystemClock.now_ms())),
            Err(error) => {
                tracing::warn!(%error, %phase, "not recorded");
                None
            }
        }
    }

    /// The export has ended.
    pub fn end(
        &self,
        phase: PhaseName,
        entry: Entry,
        tape: &Tape<Sink>,
        how: &Result<Outcome, Failure>,
    ) {
        let finished = tape.end(how).and_then(|sink| Ok(sink.finish()?));
        match finished {
            Ok(compressed) => self.ended().push(Ended {
                name: match entry {
                    Entry::Run => phase.world().to_owned(),
                    _ => format!("{}.{}", phase.world(), entry.export()),
                },
                compressed,
            }),
            Err(error) => tracing::warn!(%error, %phase, "not recorded"),
        }
    }

    fn ended(&self) -> std::sync::MutexGuard<'_, Vec<Ended>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&mut self) -> io::Result<()> {
        let ended = std::mem::take(&mut *self.ended());
        if let Some((path, mut file)) = self.file.take() {
            match ended.first() {
                Some(first) => {
                    zstd::stream::copy_decode(first.compressed.as_slice(), &mut file)?;
                    file.sync_all()?;
                }
                // Nothing was recorded: the name is given free again.
                None => fs::remove_file(path)?,
            }
        }
        let (Some(folder), Some(run)) = (&self.folder, self.run.get()) else {
            return Ok(());
        };
        let folder = folder.join(run.as_str());
        for one in ended {
            fs::create_dir_all(&folder)?;
            let mut file = new_file(&folder, &one.name)?;
            file.write_all(&one.compressed)?;
            file.sync_all()?;
        }
        Ok(())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Err(error) = self.write() {
            tracing::warn!(%error, "a recording could not be kept");
        }
    }
}

fn sink() -> io::Result<Sink> {
    let mut sink = Encoder::new(Vec::new(), LEVEL)?;
    sink.long_distance_matching(true)?;
    sink.window_log(WINDOW_LOG)?;
    sink.include_checksum(true)?;
    Ok(sink)
}

/// Another name where one of it is there.
fn new_file(folder: &Path, name: &str) -> io::Result<File> {
    for number in 1..=MOST_OF_ONE {
        let more = if number == 1 {
            String::new()
        } else {
            format!(".{number}")
        };
        match File::create_new(folder.join(format!("{name}{more}{ENDING}"))) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made,
        }
    }
    let full = format!("{MOST_OF_ONE} recordings of {name} are there already");
    Err(io::Error::new(io::ErrorKind::AlreadyExists, full))
}
