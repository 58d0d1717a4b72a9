//! Builds the components a second time, from a copy of the tree in another
//! directory with another home, and compares. Downloads nothing.

use std::fs;
use std::path::Path;

use crate::error::Error;
use crate::files;
use crate::project::Project;
use crate::wasm::components::{self, Built};
use crate::wasm::way::Way;

/// What cargo's home must have for a build without the network: the packages
/// and the registry's index. What is unpacked from them is unpacked anew.
const REGISTRY: [&str; 2] = ["registry/cache", "registry/index"];

/// A user's settings of cargo, which may name another registry.
const SETTINGS: [&str; 2] = ["config.toml", "config"];

/// Fails naming each phase whose second component is another.
pub(crate) fn check(project: &Project, first: &Built) -> Result<(), Error> {
    let place = tempfile::Builder::new()
        .prefix("slackwater-elsewhere-")
        .tempdir()
        .map_err(Error::io("create a directory in", &std::env::temp_dir()))?;
    let second = elsewhere(project, place.path(), &first.way)?;
    let second = components::build(&second, Some(first.way.choice()))?;
    let differ: Vec<String> = first
        .digests
        .iter()
        .filter(|(phase, digest)| second.digests.get(*phase) != Some(*digest))
        .map(|(phase, _)| (*phase).to_owned())
        .collect();
    if differ.is_empty() {
        Ok(())
    } else {
        Err(Error::NotReproducible(differ))
    }
}

/// The same project where no path is the same.
fn elsewhere(project: &Project, place: &Path, way: &Way) -> Result<Project, Error> {
    let home = place.join("another-home");
    let other = Project {
        root: place.join("tree"),
        target: place.join("built"),
        cache: home.join("cache"),
        home: Some(home),
    };
    for file in files::of_checkout(&project.root)? {
        let (from, to) = (project.root.join(&file), other.root.join(&file));
        if let Some(dir) = to.parent() {
            fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
        }
        fs::copy(&from, &to).map_err(Error::io("copy", &from))?;
    }
    let (from, to) = (project.cargo_home()?, other.cargo_home()?);
    for part in REGISTRY {
        files::link_tree(&from.join(part), &to.join(part))?;
    }
    for name in SETTINGS.iter().filter(|name| from.join(name).is_file()) {
        fs::copy(from.join(name), to.join(name)).map_err(Error::io("copy", &from.join(name)))?;
    }
    if let Way::BuildStd(source) = way
        && let Ok(below) = source.tree.strip_prefix(&project.cache)
    {
        files::link_tree(&source.tree, &other.cache.join(below))?;
    }
    Ok(other)
}
