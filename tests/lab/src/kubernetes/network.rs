//! The network of a node: a namespace, a cable from this machine to it, and a
//! route to its pods. Root only.
//!
//! This machine is the node's only neighbour. The API server listens at this
//! end of the cable, and reaches the kubelet at the other; tests reach pods by
//! their own addresses.

use std::fs;
use std::path::Path;

use crate::cable::{Cable, ip};
use crate::error::LabError;
use crate::netns::Netns;
use crate::ports::PortBlock;
use crate::run_dir::RunDir;

/// Services have the same addresses in every cluster: nobody sees them from
/// outside. The first is the API server's own.
pub(crate) const SERVICES: &str = "10.96.0.0/16";
pub(crate) const API_SERVICE: &str = "10.96.0.1";
pub(crate) const DNS_SERVICE: &str = "10.96.0.10";

/// The second byte of the first pods' networks, of 256 addresses each.
const PODS: u16 = 214;

/// See the module. Dropped, all of it goes.
#[derive(Debug)]
pub(crate) struct NodeNetwork {
    netns: Netns,
    cable: Cable,
    pods: String,
}

impl NodeNetwork {
    /// Lays it. The name and the addresses are told by the block of ports, which
    /// no other lab has.
    pub(crate) fn lay(run: &RunDir, ports: &PortBlock) -> Result<Self, LabError> {
        let number = ports.number();
        let network = Self {
            netns: Netns::make(run, format!("slackwater-node-{}", ports.port(0)))?,
            cable: Cable::new(ports, 'n', false),
            pods: format!("10.{}.{}.0/24", PODS + number / 256, number % 256),
        };
        let (name, cable) = (network.netns.name(), &network.cable);
        cable.lay(&network.netns)?;
        ip(&[
            "-n",
            name,
            "route",
            "add",
            "default",
            "via",
            &cable.address(1),
        ])?;
        let pods = network.pods.as_str();
        ip(&[
            "route",
            "add",
            pods,
            "via",
            &cable.address(2),
            "dev",
            &cable.outside,
        ])?;
        network.netns.run(|| {
            let file = Path::new("/proc/sys/net/ipv4/ip_forward");
            fs::write(file, "1").map_err(LabError::io("write", file))
        })?;
        Ok(network)
    }

    /// This machine's end of the cable.
    pub(crate) fn host(&self) -> String {
        self.cable.address(1)
    }

    /// The node's end.
    pub(crate) fn node(&self) -> String {
        self.cable.address(2)
    }

    /// The network of its pods.
    pub(crate) fn pods(&self) -> &str {
        &self.pods
    }

    /// The words before a command that is to run inside.
    pub(crate) fn exec_prefix(&self) -> Vec<String> {
        self.netns.exec_prefix()
    }
}
