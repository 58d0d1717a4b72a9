//! What the batches of the kept log tell of transactions, and which of its
//! records count.

use std::collections::HashMap;
use std::ops::ControlFlow;

use slackwater_logdir::{Control, Record, Replica, SegmentReader, Want, for_each};
use slackwater_point::{Marker, Transaction, TransactionId};

use crate::copy::{Batch, CopyRead};
use crate::error::TrimError;
use crate::snapshot;

/// The transactions of a log.
pub(crate) struct History {
    /// By their first offsets.
    pub(crate) transactions: Vec<Transaction>,
    /// Those that end at or past it, or are open, are all known.
    pub(crate) known_from: u64,
    /// Of each producer those that were aborted, from their first offset to their marker's,
    /// one after another: it is asked for each batch, and a log may have as many transactions.
    aborted: HashMap<i64, Vec<(u64, u64)>>,
}

impl History {
    /// Of what was read of a copy.
    pub(crate) fn of(read: &CopyRead, replica: &Replica) -> Self {
        let before = match read.is_whole() {
            true => Some(Vec::new()),
            false => snapshot::open_transactions(&replica.path, read.read_from),
        };
        let known_from = match (&before, read.is_whole()) {
            (Some(_), true) => 0,
            (Some(_), false) => read.read_from,
            // What is open where the reading began is not known, nor what it is.
            (None, _) => u64::MAX,
        };
        let mut open: HashMap<i64, (TransactionId, u64)> = HashMap::new();
        let before = before.unwrap_or_default().into_iter();
        open.extend(before.map(|(id, first)| (id.producer, (id, first))));
        let mut transactions = Vec::new();
        for batch in read.batches.iter().filter(|one| one.header.transactional) {
            let header = &batch.header;
            let id = TransactionId {
                producer: header.producer_id,
                epoch: header.producer_epoch,
            };
            let committed = match batch.marker {
                Some(Control::Commit) => true,
                Some(Control::Abort) => false,
                _ if header.control => continue,
                _ => {
                    open.entry(id.producer).or_insert((id, header.base_offset));
                    continue;
                }
            };
            // A marker with nothing before it marks nothing here.
            if let Some((id, first)) = open.remove(&id.producer) {
                let offset = header.base_offset;
                let ms = header.max_timestamp;
                let marker = Some(Marker {
                    offset,
                    committed,
                    ms,
                });
                transactions.push(Transaction { id, first, marker });
            }
        }
        transactions.extend(open.into_values().map(|(id, first)| Transaction {
            id,
            first,
            marker: None,
        }));
        transactions.sort_by_key(|one| (one.first, one.id));
        let mut aborted: HashMap<i64, Vec<(u64, u64)>> = HashMap::new();
        for one in &transactions {
            if let Some(marker) = one.marker.filter(|marker| !marker.committed) {
                let of = aborted.entry(one.id.producer).or_default();
                of.push((one.first, marker.offset));
            }
        }
        Self {
            transactions,
            known_from,
            aborted,
        }
    }

    /// Whether a data batch belongs to an aborted transaction.
    pub(crate) fn is_aborted(&self, batch: &Batch) -> bool {
        let header = &batch.header;
        let of = self.aborted.get(&header.producer_id);
        let Some(of) = of.filter(|_| header.transactional) else {
            return false;
        };
        // A producer has one at a time.
        let begun = of.partition_point(|(first, _)| *first <= header.base_offset);
        begun > 0 && header.base_offset < of[begun - 1].1
    }
}

/// Gives each data record of `batches`, which lie one after another, to
/// `visit`; those of aborted transactions are left out.
///
/// # Errors
/// A file that can't be read; a batch that can't be decoded.
pub(crate) fn decode(
    reader: &mut SegmentReader,
    replica: &Replica,
    batches: &[Batch],
    history: &History,
    mut visit: impl FnMut(&Record<'_>),
) -> Result<(), TrimError> {
    let mut scratch = Vec::new();
    let mut rest = batches;
    while let Some(first) = rest.first() {
        let of_segment = rest.partition_point(|one| one.segment == first.segment);
        let (these, others) = rest.split_at(of_segment);
        rest = others;
        let path = &replica.segments[first.segment].path;
        let mut next = these.iter();
        let mut wrong = None;
        reader.read_while(path, first.position, Want::Content, |seen| {
            let Some(batch) = next.next() else {
                return ControlFlow::Break(());
            };
            if batch.header.control || history.is_aborted(batch) {
                return ControlFlow::Continue(());
            }
            let Some(bytes) = seen.records else {
                wrong = Some("it is larger than is decoded".to_owned());
                return ControlFlow::Break(());
            };
            let decoded = for_each(&seen.header, bytes, &mut scratch, |record| {
                if record.offset >= replica.start {
                    visit(record);
                }
            });
            match decoded {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    wrong = Some(format!("{error} (at offset {})", batch.header.base_offset));
                    ControlFlow::Break(())
                }
            }
        })?;
        if let Some(why) = wrong {
            return Err(TrimError::Unread {
                path: path.clone(),
                why,
            });
        }
    }
    Ok(())
}
