//! One test program: how it is started, how long it may take, and which of its
//! tests need root.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::build::{Executables, TestProgram};
use crate::command;
use crate::error::Error;
use crate::programs;
use crate::project::Project;
use crate::suite::Options;
use crate::suite::results::{self, Reading, Results};

/// The module in which a test file keeps the tests that need root; it is part
/// of a test's name.
const NEEDS_ROOT: &str = "needs_root::";

/// The same for tests that take minutes each.
const TAKES_LONG: &str = "takes_long::";

/// The directory whose packages start real clusters. One test at a time in
/// each program there; the programs run in lanes.
const HEAVY: &str = "tests";

/// A test program that hangs shall fail, and name itself, before a build
/// server gives up on the whole run.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// The same with the tests that take long: one of their programs is more than an hour of
/// backups and restores.
const LONG_LIMIT: Duration = Duration::from_secs(150 * 60);

fn limit(options: &Options) -> Duration {
    match options.is_short() {
        true => LIMIT,
        false => LONG_LIMIT,
    }
}

/// Whether its tests start clusters.
pub(crate) fn is_heavy(program: &TestProgram) -> bool {
    program.package_dir.parent().and_then(Path::file_name) == Some(HEAVY.as_ref())
}

/// How it is called in what is printed: its package's directory and its name.
pub(crate) fn label(project: &Project, program: &TestProgram) -> String {
    let dir = program
        .package_dir
        .strip_prefix(&project.root)
        .unwrap_or(&program.package_dir);
    format!("{} {}", dir.display(), program.name)
}

/// Runs its tests, those that were asked for, with what it prints in this file; gives how
/// each test ended, too, where they start clusters.
pub(crate) fn run_into(
    project: &Project,
    built: &Executables,
    program: &TestProgram,
    options: &Options,
    log: &Path,
) -> Result<(Results, Result<(), Error>), Error> {
    let out = File::create(log).map_err(Error::io("create", log))?;
    let err = out.try_clone().map_err(Error::io("open", log))?;
    let mut command = wanted(project, built, program, options)?;
    command.stdout(out).stderr(err);
    let mut reading = Reading::of(list(project, built, program, &[])?);
    let ended = command::run_watched(&mut command, limit(options), |seconds| {
        // What can't be read now is read at the next look.
        drop(reading.look(log, seconds));
    });
    let results = reading.results(&label(project, program), &results::today()?);
    Ok((results, ended))
}

fn wanted(
    project: &Project,
    built: &Executables,
    program: &TestProgram,
    options: &Options,
) -> Result<Command, Error> {
    let mut command = prepare(project, built, program)?;
    command.args(&options.filters);
    if options.no_root {
        command.args(["--skip", NEEDS_ROOT]);
    }
    if options.is_short() {
        command.args(["--skip", TAKES_LONG]);
    }
    if is_heavy(program) {
        command.arg("--test-threads=1");
    } else {
        command.arg("--quiet");
    }
    Ok(command)
}

/// The names of its tests, those that were asked for.
pub(crate) fn list(
    project: &Project,
    built: &Executables,
    program: &TestProgram,
    filters: &[String],
) -> Result<Vec<String>, Error> {
    let mut command = prepare(project, built, program)?;
    command.args(["--list", "--format", "terse"]).args(filters);
    Ok(names(&command::output(&mut command)?))
}

/// Whether a test of this name mounts or makes network namespaces.
pub(crate) fn needs_root(test: &str) -> bool {
    test.contains(NEEDS_ROOT)
}

/// Whether a test of this name takes minutes.
pub(crate) fn takes_long(test: &str) -> bool {
    test.contains(TAKES_LONG)
}

/// As cargo would start it: in its package's directory.
fn prepare(
    project: &Project,
    built: &Executables,
    program: &TestProgram,
) -> Result<Command, Error> {
    let mut command = Command::new(&program.path);
    command
        .current_dir(&program.package_dir)
        .env("CARGO_MANIFEST_DIR", &program.package_dir);
    programs::surroundings(project, built, &mut command)?;
    Ok(command)
}

/// From lines of `--list --format terse`: `module::name: test`.
fn names(listed: &str) -> Vec<String> {
    listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod units {
    use super::*;

    #[test]
    fn the_tests_of_a_program_are_named_and_those_that_need_root_known() {
        let named =
            names("a_plain_one: test\nx::needs_root::a_mount_is_undone: test\nspeed: bench\n");
        assert_eq!(named, ["a_plain_one", "x::needs_root::a_mount_is_undone"]);
        assert!(!needs_root(&named[0]) && needs_root(&named[1]));
    }

    #[test]
    fn only_programs_of_the_lab_run_one_test_at_a_time() {
        let program = |dir: &str| TestProgram {
            package_dir: dir.into(),
            name: "x".into(),
            path: "/t/x".into(),
        };
        assert!(is_heavy(&program("/w/tests/lab")));
        assert!(!is_heavy(&program("/w/plugin/host")));
        assert!(!is_heavy(&program("/w/plugin")));
    }
}
