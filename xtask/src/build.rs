//! Builds the workspace's programs and tests, and finds them. One selection of
//! packages for all: another selection would unify features in another way and
//! compile the dependencies a second time.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command;
use crate::error::Error;
use crate::project::Project;

/// What a build made that can be run.
#[derive(Debug, Default)]
pub(crate) struct Executables {
    bins: Vec<(String, PathBuf)>,
    /// The test programs, in the order of their names.
    pub(crate) tests: Vec<TestProgram>,
}

/// One test program of one package.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TestProgram {
    /// The directory of its package.
    pub(crate) package_dir: PathBuf,
    /// The target's name: a library's, or a file's in `tests`.
    pub(crate) name: String,
    /// The program.
    pub(crate) path: PathBuf,
}

impl Executables {
    /// The program of this name.
    pub(crate) fn bin(&self, name: &str) -> Result<&Path, Error> {
        self.bins
            .iter()
            .find(|(each, _)| each == name)
            .map(|(_, path)| path.as_path())
            .ok_or_else(|| Error::NotBuilt(name.to_owned()))
    }

    /// From cargo's messages, one JSON document a line.
    fn read(messages: &str) -> Self {
        let mut found = Self::default();
        for line in messages.lines() {
            let Ok(message) = serde_json::from_str::<Value>(line) else {
                continue;
            };
            found.add(&message);
        }
        found.tests.sort();
        found
    }

    fn add(&mut self, message: &Value) -> Option<()> {
        let path = PathBuf::from(message["executable"].as_str()?);
        let name = message["target"]["name"].as_str()?.to_owned();
        let kind = message["target"]["kind"][0].as_str()?;
        let is_test = message["profile"]["test"].as_bool()?;
        if is_test && !matches!(kind, "bench" | "example") {
            let manifest = Path::new(message["manifest_path"].as_str()?);
            self.tests.push(TestProgram {
                package_dir: manifest.parent()?.to_path_buf(),
                name,
                path,
            });
        } else if !is_test && matches!(kind, "bin" | "example") {
            self.bins.push((name, path));
        }
        Some(())
    }
}

/// Every program and every test, unoptimised.
pub(crate) fn debug_all(project: &Project) -> Result<Executables, Error> {
    build(project, &["--all-targets"])
}

/// Every program, unoptimised.
pub(crate) fn debug_bins(project: &Project) -> Result<Executables, Error> {
    build(project, &["--bins"])
}

/// Every program, optimised.
pub(crate) fn release_bins(project: &Project) -> Result<Executables, Error> {
    build(project, &["--bins", "--release"])
}

/// One example of one package, optimised: a measure that needs no other program. The
/// one selection of all would build the whole workspace for it.
pub(crate) fn release_example(
    project: &Project,
    package: &str,
    name: &str,
) -> Result<Executables, Error> {
    run(
        project,
        &["--package", package, "--example", name, "--release"],
    )
}

fn build(project: &Project, args: &[&str]) -> Result<Executables, Error> {
    run(project, &[&["--workspace"], args].concat())
}

fn run(project: &Project, args: &[&str]) -> Result<Executables, Error> {
    let mut cargo = project.cargo();
    cargo
        .args(["build", "--message-format", "json-render-diagnostics"])
        .args(args);
    Ok(Executables::read(&command::output_aloud(&mut cargo)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, kind: &str, test: bool) -> String {
        format!(
            r#"{{"reason":"compiler-artifact","manifest_path":"/w/p/Cargo.toml","target":{{"name":"{name}","kind":["{kind}"]}},"profile":{{"test":{test}}},"executable":"/t/{name}-{test}"}}"#
        )
    }

    #[test]
    fn programs_and_tests_are_told_apart() {
        let text = [
            message("slackwater", "bin", false),
            message("slackwater", "bin", true),
            message("whole-job", "test", true),
            message("speed", "bench", true),
            message("plan-speed", "example", false),
            r#"{"reason":"compiler-artifact","executable":null}"#.to_owned(),
            "not json".to_owned(),
        ]
        .join("\n");
        let found = Executables::read(&text);
        assert_eq!(
            found.bin("slackwater").unwrap(),
            Path::new("/t/slackwater-false")
        );
        assert!(found.bin("plan-speed").is_ok());
        assert!(found.bin("whole-job").is_err());
        let tests: Vec<&str> = found.tests.iter().map(|test| test.name.as_str()).collect();
        assert_eq!(tests, ["slackwater", "whole-job"]);
        assert_eq!(found.tests[0].package_dir, Path::new("/w/p"));
    }
}
