//! Addresses of Kafka clusters, and whether one is this cluster's.

use std::fmt;

/// `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// Lower case, without a trailing dot.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Address {
    /// Those of a list as clients take it: separated by commas, blanks ignored.
    /// `None` where one of them is no address.
    pub fn list(text: &str) -> Option<Vec<Self>> {
        let parts = text.split(',').map(str::trim).filter(|one| !one.is_empty());
        let all = parts.map(Self::parse).collect::<Option<Vec<_>>>()?;
        (!all.is_empty()).then_some(all)
    }

    /// One, with an IPv6 host in brackets.
    pub fn parse(text: &str) -> Option<Self> {
        // Clients accept a listener's name in front of it.
        let text = text.rsplit_once("://").map_or(text, |(_, rest)| rest);
        let (host, port) = text.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        (!host.is_empty()).then_some(Self {
            host,
            port: port.parse().ok()?,
        })
    }

    /// Whether the host is this service, or a pod behind it, in this namespace,
    /// as it is written from namespace `from`: the shorter forms mean the
    /// namespace that they are written in. The cluster's own domain is not known
    /// here, so any follows `svc`.
    pub(crate) fn is_service(&self, service: &str, namespace: &str, from: &str) -> bool {
        let labels: Vec<&str> = self.host.split('.').collect();
        let at = match labels.iter().position(|label| *label == service) {
            // `service…`, or `pod.service…`
            Some(at @ (0 | 1)) => at,
            _ => return false,
        };
        match &labels[at + 1..] {
            [] => namespace == from,
            [space] => *space == namespace,
            [space, svc, ..] => *space == namespace && *svc == "svc",
        }
    }
}

impl Address {
    /// As it is to be written in another namespace: a name without a dot means a
    /// service of the namespace in which it stands, if it is one there.
    #[must_use]
    pub fn from_elsewhere(&self, namespace: &str) -> Vec<Self> {
        let mut all = vec![self.clone()];
        if !self.host.contains(['.', ':']) {
            let host = format!("{}.{namespace}.svc", self.host);
            let port = self.port;
            all.insert(0, Self { host, port });
        }
        all
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_service(host: &str, from: &str) -> bool {
        let address = Address::parse(&format!("{host}:9092")).unwrap_or_else(|| panic!("{host}"));
        address.is_service("mirror-kafka-bootstrap", "kafka", from)
    }

    #[test]
    fn a_service_is_known_in_all_the_forms_that_dns_takes() {
        for host in [
            "mirror-kafka-bootstrap.kafka",
            "mirror-kafka-bootstrap.kafka.svc",
            "mirror-kafka-bootstrap.kafka.svc.cluster.local",
            "MIRROR-kafka-bootstrap.kafka.svc.corp.example.",
            "pod-0.mirror-kafka-bootstrap.kafka.svc",
        ] {
            assert!(is_service(host, "elsewhere"), "{host}");
        }
        assert!(is_service("mirror-kafka-bootstrap", "kafka"));
    }

    #[test]
    fn the_same_name_in_another_namespace_is_another_service() {
        assert!(!is_service("mirror-kafka-bootstrap", "elsewhere"));
        assert!(!is_service("mirror-kafka-bootstrap.other.svc", "kafka"));
        assert!(!is_service("a.b.mirror-kafka-bootstrap.kafka.svc", "kafka"));
        assert!(!is_service("mirror-kafka-bootstrap.kafka.example", "kafka"));
    }

    #[test]
    fn a_service_s_short_name_is_written_out_for_other_namespaces() {
        let written = |text: &str| {
            let address = Address::parse(text).unwrap_or_else(|| panic!("{text}"));
            let all = address.from_elsewhere("kafka");
            all.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(written("s:1"), ["s.kafka.svc:1", "s:1"]);
        assert_eq!(written("s.other:1"), ["s.other:1"]);
        assert_eq!(written("[fd00::5]:1"), ["[fd00::5]:1"]);
    }

    #[test]
    fn what_is_no_address_is_none() {
        for bad in ["", "host", "host:", ":9092", "host:99999", "a:1,b"] {
            assert_eq!(Address::list(bad), None, "{bad}");
        }
        let list = Address::list(" a:1 , [::1]:2,PLAINTEXT://c:3,").unwrap_or_default();
        let words: Vec<String> = list.iter().map(ToString::to_string).collect();
        assert_eq!(words, ["a:1", "[::1]:2", "c:3"]);
    }
}
