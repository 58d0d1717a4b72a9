//! A pair of virtual devices: a cable from this machine into a network
//! namespace, with addresses that no other lab has. Root only.

use crate::command;
use crate::error::LabError;
use crate::netns::Netns;
use crate::ports::PortBlock;

/// The first two bytes of every cable's network, of four addresses each.
const NETWORK: &str = "10.213";

/// Networks of four addresses in a third byte's worth.
const A_BYTE: u16 = 64;

/// One pair of virtual devices. It goes with the namespace.
#[derive(Debug)]
pub(crate) struct Cable {
    pub(crate) outside: String,
    pub(crate) inside: String,
    network: u16,
}

impl Cable {
    /// `letter` tells a lab's cables apart; no device's name has more than 15
    /// characters.
    pub(crate) fn new(ports: &PortBlock, letter: char, second: bool) -> Self {
        let first = ports.port(0);
        Self {
            outside: format!("sw{first}{letter}o"),
            inside: format!("sw{first}{letter}i"),
            network: ports.number() * 2 + u16::from(second),
        }
    }

    pub(crate) fn address(&self, host: u16) -> String {
        let (third, fourth) = (self.network / A_BYTE, self.network % A_BYTE * 4 + host);
        format!("{NETWORK}.{third}.{fourth}")
    }

    /// Lays it: this machine has the first address, the namespace the second.
    pub(crate) fn lay(&self, netns: &Netns) -> Result<(), LabError> {
        let name = netns.name();
        let (outside, inside) = (self.outside.as_str(), self.inside.as_str());
        let far = [1, 2].map(|host| format!("{}/30", self.address(host)));
        ip(&[
            "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name,
        ])?;
        ip(&["addr", "add", &far[0], "dev", outside])?;
        ip(&["link", "set", outside, "up"])?;
        ip(&["-n", name, "addr", "add", &far[1], "dev", inside])?;
        ip(&["-n", name, "link", "set", inside, "up"])
    }
}

pub(crate) fn ip(args: &[&str]) -> Result<(), LabError> {
    command::run("ip", args).map(drop)
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
