//! A Kubernetes in which pods run: a control plane, a scheduler and one node.
//! Root only.

use std::path::Path;

use super::control_plane::{self, ControlPlane};
use super::credentials::SCHEDULER;
use super::definitions::Strimzi;
use super::network::NodeNetwork;
use super::node::{BUSYBOX_IMAGE, Node};
use crate::error::LabError;
use crate::process::Process;
use crate::volume::Store;
use crate::{command, packages};

/// See the module. All of it goes when it is dropped.
#[derive(Debug)]
pub struct Cluster {
    // Fields drop in this order: the network last, which the others talk over.
    node: Node,
    _scheduler: Process,
    plane: ControlPlane,
    _network: NodeNetwork,
    store: Store,
}

impl Cluster {
    /// Brings it up, and waits until pods can run.
    ///
    /// # Errors
    /// What could not be fetched, built or started.
    pub fn start(name: &str) -> Result<Self, LabError> {
        command::need_root("a Kubernetes with a node")?;
        packages::ensure_for_nodes()?;
        let ground = control_plane::Ground::take(name)?;
        // Before the node: it sees what is mounted when it starts.
        let store = Store::make(ground.run.path())?;
        let network = NodeNetwork::lay(&ground.run, &ground.ports)?;
        let plane = ControlPlane::start_at(ground, Some(&network), Strimzi::V1)?;
        let kubeconfig = plane.credentials().kubeconfig(&SCHEDULER, plane.server())?;
        let args = [
            format!("--kubeconfig={}", kubeconfig.display()),
            "--leader-elect=false".to_owned(),
            "--secure-port=0".to_owned(),
        ];
        let line = plane.components().line("kube-scheduler", &args);
        let scheduler = control_plane::spawn(&plane.shared_run_dir(), "scheduler", &line)?;
        Ok(Self {
            node: Node::start(&plane, &network, &store.volumes())?,
            _scheduler: scheduler,
            plane,
            _network: network,
            store,
        })
    }

    /// Its API.
    #[must_use]
    pub fn plane(&self) -> &ControlPlane {
        &self.plane
    }

    /// An image that is there, with a shell; pods must not pull it.
    pub const BUSYBOX: &str = BUSYBOX_IMAGE;

    /// Takes an image in, out of the archive of an OCI layout.
    ///
    /// # Errors
    /// containerd does not take it.
    pub fn import(&self, archive: &Path) -> Result<(), LabError> {
        self.node.import(archive)
    }

    /// A folder on this machine that the node sees at the same place, for
    /// volumes: it goes with the cluster.
    #[must_use]
    pub fn folder(&self) -> std::path::PathBuf {
        self.node.folder()
    }

    /// Where the images of volumes are, one for each handle (`HANDLE.img`): what
    /// the node mounts for volumes of [`STORAGE_DRIVER`](super::STORAGE_DRIVER).
    #[must_use]
    pub fn volumes(&self) -> std::path::PathBuf {
        self.store.volumes()
    }

    /// Runs a command in the node's namespaces, as root, and gives what it
    /// printed.
    ///
    /// # Errors
    /// What it says.
    pub fn on_the_node(&self, words: &[&str]) -> Result<String, LabError> {
        self.node.run(words)
    }
}
