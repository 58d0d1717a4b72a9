//! `cargo xtask test`: sets the machine up and runs every check and every
//! test, in an order in which the cheap ones fail first. Says at its end what
//! it left out.

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::build::{self, Executables};
use crate::command;
use crate::error::Error;
use crate::fuzz;
use crate::generate;
use crate::programs;
use crate::project::Project;
use crate::room;
use crate::setup;
use crate::simulate;
use crate::steps::Steps;
use crate::tidy;
use crate::wasm::{self, StdChoice};

mod lanes;
mod results;
mod tests;

use results::TestName;
pub(crate) use tests::list as list_tests;

/// Seconds that each fuzz target runs here: it goes on from where it was, and
/// what was found before is run again first.
const FUZZ_SECONDS: u32 = 5;

/// Minutes of the soak with `--full`, and its seed: its first rounds strike the program,
/// the guard, and both. A longer one, with other seeds, is `cargo xtask soak`.
const SOAK: (u64, u64) = (2, 28);

/// The last round may begin as the minutes end, and outlast its backup's own
/// limits.
const SOAK_LIMIT: Duration = Duration::from_secs(15 * 60);

/// Of the simulation's mutants one of so many is built here, and all of them with
/// `--full`: each is half a minute of both cores.
const MUTANTS: usize = 20;

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    /// Leave out what needs root.
    pub(crate) no_root: bool,
    /// Run what takes long, too.
    pub(crate) full: bool,
    /// The way to the standard library of the components.
    pub(crate) std: Option<StdChoice>,
    /// Only tests whose names contain one of these; empty means everything.
    pub(crate) filters: Vec<String>,
}

impl Options {
    /// Whether tests that take long are left out: not where they are named.
    fn is_short(&self) -> bool {
        !self.full && self.filters.is_empty()
    }
}

/// Tests that were left out.
#[derive(Debug, Default)]
struct Left {
    /// They need root.
    need_root: Vec<String>,
    /// They take long.
    long: usize,
}

/// Runs it all; the last line printed says how it went.
pub(crate) fn run(project: &Project, steps: &mut Steps, options: &Options) -> Result<(), Error> {
    setup::need_root_unless(options.no_root)?;
    steps.run("room on the disks", || room::ensure_for_tests(project))?;
    steps.run("packages", setup::ensure_for_tests)?;
    let whole = options.filters.is_empty();
    if whole {
        steps.run("format", || {
            cargo(project, &["fmt", "--all", "--check"])?;
            fuzz::check_format(project)
        })?;
        steps.run("tidy", || tidy::check(project))?;
    }
    let components = steps.run("wasm components", || wasm::build(project, options.std))?;
    if whole {
        steps.run("clippy", || {
            let args = [
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ];
            cargo(project, &args)
        })?;
    }
    let built = steps.run("build", || build::debug_all(project))?;
    if whole {
        check_while_kubernetes_is_built(project, steps, options, &built, &components)?;
    }
    let mut left = run_tests(project, steps, &built, options)?;
    if whole && options.full && options.no_root {
        left.need_root.push("cargo xtask soak".to_owned());
        println!("left out, needs root: cargo xtask soak");
    } else if whole && options.full {
        // Alone: a second lab beside it takes the time that its deadlines leave.
        let (minutes, seed) = SOAK;
        let header = format!("soak, {minutes} minutes, seed {seed}");
        steps.run(&header, || soak(project, &built))?;
    }
    println!("{}", last_line(&left, options, &steps.total()));
    Ok(())
}

/// What is checked before the tests. Meanwhile the Kubernetes of the tests is built: Go
/// fetches and links where one core is idle, and the tests would wait for it one after
/// another.
fn check_while_kubernetes_is_built(
    project: &Project,
    steps: &mut Steps,
    options: &Options,
    built: &Executables,
    components: &wasm::Built,
) -> Result<(), Error> {
    thread::scope(|scope| {
        let kubernetes = scope.spawn(|| {
            let mut lab = Command::new(built.bin("slackwater-lab")?);
            command::run(lab.args(["setup", "--kubernetes"]))
        });
        let checked = check(project, steps, options, built, components);
        let is_built = steps.run("Kubernetes for the tests, begun meanwhile", || {
            kubernetes
                .join()
                .unwrap_or_else(|panic| resume_unwind(panic))
        });
        checked.and(is_built)
    })
}

