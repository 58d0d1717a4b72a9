//! `slackwater logdir plan`, `trim`, `untrim` and `discard`, as a process: killed by strace
//! at each of its calls that change a disk, and run again.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../logdir/tests/log/mod.rs"]
mod log;
#[path = "../trim/tests/world/mod.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use fastrand::Rng;
use slackwater_cut::SourcePartition;
use slackwater_point::{Plan, PositionHeld};
use slackwater_ports::PartitionId;
use world::{Shape, World, clone_of, no_cut, nodes, tree};

/// All by which the file system is changed; strace counts each by itself.
const CHANGES: [&str; 8] = [
    "write",
    "copy_file_range",
    "fchmod",
    "fchown",
    "ftruncate",
    "rename",
    "unlink",
    "fsync",
];

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
        two_copies: false,
        compacted: false,
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

fn discard(root: &Path, plan: &Path) -> Command {
    let mut command = trim(root, plan);
    command.arg("--discard");
    command
}

fn untrim(root: &Path) -> Command {
    slackwater(&["logdir", "untrim"], &nodes(root))
}

/// Kills what `command` makes of the tree at each of its changes, and runs it again.
fn must_come_to_the_same(
    from: &BTreeMap<PathBuf, Vec<u8>>,
    to: &BTreeMap<PathBuf, Vec<u8>>,
    command: impl Fn(&Path) -> Command,
) -> BTreeMap<&'static str, usize> {
    let mut kills = BTreeMap::new();
    for change in CHANGES {
        for when in 1.. {
            let root = clone_of(from);
            let traced = command(root.path());
            let mut strace = Command::new("strace");
            strace.args(["-f", "-qq", "-o", "/dev/null"]);
            strace.args(["-e", &format!("trace={change}")]);
            strace.args(["-e", &format!("inject={change}:signal=SIGKILL:when={when}")]);
            strace.arg(traced.get_program()).args(traced.get_args());
            if run(&mut strace).status.success() {
                break;
            }
            *kills.entry(change).or_default() += 1;
            assert!(when < 500, "{change} never came to its end");
            let again = run(&mut command(root.path()));
            let error = String::from_utf8_lossy(&again.stderr);
            // Killed behind its last step an untrim has left nothing to be undone, and a discard
            // nothing by which what lies there would be known.
            let is_over = error.contains("was not trimmed: it has no journal")
                || error.contains("is not what the plan was made for");
            assert!(again.status.success() || is_over, "{error}");
            assert!(tree(root.path()) == *to, "killed at {change} {when}");
        }
    }
    kills
}

#[test]
fn a_trim_or_an_untrim_that_is_killed_at_any_change_comes_to_the_same_bytes_when_it_is_run_again() {
    let (world, plan) = planned();
    let before = tree(world.root.path());
    let said = ended_well(&mut trim(world.root.path(), &plan));
    assert!(said.contains("all at their cuts"), "{said}");
    let after = tree(world.root.path());
    assert!(after != before);
    let kills = must_come_to_the_same(&before, &after, |root| trim(root, &plan));
    println!("{kills:?}");
    for change in ["write", "copy_file_range", "fchmod", "rename", "fsync"] {
        assert!(
            kills.contains_key(change),
            "{change} is not called: {kills:?}"
        );
    }
    let kills = must_come_to_the_same(&after, &before, untrim);
    assert!(kills.values().sum::<usize>() > 10, "{kills:?}");
    let mut discarded = after.clone();
    discarded.retain(|name, _| !name.to_string_lossy().contains("slackwater-"));
    let kills = must_come_to_the_same(&after, &discarded, |root| discard(root, &plan));
    assert!(kills.contains_key("unlink"), "{kills:?}");
    // And back.
    assert!(ended_well(&mut untrim(world.root.path())).contains("as they were"));
    assert!(tree(world.root.path()) == before);
}

/// The paths that a line of `strace -y` names, in their order.
fn paths_of(line: &str) -> Vec<&str> {
    let each = line.split('<').skip(1);
    each.filter_map(|rest| rest.split('>').next()).collect()
}

#[test]
fn what_a_trim_writes_is_on_the_disk_before_a_name_is_changed_and_before_it_ends() {
    let (world, plan) = planned();
    let root = world.root.path();
    let log = root.join("strace");
    let traced = trim(root, &plan);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-y", "-o"]).arg(&log);
    strace.args(["-e", "trace=write,copy_file_range,ftruncate,fsync,rename"]);
    strace.arg(traced.get_program()).args(traced.get_args());
    ended_well(&mut strace);
    let text = std::fs::read_to_string(&log).unwrap();
    let (mut dirty, mut written, mut renamed) = (BTreeSet::new(), 0, 0);
    for line in text.lines().filter_map(|line| line.split_once(' ')) {
        let call = line.1.trim_start();
        let (name, rest) = call.split_once('(').unwrap();
        let paths = paths_of(rest);
        let path = paths.last().copied().unwrap_or_default();
        // What it says to people is no file.
        let is_ours = path.contains("/node-");
        match name {
            "write" | "copy_file_range" | "ftruncate" if is_ours => {
                written += 1;
                dirty.insert(path);
            }
            "fsync" => drop(dirty.remove(path)),
            "rename" => {
                renamed += 1;
                assert!(dirty.is_empty(), "{call}: {dirty:?} may be lost");
            }
            _ => {}
        }
    }
    assert!(dirty.is_empty(), "{dirty:?} may be lost");
    assert!(written > 10 && renamed > 5, "{written} {renamed}");
}

