//! Why a metadata log can't be followed any further.

use crate::wire::WireError;

use super::kind::Kind;
use super::record::FRAME;
use super::uuid::Uuid;

/// One record that can't be taken. Offsets are those that were given with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Too short, or no type in it.
    #[error("metadata record at offset {offset} {why}: it has no type")]
    NoType {
        /// Where.
        offset: u64,
        /// What is wrong.
        why: WireError,
    },
    /// Of another Kafka: 0 was written by a preview of KRaft only.
    #[error(
        "metadata record at offset {offset} has frame version {frame}, and this reads {FRAME} only"
    )]
    Frame {
        /// Where.
        offset: u64,
        /// As written.
        frame: u64,
    },
    /// Of a later Kafka.
    #[error(
        "{kind} at offset {offset} has version {version}, and this reads up to {}; a later release may read it",
        kind.newest_version()
    )]
    Version {
        /// Where.
        offset: u64,
        /// Its type.
        kind: Kind,
        /// As written.
        version: u64,
    },
    /// Bytes that are none of its type.
    #[error("{kind} at offset {offset} {why}")]
    Malformed {
        /// Where.
        offset: u64,
        /// Its type.
        kind: Kind,
        /// What is wrong.
        why: Malformed,
    },
    /// It can't follow what came before: something is missing in between, or
    /// was never there.
    #[error("{kind} at offset {offset} {why}")]
    Contradiction {
        /// Where.
        offset: u64,
        /// Its type.
        kind: Kind,
        /// What it contradicts.
        why: Contradiction,
    },
    /// The records were not given in the order of their offsets.
    #[error("metadata record at offset {offset} comes after the one at offset {after}")]
    Order {
        /// Of this one.
        offset: u64,
        /// Of the one before.
        after: u64,
    },
    /// No snapshot ends in one.
    #[error("a snapshot ends within the metadata transaction that begins at its offset {since}")]
    Unended {
        /// Where it begins.
        since: u64,
    },
}

/// What is wrong with a record's bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// As the cursor says.
    #[error("{0}")]
    Wire(#[from] WireError),
    /// Null, where there must be something.
    #[error("has no {0}")]
    Null(&'static str),
    /// A number that means nothing.
    #[error("has {what} {value}, which means nothing")]
    Value {
        /// Of what.
        what: &'static str,
        /// As written.
        value: i64,
    },
    /// A tagged field that only later versions of the record have.
    #[error("has a field with tag {0}, which its version does not have")]
    Tag(u64),
    /// Bytes after its end.
    #[error("has {0} bytes after its end")]
    After(usize),
    /// They belong together one by one.
    #[error("has {directories} directories for {replicas} replicas")]
    Directories {
        /// How many.
        directories: usize,
        /// How many.
        replicas: usize,
    },
}

/// What a record contradicts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// None with this id.
    #[error("is about topic {0}, which there is not")]
    NoTopic(Uuid),
    /// None with this name.
    #[error("is about topic {0:?}, which there is not")]
    NoTopicNamed(String),
    /// The topic is there.
    #[error("is about partition {partition} of topic {topic}, which there is not")]
    NoPartition {
        /// Its topic.
        topic: Uuid,
        /// Its number.
        partition: u32,
    },
    /// None with this id.
    #[error("is about broker {0}, which is not registered")]
    NoBroker(i32),
    /// The broker registered again in between, or did not.
    #[error("is about epoch {named} of broker {broker}, which has epoch {has}")]
    BrokerEpoch {
        /// Its id.
        broker: i32,
        /// As registered.
        has: i64,
        /// As the record says.
        named: i64,
    },
    /// As in [`Malformed::Directories`], with what was there before.
    #[error("leaves {directories} directories for {replicas} replicas")]
    Directories {
        /// How many.
        directories: usize,
        /// How many.
        replicas: usize,
    },
    /// They don't nest.
    #[error("begins a metadata transaction within the one that began at offset {0}")]
    Begun(u64),
    /// An end without a beginning.
    #[error("ends a metadata transaction, and none has begun")]
    NotBegun,
}
