//! Spans of records, and consumer groups.

use slackwater_ports as ports;

use super::{cases, record};
use crate::bindings::slackwater::phase::groups;
use crate::bindings::slackwater::phase::records as wit;

cases!(ports::Isolation => wit::Isolation { ReadUncommitted, ReadCommitted });
record!(ports::Span => wit::Span { partition, start, until, most, keep_last });

cases!(wit::TimestampType => ports::TimestampType { CreateTime, LogAppendTime, None });
record!(wit::RecordSeen => ports::RecordSeen {
    offset, timestamp_ms, timestamp_type, batch_epoch, content,
});
cases!(wit::Ended => ports::Ended {
    Most, Until, EndOfPartition, TimedOut, OutOfRange, Failed(why),
});
record!(wit::SpanRead => ports::SpanRead { partition, records, count, position, ended });

record!(groups::GroupOffset => ports::GroupOffset { group, partition, offset });
