//! Kafka's ends and records.

use slackwater_ports as ports;
use slackwater_ports::{Cluster, PartitionId, Seen, Span};

use crate::Capabilities;
use crate::bindings::slackwater::phase::{groups, heads, records};
use crate::convert::Convert as _;

impl ports::Heads for Capabilities {
    fn describe(&self, cluster: &Cluster) -> Seen<ports::ClusterView> {
        heads::describe(&cluster.clone().convert()).convert()
    }

    fn configs(&self, cluster: &Cluster, topics: &[String]) -> Seen<Vec<ports::TopicConfig>> {
        heads::configs(&cluster.clone().convert(), topics).convert()
    }

    fn sweep(&self, cluster: &Cluster, partitions: &[PartitionId]) -> Seen<ports::HeadSweep> {
        heads::sweep(&cluster.clone().convert(), &partitions.to_vec().convert()).convert()
    }
}

impl ports::Groups for Capabilities {
    fn committed(&self) -> Seen<Vec<ports::GroupOffset>> {
        groups::committed().convert()
    }
}

impl ports::Records for Capabilities {
    fn read(
        &self,
        cluster: &Cluster,
        isolation: ports::Isolation,
        spans: &[Span],
        timeout_ms: u64,
    ) -> Seen<Vec<ports::SpanRead>> {
        records::read(
            &cluster.clone().convert(),
            isolation.convert(),
            &spans.to_vec().convert(),
            timeout_ms,
        )
        .convert()
    }
}
