//! A record as the comparison sees it.

use slackwater_ports::Digest128;

/// A data record: no marker, and of no aborted transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Its offset on its own side.
    pub offset: u64,
    /// What it is on either side: a digest over key, value, headers, and its
    /// timestamp where that is compared.
    pub identity: Digest128,
    /// Milliseconds since the Unix epoch. A hint at which side lies behind the
    /// other, and no more.
    pub timestamp_ms: i64,
    /// A digest of its key, where a side is compacted and it has one.
    pub key: Option<Digest128>,
    /// Whether it has a key and no value, which deletes the key where a side
    /// is compacted.
    pub tombstone: bool,
}

/// Records in the order of their log.
pub trait Items {
    /// Why there are no more, if not because it is over.
    type Error;

    /// The next one; `None` at the end.
    ///
    /// # Errors
    /// A log that can't be read on.
    fn next(&mut self) -> Result<Option<Item>, Self::Error>;
}
