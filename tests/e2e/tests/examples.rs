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
fn what_is_said_of_a_mirror_that_git_owns_is_accepted_as_the_example_says_it() {
    let file = root().join("examples/gitops/mirror.yaml");
    let object: serde_json::Value =
        serde_yaml::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let text = object["data"]["mirror.yaml"].as_str().unwrap();
    let options = config::strimzi(text, &file).unwrap();
    assert_eq!(options.stop_by, Some(config::StopBy::Pause));
}

#[test]
fn what_git_owners_are_told_makes_nothing_anew_and_is_for_the_namespace_of_the_mirror() {
    let read = |file: &str| -> serde_json::Value {
        serde_yaml::from_str(&fs::read_to_string(root().join(file)).unwrap()).unwrap()
    };
    let mirror = read("examples/gitops/mirror.yaml");
    let namespace = &mirror["metadata"]["namespace"];
    let flux = read("examples/gitops/flux.yaml");
    assert_eq!(flux["kind"], "Kustomization");
    assert_eq!(flux["spec"]["force"], false);
    assert_eq!(flux["spec"]["targetNamespace"], *namespace);
    let argo = read("examples/gitops/argo-cd.yaml");
    assert_eq!(argo["spec"]["destination"]["namespace"], *namespace);
    let options = argo["spec"]["syncPolicy"]["syncOptions"].to_string();
    assert!(
        options.contains("RespectIgnoreDifferences=true"),
        "{options}"
    );
    assert!(!options.contains("Replace=true"), "{options}");
}

#[test]
fn every_blueprint_is_there_for_overlays() {
    let folder = root().join("blueprints");
    let text = fs::read_to_string(root().join("blueprints/kustomization.yaml")).unwrap();
    let all: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    let named: BTreeSet<&str> = all["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap())
        .collect();
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file()
            && fs::read_to_string(&path)
                .unwrap()
                .contains("\nkind: Blueprint\n")
        {
            found.insert(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    assert!(found.len() > 1, "{found:?}");
    assert_eq!(
        found.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        named
    );
}

/// Manifests, and what uses each: their folders where a tool reads these.
#[test]
fn every_manifest_that_is_shipped_is_used_by_some_test() {
    let mut manifests = Vec::new();
    for folder in ["examples", "blueprints"] {
        files(&root().join(folder), &mut manifests);
    }
    let mut sources = Vec::new();
    for folder in ["tests", "plugin"] {
        files(&root().join(folder), &mut sources);
    }
    let tests: Vec<String> = sources
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .map(|path| (path, fs::read_to_string(path).unwrap()))
        // Beside tests there is what they are made of.
        .filter(|(path, text)| text.contains("#[test]") || path.starts_with(root().join("tests")))
        .map(|(_, text)| text)
        .collect();
    let is_used = |path: &Path| {
        let local = path.strip_prefix(root()).unwrap().display().to_string();
        let without = local.split_once('/').map_or("", |(_, rest)| rest);
        let quoted = format!("\"{without}\"");
        let named = |text: &String| text.contains(&local) || text.contains(&quoted);
        tests.iter().any(named)
    };
    let mut unused = BTreeSet::new();
    for path in manifests {
        let in_overlay = path.ancestors().skip(1).any(|folder| {
            let is_folder = folder.join("kustomization.yaml").is_file();
            let is_top = folder.parent().is_none_or(|parent| parent == root());
            is_folder && !is_top && folder.starts_with(root()) && is_used(folder)
        });
        // A crate is used by its component.
        let in_crate = path.ancestors().skip(1).any(|folder| {
            let is_crate = folder != root() && folder.join("Cargo.toml").is_file();
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            let component = format!("{name}.component.wasm");
            is_crate && tests.iter().any(|text| text.contains(&component))
        });
        // Each of kind Mirror is read by a test of its own here.
        let is_mirror = fs::read_to_string(&path)
            .unwrap()
            .contains("\nkind: Mirror\n");
        if !(is_used(&path) || in_overlay || in_crate || is_mirror) {
            unused.insert(path.display().to_string());
        }
    }
    assert!(unused.is_empty(), "{unused:#?}");
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
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
