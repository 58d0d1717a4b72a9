//! Which transactions are open as a log is read, and which were aborted.

use std::collections::HashMap;

use crate::batch::BatchHeader;
use crate::record::Control;

/// Most producers with an open transaction, and most aborted transactions,
/// that are kept of one log: 100 million records of MirrorMaker hold a few
/// thousand. Beyond it nothing is known, and that is said.
const MAX_KEPT: usize = 1_000_000;

/// Transactions without a marker so far.
#[derive(Debug, Default)]
pub(crate) struct Open {
    /// First offset by producer id.
    first: HashMap<i64, u64>,
    overflowed: bool,
}

impl Open {
    /// Follows one transactional batch. Gives the first offset of the
    /// transaction that a marker ended.
    pub(crate) fn take(&mut self, header: &BatchHeader, marker: Option<Control>) -> Option<u64> {
        match marker {
            Some(Control::Abort | Control::Commit) => self.first.remove(&header.producer_id),
            _ if header.control => None,
            _ => {
                if self.first.len() < MAX_KEPT {
                    self.first
                        .entry(header.producer_id)
                        .or_insert(header.base_offset);
                } else {
                    self.overflowed = true;
                }
                None
            }
        }
    }

    /// How many are open: one at least where they could not all be kept.
    pub(crate) fn count(&self) -> u64 {
        self.first.len() as u64 + u64::from(self.overflowed)
    }

    /// The least first offset of those that are open.
    pub(crate) fn least(&self) -> Option<u64> {
        self.first.values().min().copied()
    }
}

/// Runs of offsets that belong to aborted transactions, by producer id.
#[derive(Debug, Default)]
pub(crate) struct Aborted {
    runs: HashMap<i64, Vec<(u64, u64)>>,
    kept: usize,
    /// There were more than are kept: nothing can be said of the log.
    pub(crate) overflowed: bool,
}

impl Aborted {
    /// A transaction from `first` to its marker was aborted.
    pub(crate) fn add(&mut self, producer: i64, first: u64, marker: u64) {
        if self.kept == MAX_KEPT {
            self.overflowed = true;
            return;
        }
        self.kept += 1;
        self.runs.entry(producer).or_default().push((first, marker));
    }

    /// Whether a batch belongs to one.
    pub(crate) fn holds(&self, header: &BatchHeader) -> bool {
        let Some(runs) = self.runs.get(&header.producer_id) else {
            return false;
        };
        // In the order of their markers, and so of their first offsets.
        let after = runs.partition_point(|(_, marker)| *marker < header.base_offset);
        runs.get(after)
            .is_some_and(|(first, _)| *first <= header.base_offset)
    }
}
