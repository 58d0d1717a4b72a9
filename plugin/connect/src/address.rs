//! Whether a bootstrap list names one of the mirror's brokers.
//!
//! May ask the resolver, and only where one side is an address literal.

use std::collections::BTreeSet;
use std::net::{IpAddr, ToSocketAddrs as _};

/// A host and its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// In lower case, without brackets and without a dot at the end.
    host: String,
    port: u16,
}

impl Address {
    pub(crate) fn new(host: &str, port: u16) -> Self {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Self {
            host: host.trim_end_matches('.').to_ascii_lowercase(),
            port,
        }
    }

    /// Reads `bootstrap.servers`: `host:port` or `PROTOCOL://host:port`,
    /// separated by commas (`ClientUtils.parseAndValidateAddresses`). What is
    /// none is left out: it can't be one of ours.
    pub(crate) fn list(bootstrap: &str) -> Vec<Self> {
        bootstrap
            .split(',')
            .filter_map(|entry| {
                let entry = entry.trim();
                let entry = entry.split_once("://").map_or(entry, |(_, rest)| rest);
                let (host, port) = entry.rsplit_once(':')?;
                Some(Self::new(host, port.parse().ok()?))
            })
            .collect()
    }

    fn is_literal(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok()
    }

    /// Empty where the resolver does not know it.
    fn resolve(&self) -> BTreeSet<IpAddr> {
        (self.host.as_str(), self.port)
            .to_socket_addrs()
            .map(|found| found.map(|address| address.ip()).collect())
            .unwrap_or_default()
    }

    /// The same name, or a name and a literal that it resolves to. Two
    /// different names are never the same, even on one address: behind an
    /// ingress that routes by name (SNI) they may be two clusters.
    pub(crate) fn is(&self, other: &Self) -> bool {
        if self.port != other.port {
            return false;
        }
        if self.host == other.host {
            return true;
        }
        (self.is_literal() || other.is_literal()) && !self.resolve().is_disjoint(&other.resolve())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(text: &str) -> Address {
        Address::list(text).remove(0)
    }

    #[test]
    fn localhost_and_its_address_are_the_same_broker() {
        assert!(one("localhost:9092").is(&one("127.0.0.1:9092")));
        assert!(one("PLAINTEXT://127.0.0.1:9092").is(&one("LocalHost:9092")));
        assert!(one("[::1]:9092").is(&Address::new("::1", 9092)));
        assert!(!one("localhost:9092").is(&one("127.0.0.1:9093")));
        assert!(!one("127.0.0.1:9092").is(&one("127.0.0.2:9092")));
    }

    #[test]
    fn two_names_are_two_brokers_wherever_they_lead() {
        assert!(one("Mirror.example.:443").is(&one("mirror.example:443")));
        assert!(!one("a.localhost:443").is(&one("b.localhost:443")));
    }

    proptest! {
        #[test]
        fn any_text_can_be_read_as_a_bootstrap_list(text in any::<String>()) {
            prop_assert!(Address::list(&text).len() <= text.len());
        }
    }
}
