//! What the coordinators keep in the logs of `__transaction_state` and
//! `__consumer_offsets`: the last word on each transactional id, and on each
//! offset that a group committed.
//!
//! Pure: tables are fed the keys and values of data records in the order of
//! one partition's log, and open no file. What they hold is bounded by what
//! they were fed, and no bytes make them panic. They don't tell records that
//! were aborted from others: that is for who reads the batches. It matters for
//! `__consumer_offsets`, where offsets of a transaction count when it commits.
//!
//! Source: the messages in `common/message` of Kafka's
//! `transaction-coordinator` and `group-coordinator` as of Kafka 4.3,
//! `TransactionLog.read` and `TransactionState`.

mod error;
mod offsets;
mod order;
mod reader;
mod row;
mod status;
mod table;
#[cfg(test)]
mod tests;

pub use error::{Malformed, StateError};
pub use offsets::{CommittedOffset, GroupPartition, OffsetTable};
pub use row::TransactionRow;
pub use status::TransactionStatus;
pub use table::TransactionTable;
