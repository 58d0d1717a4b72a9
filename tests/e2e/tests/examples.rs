//! What the documentation shows must be accepted by the program: every
//! example of kind Mirror, and every configuration in the README.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use slackwater::config::{self, Mirror};
use slackwater_volumes::Snapshots;

/// Where the examples say that their configuration and secrets are.
const ETC: &str = "/etc/slackwater/";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Loads it with each file below [`ETC`] that it names in its place in a
/// directory of the test's own: those that the program reads have to be there.
fn load(text: &str) -> Mirror {
    let dir = tempfile::tempdir().unwrap();
    for rest in text.split(ETC).skip(1) {
        let name = rest.split_whitespace().next().unwrap();
        fs::write(dir.path().join(name), "not a secret\n").unwrap();
    }
    let file = dir.path().join("mirror.yaml");
    let here = format!("{}/", dir.path().display());
    fs::write(&file, text.replace(ETC, &here)).unwrap();
    config::load(&file).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn examples() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            let text = fs::read_to_string(&path).unwrap();
            if text.contains("kind: Mirror\n") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                found.push((name, text));
            }
        }
    }
    found
}

#[test]
fn what_may_be_said_of_a_mirror_in_strimzi_is_accepted_as_the_example_says_it() {
    let file = root().join("examples/strimzi-mirror.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let (_, block) = text.split_once("  mirror.yaml: |\n").unwrap();
    let text: String = block
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line)))
        .collect();
    let options = config::strimzi(&text, &file).unwrap();
    assert_eq!(options.user.as_deref(), Some("slackwater"));
    let typo = text.replace("stopBy", "stopby");
    let error = config::strimzi(&typo, &file).unwrap_err().to_string();
    assert!(error.contains("did you mean `stopBy`?"), "{error}");
}

#[test]
fn every_example_is_a_configuration_that_the_program_accepts() {
    let examples = examples();
    assert!(examples.len() >= 4, "examples are missing: {examples:?}");
    for (name, text) in examples {
        let mirror = load(&text);
        let driver = mirror.snapshot.driver(false).unwrap();
        Snapshots::new(driver, mirror.volumes)
            .unwrap_or_else(|error| panic!("{name}: driver and volumes don't fit: {error}"));
    }
}

#[test]
fn the_full_example_shows_the_defaults() {
    let all = examples();
    let settings = |name: &str| {
        let (_, text) = all.iter().find(|(file, _)| file == name).unwrap();
        load(text).settings
    };
    assert_eq!(settings("mirror.yaml"), settings("mirror-lvm.yaml"));
}

#[test]
fn every_configuration_in_the_readme_is_accepted() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let blocks: Vec<&str> = readme
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .filter(|block| block.contains("kind: Mirror"))
        .collect();
    assert!(!blocks.is_empty(), "the README shows no configuration");
    for block in blocks {
        load(block);
    }
}

#[test]
fn every_file_that_the_documentation_links_to_is_there() {
    let mut missing = BTreeSet::new();
    let pages = pages();
    assert!(pages.len() > 4, "{pages:?}");
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        let folder = page.parent().unwrap();
        for rest in text.split("](").skip(1) {
            let link = rest.split([')', '#']).next().unwrap();
            let local = !link.is_empty() && !link.contains("://");
            if local && !folder.join(link).exists() {
                missing.insert(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

/// What is written for people: at the top, and in `docs`.
fn pages() -> Vec<PathBuf> {
    let folders = [root(), root().join("docs")];
    let files = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap());
    files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .collect()
}
