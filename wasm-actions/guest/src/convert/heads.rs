//! A cluster's view of itself and its ends.

use slackwater_ports as ports;

use super::record;
use crate::bindings::slackwater::phase::heads as wit;

record!(wit::Broker => ports::Broker { id, host, port });
record!(wit::PartitionView => ports::PartitionView { partition, leader, replicas, isr });
record!(wit::TopicView => ports::TopicView { name, topic_id, internal, partitions });
record!(wit::ClusterView => ports::ClusterView { cluster_id, brokers, topics, asked });
record!(wit::ConfigEntry => ports::ConfigEntry { key, value });
record!(wit::TopicConfig => ports::TopicConfig { topic, entries });
record!(wit::Head => ports::Head { log_start_offset, high_watermark, last_stable_offset, leader_epoch });
record!(wit::HeadRow => ports::HeadRow { partition, head });
record!(wit::HeadSweep => ports::HeadSweep { asked, rows });
