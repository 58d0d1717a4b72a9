//! The port `Heads`.

use slackwater_ports::{Cluster, ClusterView, HeadSweep, Heads, PartitionId, Seen, TopicConfig};

use crate::clusters::KafkaClusters;
use crate::{configs, describe, sweep};

impl Heads for KafkaClusters {
    fn describe(&self, cluster: &Cluster) -> Seen<ClusterView> {
        Ok(describe::describe(self.member(cluster)?)?)
    }

    fn configs(&self, cluster: &Cluster, topics: &[String]) -> Seen<Vec<TopicConfig>> {
        Ok(configs::configs(self.member(cluster)?, topics)?)
    }

    fn sweep(&self, cluster: &Cluster, partitions: &[PartitionId]) -> Seen<HeadSweep> {
        Ok(sweep::sweep(self.member(cluster)?, partitions)?)
    }
}
