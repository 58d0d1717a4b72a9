//! The directories of a build, and the names that stand for them inside a
//! component. Without them a panic message would carry the builder's home into
//! the bytes.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::command;
use crate::error::Error;
use crate::project::Project;
use crate::wasm::TARGET;

/// What `CARGO_ENCODED_RUSTFLAGS` is separated by.
const SEPARATOR: &str = "\u{1f}";

/// Prefixes of paths and what each becomes.
#[derive(Debug, Default)]
pub(crate) struct Prefixes(Vec<(PathBuf, PathBuf)>);

impl Prefixes {
    /// Those of every build: the tree, the target directory, cargo's home and
    /// the directories that the dependencies were unpacked into.
    pub(crate) fn of(project: &Project, target: &Path) -> Result<Self, Error> {
        let mut prefixes = Self::default();
        prefixes.add(&project.root, Path::new("/slackwater"));
        prefixes.add(target, Path::new("/target"));
        prefixes.add(&project.cargo_home()?, Path::new("/cargo"));
        for dir in unpacked(project)? {
            prefixes.add(&dir, Path::new("/deps"));
        }
        Ok(prefixes)
    }

    /// One more.
    pub(crate) fn add(&mut self, from: &Path, to: &Path) {
        self.0.push((from.to_path_buf(), to.to_path_buf()));
    }

    /// As flags for rustc. The last that fits wins there, so the longest, which
    /// may lie in a shorter one, comes last.
    pub(crate) fn flags(&mut self) -> OsString {
        self.0.sort_by_key(|(from, _)| from.as_os_str().len());
        let mut flags = Vec::new();
        for (from, to) in &self.0 {
            let mut flag = OsString::from("--remap-path-prefix=");
            flag.push(from);
            flag.push("=");
            flag.push(to);
            flags.push(flag);
        }
        flags.join(OsStr::new(SEPARATOR))
    }
}

/// The directories that hold the dependencies' own directories. Cargo names
/// them after the registry's address, which differs where a mirror is used.
fn unpacked(project: &Project) -> Result<BTreeSet<PathBuf>, Error> {
    let mut cargo = project.pure_cargo();
    cargo.args([
        "metadata",
        "--format-version",
        "1",
        "--filter-platform",
        TARGET,
    ]);
    if project.home.is_some() {
        cargo.args(["--offline", "--locked"]);
    }
    parents(&command::output(&mut cargo)?)
}

fn parents(metadata: &str) -> Result<BTreeSet<PathBuf>, Error> {
    let unexpected = |what: String| Error::Unexpected {
        command: "cargo metadata".into(),
        what,
    };
    let metadata: serde_json::Value =
        serde_json::from_str(metadata).map_err(|error| unexpected(error.to_string()))?;
    let packages = metadata["packages"]
        .as_array()
        .ok_or_else(|| unexpected("no packages".into()))?;
    Ok(packages
        .iter()
        .filter(|package| !package["source"].is_null())
        .filter_map(|package| {
            Path::new(package["manifest_path"].as_str()?)
                .parent()?
                .parent()
        })
        .map(Path::to_path_buf)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_inside_another_is_renamed_by_its_own_name() {
        let mut prefixes = Prefixes::default();
        prefixes.add(Path::new("/home/a/project/target"), Path::new("/target"));
        prefixes.add(Path::new("/home/a"), Path::new("/home"));
        let flags = prefixes.flags().into_string().unwrap();
        let flags: Vec<&str> = flags.split(SEPARATOR).collect();
        assert_eq!(
            flags,
            [
                "--remap-path-prefix=/home/a=/home",
                "--remap-path-prefix=/home/a/project/target=/target",
            ]
        );
    }

    #[test]
    fn only_dependencies_count_as_unpacked() {
        let metadata = r#"{"packages": [
            {"source": null, "manifest_path": "/w/plugin/Cargo.toml"},
            {"source": "registry", "manifest_path": "/c/src/here/serde-1/Cargo.toml"},
            {"source": "registry", "manifest_path": "/c/src/here/sha2-1/Cargo.toml"}]}"#;
        let dirs = parents(metadata).unwrap();
        assert_eq!(
            dirs.into_iter().collect::<Vec<_>>(),
            [Path::new("/c/src/here")]
        );
        assert!(parents("{}").is_err());
    }
}
