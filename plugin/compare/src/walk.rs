//! The walk along both logs.
//!
//! While the next record of the mirror is the next one of the source, both go
//! on. Where it is not, [`crate::resync`] finds where they meet again. A
//! mirror that repeats what was copied before is held against the history.

use std::collections::{BTreeSet, VecDeque};

use crate::result::DifferenceKind;
use crate::tally::Tally;
use crate::window::{Entry, State, Window};
use crate::{Items, PartitionComparison};

/// The bounds on memory, in records and keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The last records of the source that repeats are looked for among.
    /// MirrorMaker commits its position once a minute, so that a worker that
    /// is killed repeats up to some 500,000. A power of two, as a queue has it.
    pub history: usize,
    /// Records looked ahead on each side for where the two meet again. What
    /// parts them may be longer: then the side that lies behind goes on alone.
    pub ahead: usize,
    /// Keys of a compacted topic on each side.
    pub keys: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            history: 1 << 19,
            ahead: 1 << 17,
            keys: 1 << 19,
        }
    }
}

/// What is known of a partition beforehand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct How {
    /// The source's log start offset: where it is above 0, the mirror may have
    /// what the source no longer has.
    pub source_start: u64,
    /// The mirror's log start offset. At most so many records are gone there.
    pub mirror_start: u64,
    /// Source records below this offset should be on the mirror; `None` where
    /// the last ones may still be on their way.
    pub due: Option<u64>,
    /// The source has records of an open transaction past the end of what is
    /// given of it.
    pub source_open: bool,
    /// The source's topic is compacted.
    pub source_compacts: bool,
    /// The mirror's topic is compacted.
    pub mirror_compacts: bool,
    /// The bounds.
    pub limits: Limits,
}

impl How {
    pub(crate) fn is_compacted(&self) -> bool {
        self.source_compacts || self.mirror_compacts
    }
}

/// Compares two logs, each read once from its start to where it is to be
/// compared to.
///
/// # Errors
/// What either of the two ended with.
pub fn compare<S, M>(
    source: &mut S,
    mirror: &mut M,
    how: &How,
) -> Result<PartitionComparison, S::Error>
where
    S: Items,
    M: Items<Error = S::Error>,
{
    let mut walk = Walk::new(source, mirror, how);
    while walk.step()? {}
    walk.end()
}

/// A run of the mirror that repeats the history.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repeat {
    /// The first record repeated.
    start: u64,
    /// The one that should be repeated next.
    next: u64,
}

/// Where the mirror's next record belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the history, by number.
    Back(u64),
    /// In what lies ahead on the source, by number.
    Ahead(u64),
}

pub(crate) struct Walk<'a, S, M> {
    source: &'a mut S,
    mirror: &'a mut M,
    pub(crate) how: &'a How,
    /// What the source has next.
    pub(crate) ahead: Window,
    /// What the mirror has next.
    pub(crate) pending: VecDeque<Entry>,
    /// What the walk has passed.
    pub(crate) history: Window,
    pub(crate) source_over: bool,
    pub(crate) mirror_over: bool,
    repeat: Option<Repeat>,
    /// A record was found on both sides.
    pub(crate) begun: bool,
    /// The history no longer holds all that was passed.
    forgot: bool,
    /// Timestamps read last, of the source and of the mirror.
    pub(crate) newest: (i64, i64),
    pub(crate) tally: Tally,
}

