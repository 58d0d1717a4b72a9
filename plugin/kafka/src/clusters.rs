//! The clusters that this process knows.

use std::collections::BTreeMap;

use slackwater_ports::Cluster;

use crate::error::KafkaError;
use crate::member::Member;
use crate::options::ClusterOptions;

/// The clusters that this process knows, as the ports `Heads` and `Records`.
/// Clients are made when first needed and kept until it is dropped.
pub struct KafkaClusters {
    members: BTreeMap<Cluster, Member>,
}

impl KafkaClusters {
    /// These clusters. Nothing is connected to yet, and properties are looked
    /// at when they are first needed.
    pub fn new(clusters: BTreeMap<Cluster, ClusterOptions>) -> Self {
        let member = |(cluster, options): (Cluster, ClusterOptions)| {
            (cluster.clone(), Member::new(cluster, options))
        };
        Self {
            members: clusters.into_iter().map(member).collect(),
        }
    }

    pub(crate) fn member(&self, cluster: &Cluster) -> Result<&Member, KafkaError> {
        let found = self.members.get(cluster);
        found.ok_or_else(|| KafkaError::UnknownCluster(cluster.clone()))
    }
}
