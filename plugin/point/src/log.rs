//! What the search for the point knows of each partition: the end of the log
//! that is kept of it, read as far back as was needed.

use slackwater_ports::PartitionId;

/// Which transaction: its records bear both. From `transaction.version` 2 on
/// each transaction has an epoch of its own (KIP-890); before, a producer's
/// transactions bear the same, and can be told apart in one partition only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId {
    /// Of its producer.
    pub producer: i64,
    /// The producer's when it wrote.
    pub epoch: i16,
}

/// A transaction as one partition shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transaction {
    /// Which.
    pub id: TransactionId,
    /// Offset of its first batch here.
    pub first: u64,
    /// Its end here; `None` where none is there.
    pub marker: Option<Marker>,
}

/// The end of a transaction in a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// Its offset.
    pub offset: u64,
    /// Whether the transaction counts.
    pub committed: bool,
    /// When it was written, by a broker's clock; milliseconds since the Unix epoch.
    pub ms: i64,
}

/// A data record, as far as its place in the order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its offset.
    pub offset: u64,
    /// Its place: a timestamp in milliseconds since the Unix epoch, or its
    /// sequence. [`NO_PLACE`] for none.
    pub at: i64,
}

/// Of a record that has no place in the order: it goes with those around it.
pub const NO_PLACE: i64 = i64::MIN;

/// The data records from some offset on; those of aborted transactions are
/// left out, since nobody is ever given them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Window {
    /// All from here on are in it.
    pub from: u64,
    /// The greatest place of those before; `None` where none has one.
    pub before: Option<i64>,
    /// In the order of their offsets.
    pub records: Vec<Place>,
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Which.
    pub partition: PartitionId,
    /// Whether it takes part in the order. Others (Connect's topics, groups)
    /// are cut only where a transaction asks for it.
    pub ordered: bool,
    /// The greatest start of its copies: the point can't lie before it.
    pub start: u64,
    /// Where its kept log ends.
    pub end: u64,
    /// The greatest place of all its records; `None` where none has one.
    pub newest: Option<i64>,
    /// All that the source had accepted before this instant is in it, by the
    /// source's heads: what tells an idle partition from an unfinished one.
    pub complete_ms: Option<i64>,
    /// What was read of its records.
    pub window: Window,
    /// Transactions that end at or past it, or have not ended, are all known.
    pub transactions_from: u64,
    /// What lies below it was acknowledged before the first copy was taken: transactions that
    /// end there were over, and are in all partitions in which they wrote. `None` where that
    /// is not known.
    pub then: Option<u64>,
    /// None that ends before it was ended later than this; `None` where none does.
    pub ended_by_ms: Option<i64>,
    /// In the order of their first offsets.
    pub transactions: Vec<Transaction>,
    /// Retention took its front, or a cleaner records out of it: a transaction
    /// that is not there may have been.
    pub front_gone: bool,
}

impl Log {
    /// Whether all transactions of the log are known.
    pub(crate) fn knows_all_transactions(&self) -> bool {
        self.transactions_from <= self.start
    }
}

/// More that has to be read of a partition, before the point can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Position of the partition.
    pub log: usize,
    /// What of it.
    pub older: Older,
}

/// See [`Wanted`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Older {
    /// A window that begins no later than the first record above this place.
    Above(i64),
    /// A window that begins no later than this offset.
    From(u64),
    /// Numbers from further back, until one below this was read.
    Below(i64),
    /// At least one segment more: its transactions, and where heads of its source lie in it.
    Segments,
}
