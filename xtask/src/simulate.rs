//! `cargo xtask simulate`: builds the simulation, tries seeds, and sees whether
//! it catches the mutants of `tests/simulation/mutants`: phases with one thing
//! wrong each, as patches that are applied to a copy of their crates.

use std::fs;
use std::io::ErrorKind;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde_json::{Value, json};

use crate::command;
use crate::error::Error;
use crate::files;
use crate::project::Project;

/// The package, and its program.
const PACKAGE: &str = "slackwater-simulation";
const PROGRAM: &str = "slackwater-simulate";

/// Optimised, and quick to build again.
const PROFILE: &str = "simulate";

/// So many seeds, where nobody says how many.
pub(crate) const SEEDS: u64 = 5_000;

/// Where the mutants are.
const MUTANTS: &str = "tests/simulation/mutants";

/// Within so many seeds each is to be caught.
const MUTANT_SEEDS: u64 = 12_000;

/// Mutants that are built side by side: most of a build is one crate after the
/// other.
const LANES: usize = 2;

/// Fewer mutants than these are built one after the other. The first lane has the
/// dependencies from the simulation's own build; each other one compiles them again,
/// which takes minutes.
const WORTH_A_LANE: usize = 10;

/// What a mutant is built of: the crates that decide, and the simulation.
const COPIED: [&str; 5] = [
    "Cargo.lock",
    "plugin/hold",
    "plugin/tape",
    "tests/simulation",
    "wasm-actions",
];

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) seeds: u64,
    pub(crate) from: u64,
    pub(crate) json: bool,
    pub(crate) no_mutants: bool,
    /// Only mutants whose names contain one of these.
    pub(crate) mutants: Vec<String>,
    /// Of these each so many-th, in the order of their names; of the others it is
    /// seen that they can still be made.
    pub(crate) every: usize,
}

/// Tries one seed and tells its schedule.
pub(crate) fn one(project: &Project, seed: u64) -> Result<(), Error> {
    let program = build_as_it_is(project)?;
    command::run(Command::new(program).args(["--seed", &seed.to_string()]))
}

/// Tries the seeds, then the mutants. The last line is one JSON object where
/// that was asked for.
pub(crate) fn run(project: &Project, options: &Options) -> Result<(), Error> {
    let program = build_as_it_is(project)?;
    let mut figures = tried(&program, options)?;
    let (known, left, missed) = if options.no_mutants {
        (0, 0, Vec::new())
    } else {
        mutants(project, &options.mutants, options.every)?
    };
    figures["mutants"] = json!(known);
    figures["mutants_left_out"] = json!(left);
    figures["mutants_caught"] = json!(known - missed.len());
    if options.json {
        println!("{figures}");
    } else {
        let of = |key: &str| figures[key].to_string();
        println!(
            "{} schedules ({} a second), {} broken; {} of {known} mutants caught, {left} left out",
            of("schedules"),
            of("schedules_per_second"),
            of("broken"),
            known - missed.len()
        );
    }
    if options.seeds >= SEEDS && figures["untried"] != json!(0) {
        return Err(Error::Untried(of_u64(&figures["untried"])));
    }
    if figures["broken"] != json!(0) {
        return Err(Error::Broken(of_u64(&figures["broken"])));
    }
    if missed.is_empty() {
        Ok(())
    } else {
        Err(Error::MutantsLive(missed))
    }
}

fn of_u64(value: &Value) -> u64 {
    value.as_u64().unwrap_or(u64::MAX)
}

/// What the program's last line says; the rest of what it prints is shown.
fn tried(program: &Path, options: &Options) -> Result<Value, Error> {
    let mut command = Command::new(program);
    command.args(["--json", "--seeds", &options.seeds.to_string()]);
    command.args(["--from", &options.from.to_string()]);
    // A broken seed is in the figures, and so no failure of this program.
    let output = command.output().map_err(|source| Error::Start {
        command: PROGRAM.to_owned(),
        source,
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (shown, last) = text.trim_end().rsplit_once('\n').unwrap_or(("", &text));
    println!("{shown}");
    serde_json::from_str(last).map_err(|error| Error::Unexpected {
        command: PROGRAM.to_owned(),
        what: format!("{error}: {last}"),
    })
}

/// Without any mutant. The first lane of these builds into the same folder, under the same
/// names: what cargo knows of the last one's crates is of files in its copy, and while these
/// are as they were it takes them for ours.
fn build_as_it_is(project: &Project) -> Result<PathBuf, Error> {
    let copies = project.target.join("mutants");
    match fs::remove_dir_all(&copies) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(Error::io("delete", &copies)(error));
        }
        _ => {}
    }
    build(project, &project.root, &project.target)
}

/// Builds the program of the workspace at `root`.
fn build(project: &Project, root: &Path, target: &Path) -> Result<PathBuf, Error> {
    let mut cargo = project.cargo();
    cargo
        .current_dir(root)
        .env("CARGO_TARGET_DIR", target)
        .args([
            "build",
            "--quiet",
            "--profile",
            PROFILE,
            "--package",
            PACKAGE,
        ]);
    command::run(&mut cargo)?;
    Ok(target.join(PROFILE).join(PROGRAM))
}

