//! A head of the source, found in a log of the mirror by the records below it:
//! offsets of the two are never compared as numbers.

use std::collections::VecDeque;

use slackwater_cut::{HotHead, HotRecord};

use crate::source::Located;

/// So many records in a row are no chance.
const LEAST_MARKS: usize = 8;

/// A record of the mirror's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its offset in the mirror.
    pub offset: u64,
    /// Milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// Over key, value and headers.
    pub content: slackwater_ports::Digest128,
}

/// Looks for one head. It is given the log's data records in order, from some
/// offset on.
#[derive(Debug)]
pub struct Locator<'h> {
    head: &'h HotHead,
    /// The first records that were given, as many as the head has.
    first: Vec<Seen>,
    /// The last ones.
    last: VecDeque<Seen>,
    found: Option<u64>,
    /// Its marks tell no place.
    silent: bool,
    /// They are there in another place, too.
    again: bool,
}

impl<'h> Locator<'h> {
    /// For this head.
    pub fn new(head: &'h HotHead) -> Self {
        Self {
            head,
            first: Vec::new(),
            last: VecDeque::new(),
            found: None,
            silent: head.is_anywhere(),
            again: false,
        }
    }

    /// Follows one record. A run that comes again tells no place: where MirrorMaker has sent
    /// it once more all that the head covers was there before the first one ended, and where a
    /// producer has, only before the last one did.
    pub fn follow(&mut self, seen: Seen) {
        let marks = &self.head.last;
        if marks.is_empty() || self.silent || self.again {
            return;
        }
        if self.first.len() < marks.len() {
            self.first.push(seen);
        }
        if self.last.len() == marks.len() {
            self.last.pop_front();
        }
        self.last.push_back(seen);
        if self.last.len() == marks.len() && self.last.iter().zip(marks).all(equal) {
            self.again = self.found.is_some();
            self.found.get_or_insert(seen.offset + 1);
        }
    }

    /// Where it lies. `from_start`: the records that were given began with the
    /// log's first, at `start`.
    pub fn end(&self, from_start: bool, start: u64) -> Located {
        if self.again {
            return Located::NotThere;
        }
        if let Some(offset) = self.found {
            return Located::At(offset);
        }
        let marks = &self.head.last;
        if marks.is_empty() {
            // Nothing was ever there; or what was, is gone, and then nothing
            // says where it would be.
            return match self.head.high_watermark {
                0 => Located::At(start),
                _ => Located::NotThere,
            };
        }
        if self.silent {
            return Located::NotThere;
        }
        if !from_start {
            return Located::Older;
        }
        // Retention may have left the last of them only.
        let part = |there: &usize| {
            let tail = &marks[marks.len() - there..];
            self.first[..*there].iter().zip(tail).all(equal)
        };
        let most = self.first.len().min(marks.len() - 1);
        match (LEAST_MARKS..=most).rev().find(part) {
            Some(there) => Located::At(self.first[there - 1].offset + 1),
            None => Located::NotThere,
        }
    }
}

fn equal((one, mark): (&Seen, &HotRecord)) -> bool {
    (one.timestamp_ms, one.content) == (mark.timestamp_ms, mark.content)
}
