//! What is counted of what a walk sees.

use crate::compaction::{Compaction, Found};
use crate::period::Period;
use crate::result::{Difference, DifferenceKind, Side};
use crate::walk::How;
use crate::window::Entry;
use crate::{PartitionComparison, Verdict};

/// The counts so far.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) result: PartitionComparison,
    compaction: Option<Compaction>,
    period: Period,
    /// Whether the first record not yet copied goes on with the period.
    goes_on: Option<bool>,
}

impl Tally {
    pub(crate) fn new(how: &How) -> Self {
        Self {
            result: PartitionComparison::default(),
            compaction: how.is_compacted().then(|| {
                Compaction::new(how.source_compacts, how.mirror_compacts, how.limits.keys)
            }),
            period: Period::default(),
            goes_on: None,
        }
    }

    pub(crate) fn is_compacted(&self) -> bool {
        self.compaction.is_some()
    }

    pub(crate) fn matched(&mut self, entry: &Entry) {
        self.result.matched += 1;
        self.period.push(entry.identity);
        if let Some(compaction) = &mut self.compaction {
            let (on_mirror, on_source) = compaction.matched(entry);
            self.result.compacted.on_mirror += on_mirror;
            self.result.compacted.on_source += on_source;
        }
    }

    /// A record of the mirror that was copied before; `late` where the mirror
    /// had gone past it instead.
    pub(crate) fn repeated(&mut self, source: &Entry, place: u64, mirror: &Entry, late: bool) {
        match &mut self.compaction {
            // A cleaner may have taken the first copy: the repeat is all that
            // is left of it.
            Some(compaction) => {
                self.result.compacted.on_source += compaction.repeated(source);
                self.result.duplicates.add(place, mirror.offset);
            }
            None if late => {
                self.differ(DifferenceKind::OutOfOrder, Some(source), Some(mirror));
                self.result.out_of_order.add(place, mirror.offset);
            }
            None => self.result.duplicates.add(place, mirror.offset),
        }
    }

    /// A source's record that the mirror goes past. Without compaction it is
    /// missing only when it can't come any more: see [`Tally::missing`].
    pub(crate) fn skipped(&mut self, place: u64, entry: &Entry) {
        let Some(compaction) = &mut self.compaction else {
            return;
        };
        match compaction.skipped(entry) {
            Found::Held => {}
            Found::Compacted => self.result.compacted.on_mirror += 1,
            Found::Lacking => self.missing(place, entry),
            Found::Unknown => self.result.unresolved += 1,
        }
    }

    pub(crate) fn missing(&mut self, place: u64, entry: &Entry) {
        self.differ(DifferenceKind::Missing, Some(entry), None);
        self.result.missing.add(place, entry.offset);
    }

    /// A mirror's record that is neither on the source nor in the history;
    /// `certain` where it can't be a repeat of something older.
    pub(crate) fn strange(&mut self, place: u64, entry: &Entry, certain: bool) {
        let found = match &mut self.compaction {
            Some(compaction) => compaction.strange(entry),
            None => Found::Lacking,
        };
        match found {
            Found::Held => {}
            Found::Compacted => self.result.compacted.on_source += 1,
            Found::Lacking if certain => {
                self.differ(DifferenceKind::Extra, None, Some(entry));
                self.result.extra.add(place, entry.offset);
            }
            Found::Lacking | Found::Unknown => self.result.unresolved += 1,
        }
    }

    /// A source's record from before the mirror's start.
    pub(crate) fn before_mirror(&mut self, entry: &Entry) {
        self.result.before_mirror_start += 1;
        if let Some(compaction) = &mut self.compaction {
            compaction.passed(entry, false);
        }
    }

    /// A source's record after the last one mirrored.
    pub(crate) fn behind(&mut self, entry: &Entry, counts: bool) {
        self.result.behind += u64::from(counts);
        if self.goes_on.is_none() {
            self.goes_on = Some(counts && self.period.goes_on_with(entry.identity));
        }
        if let Some(compaction) = &mut self.compaction {
            self.result.compacted.on_source += compaction.passed(entry, true);
        }
    }

    /// Notes where the two sides part, if it is the first such place.
    pub(crate) fn differ(
        &mut self,
        kind: DifferenceKind,
        source: Option<&Entry>,
        mirror: Option<&Entry>,
    ) {
        let side = |entry: &Entry| Side {
            offset: entry.offset,
            digest: entry.identity,
        };
        self.result.first_difference.get_or_insert(Difference {
            kind,
            source: source.map(side),
            mirror: mirror.map(side),
        });
    }

    /// Judges what was held until nothing can explain it any more.
    pub(crate) fn end(mut self, how: &How) -> PartitionComparison {
        if let Some(compaction) = self.compaction.take() {
            self.end_compacted(compaction, how);
        }
        let result = &mut self.result;
        let mirror_may_lie_later =
            how.mirror_start > 0 && result.behind > 0 && self.goes_on == Some(true);
        let source_may_lie_later = how.source_start > 0 && result.duplicates.count > 0;
        result.ambiguous = self.period.holds() && (mirror_may_lie_later || source_may_lie_later);
        if result.verdict(false) != Verdict::Differs {
            result.first_difference = None;
        }
        self.result
    }

    fn end_compacted(&mut self, compaction: Compaction, how: &How) {
        let [of_source, of_mirror] = compaction.end();
        let result = &mut self.result;
        for (side, found, _) in of_source {
            match found {
                Found::Compacted => result.compacted.on_mirror += 1,
                Found::Unknown => result.unresolved += 1,
                Found::Held | Found::Lacking => {
                    result.missing.add(side.offset, side.offset);
                    result.first_difference.get_or_insert(Difference {
                        kind: DifferenceKind::Missing,
                        source: Some(side),
                        mirror: None,
                    });
                }
            }
        }
        for (side, found, known) in of_mirror {
            match found {
                Found::Compacted => result.compacted.on_source += 1,
                Found::Unknown => result.unresolved += 1,
                _ if how.source_start > 0 && known == Some(false) => {
                    result.before_source_start += 1;
                }
                Found::Held | Found::Lacking => {
                    result.extra.add(side.offset, side.offset);
                    result.first_difference.get_or_insert(Difference {
                        kind: DifferenceKind::Extra,
                        source: None,
                        mirror: Some(side),
                    });
                }
            }
        }
    }
}