/// How many are tried, how many are not, and those that no seed caught.
fn mutants(
    project: &Project,
    wanted: &[String],
    every: usize,
) -> Result<(usize, usize, Vec<String>), Error> {
    let dir = project.root.join(MUTANTS);
    let mut patches = Vec::new();
    for entry in fs::read_dir(&dir).map_err(Error::io("list", &dir))? {
        let path = entry.map_err(Error::io("list", &dir))?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let asked = wanted.is_empty() || wanted.iter().any(|one| name.contains(one));
        if asked && path.extension().is_some_and(|ending| ending == "patch") {
            patches.push(path);
        }
    }
    patches.sort();
    let (patches, left): (Vec<_>, Vec<_>) = patches
        .into_iter()
        .enumerate()
        .partition(|(at, _)| at % every.max(1) == 0);
    let patches: Vec<PathBuf> = patches.into_iter().map(|(_, path)| path).collect();
    if !left.is_empty() {
        let copy = project.target.join("mutants").join("check");
        copy_crates(project, &copy)?;
        for (_, patch) in &left {
            can_be_made(patch, &copy)?;
        }
    }
    let count = if patches.len() < WORTH_A_LANE {
        1
    } else {
        LANES
    };
    let lanes: Vec<Result<Vec<String>, Error>> = thread::scope(|scope| {
        let lane = |number| {
            let of_it = patches.iter().skip(number).step_by(count);
            move || missed(project, number, of_it)
        };
        let running: Vec<_> = (0..count).map(|at| scope.spawn(lane(at))).collect();
        let ended = running.into_iter().map(|one| one.join());
        ended
            .map(|how| how.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    let mut missed = Vec::new();
    for lane in lanes {
        missed.extend(lane?);
    }
    Ok((patches.len(), left.len(), missed))
}

/// Tries these mutants, one after the other; gives those that live.
fn missed<'p>(
    project: &Project,
    lane: usize,
    patches: impl Iterator<Item = &'p PathBuf>,
) -> Result<Vec<String>, Error> {
    let copy = project.target.join("mutants").join(lane.to_string());
    // Two builds at once would wait for each other's lock on one folder.
    let target = match lane {
        0 => project.target.clone(),
        _ => project.target.join("mutants-build").join(lane.to_string()),
    };
    let mut missed = Vec::new();
    for patch in patches {
        let name = patch.file_stem().unwrap_or_default().to_string_lossy();
        copy_crates(project, &copy)?;
        apply(patch, &copy)?;
        let program = build(project, &copy, &target)?;
        let seeds = MUTANT_SEEDS.to_string();
        let mut command = Command::new(program);
        command.args(["--first", "--json", "--seeds", &seeds]);
        let output = command.output().map_err(|source| Error::Start {
            command: PROGRAM.to_owned(),
            source,
        })?;
        let text = String::from_utf8_lossy(&output.stdout);
        let why = text.lines().find_map(|line| line.split_once("BROKEN: "));
        match why {
            Some((_, why)) => println!("caught: {name}: {why}"),
            None => {
                println!("NOT CAUGHT: {name}");
                missed.push(name.into_owned());
            }
        }
    }
    Ok(missed)
}

/// A workspace of what a mutant is built of. A file is written only where it
/// differs, so that only what a patch changed is compiled again.
fn copy_crates(project: &Project, to: &Path) -> Result<(), Error> {
    for file in files::of_checkout(&project.root)? {
        if !COPIED.iter().any(|part| file.starts_with(part)) {
            continue;
        }
        let path = project.root.join(&file);
        let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
        files::write_if_changed(&to.join(&file), &bytes)?;
    }
    let path = project.root.join("Cargo.toml");
    let manifest = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    files::write_if_changed(&to.join("Cargo.toml"), only_copied(&manifest).as_bytes())
}

/// The workspace's manifest, with those members alone that are copied.
fn only_copied(manifest: &str) -> String {
    let mut members = false;
    let kept = manifest.lines().filter(|line| {
        members |= line.starts_with("members");
        let member = line.trim().trim_matches(['"', ',']);
        let is_member = members && line.trim_start().starts_with('"');
        members &= !line.starts_with(']');
        !is_member
            || COPIED
                .iter()
                .any(|part| Path::new(member).starts_with(part))
    });
    kept.map(|line| format!("{line}\n")).collect()
}

/// A patch that no longer applies is an error: its mutant would not be tried.
fn apply(patch: &Path, to: &Path) -> Result<(), Error> {
    git_apply(patch, to, &[])
}

/// The same, and nothing is changed.
fn can_be_made(patch: &Path, of: &Path) -> Result<(), Error> {
    git_apply(patch, of, &["--check"])
}

fn git_apply(patch: &Path, to: &Path, how: &[&str]) -> Result<(), Error> {
    let mut git = Command::new("git");
    git.current_dir(to)
        // As if there were no repository around the copy.
        .env("GIT_CEILING_DIRECTORIES", to.parent().unwrap_or(to))
        .args(["apply", "--whitespace=nowarn"])
        .args(how)
        .arg(patch);
    command::run(&mut git)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_workspace_has_only_what_is_copied() {
        let manifest = "[workspace]\nmembers = [\n    \"plugin\",\n    \"plugin/hold\",\n    \
                        \"xtask\",\n]\n[workspace.dependencies]\nclap = \"4\"\n";
        assert_eq!(
            only_copied(manifest),
            "[workspace]\nmembers = [\n    \"plugin/hold\",\n]\n[workspace.dependencies]\nclap = \
             \"4\"\n"
        );
    }
}
