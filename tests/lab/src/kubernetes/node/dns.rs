//! Names of Services and pods: CoreDNS, at the node's own address, as the
//! Service that pods are told of. It knows no others, and asks nobody for them.

use std::path::Path;

use super::super::control_plane::ControlPlane;
use super::super::credentials::ADMIN;
use super::super::network::{DNS_SERVICE, NodeNetwork};
use super::write;
use crate::error::LabError;

/// The command line, and the file that it names.
pub(super) fn line(plane: &ControlPlane, folder: &Path) -> Result<Vec<String>, LabError> {
    let kubeconfig = plane.credentials().kubeconfig(&ADMIN, plane.server())?;
    // What changes is to be seen soon: tests wait for it.
    let corefile = format!(
        "
.:53 {{
  errors
  kubernetes cluster.local in-addr.arpa {{
    kubeconfig {} lab
    ttl 1
  }}
  cache 1
}}
",
        kubeconfig.display()
    );
    let file = write(&folder.join("Corefile"), &corefile)?;
    let args = ["-conf".to_owned(), file];
    Ok(plane.components().line("coredns", &args))
}

/// Makes the Service. It is at the node, where no pod is.
pub(super) fn announce(plane: &ControlPlane, network: &NodeNetwork) -> Result<(), LabError> {
    let manifest = format!(
        "
apiVersion: v1
kind: Service
metadata: {{name: kube-dns, namespace: kube-system}}
spec:
  clusterIP: {DNS_SERVICE}
  ports:
    - {{name: dns, port: 53, protocol: UDP}}
    - {{name: dns-tcp, port: 53, protocol: TCP}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: kube-dns
  namespace: kube-system
  labels: {{kubernetes.io/service-name: kube-dns}}
addressType: IPv4
endpoints: [{{addresses: ['{}']}}]
ports:
  - {{name: dns, port: 53, protocol: UDP}}
  - {{name: dns-tcp, port: 53, protocol: TCP}}
",
        network.node()
    );
    plane.apply(&manifest).map(drop)
}
