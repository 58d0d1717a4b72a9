//! `cargo xtask e2e`: the end-to-end tests in Kubernetes on a cluster that somebody
//! has, with the operator, the storage and the Kanister that are there.

mod clean_up;

use std::path::PathBuf;
use std::process::Command;

use crate::build::{self, TestProgram};
use crate::command;
use crate::error::Error;
use crate::programs;
use crate::project::Project;
use crate::setup;
use crate::steps::Steps;
use crate::suite::list_tests;
use crate::wasm;

/// The test programs: first those that tell whether the stand-ins do what the real ones do.
const PROGRAMS: [&str; 5] = ["operator", "storage", "runner", "in_strimzi", "wide"];

/// All that these do is with the stand-ins' own mirrors.
const OF_THE_LAB: [&str; 2] = ["strimzi", "pools"];

/// Tests in modules of this name need what only stand-ins do: an operator that is
/// ended, a snapshot that is changed.
const STAND_INS: &str = "needs_stand_ins::";

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    /// The cluster's.
    pub(crate) kubeconfig: PathBuf,
    /// What the names of all that is made begin with.
    pub(crate) prefix: String,
    /// The program's image, which the cluster's nodes have or can pull.
    pub(crate) image: Option<String>,
    /// One with a shell, for pods that have a volume and nothing else.
    pub(crate) shell_image: Option<String>,
    /// Of the Kafkas' volumes.
    pub(crate) storage_class: Option<String>,
    /// Leave all that was made there.
    pub(crate) keep: bool,
    /// Only tests whose names contain one of these.
    pub(crate) filters: Vec<String>,
}

/// Runs them; the last line printed says how it went.
pub(crate) fn run(project: &Project, steps: &mut Steps, options: &Options) -> Result<(), Error> {
    steps.run("packages", setup::ensure)?;
    let kubeconfig = std::path::absolute(&options.kubeconfig);
    let kubeconfig = kubeconfig.map_err(Error::io("find", &options.kubeconfig))?;
    let kubectl = |args: &[&str]| {
        let mut kubectl = Command::new("kubectl");
        kubectl.arg("--kubeconfig").arg(&kubeconfig).args(args);
        command::output(&mut kubectl)
    };
    steps.run("the cluster answers", || {
        kubectl(&["get", "namespaces", "--output=name"]).map(drop)
    })?;
    steps.run("wasm components", || wasm::build(project, None))?;
    let built = steps.run("build", || build::debug_all(project))?;
    let (mut runs, mut left) = (Vec::new(), Vec::new());
    for name in PROGRAMS.into_iter().chain(OF_THE_LAB) {
        let program = built.tests.iter().find(|one| one.name == name);
        let program = program.ok_or_else(|| Error::NotBuilt(name.to_owned()))?;
        let names = list_tests(project, &built, program, &options.filters)?;
        let is_left = |one: &String| one.contains(STAND_INS) || OF_THE_LAB.contains(&name);
        let (without, with): (Vec<_>, Vec<_>) = names.into_iter().partition(is_left);
        left.extend(without);
        if !with.is_empty() {
            runs.push((program, with.len()));
        }
    }
    let count: usize = runs.iter().map(|(_, count)| count).sum();
    if count == 0 {
        return Err(Error::NoSuchTest(options.filters.clone()));
    }
    // Each has namespaces of its own. (Their names have no underscores.)
    for (number, (program, count)) in runs.into_iter().enumerate() {
        let prefix = match number {
            0 => options.prefix.clone(),
            _ => format!("{}-{}", options.prefix, program.name.replace('_', "-")),
        };
        // Another one each time: only what these tests made is deleted in the end.
        let mark = format!("{prefix}-{}", std::process::id());
        let done = steps.run(&format!("{count} tests of {}", program.name), || {
            let mut tests = tests_of(program, options, &prefix);
            programs::surroundings(project, &built, &mut tests)?;
            tests.env("SLACKWATER_E2E_MARK", &mark);
            command::run(tests.env("SLACKWATER_E2E_KUBECONFIG", &kubeconfig))
        });
        match options.keep {
            true => println!("kept: what has the label {}={mark}", clean_up::LABEL),
            false => steps.run("clean up", || clean_up::all(&kubectl, &mark))?,
        }
        done?;
    }
    for test in &left {
        println!("left out, needs stand-ins: {test}");
    }
    println!(
        "ok: {count} tests passed on this cluster; {} need stand-ins, and run in the lab by `cargo \
         xtask test --full` ({})",
        left.len(),
        steps.total()
    );
    Ok(())
}

fn tests_of(program: &TestProgram, options: &Options, prefix: &str) -> Command {
    let mut tests = Command::new(&program.path);
    tests
        .current_dir(&program.package_dir)
        .env("CARGO_MANIFEST_DIR", &program.package_dir)
        .env("SLACKWATER_E2E_PREFIX", prefix)
        .args(["--test-threads=1", "--nocapture", "--skip", STAND_INS])
        .args(&options.filters);
    for (key, value) in [
        ("SLACKWATER_E2E_IMAGE", &options.image),
        ("SLACKWATER_E2E_SHELL_IMAGE", &options.shell_image),
        ("SLACKWATER_E2E_STORAGE_CLASS", &options.storage_class),
    ] {
        if let Some(value) = value {
            tests.env(key, value);
        }
    }
    tests
}
