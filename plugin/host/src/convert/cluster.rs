//! Clusters, partitions, intervals, errors, digests: what all of them share.

use slackwater_ports as ports;

use super::{Convert, cases, record};
use crate::bindings::slackwater::phase::types as wit;

cases!(wit::Cluster => ports::Cluster { Mirror, Source(alias) });
record!(wit::Partition => ports::PartitionId { topic, partition });

record!(ports::PartitionId => wit::Partition { topic, partition });
record!(ports::Interval => wit::Interval { first_request_ms, last_answer_ms });
cases!(ports::PortErrorKind => wit::PortErrorKind {
    Timeout, Unreachable, Refused, Malformed, Unsupported, Conflict,
});
record!(ports::PortError => wit::PortError { kind, message, status });

impl Convert<wit::Digest128> for ports::Digest128 {
    fn convert(self) -> wit::Digest128 {
        let [high, low] = [(self.0 >> 64) as u64, self.0 as u64];
        wit::Digest128 { high, low }
    }
}
