//! `slackwater logdir plan`, `trim` and `untrim`, as a process: killed by strace
//! at each of its calls that change a disk, and run again.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../logdir/tests/log/mod.rs"]
mod log;
#[path = "../trim/tests/world/mod.rs"]
mod world;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use fastrand::Rng;
use world::{Shape, World, clone_of, no_cut, nodes, tree};

/// All by which the file system is changed; strace counts each by itself.
const CHANGES: [&str; 5] = ["write", "ftruncate", "rename", "unlink", "fsync"];

fn slackwater(args: &[&str], paths: &[PathBuf]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slackwater"));
    command.args(args).args(paths);
    command
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn ended_well(command: &mut Command) -> String {
    let output = run(command);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// A world that has something to cut, with its plan in a file.
fn planned() -> (World, PathBuf) {
    let mut rng = Rng::with_seed(3);
    let shape = Shape {
        transactions: false,
        dead_tails: true,
        disorder: 0,
    };
    let world = World::new(&mut rng, shape);
    let at = |name: &str| world.root.path().join(name);
    std::fs::write(at("cut.json"), no_cut().to_canonical().unwrap()).unwrap();
    let (cut, plan) = (at("cut.json"), at("plan.json"));
    let said = ended_well(&mut slackwater(
        &[
            "logdir",
            "plan",
            "--order=timestamp",
            "--epsilon=0s",
            "--max-jettison=24h,100%",
            "--save",
            plan.to_str().unwrap(),
            cut.to_str().unwrap(),
        ],
        &world.paths(),
    ));
    assert!(
        said.contains("no message is kept that is later than"),
        "{said}"
    );
    (world, plan)
}

fn trim(root: &Path, plan: &Path) -> Command {
    slackwater(&["logdir", "trim", plan.to_str().unwrap()], &nodes(root))
}

#[test]
fn a_trim_that_is_killed_at_any_change_comes_to_the_same_bytes_when_it_is_run_again() {
    let (world, plan) = planned();
    let before = tree(world.root.path());
    let said = ended_well(&mut trim(world.root.path(), &plan));
    assert!(said.contains("all at their cuts"), "{said}");
    let after = tree(world.root.path());
    assert!(after != before);
    let mut kills = 0;
    for change in CHANGES {
        for when in 1.. {
            let root = clone_of(&before);
            let traced = trim(root.path(), &plan);
            let mut strace = Command::new("strace");
            strace.args([
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                &format!("trace={change}"),
            ]);
            strace.args(["-e", &format!("inject={change}:signal=SIGKILL:when={when}")]);
            strace.arg(traced.get_program()).args(traced.get_args());
            if run(&mut strace).status.success() {
                break;
            }
            kills += 1;
            assert!(when < 500, "{change} never came to its end");
            ended_well(&mut trim(root.path(), &plan));
            assert!(tree(root.path()) == after, "killed at {change} {when}");
        }
    }
    assert!(kills > 20, "{kills}");
    // And back.
    let untrim = &mut slackwater(&["logdir", "untrim"], &nodes(world.root.path()));
    assert!(ended_well(untrim).contains("as they were"));
    assert!(tree(world.root.path()) == before);
}

#[test]
fn what_is_wrong_is_said_in_one_line_with_its_code() {
    let (world, plan) = planned();
    let cut = world.root.path().join("cut.json");
    let refused = |args: &[&str], says: &str| {
        let output = run(&mut slackwater(args, &world.paths()));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.lines().last().unwrap().contains(says), "{error}");
    };
    let cut = cut.to_str().unwrap();
    refused(
        &["logdir", "plan", "--order=timestamp", cut],
        "--epsilon 5s",
    );
    refused(
        &["logdir", "plan", "--order=source", cut],
        "needs heads of the sources",
    );
    refused(
        &[
            "logdir",
            "plan",
            "--epsilon=0s",
            "--max-jettison=0s,0%",
            cut,
        ],
        "--max-jettison",
    );
    refused(&["logdir", "untrim"], "was not trimmed");
    let text = std::fs::read_to_string(&plan).unwrap();
    std::fs::write(
        &plan,
        text.replace("\"cut\":", "\"cut\" :")
            .replace("Plan", "Plam"),
    )
    .unwrap();
    refused(&["logdir", "trim", plan.to_str().unwrap()], "is not a plan");
}
