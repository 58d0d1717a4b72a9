//! What lies on volumes.

use slackwater_ports as ports;

use super::{cases, record};
use crate::bindings::slackwater::phase::volume_content as wit;

cases!(ports::ContentDepth => wit::ContentDepth { Tail, Full });
record!(ports::ScanWanted => wit::ScanWanted { partition, digest_from, until, tail });
record!(ports::RangeWanted => wit::RangeWanted { partition, from, until, live });

record!(wit::LogDirSeen => ports::LogDirSeen {
    volume, broker, node_id, cluster_id, directory_id, clean_shutdown, opened_from,
});
record!(wit::ReplicaFound => ports::ReplicaFound { dir, partition, topic_id, log_start_offset, bytes });
record!(wit::ContentSurvey => ports::ContentSurvey { asked, dirs, replicas, unread, set_aside });
record!(wit::TailRead => ports::TailRead {
    count, digest, last_offset, last_timestamp_ms, batch_epoch,
});
record!(wit::ReplicaRead => ports::ReplicaRead {
    dir, topic_id, log_start_offset, bytes, log_end_offset, read_from, beyond, bad, first_bad, holes, first_hole, cleaned_to,
    cleaner_offset, last_epoch, open_transactions, digest, whole, tail,
});
record!(wit::ScanRow => ports::ScanRow { partition, dir, read });
record!(wit::LiveKeys => ports::LiveKeys { keys, sum });
record!(wit::RangeRow => ports::RangeRow { partition, dir, batches, live, newest_ms });
record!(wit::PendingTransaction => ports::PendingTransaction { dir, id, status, partitions });
record!(wit::TransactionsSeen => ports::TransactionsSeen { pending, replicas, records, unread });
record!(wit::MetadataSeen => ports::MetadataSeen {
    dir, log_end_offset, last_epoch, topics, voters, unassigned, error,
});
