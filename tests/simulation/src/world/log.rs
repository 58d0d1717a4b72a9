//! What stands in a log. An entry's offset is its position; a batch holds one
//! record.

/// What became of a transaction, as its coordinator notes it down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TxnStatus {
    Ongoing,
    PrepareCommit,
    PrepareAbort,
    Complete,
}

/// What an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// A record of the source, or a word of Connect's.
    Data,
    /// The last record of a source partition that was mirrored.
    Position { source: usize, offset: u64 },
    /// A transaction's state, and which partitions it names, as a bit set.
    Txn {
        id: u32,
        status: TxnStatus,
        touched: u64,
    },
    /// The end of a transaction.
    Marker { commit: bool },
}

/// An entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What tells it from all others.
    pub(crate) id: u64,
    /// `CreateTime`.
    pub(crate) ts: i64,
    /// Of the leader that wrote it.
    pub(crate) epoch: i32,
    /// 0 for none.
    pub(crate) txn: u32,
    pub(crate) body: Body,
}

impl Entry {
    pub(crate) fn is_marker(&self) -> bool {
        matches!(self.body, Body::Marker { .. })
    }
}

/// First offset that a reader of committed records can't pass: the first
/// record below `end` of a transaction that has no marker there.
pub(crate) fn last_stable(entries: &[Entry], end: u64) -> u64 {
    open_transactions(entries, end)
        .into_iter()
        .map(|(_, first)| first)
        .min()
        .unwrap_or(end)
}

/// Transactions without a marker below `end`, each with its first offset.
pub(crate) fn open_transactions(entries: &[Entry], end: u64) -> Vec<(u32, u64)> {
    let mut open: Vec<(u32, u64)> = Vec::new();
    for (offset, entry) in entries[..end as usize].iter().enumerate() {
        if entry.txn == 0 {
            continue;
        }
        let known = open.iter().position(|(txn, _)| *txn == entry.txn);
        match (entry.is_marker(), known) {
            (true, Some(at)) => {
                open.swap_remove(at);
            }
            (false, None) => open.push((entry.txn, offset as u64)),
            _ => {}
        }
    }
    open
}

/// Whether the transaction of an entry was aborted below `end`.
pub(crate) fn is_aborted(entries: &[Entry], end: u64, txn: u32) -> bool {
    txn != 0
        && entries[..end as usize]
            .iter()
            .any(|entry| entry.txn == txn && entry.body == Body::Marker { commit: false })
}

/// Data records below `end`, each with its offset; with `committed`, only those
/// that a reader of committed records gets.
pub(crate) fn data(
    entries: &[Entry],
    from: u64,
    end: u64,
    committed: bool,
) -> impl DoubleEndedIterator<Item = (u64, &Entry)> {
    let stable = if committed {
        last_stable(entries, end)
    } else {
        end
    };
    let transactional = entries.iter().any(|entry| entry.txn != 0);
    let from = from.min(stable);
    entries[from as usize..stable as usize]
        .iter()
        .enumerate()
        .map(move |(at, entry)| (from + at as u64, entry))
        .filter(|(_, entry)| !entry.is_marker())
        .filter(move |(_, entry)| {
            !committed || !transactional || !is_aborted(entries, end, entry.txn)
        })
}
