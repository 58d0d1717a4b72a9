//! The demo and the benchmarks: builds what they need, starts them with the
//! arguments as given, and ends as they end.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::build::{self, Executables};
use crate::command;
use crate::error::Error;
use crate::project::Project;
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

/// The whole job on a real Kafka.
pub(crate) fn demo(
    project: &Project,
    steps: &mut Steps,
    options: &Demo,
) -> Result<ExitCode, Error> {
    setup::need_root_unless(options.no_root)?;
    steps.run("packages", setup::ensure)?;
    steps.run("wasm components", || wasm::build(project, None))?;
    let built = steps.run("build", || build::debug_bins(project))?;
    hand_over(project, &built, "slackwater-demo", &options.args())
}

/// One benchmark, on optimised programs.
pub(crate) fn bench(
    project: &Project,
    steps: &mut Steps,
    name: &str,
    json: bool,
    runs: Option<u32>,
) -> Result<ExitCode, Error> {
    steps.run("wasm components", || wasm::build(project, None))?;
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
    let status = command::status(program.args(args))?;
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
}
