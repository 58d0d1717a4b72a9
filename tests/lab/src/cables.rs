//! A Connect worker in a network namespace of its own, with one cable to the
//! mirror and one to all else, so that the first can be pulled: packets are
//! lost then, and nobody is told. Root only.
//!
//! In the namespace the brokers' addresses on 127.0.0.1 lie at the far end of
//! a cable, by their ports: nothing has another address than elsewhere but
//! Connect's own REST interface.

use std::fs;
use std::path::Path;

use crate::command;
use crate::error::LabError;
use crate::netns::Netns;
use crate::ports::PortBlock;
use crate::run_dir::RunDir;

/// The first two bytes of every cable's network, of four addresses each.
const NETWORK: &str = "10.213";

/// Networks of four addresses in a third byte's worth.
const A_BYTE: u16 = 64;

/// One pair of virtual devices.
#[derive(Debug)]
struct Cable {
    outside: String,
    inside: String,
    network: u16,
}

/// A namespace with both cables. Dropped, all of it goes.
#[derive(Debug)]
pub struct Cables {
    netns: Netns,
    mirror: Cable,
    rest: Cable,
}

impl Cable {
    /// `letter` tells a lab's cables apart; no device's name has more than 15
    /// characters.
    fn new(ports: &PortBlock, letter: char, second: bool) -> Self {
        let first = ports.port(0);
        Self {
            outside: format!("sw{first}{letter}o"),
            inside: format!("sw{first}{letter}i"),
            network: ports.number() * 2 + u16::from(second),
        }
    }

    fn address(&self, host: u16) -> String {
        let (third, fourth) = (self.network / A_BYTE, self.network % A_BYTE * 4 + host);
        format!("{NETWORK}.{third}.{fourth}")
    }

    fn lay(&self, netns: &Netns) -> Result<(), LabError> {
        let name = netns.name();
        let (outside, inside) = (self.outside.as_str(), self.inside.as_str());
        let far = [1, 2].map(|host| format!("{}/30", self.address(host)));
        ip(&[
            "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name,
        ])?;
        ip(&["addr", "add", &far[0], "dev", outside])?;
        ip(&["link", "set", outside, "up"])?;
        ip(&["-n", name, "addr", "add", &far[1], "dev", inside])?;
        ip(&["-n", name, "link", "set", inside, "up"])?;
        set(outside, "route_localnet", "1")?;
        netns.run(|| {
            set(inside, "route_localnet", "1")?;
            set(inside, "accept_local", "1")?;
            set(inside, "rp_filter", "0")
        })
    }

    /// What is sent inside to these ports of 127.0.0.1 leaves by this cable.
    fn leads_to(&self, netns: &Netns, ports: &str, table: &str) -> Result<(), LabError> {
        let (gateway, source) = (self.address(1), self.address(2));
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
            &self.inside,
            "src",
            &source,
            "table",
            table,
        ])?;
        ip(&[
            "-n", name, "rule", "add", "pref", "10", "ipproto", "tcp", "dport", ports, "lookup",
            table,
        ])
    }
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
            cable.lay(&cables.netns)?;
            cable.leads_to(&cables.netns, ports, table)?;
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

fn ip(args: &[&str]) -> Result<(), LabError> {
    command::run("ip", args).map(drop)
}

/// A setting of a device, in the namespace of the thread that asks.
fn set(device: &str, key: &str, value: &str) -> Result<(), LabError> {
    let file = Path::new("/proc/sys/net/ipv4/conf").join(device).join(key);
    fs::write(&file, value).map_err(LabError::io("write", &file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cables_of_a_lab_have_networks_and_names_of_their_own() {
        let ports = PortBlock::take().unwrap();
        let [one, two] = [('m', false), ('r', true)].map(|(l, s)| Cable::new(&ports, l, s));
        assert_ne!(one.address(1), two.address(1));
        assert!(one.address(2).starts_with("10.213."));
        assert!(one.outside.len() <= 15, "{}", one.outside);
        assert_ne!(one.outside, two.outside);
    }
}