fn check(
    project: &Project,
    steps: &mut Steps,
    options: &Options,
    built: &Executables,
    components: &wasm::Built,
) -> Result<(), Error> {
    steps.run("generated files", || {
        generate::check(project, built)?;
        results::check(project, &long_tests(project, built)?)
    })?;
    steps.run(
        "the same components from another directory and home",
        || wasm::check_reproducible(project, components),
    )?;
    steps.run("examples in the documentation", || {
        cargo(project, &["test", "--quiet", "--workspace", "--doc"])
    })?;
    let fuzz = fuzz::Options {
        seconds: FUZZ_SECONDS,
        input: None,
        targets: Vec::new(),
    };
    steps.run("fuzz", || fuzz::run(project, &fuzz))?;
    let simulation = simulate::Options {
        seeds: simulate::SEEDS,
        from: 0,
        json: false,
        no_mutants: false,
        mutants: Vec::new(),
        every: if options.full { 1 } else { MUTANTS },
    };
    let header = match options.full {
        true => "simulation, and its mutants".to_owned(),
        false => format!("simulation, and one of {MUTANTS} of its mutants"),
    };
    steps.run(&header, || simulate::run(project, &simulation))
}

/// Writes into the documentation how the long tests ended.
pub(crate) fn write_results(project: &Project, built: &Executables) -> Result<(), Error> {
    results::write(project, &long_tests(project, built)?)
}

fn long_tests(project: &Project, built: &Executables) -> Result<BTreeSet<TestName>, Error> {
    let mut long = BTreeSet::new();
    for program in built.tests.iter().filter(|one| tests::is_heavy(one)) {
        let label = tests::label(project, program);
        let names = tests::list(project, built, program, &[])?;
        let names = names.into_iter().filter(|name| tests::takes_long(name));
        long.extend(names.map(|test| TestName {
            program: label.clone(),
            test,
        }));
    }
    Ok(long)
}

fn soak(project: &Project, built: &Executables) -> Result<(), Error> {
    let (minutes, seed) = SOAK;
    let soak = programs::Soak {
        minutes,
        seed,
        json: false,
        only: Vec::new(),
    };
    command::run_within(&mut soak.command(project, built)?, SOAK_LIMIT)
}

/// Runs the test programs, the heavy ones last, and all of them even if one
/// fails. Gives the tests that were left out.
fn run_tests(
    project: &Project,
    steps: &mut Steps,
    built: &Executables,
    options: &Options,
) -> Result<Left, Error> {
    let (mut left, mut known) = (Left::default(), 0);
    let mut jobs = Vec::new();
    for program in &built.tests {
        let label = tests::label(project, program);
        let names = tests::list(project, built, program, &options.filters)?;
        known += names.len();
        let (without, runs): (Vec<_>, Vec<_>) = names
            .iter()
            .partition(|test| options.no_root && tests::needs_root(test));
        let without = without.iter().map(|test| format!("{label} {test}"));
        left.need_root.extend(without);
        let (long, runs): (Vec<_>, Vec<_>) = runs
            .into_iter()
            .partition(|test| options.is_short() && tests::takes_long(test));
        left.long += long.len();
        if runs.is_empty() {
            continue;
        }
        let header = format!("{label}: {} tests", runs.len());
        jobs.push(lanes::Job {
            label,
            header,
            program,
        });
    }
    let failed = lanes::run(project, steps, built, options, jobs)?;
    for test in &left.need_root {
        println!("left out, needs root: {test}");
    }
    if known == 0 {
        Err(Error::NoSuchTest(options.filters.clone()))
    } else if failed.is_empty() {
        Ok(left)
    } else {
        Err(Error::TestsFailed(failed))
    }
}

/// Never reads as a whole success where something was left out.
fn last_line(left: &Left, options: &Options, total: &str) -> String {
    if options.no_root {
        format!(
            "INCOMPLETE: {} tests that need root were left out ({total})",
            left.need_root.len()
        )
    } else if options.is_short() {
        format!(
            "ok: everything passed but the {} long tests, most mutants and the soak of --full, \
             which were left out ({total})",
            left.long
        )
    } else if options.filters.is_empty() {
        format!("ok: everything passed ({total})")
    } else {
        format!(
            "INCOMPLETE: only tests with {} in their names were run ({total})",
            options.filters.join(" or ")
        )
    }
}

fn cargo(project: &Project, args: &[&str]) -> Result<(), Error> {
    command::run(project.cargo().args(args))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_run_that_left_something_out_says_so() {
        let options = |no_root, full, filters: &[&str]| Options {
            no_root,
            full,
            std: None,
            filters: filters.iter().map(ToString::to_string).collect(),
        };
        let left = Left {
            need_root: vec!["x".to_owned()],
            long: 7,
        };
        let line = |options: &Options| last_line(&left, options, "1.0 s");
        assert!(line(&options(false, true, &[])).starts_with("ok: everything passed ("));
        assert!(line(&options(false, false, &[])).contains("but the 7 long tests"));
        assert!(line(&options(true, false, &[])).starts_with("INCOMPLETE: 1 "));
        assert!(line(&options(false, false, &["x"])).starts_with("INCOMPLETE: only "));
    }
}
