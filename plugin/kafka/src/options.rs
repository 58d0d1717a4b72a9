//! How a cluster is reached, and what librdkafka is told besides.

use std::collections::BTreeMap;

use rdkafka::ClientConfig;
use slackwater_ports::{Cluster, Isolation};

use crate::error::KafkaError;

/// How a cluster is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct ClusterOptions {
    /// `host:port` of some of its brokers, separated by commas.
    pub bootstrap: String,
    /// librdkafka's properties (its CONFIGURATION.md), for TLS and SASL.
    /// Those in [`FIXED_PROPERTIES`] can't be given.
    pub properties: BTreeMap<String, String>,
    /// `client.id`, which brokers log and limit by.
    pub client_id: String,
}

/// By hand, since the properties hold passwords.
impl std::fmt::Debug for ClusterOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterOptions")
            .field("bootstrap", &self.bootstrap)
            .field("properties", &self.properties.keys())
            .field("client_id", &self.client_id)
            .finish()
    }
}

/// Properties whose value what is observed rests on, so that they can't be
/// given: an end that is not reported, or a reset to the earliest offset,
/// would be taken for something else.
pub const FIXED_PROPERTIES: [&str; 11] = [
    "allow.auto.create.topics",
    "auto.offset.reset",
    "bootstrap.servers",
    "check.crcs",
    "client.id",
    "enable.auto.commit",
    "enable.partition.eof",
    "group.id",
    "isolation.level",
    "log.queue",
    "metadata.broker.list",
];

/// What is better than librdkafka's default here; a property given wins.
const DEFAULTS: [(&str, &str); 9] = [
    // An end of a partition is known only when a fetch of it comes back
    // empty, which takes this long: 500 ms by default.
    ("fetch.wait.max.ms", "10"),
    // A broker that hangs is given up after this time, rather than 60 s, and
    // another one asked.
    ("socket.timeout.ms", "4000"),
    // TLS and SASL together, of a machine that has much to do. Shorter than a request is
    // made again (`LIMITS` of `member`): behind a Service a connection that hangs at a
    // broker that is frozen is the only one, until another is begun.
    ("socket.connection.setup.timeout.ms", "6000"),
    // A broker that comes back is found again within a second, not within
    // ten: a window is seconds long.
    ("reconnect.backoff.max.ms", "1000"),
    // A topic that is not there is an answer, rather than one that might yet
    // appear within 30 s.
    ("topic.metadata.propagation.max.ms", "1000"),
    // The bounds on memory, in KiB and bytes: records are fetched ahead up to
    // the first for each client, and an answer is as large as the second.
    ("queued.max.messages.kbytes", "16384"),
    ("fetch.max.bytes", "8388608"),
    ("max.partition.fetch.bytes", "1048576"),
    // Brokers close idle connections, and that is no error.
    ("log.connection.close", "false"),
];

/// The configuration of a client that reads at this isolation. Admin requests
/// carry their own isolation, so that for them either will do.
pub(crate) fn config(
    cluster: &Cluster,
    options: &ClusterOptions,
    isolation: Isolation,
) -> Result<ClientConfig, KafkaError> {
    let mut config = ClientConfig::new();
    for (key, value) in DEFAULTS {
        config.set(key, value);
    }
    for (key, value) in &options.properties {
        if FIXED_PROPERTIES.contains(&key.as_str()) {
            return Err(KafkaError::Fixed {
                cluster: cluster.clone(),
                key: key.clone(),
            });
        }
        config.set(key, value);
    }
    config
        .set("bootstrap.servers", &options.bootstrap)
        .set("client.id", &options.client_id)
        .set("allow.auto.create.topics", "false")
        .set("auto.offset.reset", "error")
        .set("check.crcs", "true")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set(
            "isolation.level",
            match isolation {
                Isolation::ReadUncommitted => "read_uncommitted",
                Isolation::ReadCommitted => "read_committed",
            },
        );
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(key: &str, value: &str) -> ClusterOptions {
        ClusterOptions {
            bootstrap: String::from("127.0.0.1:1"),
            properties: BTreeMap::from([(key.to_owned(), value.to_owned())]),
            client_id: String::from("test"),
        }
    }

    #[test]
    fn a_property_that_observations_rest_on_is_refused_by_name() {
        for key in FIXED_PROPERTIES {
            let refused = config(
                &Cluster::Mirror,
                &options(key, "x"),
                Isolation::ReadCommitted,
            );
            assert!(refused.unwrap_err().to_string().contains(key));
        }
    }

    #[test]
    fn a_property_that_is_given_wins_over_a_default() {
        let config = config(
            &Cluster::Mirror,
            &options("fetch.wait.max.ms", "77"),
            Isolation::ReadCommitted,
        )
        .unwrap();
        assert_eq!(config.get("fetch.wait.max.ms"), Some("77"));
    }

    #[test]
    fn passwords_are_not_in_what_a_debugger_prints() {
        let shown = format!("{:?}", options("sasl.password", "secret"));
        assert!(shown.contains("sasl.password") && !shown.contains("secret"));
    }
}
