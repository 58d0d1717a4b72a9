//! A node: containerd, the kubelet, the proxy of Services, and names for them,
//! in namespaces of their own. Root only.
//!
//! Nothing of it is seen outside but its cable and one control group: it mounts
//! in a mount namespace, and all of its processes end with the first one.

mod cgroup;
mod containerd;
mod dns;
mod first;
mod kubelet;
mod proxy;
mod storage;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::control_plane::ControlPlane;
use super::network::NodeNetwork;
use crate::command;
use crate::error::LabError;
use crate::process::Process;
use crate::run_dir::RunDir;
use crate::wait;
use cgroup::Cgroup;
use first::First;
use kubelet::NAME;

pub use storage::DRIVER as STORAGE_DRIVER;

pub(crate) use cgroup::remove_named as remove_cgroup;
pub(crate) use containerd::BUSYBOX_IMAGE;

/// A node is ready some five seconds after it started.
const READY_LIMIT: Duration = Duration::from_secs(90);

/// A running node. Everything in it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Node {
    // Fields drop in this order: what needs the first process goes before it,
    // and the control group last.
    processes: Mutex<Vec<Process>>,
    first: First,
    _cgroup: Cgroup,
    run: Arc<RunDir>,
}

impl Node {
    /// Starts it, and waits until pods can run.
    /// Volumes are mounted out of `images`.
    pub(crate) fn start(
        plane: &ControlPlane,
        network: &NodeNetwork,
        images: &Path,
    ) -> Result<Self, LabError> {
        let run = plane.shared_run_dir();
        let folder = run.path().join("node");
        std::fs::create_dir_all(&folder).map_err(LabError::io("create", &folder))?;
        let cgroup = Cgroup::make(&run)?;
        let first = First::start(&run, &folder, network)?;
        let spawn = |name: &str, line: &[String]| -> Result<Process, LabError> {
            let log = run.path().join(format!("logs/{name}.log"));
            Process::start(name, &first.prefix(), line, run.path(), &log)
        };
        let containerd = spawn("containerd", &containerd::line(&folder, network)?)?;
        containerd::wait(&first)?;
        containerd::import_busybox(&first, &folder)?;
        let processes = vec![
            spawn("kubelet", &kubelet::line(plane, &folder, network, &cgroup)?)?,
            spawn("proxy", &proxy::line(plane, &folder, network)?)?,
            spawn("dns", &dns::line(plane, &folder)?)?,
            spawn("storage", &storage::line(plane, &folder, images)?)?,
            containerd,
        ];
        let node = Self {
            processes: Mutex::new(processes),
            first,
            _cgroup: cgroup,
            run,
        };
        dns::announce(plane, network)?;
        node.wait(plane)?;
        Ok(node)
    }

    fn wait(&self, plane: &ControlPlane) -> Result<(), LabError> {
        wait::until("the node", READY_LIMIT, || {
            self.check_alive()?;
            let path = "jsonpath={.status.conditions[?(@.type=='Ready')].status}";
            let said = plane.kubectl(&["get", "node", NAME, "--ignore-not-found", "-o", path])?;
            Ok((said.trim() == "True").then_some(()))
        })
    }

    /// One that ended is told with its last words.
    fn check_alive(&self) -> Result<(), LabError> {
        let locked = self.processes.lock();
        let mut processes = locked.unwrap_or_else(PoisonError::into_inner);
        processes.iter_mut().try_for_each(Process::check_alive)
    }

    /// Takes an image in, out of its archive.
    pub(crate) fn import(&self, archive: &Path) -> Result<(), LabError> {
        containerd::import(&self.first, archive)
    }

    /// Runs a command in the node's namespaces, and gives what it printed.
    pub(crate) fn run(&self, words: &[&str]) -> Result<String, LabError> {
        self.first.run(words)
    }

    /// Its folder on this machine, which the node sees at the same place.
    pub(crate) fn folder(&self) -> PathBuf {
        self.run.path().join("node")
    }
}

/// Writes a file of configuration; JSON is YAML.
fn write(path: &Path, text: &str) -> Result<String, LabError> {
    std::fs::write(path, text).map_err(LabError::io("write", path))?;
    Ok(path.display().to_string())
}

/// Runs a command line that was put together elsewhere.
fn run(words: &[String]) -> Result<String, LabError> {
    let (program, args) = words
        .split_first()
        .ok_or_else(|| LabError::Invalid("no command".to_owned()))?;
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    command::run(program, &args)
}
