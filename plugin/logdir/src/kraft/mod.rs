//! What the metadata log (`__cluster_metadata-0`) and its snapshots say should
//! be there: topics, the replicas of their partitions, brokers, configurations.
//!
//! Pure: it is fed the values of data records in the order of the log, and
//! opens no file. What it holds is bounded by what it was fed, and no bytes
//! make it panic. It does not know how much of a log is committed: records at
//! or past the high watermark may still go away.
//!
//! A log is followed with [`MetadataImage::apply`]. Where a snapshot is to be
//! the beginning, [`Snapshot`] reads it and ends in an image that takes the
//! place of any other:
//!
//! ```
//! use slackwater_logdir::kraft::{MetadataError, MetadataImage, Snapshot, SnapshotId};
//!
//! fn follow(log: &[(u64, Vec<u8>)]) -> Result<MetadataImage, MetadataError> {
//!     let id = SnapshotId::parse("00000000000000000000-0000000000.checkpoint");
//!     let mut snapshot = Snapshot::new(id.unwrap_or_default());
//!     snapshot.apply(0, &[1, 20, 0, 0])?;
//!     let mut image = snapshot.finish()?;
//!     for (offset, value) in log {
//!         image.apply(*offset, value)?;
//!     }
//!     Ok(image)
//! }
//! # assert_eq!(follow(&[(1, vec![1, 20, 0, 0])]).unwrap().last_offset(), Some(1));
//! ```
//!
//! Source: Kafka's `MetadataRecordSerde`, the messages in
//! `metadata/src/main/resources/common/metadata` as of Kafka 4.3, and the
//! `*Delta` classes of `org.apache.kafka.image`, which say what each does.

mod body;
mod config;
mod error;
mod image;
mod kind;
mod node;
mod partition;
mod pending;
mod record;
mod snapshot;
#[cfg(test)]
mod tests;
mod topics;
mod uuid;
mod voters;

pub use config::{ConfigOf, Configs};
pub use error::{Contradiction, Malformed, MetadataError};
pub use image::MetadataImage;
pub use kind::Kind;
pub use node::{BrokerImage, ControllerImage, Listener};
pub use partition::PartitionImage;
pub use snapshot::{Snapshot, SnapshotId};
pub use topics::{TopicImage, Topics};
pub use uuid::Uuid;
pub use voters::{KRAFT_VOTERS, voters};
