//! The control group that a node's containers are in, in each hierarchy that
//! there is: one a controller where the machine has version 1, one for all where
//! it has version 2. Taken away when the node is gone.
#![allow(
    clippy::disallowed_methods,
    reason = "an adapter at the edge: it waits for processes that end"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::error::LabError;
use crate::run_dir::RunDir;

const ROOT: &str = "/sys/fs/cgroup";

/// What version 2 does not hand down by itself.
const CONTROLLERS: &str = "+cpu +cpuset +memory +pids +io";

/// How often it is tried to take a group away whose processes are ending.
const MOST_TRIES: u32 = 50;
const BETWEEN: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Debug)]
pub(super) struct Cgroup {
    name: String,
}

impl Cgroup {
    /// Named as the run directory is.
    pub(super) fn make(run: &RunDir) -> Result<Self, LabError> {
        let name = run.path().file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        run.note_cgroup(&name)?;
        let root = Path::new(ROOT);
        let folders = match root.join("cgroup.controllers").is_file() {
            true => {
                let file = root.join("cgroup.subtree_control");
                fs::write(&file, CONTROLLERS).map_err(LabError::io("write", &file))?;
                vec![root.join(&name)]
            }
            false => hierarchies(root)?
                .iter()
                // Version 2 beside version 1, without controllers.
                .filter(|hierarchy| !hierarchy.ends_with("unified"))
                .map(|hierarchy| hierarchy.join(&name))
                .collect(),
        };
        for folder in &folders {
            fs::create_dir_all(folder).map_err(LabError::io("create", folder))?;
            inherit(folder)?;
        }
        Ok(Self { name })
    }

    /// As the kubelet is told of it.
    pub(super) fn path(&self) -> String {
        format!("/{}", self.name)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        remove_named(&self.name);
    }
}

/// A CPU set of version 1 is empty at first, and nothing can run in it.
fn inherit(folder: &Path) -> Result<(), LabError> {
    let Some(above) = folder.parent() else {
        return Ok(());
    };
    for name in ["cpuset.cpus", "cpuset.mems"] {
        let (from, to) = (above.join(name), folder.join(name));
        if let Ok(value) = fs::read_to_string(from) {
            fs::write(&to, value).map_err(LabError::io("write", &to))?;
        }
    }
    Ok(())
}

fn hierarchies(root: &Path) -> Result<Vec<PathBuf>, LabError> {
    let entries = fs::read_dir(root).map_err(LabError::io("list", root))?;
    // `cpu` and others may be links to one of two controllers.
    let each = entries.flatten().filter(|one| {
        let is_link = one.file_type().is_ok_and(|kind| kind.is_symlink());
        !is_link && one.path().is_dir()
    });
    Ok(each.map(|one| one.path()).collect())
}

/// Takes a group away with those below it, once nothing is in them any more.
fn remove(folder: &Path) {
    for _ in 0..MOST_TRIES {
        remove_once(folder);
        if !folder.exists() {
            return;
        }
        thread::sleep(BETWEEN);
    }
    eprintln!("lab: {} is still there: remove it", folder.display());
}

fn remove_once(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for below in entries.filter(|one| one.path().is_dir()) {
        remove_once(&below.path());
    }
    let _ = fs::remove_dir(folder);
}

/// Takes away, in every hierarchy, the group of a node that is gone: runc makes
/// some in the one without controllers, too.
pub(crate) fn remove_named(name: &str) {
    let root = Path::new(ROOT);
    let mut roots = hierarchies(root).unwrap_or_default();
    roots.push(root.to_owned());
    for folder in roots.iter().map(|root| root.join(name)) {
        if folder.is_dir() {
            remove(&folder);
        }
    }
}
