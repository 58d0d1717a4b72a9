//! `cargo xtask fuzz`: builds the fuzz targets of `plugin/logdir/fuzz` with
//! coverage counters and lets libFuzzer run each for a time.
//!
//! That needs no nightly compiler: the counters are LLVM's own pass, which a
//! stable one has too. Only sanitizers would, and there is no unsafe code here
//! that they could watch.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::error::Error;
use crate::project::Project;

/// Where the targets are: a workspace of their own.
const CRATE: &str = "plugin/logdir/fuzz";

/// Seconds a target, where nobody says how many.
pub(crate) const SECONDS: u32 = 60;

/// As much as one input may take: a hang is a crash. Inputs take milliseconds;
/// the rest is for a machine that has other things to do.
const TIMEOUT_SECONDS: u32 = 120;

/// As much memory: the reader's own bound, and what the fuzzer keeps.
const MEMORY_MIB: u32 = 1024;

/// What makes LLVM count edges and watch comparisons, as libFuzzer wants it.
const COVERAGE: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg=fuzzing",
];

/// Lines of a log that are shown of a target that failed.
const SHOWN_LINES: usize = 60;

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    /// For each target.
    pub(crate) seconds: u32,
    /// Only this input, once.
    pub(crate) input: Option<PathBuf>,
    /// Empty: all.
    pub(crate) targets: Vec<String>,
}

/// Builds them and runs those that were asked for.
pub(crate) fn run(project: &Project, options: &Options) -> Result<(), Error> {
    let known = targets(project)?;
    if let Some(unknown) = options.targets.iter().find(|one| !known.contains(one)) {
        return Err(Error::NoSuchTarget {
            target: unknown.clone(),
            known,
        });
    }
    let built = build(project)?;
    let wanted = match options.targets.as_slice() {
        [] => known.as_slice(),
        some => some,
    };
    match &options.input {
        Some(input) => wanted
            .iter()
            .try_for_each(|target| command::run(Command::new(built.join(target)).arg(input))),
        None => wanted
            .iter()
            .try_for_each(|target| one(project, &built, target, options.seconds)),
    }
}

/// Whether the crate is formatted, which is not part of the workspace.
pub(crate) fn check_format(project: &Project) -> Result<(), Error> {
    let manifest = project.root.join(CRATE).join("Cargo.toml");
    let mut cargo = project.cargo();
    cargo.args(["fmt", "--check", "--manifest-path"]);
    command::run(cargo.arg(manifest))
}

/// Each is a file.
fn targets(project: &Project) -> Result<Vec<String>, Error> {
    let dir = project.root.join(CRATE).join("targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&dir).map_err(Error::io("list", &dir))? {
        let path = entry.map_err(Error::io("list", &dir))?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into()));
    }
    names.sort();
    Ok(names)
}

/// Gives the directory of the programs. They are built for a named platform,
/// so that build scripts and macros, which cargo runs itself, are built
/// without the counters.
fn build(project: &Project) -> Result<PathBuf, Error> {
    let platform = host(project)?;
    let target = project.target.join("fuzz");
    let mut cargo = project.pure_cargo();
    cargo
        .current_dir(project.root.join(CRATE))
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\x1f"))
        .args(["build", "--release", "--target", &platform]);
    command::run(&mut cargo)?;
    Ok(target.join(platform).join("release"))
}

/// The platform that the compiler runs on, as it names it.
fn host(project: &Project) -> Result<String, Error> {
    let mut rustc = Command::new("rustc");
    let said = command::output(rustc.current_dir(&project.root).args(["--version", "-v"]))?;
    said.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Error::Unexpected {
            command: "rustc --version -v".into(),
            what: said.clone(),
        })
}

/// Runs one target for its time. What it finds new is kept beside the build,
/// and is where the next run goes on; what it crashes on lies in the crate.
fn one(project: &Project, built: &Path, target: &str, seconds: u32) -> Result<(), Error> {
    let home = project.root.join(CRATE);
    let (seeds, crashes) = (home.join("seeds").join(target), home.join("crashes"));
    let kept = project.target.join("fuzz/corpus").join(target);
    for dir in [&crashes, &kept] {
        fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
    }
    let log = project.target.join("fuzz").join(format!("{target}.log"));
    let out = File::create(&log).map_err(Error::io("create", &log))?;
    let err = out.try_clone().map_err(Error::io("open", &log))?;
    let mut program = Command::new(built.join(target));
    program
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={TIMEOUT_SECONDS}"))
        .arg(format!("-rss_limit_mb={MEMORY_MIB}"))
        .arg(format!("-artifact_prefix={}/{target}-", crashes.display()))
        .args([&kept, &seeds])
        .stdout(out)
        .stderr(err);
    let ended = command::status(&mut program)?;
    let said = fs::read_to_string(&log).map_err(Error::io("read", &log))?;
    if ended.success() {
        let last = said.lines().rfind(|line| line.starts_with("Done "));
        let state = said.lines().rfind(|line| line.contains(" cov: "));
        println!("{target}: {}", summary(last, state));
        return Ok(());
    }
    // Without those that only say how far it is.
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with('#')).collect();
    let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
    Err(Error::FuzzerFound {
        target: target.to_owned(),
        said: shown.join("\n"),
        input: input_of(&said).unwrap_or_else(|| log.display().to_string()),
    })
}

/// From `Done 71234 runs in 6 second(s)` and
/// `#71234 DONE cov: 912 ft: 2101 corp: 311/40Kb …`.
fn summary(last: Option<&str>, state: Option<&str>) -> String {
    let done = last.and_then(|line| line.strip_prefix("Done "));
    let edges = state
        .and_then(|line| line.split_once(" cov: "))
        .and_then(|(_, rest)| rest.split_whitespace().next());
    format!(
        "{}, {} edges covered",
        done.unwrap_or("no runs"),
        edges.unwrap_or("no")
    )
}

/// Where libFuzzer left what it crashed on.
fn input_of(said: &str) -> Option<String> {
    said.lines()
        .find_map(|line| line.split_once("Test unit written to "))
        .map(|(_, path)| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libfuzzer_says_is_understood() {
        let said = "x\nartifact_prefix='/c/batches-'; Test unit written to /c/batches-crash-1\n";
        assert_eq!(input_of(said).as_deref(), Some("/c/batches-crash-1"));
        assert_eq!(input_of("Done 3 runs in 1 second(s)"), None);
        let state = "#123\tDONE   cov: 912 ft: 2101 corp: 311/40Kb exec/s: 3";
        assert_eq!(
            summary(Some("Done 123 runs in 6 second(s)"), Some(state)),
            "123 runs in 6 second(s), 912 edges covered"
        );
    }
}
