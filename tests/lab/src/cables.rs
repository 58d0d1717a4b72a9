//! A Connect worker in a network namespace of its own, with one cable to the
//! mirror and one to all else, so that the first can be pulled: packets are
//! lost then, and nobody is told. Root only.
//!
//! In the namespace the brokers' addresses on 127.0.0.1 lie at the far end of
//! a cable, by their ports: nothing has another address than elsewhere but
//! Connect's own REST interface.

use std::fs;
use std::path::Path;

use crate::cable::{Cable, ip};
use crate::error::LabError;
use crate::netns::Netns;
use crate::ports::PortBlock;
use crate::run_dir::RunDir;

/// A namespace with both cables. Dropped, all of it goes.
#[derive(Debug)]
pub struct Cables {
    netns: Netns,
    mirror: Cable,
    rest: Cable,
}

/// Lets packets to and from 127.0.0.1 through it.
fn lay(cable: &Cable, netns: &Netns) -> Result<(), LabError> {
    cable.lay(netns)?;
    set(&cable.outside, "route_localnet", "1")?;
    netns.run(|| {
        set(&cable.inside, "route_localnet", "1")?;
        set(&cable.inside, "accept_local", "1")?;
        set(&cable.inside, "rp_filter", "0")
    })
}

/// What is sent inside to these ports of 127.0.0.1 leaves by this cable.
fn lead(cable: &Cable, netns: &Netns, ports: &str, table: &str) -> Result<(), LabError> {
    let (gateway, source) = (cable.address(1), cable.address(2));
    let name = netns.name();
    ip(&[
        "-n",
        name,
        "route",
        "add",
        "127.0.0.1/32",
        "via",
        &gateway,
        "dev",
        &cable.inside,
        "src",
        &source,
        "table",
        table,
    ])?;
    ip(&[
        "-n", name, "rule", "add", "pref", "10", "ipproto", "tcp", "dport", ports, "lookup", table,
    ])
}

impl Cables {
    /// `mirror` and `source` are ranges of ports, `first-last`.
    pub(crate) fn lay(
        run: &RunDir,
        ports: &PortBlock,
        mirror: &str,
        source: &str,
    ) -> Result<Self, LabError> {
        let netns = Netns::make(run, format!("slackwater-connect-{}", ports.port(0)))?;
        let cables = Self {
            netns,
            mirror: Cable::new(ports, 'm', false),
            rest: Cable::new(ports, 'r', true),
        };
        let name = cables.netns.name();
        // The table of local addresses comes first, where nobody says otherwise.
        ip(&["-n", name, "rule", "add", "pref", "100", "lookup", "local"])?;
        ip(&["-n", name, "rule", "del", "pref", "0"])?;
        cables.netns.run(|| set("all", "rp_filter", "0"))?;
        for (cable, ports, table) in [
            (&cables.mirror, mirror, "101"),
            (&cables.rest, source, "102"),
        ] {
            lay(cable, &cables.netns)?;
            lead(cable, &cables.netns, ports, table)?;
        }
        Ok(cables)
    }

    /// Where Connect listens.
    pub(crate) fn rest_host(&self) -> String {
        self.rest.address(2)
    }

    pub(crate) fn exec_prefix(&self) -> Vec<String> {
        self.netns.exec_prefix()
    }

    /// Pulls the cable between Connect and the mirror.
    ///
    /// # Errors
    /// With what `ip` said.
    pub fn pull(&self) -> Result<(), LabError> {
        ip(&["link", "set", &self.mirror.outside, "down"])
    }

    /// Puts it back; finding it there is success.
    ///
    /// # Errors
    /// With what `ip` said.
    pub fn put_back(&self) -> Result<(), LabError> {
        ip(&["link", "set", &self.mirror.outside, "up"])
    }
}

/// A setting of a device, in the namespace of the thread that asks.
fn set(device: &str, key: &str, value: &str) -> Result<(), LabError> {
    let file = Path::new("/proc/sys/net/ipv4/conf").join(device).join(key);
    fs::write(&file, value).map_err(LabError::io("write", &file))
}
