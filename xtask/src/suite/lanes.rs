//! The test programs: two side by side. Those that start clusters wait most of their time, for
//! brokers that start and for windows that pass, so that two take little longer than one.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::build::{Executables, TestProgram};
use crate::error::Error;
use crate::project::Project;
use crate::room;
use crate::steps::Steps;
use crate::suite::{Options, tests};

/// More than two labs starve each other on two cores.
const LANES: usize = 2;

/// Those that take longest, so that none of them begins when all others have ended.
const LONGEST: [&str; 5] = [
    "in_strimzi",
    "whole_job",
    "hot_volumes",
    "strimzi",
    "window",
];

/// A program, and what is said of it.
pub(super) struct Job<'a> {
    pub(super) label: String,
    pub(super) header: String,
    pub(super) program: &'a TestProgram,
}

/// Runs them all, and gives the labels of those that failed. What a program
/// printed is shown when it has ended.
pub(super) fn run(
    project: &Project,
    steps: &Steps,
    built: &Executables,
    options: &Options,
    mut jobs: Vec<Job<'_>>,
) -> Result<Vec<String>, Error> {
    let logs = project.target.join("test-logs");
    fs::create_dir_all(&logs).map_err(Error::io("create", &logs))?;
    // Taken from the end.
    jobs.sort_by_cached_key(|job| (!tests::is_heavy(job.program), rank(&job.program.name)));
    let jobs = Mutex::new(jobs);
    let failed = Mutex::new(Vec::new());
    let kept = Mutex::new(());
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                loop {
                    let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop();
                    let Some(job) = next else { break };
                    let log = logs.join(format!("{}.log", job.label.replace(['/', ' '], "-")));
                    steps.say(&job.header);
                    let ended = one(project, built, options, &job, &log, &kept);
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    steps.say(&format!("{} has ended", job.label));
                    print!("{}", fs::read_to_string(&log).unwrap_or_default());
                    if let Err(error) = ended {
                        eprintln!("error: {error}");
                        failed.push(job.label);
                    }
                }
            });
        }
    });
    Ok(failed.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The higher, the sooner it begins.
fn rank(program: &str) -> usize {
    let at = LONGEST.iter().position(|one| *one == program);
    at.map_or(0, |at| LONGEST.len() - at)
}

fn one(
    project: &Project,
    built: &Executables,
    options: &Options,
    job: &Job<'_>,
    log: &Path,
    kept: &Mutex<()>,
) -> Result<(), Error> {
    if tests::is_heavy(job.program) {
        room::ensure_for_a_lab()?;
    }
    let (results, ended) = tests::run_into(project, built, job.program, options, log)?;
    let _one_at_a_time = kept.lock().unwrap_or_else(PoisonError::into_inner);
    results.keep(project)?;
    ended
}
