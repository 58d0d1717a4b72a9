//! What a KRaft cluster of combined nodes is, and the properties of its nodes.
//! Pure.

use std::path::{Path, PathBuf};

use crate::properties::Properties;

/// What a cluster is, apart from where it stores its data.
#[derive(Debug, Clone)]
pub(crate) struct ClusterSpec {
    /// `source` or `mirror`; restored ones have names of their own.
    pub(crate) name: String,
    /// Kafka's cluster id: 22 characters of URL-safe base64.
    pub(crate) cluster_id: String,
    /// One node each.
    pub(crate) nodes: Vec<NodeSpec>,
    /// How many directories a node's `log.dirs` has.
    pub(crate) log_dirs: u16,
    /// Broker properties that a test wants otherwise.
    pub(crate) extra: Vec<(String, String)>,
    /// The same, of one node alone.
    pub(crate) extra_of_node: Vec<(i32, (String, String))>,
}

/// Identity and ports of one node, all on 127.0.0.1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NodeSpec {
    pub(crate) id: i32,
    pub(crate) port: u16,
    pub(crate) controller_port: u16,
}

impl ClusterSpec {
    /// The client address of all nodes.
    pub(crate) fn bootstrap(&self) -> String {
        let addresses: Vec<String> = self
            .nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port))
            .collect();
        addresses.join(",")
    }

    /// A node's `log.dirs` on its volume: `data`, or `data-1`, `data-2`, … where
    /// there are several.
    pub(crate) fn log_dirs(&self, volume: &Path) -> Vec<PathBuf> {
        match self.log_dirs {
            1 => vec![volume.join("data")],
            several => (1..=several)
                .map(|n| volume.join(format!("data-{n}")))
                .collect(),
        }
    }

    /// The properties file of one node, with its data in `log_dirs`.
    pub(crate) fn properties(&self, node: NodeSpec, log_dirs: &[PathBuf]) -> Properties {
        let log_dirs: Vec<String> = log_dirs
            .iter()
            .map(|dir| dir.display().to_string())
            .collect();
        let replication = self.nodes.len();
        let min_isr = replication.min(2);
        let voters: Vec<String> = self
            .nodes
            .iter()
            .map(|n| format!("{}@127.0.0.1:{}", n.id, n.controller_port))
            .collect();
        let mut p = Properties::default();
        p.set("process.roles", "broker,controller")
            .set("node.id", node.id)
            .set("controller.quorum.voters", voters.join(","))
            .set(
                "listeners",
                format!(
                    "PLAINTEXT://127.0.0.1:{},CONTROLLER://127.0.0.1:{}",
                    node.port, node.controller_port
                ),
            )
            .set(
                "advertised.listeners",
                format!("PLAINTEXT://127.0.0.1:{}", node.port),
            )
            .set(
                "listener.security.protocol.map",
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            )
            .set("controller.listener.names", "CONTROLLER")
            .set("inter.broker.listener.name", "PLAINTEXT")
            .set("log.dirs", log_dirs.join(","))
            .set("default.replication.factor", replication)
            .set("min.insync.replicas", min_isr)
            .set("offsets.topic.replication.factor", replication)
            .set("offsets.topic.num.partitions", 3)
            .set("transaction.state.log.replication.factor", replication)
            .set("transaction.state.log.min.isr", min_isr)
            .set("transaction.state.log.num.partitions", 3)
            .set(
                "share.coordinator.state.topic.replication.factor",
                replication,
            )
            .set("share.coordinator.state.topic.min.isr", min_isr)
            .set("group.initial.rebalance.delay.ms", 0)
            .set("auto.create.topics.enable", false)
            .set("num.network.threads", 2)
            .set("num.io.threads", 4)
            .set("num.replica.fetchers", 1)
            .set("log.cleaner.dedupe.buffer.size", 4 << 20)
            // So that tests see retention work within a second or two.
            .set("log.retention.check.interval.ms", 1000)
            .set("log.initial.task.delay.ms", 500)
            .extend(&self.extra);
        for (_, (key, value)) in self.extra_of_node.iter().filter(|(id, _)| *id == node.id) {
            p.set(key, value);
        }
        p
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nodes_properties_name_every_voter_and_what_a_test_wants_otherwise() {
        let nodes = [1, 2, 3].map(|id| NodeSpec {
            id,
            port: 100 + id as u16,
            controller_port: 200 + id as u16,
        });
        let spec = ClusterSpec {
            name: "mirror".into(),
            cluster_id: "x".into(),
            nodes: nodes.to_vec(),
            log_dirs: 2,
            extra: vec![("num.io.threads".into(), "9".into())],
            extra_of_node: vec![(2, ("num.network.threads".into(), "7".into()))],
        };
        let properties = spec.properties(nodes[1], &spec.log_dirs(Path::new("/v")));
        let map = properties.as_map();
        assert_eq!(
            map["controller.quorum.voters"],
            "1@127.0.0.1:201,2@127.0.0.1:202,3@127.0.0.1:203"
        );
        assert_eq!(
            (map["node.id"].as_str(), map["min.insync.replicas"].as_str()),
            ("2", "2")
        );
        assert_eq!(map["num.io.threads"], "9");
        assert_eq!(map["num.network.threads"], "7");
        assert_eq!(map["log.dirs"], "/v/data-1,/v/data-2");
        assert_eq!(
            spec.bootstrap(),
            "127.0.0.1:101,127.0.0.1:102,127.0.0.1:103"
        );
    }
}
