//! Judges the sequence of one producer's records in one partition, in the
//! order in which they are read. Pure.

use super::report::{MOST_GAPS, ProducerAudit};

/// Remembers every sequence seen, one bit each.
#[derive(Debug, Default)]
pub(crate) struct Tracker {
    seen: Vec<u64>,
    first: Option<u64>,
    last: u64,
    records: u64,
    duplicates: u64,
    reorders: u64,
}

impl Tracker {
    /// Notes the next record read.
    pub(crate) fn note(&mut self, sequence: u64) {
        self.records += 1;
        if self.mark(sequence) {
            self.duplicates += 1;
            return;
        }
        if self.first.is_some() && sequence < self.last {
            self.reorders += 1;
        }
        self.first = Some(self.first.map_or(sequence, |first| first.min(sequence)));
        self.last = self.last.max(sequence);
    }

    /// What was found.
    pub(crate) fn finish(&self) -> ProducerAudit {
        let mut audit = ProducerAudit {
            records: self.records,
            first: self.first.unwrap_or(0),
            last: self.last,
            missing: 0,
            gaps: Vec::new(),
            duplicates: self.duplicates,
            reorders: self.reorders,
        };
        let mut gap: Option<u64> = None;
        for sequence in audit.first..=audit.last {
            match (self.is_seen(sequence), gap) {
                (false, None) => gap = Some(sequence),
                (true, Some(from)) => {
                    audit.missing += sequence - from;
                    if audit.gaps.len() < MOST_GAPS {
                        audit.gaps.push((from, sequence - 1));
                    }
                    gap = None;
                }
                _ => {}
            }
        }
        audit
    }

    /// Marks a sequence and tells whether it was marked before.
    fn mark(&mut self, sequence: u64) -> bool {
        let (word, bit) = place(sequence);
        if word >= self.seen.len() {
            self.seen.resize(word + 1, 0);
        }
        let before = self.seen[word] & bit != 0;
        self.seen[word] |= bit;
        before
    }

    fn is_seen(&self, sequence: u64) -> bool {
        let (word, bit) = place(sequence);
        self.seen.get(word).is_some_and(|bits| bits & bit != 0)
    }
}

fn place(sequence: u64) -> (usize, u64) {
    let word = usize::try_from(sequence / 64).unwrap_or(usize::MAX);
    (word, 1 << (sequence % 64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judge(sequences: &[u64]) -> ProducerAudit {
        let mut tracker = Tracker::default();
        sequences.iter().for_each(|s| tracker.note(*s));
        tracker.finish()
    }

    #[test]
    fn loss_duplicate_and_reorder_are_told_apart() {
        let lost = judge(&[0, 1, 4, 5]);
        assert_eq!((lost.missing, lost.duplicates, lost.reorders), (2, 0, 0));
        assert_eq!(lost.gaps, [(2, 3)]);
        let doubled = judge(&[0, 1, 2, 1, 2, 3]);
        assert_eq!(
            (doubled.missing, doubled.duplicates, doubled.reorders),
            (0, 2, 0)
        );
        let swapped = judge(&[0, 2, 1, 3]);
        assert_eq!(
            (swapped.missing, swapped.duplicates, swapped.reorders),
            (0, 0, 1)
        );
    }

    #[test]
    fn a_raised_start_is_no_gap() {
        let audit = judge(&[7, 8, 9]);
        assert_eq!((audit.first, audit.last, audit.missing), (7, 9, 0));
    }

    proptest! {
        #[test]
        fn every_record_is_counted_once(sequences in prop::collection::vec(0u64..300, 1..400)) {
            let audit = judge(&sequences);
            let distinct: std::collections::BTreeSet<_> = sequences.iter().collect();
            prop_assert_eq!(audit.records, sequences.len() as u64);
            prop_assert_eq!(audit.duplicates, (sequences.len() - distinct.len()) as u64);
            prop_assert_eq!(audit.last - audit.first + 1 - audit.missing, distinct.len() as u64);
        }
    }
}