impl<'a, S, M> Walk<'a, S, M>
where
    S: Items,
    M: Items<Error = S::Error>,
{
    fn new(source: &'a mut S, mirror: &'a mut M, how: &'a How) -> Self {
        Self {
            source,
            mirror,
            how,
            ahead: Window::default(),
            pending: VecDeque::new(),
            history: Window::default(),
            source_over: false,
            mirror_over: false,
            repeat: None,
            begun: false,
            forgot: false,
            newest: (0, 0),
            tally: Tally::new(how),
        }
    }

    /// Takes one record of the mirror, or finds out where it belongs.
    fn step(&mut self) -> Result<bool, S::Error> {
        self.fill_pending(1)?;
        let Some(next) = self.pending.front().copied() else {
            return Ok(false);
        };
        if let Some(repeat) = self.repeat {
            match self.history.get(repeat.next) {
                None => {
                    self.repeat = None;
                    return Ok(true);
                }
                Some(entry) if entry.identity == next.identity => {
                    self.take_repeated(repeat);
                    return Ok(true);
                }
                Some(_) => {}
            }
        } else {
            self.fill_ahead(1)?;
            let expected = self.ahead.get(self.ahead.front());
            if expected.is_some_and(|entry| entry.identity == next.identity) {
                self.take_matched();
                return Ok(true);
            }
        }
        self.resync()?;
        Ok(true)
    }

    pub(crate) fn fill_ahead(&mut self, most: usize) -> Result<(), S::Error> {
        while self.ahead.len() < most && !self.source_over {
            match self.source.next()? {
                Some(item) => {
                    self.newest.0 = item.timestamp_ms;
                    self.ahead.push(item.into());
                }
                None => self.source_over = true,
            }
        }
        Ok(())
    }

    pub(crate) fn fill_pending(&mut self, most: usize) -> Result<(), S::Error> {
        while self.pending.len() < most && !self.mirror_over {
            match self.mirror.next()? {
                Some(item) => {
                    self.newest.1 = item.timestamp_ms;
                    self.pending.push_back(item.into());
                }
                None => self.mirror_over = true,
            }
        }
        Ok(())
    }

    fn take_matched(&mut self) {
        if let (Some(mut entry), Some(_)) = (self.ahead.pop(), self.pending.pop_front()) {
            self.begun = true;
            self.tally.result.source_records += 1;
            self.tally.result.mirror_records += 1;
            self.tally.matched(&entry);
            entry.state = State::Matched;
            self.remember(entry);
        }
    }

    fn take_repeated(&mut self, repeat: Repeat) {
        let place = self.tally.result.mirror_records;
        if let (Some(entry), Some(mirror)) =
            (self.history.get_mut(repeat.next), self.pending.pop_front())
        {
            let late = entry.state == State::Skipped;
            if late {
                entry.state = State::Matched;
            }
            let entry = *entry;
            self.tally.result.mirror_records += 1;
            self.tally.repeated(&entry, place, &mirror, late);
        }
        self.repeat = Some(Repeat {
            next: repeat.next + 1,
            ..repeat
        });
    }

    /// Whether a mirror's record that is found nowhere is none of the source's.
    pub(crate) fn is_certain(&self) -> bool {
        !(self.forgot || self.source_over && self.how.source_open)
    }

    /// Whether the mirror's first records may be from before the source's
    /// start.
    pub(crate) fn may_be_before_source(&self) -> bool {
        !self.begun && self.how.source_start > 0
    }

    /// How many of the source's next records may be from before the mirror's
    /// start.
    pub(crate) fn may_be_before_mirror(&self) -> u64 {
        match self.begun {
            true => 0,
            false => self.how.mirror_start - self.tally.result.before_mirror_start,
        }
    }

    /// Takes a record of the mirror that belongs nowhere.
    pub(crate) fn take_strange(&mut self) {
        let place = self.tally.result.mirror_records;
        let Some(mut entry) = self.pending.pop_front() else {
            return;
        };
        self.tally.result.mirror_records += 1;
        if self.may_be_before_source() {
            self.tally.result.before_source_start += 1;
            entry.state = State::BeforeSource;
            self.remember(entry);
        } else {
            self.tally.strange(place, &entry, self.is_certain());
        }
    }

    /// Goes past a record of the source that is not on the mirror here; `gone`
    /// where the mirror may have deleted it.
    pub(crate) fn skip(&mut self, gone: bool) {
        let Some(mut entry) = self.ahead.pop() else {
            return;
        };
        self.tally.result.source_records += 1;
        if gone && self.may_be_before_mirror() > 0 {
            self.tally.before_mirror(&entry);
            entry.state = State::BeforeMirror;
        } else {
            self.tally.skipped(self.history.end(), &entry);
            entry.state = State::Skipped;
        }
        self.remember(entry);
    }

    /// Goes on at `place`.
    pub(crate) fn go_on_at(&mut self, place: Place) {
        match place {
            Place::Back(number) => {
                self.note_broken(number);
                let start = self
                    .repeat
                    .map_or(number, |repeat| repeat.start.min(number));
                self.repeat = Some(Repeat {
                    start,
                    next: number,
                });
            }
            Place::Ahead(number) => {
                self.note_broken(self.history.end());
                self.leave_repeat();
                let skipped = number.saturating_sub(self.ahead.front());
                // What the mirror has deleted lies right before its first
                // record.
                let gone = self.may_be_before_mirror();
                for at in 0..skipped {
                    self.skip(skipped - at <= gone);
                }
            }
        }
        self.begun = true;
    }

    /// MirrorMaker that has gone back copies on from there without a gap: a
    /// repeat that goes on further ahead is not its doing. Before the source's
    /// start the history is the mirror's own, repeats and all, and shows
    /// nothing.
    fn note_broken(&mut self, goes_on_at: u64) {
        let Some(repeat) = self.repeat else { return };
        let next = self.history.get(repeat.next);
        let is_of_source = next.is_some_and(|entry| entry.state != State::BeforeSource);
        if goes_on_at > repeat.next && is_of_source && !self.tally.is_compacted() {
            self.tally.result.broken_repeats += 1;
        }
    }

    fn remember(&mut self, entry: Entry) {
        if self.history.len() >= self.how.limits.history.max(1) {
            self.forget();
            self.forgot = true;
        }
        self.history.push(entry);
    }

    fn forget(&mut self) -> bool {
        let number = self.history.front();
        let Some(entry) = self.history.pop() else {
            return false;
        };
        if entry.state == State::Skipped && !self.tally.is_compacted() {
            self.tally.missing(number, &entry);
        }
        true
    }

    /// Ends a repeat that may not have come to its end. The last record of a
    /// key on a compacted mirror is then an older one than it had.
    fn leave_repeat(&mut self) {
        let Some(repeat) = self.repeat.take() else {
            return;
        };
        if !self.tally.is_compacted() {
            return;
        }
        let keys = |from: u64, to: u64| -> BTreeSet<u128> {
            (from..to)
                .filter_map(|number| Some(self.history.get(number)?.key()?.0))
                .collect()
        };
        let again = keys(repeat.start, repeat.next);
        let not_again = keys(repeat.next, self.history.end());
        let stale = again.intersection(&not_again).count();
        self.tally.result.compacted.stale_keys += stale as u64;
    }

    /// What the source has left when the mirror has nothing more.
    fn end(mut self) -> Result<PartitionComparison, S::Error> {
        self.leave_repeat();
        let mut place = self.history.end();
        while self.forget() {}
        loop {
            self.fill_ahead(1)?;
            let Some(entry) = self.ahead.pop() else {
                break;
            };
            let is_due = self.how.due.is_some_and(|due| entry.offset < due);
            if !is_due {
                let counts = self.how.due.is_none();
                self.tally.result.source_records += u64::from(counts);
                self.tally.behind(&entry, counts);
                if !counts && !self.how.source_compacts {
                    break;
                }
                continue;
            }
            self.tally.result.source_records += 1;
            if self.may_be_before_mirror() > 0 {
                self.tally.before_mirror(&entry);
            } else if self.tally.is_compacted() {
                self.tally.skipped(place, &entry);
            } else {
                self.tally.missing(place, &entry);
            }
            place += 1;
        }
        Ok(self.tally.end(self.how))
    }

    /// Notes where the two sides part, before what parts them is taken:
    /// `strange` records of the mirror, and `skipped` ones of the source.
    pub(crate) fn note_parting(&mut self, strange: usize, skipped: u64) {
        let missing = skipped.saturating_sub(self.may_be_before_mirror());
        let strange = strange > 0 && !self.may_be_before_source() && self.is_certain();
        let kind = match (strange, missing > 0) {
            _ if self.tally.is_compacted() => return,
            (false, false) => return,
            (true, true) => DifferenceKind::Changed,
            (true, false) => DifferenceKind::Extra,
            (false, true) => DifferenceKind::Missing,
        };
        let expected = self.ahead.get(self.ahead.front()).copied();
        let found = self.pending.front().copied();
        self.tally.differ(kind, expected.as_ref(), found.as_ref());
    }
}
