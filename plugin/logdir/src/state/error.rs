//! Why a coordinator's log can't be followed any further.

use crate::wire::WireError;

/// One record that can't be taken. Offsets are those that were given with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Bytes that are no such record.
    #[error("{of} at offset {offset} {why}")]
    Malformed {
        /// For example `a transaction's value`.
        of: &'static str,
        /// Where.
        offset: u64,
        /// What is wrong.
        why: Malformed,
    },
    /// Of a later Kafka.
    #[error(
        "{of} at offset {offset} has version {version}, and this reads up to {newest}; a later release may read it"
    )]
    Version {
        /// For example `a transaction's value`.
        of: &'static str,
        /// Where.
        offset: u64,
        /// As written.
        version: i16,
        /// That can be read.
        newest: i16,
    },
    /// The records were not given in the order of their offsets.
    #[error("the record at offset {offset} comes after the one at offset {after}")]
    Order {
        /// Of this one.
        offset: u64,
        /// Of the one before.
        after: u64,
    },
}

/// What is wrong with a record's bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// As the cursor says.
    #[error("{0}")]
    Wire(#[from] WireError),
    /// A record without a key belongs to nothing.
    #[error("is null")]
    NoKey,
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
    /// Bytes after its end.
    #[error("has {0} bytes after its end")]
    After(usize),
}
