//! What lies on volumes.

use slackwater_ports as ports;

use super::{cases, record};
use crate::bindings::slackwater::phase::volume_content as wit;

cases!(wit::ContentDepth => ports::ContentDepth { Tail, Full });
record!(wit::ScanWanted => ports::ScanWanted { partition, digest_from, until, tail });
record!(wit::RangeWanted => ports::RangeWanted { partition, from, until, live });

record!(ports::LogDirSeen => wit::LogDirSeen {
    volume, broker, node_id, cluster_id, directory_id, clean_shutdown, opened_from,
});
record!(ports::ReplicaFound => wit::ReplicaFound { dir, partition, topic_id, log_start_offset, bytes });
record!(ports::ContentSurvey => wit::ContentSurvey { asked, dirs, replicas, unread, set_aside });
record!(ports::TailRead => wit::TailRead {
    count, digest, last_offset, last_timestamp_ms, batch_epoch,
});
record!(ports::ReplicaRead => wit::ReplicaRead {
    dir, topic_id, log_start_offset, bytes, log_end_offset, read_from, beyond, bad, first_bad, holes, first_hole, cleaned_to,
    cleaner_offset, last_epoch, open_transactions, digest, whole, tail,
});
record!(ports::ScanRow => wit::ScanRow { partition, dir, read });
record!(ports::LiveKeys => wit::LiveKeys { keys, sum });
record!(ports::RangeRow => wit::RangeRow { partition, dir, batches, live, newest_ms });
record!(ports::PendingTransaction => wit::PendingTransaction { dir, id, status, partitions });
record!(ports::TransactionsSeen => wit::TransactionsSeen { pending, replicas, records, unread });
record!(ports::MetadataSeen => wit::MetadataSeen {
    dir, log_end_offset, last_epoch, topics, voters, unassigned, error,
});
