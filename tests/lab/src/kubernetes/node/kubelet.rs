//! The kubelet: its configuration and command line.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::super::control_plane::ControlPlane;
use super::super::credentials::NODE;
use super::super::network::{DNS_SERVICE, NodeNetwork};
use super::cgroup::Cgroup;
use super::first::names_file;
use super::{containerd, write};
use crate::error::LabError;

/// What the node is called; its user's name ends with it (`system:node:…`).
pub(crate) const NAME: &str = "node";

/// Its own folder.
fn root(folder: &Path) -> PathBuf {
    folder.join("kubelet")
}

/// Where it looks for the sockets of drivers.
pub(super) fn plugins(folder: &Path) -> PathBuf {
    root(folder).join("plugins_registry")
}

/// The command line, and the files that it names.
pub(super) fn line(
    plane: &ControlPlane,
    folder: &Path,
    network: &NodeNetwork,
    cgroup: &Cgroup,
) -> Result<Vec<String>, LabError> {
    let credentials = plane.credentials();
    let file = |name: &str| credentials.file(name).display().to_string();
    // KubeletConfiguration, kubelet.config.k8s.io/v1beta1.
    let config = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": true},
            "x509": {"clientCAFile": file("ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": file("server.crt"),
        "tlsPrivateKeyFile": file("server.key"),
        "address": network.node(),
        "containerRuntimeEndpoint": format!("unix://{}", containerd::SOCKET),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": cgroup.path(),
        "clusterDNS": [DNS_SERVICE],
        "clusterDomain": "cluster.local",
        "resolvConf": names_file(folder),
        "failSwapOn": false,
        // The machine's disk is others' matter.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "50Mi",
            "nodefs.available": "1%",
            "imagefs.available": "1%",
        },
        "podLogsDir": folder.join("pod-logs"),
        "serializeImagePulls": false,
        "syncFrequency": "10s",
        "healthzPort": 0,
    });
    let config = write(&folder.join("kubelet.yaml"), &config.to_string())?;
    let kubeconfig = credentials.kubeconfig(&NODE, plane.server())?;
    let args = [
        format!("--config={config}"),
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--root-dir={}", root(folder).display()),
        format!("--hostname-override={NAME}"),
        format!("--node-ip={}", network.node()),
    ];
    Ok(plane.components().line("kubelet", &args))
}