#[test]
fn what_went_is_deleted_also_when_brokers_have_written_since() {
    let (world, plan) = planned();
    let root = world.root.path();
    ended_well(&mut trim(root, &plan));
    let log = root.join("node-1/src.t-0/00000000000000000000.log");
    let mut file = std::fs::OpenOptions::new().append(true).open(log).unwrap();
    std::io::Write::write_all(&mut file, b"more").unwrap();
    let mut written = tree(root);
    written.retain(|name, _| !name.to_string_lossy().contains("slackwater-"));
    let said = ended_well(&mut discard(root, &plan));
    assert!(
        said.contains("what went of 3 log directories is deleted"),
        "{said}"
    );
    assert!(tree(root) == written);
}

#[test]
fn what_went_is_deleted_without_its_plan_and_a_later_plan_ends_what_brokers_have_written_over() {
    let (world, plan) = planned();
    let root = world.root.path();
    let mut discarded = {
        ended_well(&mut trim(root, &plan));
        tree(root)
    };
    let trimmed = clone_of(&discarded);
    let discard = |root: &Path| slackwater(&["logdir", "discard"], &nodes(root));
    let said = ended_well(&mut discard(root));
    assert!(
        said.contains("what went of 3 log directories is deleted"),
        "{said}"
    );
    discarded.retain(|name, _| !name.to_string_lossy().contains("slackwater-"));
    assert!(tree(root) == discarded);
    let refused = run(&mut discard(root));
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(error.contains("was not trimmed"), "{error}");
    // Of what is trimmed there another plan is made.
    let root = trimmed.path();
    let (cut, later) = (world.root.path().join("cut.json"), root.join("later.json"));
    let args = [
        "logdir",
        "plan",
        "--order=timestamp",
        "--epsilon=0s",
        "--max-jettison=24h,100%",
        "--save",
        later.to_str().unwrap(),
        cut.to_str().unwrap(),
    ];
    ended_well(&mut slackwater(&args, &nodes(root)));
    let refused = run(&mut trim(root, &later));
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(error.contains("`slackwater logdir discard`"), "{error}");
    let mark = root.join("node-1/.kafka_cleanshutdown");
    std::fs::write(mark, "{}").unwrap();
    let done = run(&mut trim(root, &later));
    let error = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{error}");
    assert!(
        error.contains("an earlier trim, by another plan, was over in 3 log directories"),
        "{error}"
    );
}

/// The same plan with a position of Connect, as `change` has it.
fn with_a_position(plan: &Path, change: impl Fn(&mut Plan)) -> PathBuf {
    let mut held = Plan::parse(&std::fs::read_to_string(plan).unwrap()).unwrap();
    let partition = |topic: &str| PartitionId::new(topic, 0);
    held.depends.positions.push(PositionHeld {
        source: SourcePartition {
            alias: "src".to_owned(),
            partition: partition("t"),
        },
        mirror: partition("src.t"),
        committed: Some(9),
        last_kept: None,
        skipped: 0,
        doubled: 0,
        put_right: false,
        not_ahead: false,
        from_first: false,
        unprotected: false,
    });
    change(&mut held);
    let file = plan.with_extension("held");
    let text = held.sealed().unwrap().to_canonical().unwrap();
    std::fs::write(&file, text).unwrap();
    file
}

#[test]
fn where_connect_may_go_on_ahead_of_what_is_kept_nothing_is_cut_unless_that_is_accepted() {
    let (world, plan) = planned();
    let root = world.root.path();
    let held = with_a_position(&plan, |_| ());
    let before = tree(root);
    let refused = run(&mut trim(root, &held));
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    for says in [
        "src.t-0",
        "nothing was cut",
        "--ask-source",
        "--accept-unproven",
    ] {
        assert!(error.contains(says), "{error}");
    }
    assert!(tree(root) == before);
    ended_well(trim(root, &held).arg("--accept-unproven"));
    // What was begun is ended by the plan alone.
    ended_well(&mut trim(root, &held));
    ended_well(&mut untrim(root));
    assert!(tree(root).len() == before.len());
    // Nothing is skipped, or whoever planned has said so.
    let is_right: [fn(&mut Plan); 3] = [
        |plan| plan.depends.positions[0].put_right = true,
        |plan| plan.depends.positions[0].not_ahead = true,
        |plan| plan.leaves_connect = true,
    ];
    for change in is_right {
        ended_well(&mut trim(root, &with_a_position(&plan, change)));
        ended_well(&mut untrim(root));
    }
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
        &["logdir", "plan", cut],
        "this cut has no sweeps of the source's heads, so that timestamps are the order",
    );
    refused(
        &[
            "logdir",
            "plan",
            "--epsilon=0s",
            "--exclude-order=src.T",
            cut,
        ],
        "--exclude-order names src.T, and neither the cut nor these volumes have such a topic",
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
