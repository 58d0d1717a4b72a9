//! A cluster's view of itself and its ends.

use slackwater_ports as ports;

use super::record;
use crate::bindings::slackwater::phase::heads as wit;

record!(ports::Broker => wit::Broker { id, host, port });
record!(ports::PartitionView => wit::PartitionView { partition, leader, replicas, isr });
record!(ports::TopicView => wit::TopicView { name, topic_id, internal, partitions });
record!(ports::ClusterView => wit::ClusterView { cluster_id, brokers, topics, asked });
record!(ports::ConfigEntry => wit::ConfigEntry { key, value });
record!(ports::TopicConfig => wit::TopicConfig { topic, entries });
record!(ports::Head => wit::Head { log_start_offset, high_watermark, last_stable_offset, leader_epoch });
record!(ports::HeadRow => wit::HeadRow { partition, head });
record!(ports::HeadSweep => wit::HeadSweep { asked, rows });
