//! The calls into librdkafka: the one module of the project with `unsafe`.
//!
//! Each native object has an owner here that destroys it, and every answer is
//! copied into plain Rust values before its owner is dropped. Nothing here
//! decides anything: no retries, no deadlines but those handed in.
//!
//! Error codes are read as `i32` and never as the bindings' enum: a broker may
//! send a code that this librdkafka does not know, and an enum holding it
//! would be undefined behaviour.
#![allow(
    unsafe_code,
    reason = "librdkafka is a C library; rdkafka wraps neither ListOffsets, DescribeTopics, DescribeCluster, ListConsumerGroups, AlterConsumerGroupOffsets nor the offset of an end of partition"
)]

mod admin;
mod alter_groups;
mod client;
mod code;
mod configs;
mod describe;
mod groups;
mod list_offsets;
mod message;
mod metadata;
mod queue;
mod reader;
mod text;

pub(crate) use admin::Failed;
pub(crate) use alter_groups::{alter_group_offsets_answer, submit_alter_group_offsets};
pub(crate) use client::{Cause, Client};
pub(crate) use code::Code;
pub(crate) use configs::{configs_answer, submit_describe_configs};
pub(crate) use describe::{
    TopicAnswer, cluster_answer, submit_describe_cluster, submit_describe_topics, topics_answer,
};
pub(crate) use groups::{
    group_offsets_answer, groups_answer, submit_group_offsets, submit_list_groups,
};
pub(crate) use list_offsets::{
    OffsetAnswer, Spec, offsets_answer, submit_list_offsets, submit_offsets_since,
};
pub(crate) use message::{Fetched, Record};
pub(crate) use metadata::{Topics, metadata};
pub(crate) use queue::{Event, Queue};
pub(crate) use reader::Reader;
