//! Kafka's ends and records.

use slackwater_ports::PartitionId;
use wasmtime::Result;

use crate::bindings::slackwater::phase::types::{Cluster, Partition, PortError};
use crate::bindings::slackwater::phase::{groups, heads, records};
use crate::convert::Convert as _;
use crate::state::State;

type Seen<T> = std::result::Result<T, PortError>;

impl heads::Host for State {
    fn describe(&mut self, cluster: Cluster) -> Result<Seen<heads::ClusterView>> {
        let port = self.port(|ports| &ports.heads)?;
        Ok(port.describe(&cluster.convert()).convert())
    }

    fn configs(
        &mut self,
        cluster: Cluster,
        topics: Vec<String>,
    ) -> Result<Seen<Vec<heads::TopicConfig>>> {
        let port = self.port(|ports| &ports.heads)?;
        Ok(port.configs(&cluster.convert(), &topics).convert())
    }

    fn sweep(
        &mut self,
        cluster: Cluster,
        partitions: Vec<Partition>,
    ) -> Result<Seen<heads::HeadSweep>> {
        let port = self.port(|ports| &ports.heads)?;
        let partitions: Vec<PartitionId> = partitions.convert();
        Ok(port.sweep(&cluster.convert(), &partitions).convert())
    }
}

impl groups::Host for State {
    fn committed(&mut self) -> Result<Seen<Vec<groups::GroupOffset>>> {
        Ok(self.port(|ports| &ports.groups)?.committed().convert())
    }
}

impl records::Host for State {
    /// Reads no longer than there is time for.
    fn read(
        &mut self,
        cluster: Cluster,
        isolation: records::Isolation,
        spans: Vec<records::Span>,
        timeout_ms: u64,
    ) -> Result<Seen<Vec<records::SpanRead>>> {
        let port = self.port(|ports| &ports.records)?;
        let timeout_ms = timeout_ms.min(self.meter.left_ms());
        let spans: Vec<slackwater_ports::Span> = spans.convert();
        Ok(port
            .read(&cluster.convert(), isolation.convert(), &spans, timeout_ms)
            .convert())
    }
}
