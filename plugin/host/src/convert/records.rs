//! Spans of records, and consumer groups.

use slackwater_ports as ports;

use super::{cases, record};
use crate::bindings::slackwater::phase::groups;
use crate::bindings::slackwater::phase::records as wit;

cases!(wit::Isolation => ports::Isolation { ReadUncommitted, ReadCommitted });
record!(wit::Span => ports::Span { partition, start, until, most, keep_last });

cases!(ports::TimestampType => wit::TimestampType { CreateTime, LogAppendTime, None });
record!(ports::RecordSeen => wit::RecordSeen {
    offset, timestamp_ms, timestamp_type, batch_epoch, content,
});
cases!(ports::Ended => wit::Ended {
    Most, Until, EndOfPartition, TimedOut, OutOfRange, Failed(why),
});
record!(ports::SpanRead => wit::SpanRead { partition, records, count, position, ended });

record!(ports::GroupOffset => groups::GroupOffset { group, partition, offset });
