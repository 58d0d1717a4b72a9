//! Clusters, partitions, intervals, errors, digests: what all of them share.

use slackwater_ports as ports;

use super::{Convert, cases, record};
use crate::bindings::slackwater::phase::types as wit;

cases!(ports::Cluster => wit::Cluster { Mirror, Source(alias) });
record!(ports::PartitionId => wit::Partition { topic, partition });

record!(wit::Partition => ports::PartitionId { topic, partition });
record!(wit::Interval => ports::Interval { first_request_ms, last_answer_ms });
cases!(wit::PortErrorKind => ports::PortErrorKind {
    Timeout, Unreachable, Refused, Malformed, Unsupported, Conflict,
});
record!(wit::PortError => ports::PortError { kind, message, status });

impl Convert<ports::Digest128> for wit::Digest128 {
    fn convert(self) -> ports::Digest128 {
        ports::Digest128(u128::from(self.high) << 64 | u128::from(self.low))
    }
}
