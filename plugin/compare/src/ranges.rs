//! Offsets, counted, and listed as ranges while there are few.

use serde::{Deserialize, Serialize};

/// Ranges listed of one kind for a partition: enough to look into, and a log
/// that differs everywhere stays a page.
pub const LISTED_RANGES: usize = 20;

/// Records that follow each other in their log. What lies between them, if
/// anything, is no data: markers, or records of aborted transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OffsetRange {
    /// Offset of the first one.
    pub first: u64,
    /// Offset of the last one.
    pub last: u64,
    /// How many there are.
    pub count: u64,
}

/// How many, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ranges {
    /// How many records.
    pub count: u64,
    /// The first ranges, up to [`LISTED_RANGES`].
    pub ranges: Vec<OffsetRange>,
    /// How many ranges are not listed.
    pub more_ranges: u64,
    /// Place in its log of the record that was added last.
    #[serde(skip)]
    last_place: Option<u64>,
}

impl Ranges {
    /// Adds a record. One whose place in the log follows that of the record
    /// added before belongs to the same range.
    pub(crate) fn add(&mut self, place: u64, offset: u64) {
        let goes_on = self.last_place.is_some_and(|last| last + 1 == place);
        self.last_place = Some(place);
        self.count += 1;
        let is_full = self.ranges.len() == LISTED_RANGES;
        match self.ranges.last_mut() {
            Some(_) if goes_on && self.more_ranges > 0 => {}
            Some(range) if goes_on => {
                range.last = offset;
                range.count += 1;
            }
            _ if is_full => self.more_ranges += 1,
            _ => self.ranges.push(OffsetRange {
                first: offset,
                last: offset,
                count: 1,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_follow_each_other_are_one_range_across_a_marker() {
        let mut ranges = Ranges::default();
        for (place, offset) in [(4, 10), (5, 12), (9, 20)] {
            ranges.add(place, offset);
        }
        let listed: Vec<_> = ranges.ranges.iter().map(|r| (r.first, r.last)).collect();
        assert_eq!(listed, [(10, 12), (20, 20)]);
        assert_eq!(ranges.count, 3);
    }

    #[test]
    fn a_range_too_many_is_counted_once_however_long() {
        let mut ranges = Ranges::default();
        for place in 0..LISTED_RANGES as u64 {
            ranges.add(place * 2, place * 2);
        }
        for place in 100..110 {
            ranges.add(place, place);
        }
        assert_eq!(ranges.ranges.len(), LISTED_RANGES);
        assert_eq!(ranges.more_ranges, 1);
        assert_eq!(ranges.ranges[LISTED_RANGES - 1].count, 1);
    }
}
