//! A stretch of a log, numbered, in which a record is found by what it is.
//!
//! The index is made when it is first asked for: as long as two logs are
//! equal, nobody asks.

use std::collections::{HashMap, VecDeque};

use slackwater_ports::Digest128;

use crate::Item;

/// Records of one identity that are looked at, the last ones first: data that
/// repeats itself thousands of times is told apart no better by more.
const ALIKE: usize = 256;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Not looked at yet.
    Waiting,
    /// On both sides.
    Matched,
    /// The source's; the mirror went past it.
    Skipped,
    /// The mirror's, from before the source's log start.
    BeforeSource,
    /// The source's, from before the mirror's log start.
    BeforeMirror,
}

/// A record in a window: 48 bytes, since there are many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) identity: Digest128,
    /// 0 for none.
    key: Digest128,
    pub(crate) offset: u64,
    /// How far back the record before it lies that has the same place in the
    /// index; 0 for none.
    back: u32,
    pub(crate) state: State,
    pub(crate) tombstone: bool,
}

impl From<Item> for Entry {
    fn from(item: Item) -> Self {
        Self {
            identity: item.identity,
            key: item.key.unwrap_or(Digest128(0)),
            offset: item.offset,
            back: 0,
            state: State::Waiting,
            tombstone: item.tombstone,
        }
    }
}

impl Entry {
    pub(crate) fn key(&self) -> Option<Digest128> {
        (self.key.0 != 0).then_some(self.key)
    }
}

/// Numbered from 0 on; numbers stay when the front goes.
#[derive(Debug, Default)]
pub(crate) struct Window {
    entries: VecDeque<Entry>,
    front: u64,
    /// Half of an identity, and the last record that has it.
    index: Option<HashMap<u64, u64>>,
}

impl Window {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The number of the first record.
    pub(crate) fn front(&self) -> u64 {
        self.front
    }

    /// The number that the next record gets.
    pub(crate) fn end(&self) -> u64 {
        self.front + self.entries.len() as u64
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Entry> {
        let at = number.checked_sub(self.front)?;
        self.entries.get(usize::try_from(at).ok()?)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut Entry> {
        let at = number.checked_sub(self.front)?;
        self.entries.get_mut(usize::try_from(at).ok()?)
    }

    pub(crate) fn push(&mut self, mut entry: Entry) {
        let number = self.end();
        entry.back = 0;
        if let Some(index) = &mut self.index {
            entry.back = note(index, &entry, number);
        }
        self.entries.push_back(entry);
    }

    pub(crate) fn pop(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        let number = self.front;
        self.front += 1;
        if let Some(index) = &mut self.index
            && index.get(&half(entry.identity)) == Some(&number)
        {
            index.remove(&half(entry.identity));
        }
        Some(entry)
    }

    /// The numbers of records with this identity, the last ones first.
    pub(crate) fn find(&mut self, identity: Digest128) -> Vec<u64> {
        if self.index.is_none() {
            let mut index = HashMap::with_capacity(self.entries.len());
            for (number, entry) in (self.front..).zip(&mut self.entries) {
                entry.back = note(&mut index, entry, number);
            }
            self.index = Some(index);
        }
        let last = self
            .index
            .as_ref()
            .and_then(|index| index.get(&half(identity)));
        let mut next = last.copied();
        let mut found = Vec::new();
        while let Some(number) = next
            && found.len() < ALIKE
            && let Some(entry) = self.get(number)
        {
            if entry.identity == identity {
                found.push(number);
            }
            next = match entry.back {
                0 => None,
                back => number.checked_sub(u64::from(back)),
            };
        }
        found
    }
}

fn half(identity: Digest128) -> u64 {
    identity.0 as u64
}

/// Puts a record into the index, and says how far back the one before it lies.
fn note(index: &mut HashMap<u64, u64>, entry: &Entry, number: u64) -> u32 {
    let before = index.insert(half(entry.identity), number);
    before.map_or(0, |before| u32::try_from(number - before).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(identity: u128) -> Entry {
        Entry::from(Item {
            offset: 0,
            identity: Digest128(identity),
            timestamp_ms: 0,
            key: None,
            tombstone: false,
        })
    }

    #[test]
    fn an_entry_has_48_bytes() {
        assert_eq!(size_of::<Entry>(), 48);
    }

    #[test]
    fn a_record_is_found_before_and_after_the_front_has_gone_and_then_no_more() {
        let mut window = Window::default();
        for identity in [1, 2, 1, 3] {
            window.push(entry(identity));
        }
        assert_eq!(window.find(Digest128(1)), [2, 0]);
        window.push(entry(1));
        window.pop();
        assert_eq!(window.find(Digest128(1)), [4, 2]);
        for _ in 0..4 {
            window.pop();
        }
        assert_eq!(window.find(Digest128(1)), Vec::<u64>::new());
        assert_eq!((window.front(), window.end(), window.len()), (5, 5, 0));
    }

    #[test]
    fn two_identities_that_share_a_place_in_the_index_are_told_apart() {
        let mut window = Window::default();
        window.push(entry(5));
        window.push(entry(5 + (1 << 64)));
        assert_eq!(window.find(Digest128(5)), [0]);
        assert_eq!(window.find(Digest128(5 + (1 << 64))), [1]);
    }
}
