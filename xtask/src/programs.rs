//! The demo, the soak and the benchmarks: builds what they need, starts them with the
//! arguments as given, and ends as they end.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::build::{self, Executables};
use crate::command;
use crate::error::Error;
use crate::project::Project;
use crate::room;
use crate::setup;
use crate::steps::Steps;
use crate::wasm;

/// What the demo was asked for.
#[derive(Debug)]
pub(crate) struct Demo {
    /// Where to write the figures.
    pub(crate) json: Option<PathBuf>,
    /// Messages a second.
    pub(crate) rate: Option<u64>,
    /// Bytes a message.
    pub(crate) size: Option<u64>,
    /// Do without mounts and network namespaces.
    pub(crate) no_root: bool,
    /// Handed on as they are.
    pub(crate) rest: Vec<OsString>,
}

impl Demo {
    /// Only what was given: the defaults are the program's own.
    fn args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = Vec::new();
        if let Some(file) = &self.json {
            args.extend(["--json".into(), file.into()]);
        }
        for (name, value) in [("--rate", self.rate), ("--size", self.size)] {
            if let Some(value) = value {
                args.extend([name.into(), value.to_string().into()]);
            }
        }
        if self.no_root {
            args.push("--no-root".into());
        }
        args.extend(self.rest.iter().cloned());
        args
    }
}

/// As long as a soak takes where nobody says how long.
pub(crate) const SOAK_MINUTES: u64 = 30;

/// And its seed.
pub(crate) const SOAK_SEED: u64 = 1;

/// What a soak was asked for.
#[derive(Debug)]
pub(crate) struct Soak {
    /// No round begins later.
    pub(crate) minutes: u64,
    /// Of its hand.
    pub(crate) seed: u64,
    /// Print the figures.
    pub(crate) json: bool,
    /// Leave other faults out.
    pub(crate) only: Vec<String>,
}

impl Soak {
    fn args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec![
            "--minutes".into(),
            self.minutes.to_string().into(),
            "--seed".into(),
            self.seed.to_string().into(),
        ];
        if self.json {
            args.push("--json".into());
        }
        for only in &self.only {
            args.extend(["--only".into(), only.into()]);
        }
        args
    }

    /// The program, with all that it needs.
    pub(crate) fn command(&self, project: &Project, built: &Executables) -> Result<Command, Error> {
        let mut program = Command::new(built.bin("slackwater-soak")?);
        surroundings(project, built, &mut program)?;
        program.args(self.args());
        Ok(program)
    }
}

/// Faults on a real Kafka.
pub(crate) fn soak(
    project: &Project,
    steps: &mut Steps,
    options: &Soak,
) -> Result<ExitCode, Error> {
    setup::need_root_unless(false)?;
    steps.run("room on the disks", || room::ensure_for_demo(project))?;
    steps.run("packages", setup::ensure)?;
    steps.run("wasm components", || wasm::build(project, None))?;
    let built = steps.run("build", || build::debug_bins(project))?;
    hand_over(project, &built, "slackwater-soak", &options.args())
}

/// The whole job on a real Kafka.
pub(crate) fn demo(
    project: &Project,
    steps: &mut Steps,
    options: &Demo,
) -> Result<ExitCode, Error> {
    setup::need_root_unless(options.no_root)?;
    steps.run("room on the disks", || room::ensure_for_demo(project))?;
    steps.run("packages", setup::ensure)?;
    steps.run("wasm components", || wasm::build(project, None))?;
    let built = steps.run("build", || build::debug_bins(project))?;
    hand_over(project, &built, "slackwater-demo", &options.args())
}

/// The benchmark of a plan: it is an example of the crate that plans, since it needs
/// no lab and no other program.
const PLAN: &str = "plan";

/// That crate, and that example.
const PLAN_SPEED: [&str; 2] = ["slackwater-trim", "plan-speed"];

/// One benchmark, on optimised programs.
pub(crate) fn bench(
    project: &Project,
    steps: &mut Steps,
    name: &str,
    json: bool,
    runs: Option<u32>,
) -> Result<ExitCode, Error> {
    steps.run("wasm components", || wasm::build(project, None))?;
    if name == PLAN {
        return bench_plan(project, steps);
    }
    let built = steps.run("build, optimised", || build::release_bins(project))?;
    let mut args: Vec<OsString> = vec![name.into()];
    if json {
        args.push("--json".into());
    }
    if let Some(runs) = runs {
        args.extend(["--runs".into(), runs.to_string().into()]);
    }
    hand_over(project, &built, "slackwater-bench", &args)
}

/// Its last line is JSON, asked for or not.
fn bench_plan(project: &Project, steps: &mut Steps) -> Result<ExitCode, Error> {
    let [package, example] = PLAN_SPEED;
    let built = steps.run("build, optimised", || {
        build::release_example(project, package, example)
    })?;
    let mut program = Command::new(built.bin(example)?);
    program.env("SLACKWATER_WASM_DIR", project.wasm_dir());
    ended(&mut program)
}

/// Tells a program or test where the plugin and the components are.
pub(crate) fn surroundings(
    project: &Project,
    built: &Executables,
    command: &mut Command,
) -> Result<(), Error> {
    command
        .env("SLACKWATER_BIN", built.bin("slackwater")?)
        .env("SLACKWATER_WASM_DIR", project.wasm_dir());
    Ok(())
}

fn hand_over(
    project: &Project,
    built: &Executables,
    name: &str,
    args: &[OsString],
) -> Result<ExitCode, Error> {
    let mut program = Command::new(built.bin(name)?);
    surroundings(project, built, &mut program)?;
    ended(program.args(args))
}

fn ended(program: &mut Command) -> Result<ExitCode, Error> {
    let status = command::status(program)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_is_handed_on() {
        let nothing = Demo {
            json: None,
            rate: None,
            size: None,
            no_root: false,
            rest: vec![],
        };
        assert!(nothing.args().is_empty());
        let all = Demo {
            json: Some("out.json".into()),
            rate: Some(10),
            size: Some(20),
            no_root: true,
            rest: vec!["--keep".into()],
        };
        let words = [
            "--json",
            "out.json",
            "--rate",
            "10",
            "--size",
            "20",
            "--no-root",
            "--keep",
        ];
        assert_eq!(all.args(), words.map(OsString::from));
    }

    #[test]
    fn a_soak_is_told_its_seed_and_its_length() {
        let soak = Soak {
            minutes: 2,
            seed: 7,
            json: true,
            only: vec!["kill".into()],
        };
        let words = ["--minutes", "2", "--seed", "7", "--json", "--only", "kill"];
        assert_eq!(soak.args(), words.map(OsString::from));
    }
}
