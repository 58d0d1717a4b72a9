//! Very many small partitions: how long the program takes for them, and how
//! much memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use slackwater_e2e::program;

use crate::{BenchError, failed, say};

/// As many as a large cluster's broker may have.
const PARTITIONS: usize = 10_000;

/// A partition of a real broker's, some records each.
const MODEL: &str = "../../plugin/logdir/tests/fixtures/clean";
const REPLICA: &str = "client-gzip-0";

/// Between two looks at how much memory the program has taken at most, which
/// the kernel keeps.
const LOOK: Duration = Duration::from_millis(5);

/// What was seen.
pub(super) struct Many {
    pub(super) partitions: usize,
    pub(super) took: Duration,
    pub(super) peak_mib: f64,
}

/// Makes the log directory, and has the program scan it deep.
pub(super) fn measure() -> Result<Many, BenchError> {
    say(&format!("scanning {PARTITIONS} small partitions"));
    let dir = tempfile::tempdir()?;
    make(dir.path()).map_err(failed("make the partitions"))?;
    let program =
        program().map_err(|error| failed("find the program")(std::io::Error::other(error)))?;
    let began = Instant::now();
    let mut child = Command::new(program)
        .args(["logdir", "scan", "--deep", "--output=json"])
        .arg(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed("start the program"))?;
    let peak_mib = watch(&mut child).map_err(failed("watch the program"))?;
    Ok(Many {
        partitions: PARTITIONS,
        took: began.elapsed(),
        peak_mib,
    })
}

fn make(dir: &Path) -> std::io::Result<()> {
    let model = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(MODEL);
    // In which of its directories the broker put the replica was its choice.
    let mut dirs = ["data-1", "data-2"].map(|dir| model.join(dir)).into_iter();
    let found = dirs.find(|dir| dir.join(REPLICA).is_dir());
    let model = found.ok_or_else(|| std::io::Error::other(format!("no {REPLICA} is there")))?;
    fs::copy(model.join("meta.properties"), dir.join("meta.properties"))?;
    let files: Vec<_> = fs::read_dir(model.join(REPLICA))?.collect::<Result<_, _>>()?;
    for partition in 0..PARTITIONS {
        let replica = dir.join(format!("small-{partition}"));
        fs::create_dir(&replica)?;
        for file in &files {
            fs::copy(file.path(), replica.join(file.file_name()))?;
        }
    }
    Ok(())
}

/// Until it has ended. Gives the most memory that it had, MiB.
fn watch(child: &mut Child) -> std::io::Result<f64> {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0;
    loop {
        let said = fs::read_to_string(&status).unwrap_or_default();
        let kib = said.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = kib.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        peak = kib.map_or(peak, |kib| kib / 1024.0);
        if let Some(ended) = child.try_wait()? {
            return match ended.success() {
                true => Ok(peak),
                false => Err(std::io::Error::other(ended.to_string())),
            };
        }
        thread::sleep(LOOK);
    }
}
