//! A real Kafka and MirrorMaker 2 on this machine, for tests and the demo: a
//! source of one broker, a mirror of three on volumes that can be snapped, a
//! Connect worker between them; a load generator and an audit whose records
//! tell loss, duplicate and reorder apart, and a reader that notes when they
//! arrive; restored copies in isolation; a broker alone, and what Kafka's own
//! tool says of a log. And a real Kubernetes API.
//!
//! May start processes, mount images and make network namespaces, all in one
//! run directory below the system's temporary one, and leaves none of it
//! behind. Talks to addresses on this machine only; `setup` fetches packages
//! and jars.

mod admin;
mod alone;
mod arrivals;
pub mod audit;
mod broker;
mod builder;
mod cable;
mod cables;
mod cache;
mod cluster;
mod cluster_spec;
mod command;
mod connect;
mod dump_log;
mod error;
mod filler;
mod group;
mod hang;
mod janitor;
mod jars;
mod java_producer;
mod jvm;
mod kafka_image;
pub mod kubernetes;
mod lab;
mod leaders;
pub mod load;
mod mirror_maker;
mod mirrored;
mod mounts;
mod netns;
mod packages;
mod ports;
mod power;
mod process;
mod properties;
mod restored;
mod run_dir;
mod service;
mod setup;
mod spawner;
mod strike;
mod sweep;
mod topics;
mod volume;
mod wait;

pub use admin::Admin;
pub use alone::{Alone, AloneBuilder};
pub use arrivals::Arrivals;
pub use audit::{AuditReport, Isolation, audit};
pub use broker::Broker;
pub use builder::LabBuilder;
pub use cables::Cables;
pub use cluster::Cluster;
pub use command::is_root;
pub use connect::{Connect, ConnectorStatus};
pub use dump_log::{DumpLog, Dumped, DumpedBatch, DumpedRecord, Iteration};
pub use error::LabError;
pub use filler::Filler;
pub use group::GroupReader;
pub use hang::Hang;
pub use jars::{Jars, KAFKA_VERSION};
pub use java_producer::Production;
pub use kafka_image::{KAFKA_IMAGE, KAFKA_JAVA, kafka_image};
pub use lab::Lab;
pub use load::{HangingTransaction, Load, LoadPlan, LoadReport, PreparedTransaction};
pub use mirror_maker::{
    CONFIG_TOPIC, Connector, MIRROR_ALIAS, OFFSET_TOPIC, ReplicationPolicy, SOURCE_ALIAS,
    STATUS_TOPIC,
};
pub use netns::Netns;
pub use power::SmallVolume;
pub use restored::{OpenCopy, Restored};
pub use service::Service;
pub use setup::setup;
pub use strike::Strike;
pub use sweep::sweep;
pub use topics::Topic;
pub use volume::Volumes;
pub use wait::Timings;
