//! kube-proxy, which leads the addresses of Services to pods.

use std::path::Path;

use serde_json::json;

use super::super::control_plane::ControlPlane;
use super::super::credentials::PROXY;
use super::super::network::NodeNetwork;
use super::kubelet::NAME;
use super::write;
use crate::error::LabError;

/// The command line, and the file that it names.
pub(super) fn line(
    plane: &ControlPlane,
    folder: &Path,
    network: &NodeNetwork,
) -> Result<Vec<String>, LabError> {
    let kubeconfig = plane.credentials().kubeconfig(&PROXY, plane.server())?;
    // KubeProxyConfiguration, kubeproxy.config.k8s.io/v1alpha1.
    let config = json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": kubeconfig},
        "mode": "iptables",
        "clusterCIDR": network.pods(),
        "hostnameOverride": NAME,
        // Settings of the whole machine, which are not ours to change.
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
    });
    let config = write(&folder.join("proxy.yaml"), &config.to_string())?;
    let args = [format!("--config={config}")];
    Ok(plane.components().line("kube-proxy", &args))
}
