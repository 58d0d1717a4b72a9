//! What compaction explains.
//!
//! A cleaner removes a record for one of two reasons: a later one of the same
//! key is there, or it is a tombstone whose time is over, and then nothing
//! older of its key is left either. So a record that one side lacks is held
//! until a later one of its key comes by; if none does, it was the last of its
//! key, and only a tombstone may be lacking.

use std::collections::{HashMap, HashSet};

use slackwater_ports::Digest128;

use crate::result::Side;
use crate::window::Entry;

/// Keys that have a record on a side, by half of their digest: two keys that
/// share it would show a difference, not hide one.
#[derive(Debug, Default)]
struct Keys {
    known: HashSet<u64>,
    overflowed: bool,
}

impl Keys {
    fn add(&mut self, key: Digest128, most: usize) {
        if self.known.len() < most {
            self.known.insert(key.0 as u64);
        } else if !self.known.contains(&(key.0 as u64)) {
            self.overflowed = true;
        }
    }

    /// `None` where that is not known.
    fn has(&self, key: Digest128) -> Option<bool> {
        match self.known.contains(&(key.0 as u64)) {
            true => Some(true),
            false if self.overflowed => None,
            false => Some(false),
        }
    }
}

/// A record that the other side lacks, the last one of its key so far.
#[derive(Debug, Clone, Copy)]
struct Held {
    side: Side,
    tombstone: bool,
}

/// Records of one side that the other one lacks, by key.
type Lacking = HashMap<Digest128, Held>;

/// What is to be said of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing yet.
    Held,
    /// That the other side has compacted one away, this one or one before.
    Compacted,
    /// That it is not there, and should be.
    Lacking,
    /// That there are too many keys to tell.
    Unknown,
}

/// Both sides' keys.
#[derive(Debug)]
pub(crate) struct Compaction {
    source_compacts: bool,
    mirror_compacts: bool,
    most: usize,
    source_keys: Keys,
    mirror_keys: Keys,
    of_source: Lacking,
    of_mirror: Lacking,
}

impl Compaction {
    pub(crate) fn new(source_compacts: bool, mirror_compacts: bool, most: usize) -> Self {
        Self {
            source_compacts,
            mirror_compacts,
            most,
            source_keys: Keys::default(),
            mirror_keys: Keys::default(),
            of_source: Lacking::default(),
            of_mirror: Lacking::default(),
        }
    }

    /// A record on both sides: how many before it were compacted away on the
    /// mirror and on the source.
    pub(crate) fn matched(&mut self, entry: &Entry) -> (u64, u64) {
        let Some(key) = entry.key() else {
            return (0, 0);
        };
        self.source_keys.add(key, self.most);
        self.mirror_keys.add(key, self.most);
        let before = |lacking: &mut Lacking| u64::from(lacking.remove(&key).is_some());
        (before(&mut self.of_source), before(&mut self.of_mirror))
    }

    /// A repeat on the mirror: how many before it were compacted away on the
    /// source.
    pub(crate) fn repeated(&mut self, entry: &Entry) -> u64 {
        let Some(key) = entry.key() else { return 0 };
        self.mirror_keys.add(key, self.most);
        if let Some(held) = self.of_source.get(&key)
            && held.side.offset == entry.offset
        {
            self.of_source.remove(&key);
        }
        u64::from(self.of_mirror.remove(&key).is_some())
    }

    /// A source's record that is not looked for on the mirror: from before the
    /// mirror's start, or not yet copied. How many of the mirror's before it
    /// the source has compacted away.
    pub(crate) fn passed(&mut self, entry: &Entry, behind: bool) -> u64 {
        let Some(key) = entry.key() else { return 0 };
        if behind {
            return u64::from(self.of_mirror.remove(&key).is_some());
        }
        self.source_keys.add(key, self.most);
        0
    }

    /// A source's record that the mirror went past.
    pub(crate) fn skipped(&mut self, entry: &Entry) -> Found {
        let (Some(key), true) = (entry.key(), self.mirror_compacts) else {
            return Found::Lacking;
        };
        self.source_keys.add(key, self.most);
        hold(&mut self.of_source, key, entry, self.most)
    }

    /// A mirror's record that the source does not have.
    pub(crate) fn strange(&mut self, entry: &Entry) -> Found {
        let (Some(key), true) = (entry.key(), self.source_compacts) else {
            return Found::Lacking;
        };
        self.mirror_keys.add(key, self.most);
        hold(&mut self.of_mirror, key, entry, self.most)
    }

    /// All that is still held, by offset: the source's, then the mirror's. The
    /// last of each says whether the other side has any record of that key.
    pub(crate) fn end(self) -> [Vec<(Side, Found, Option<bool>)>; 2] {
        let judge = |lacking: Lacking, keys: &Keys| {
            let mut held: Vec<_> = lacking
                .into_iter()
                .map(|(key, held)| {
                    let known = keys.has(key);
                    let found = match (held.tombstone, known) {
                        (true, Some(false)) => Found::Compacted,
                        (true, None) => Found::Unknown,
                        _ => Found::Lacking,
                    };
                    (held.side, found, known)
                })
                .collect();
            held.sort_by_key(|(side, ..)| side.offset);
            held
        };
        [
            judge(self.of_source, &self.mirror_keys),
            judge(self.of_mirror, &self.source_keys),
        ]
    }
}

fn hold(lacking: &mut Lacking, key: Digest128, entry: &Entry, most: usize) -> Found {
    let held = Held {
        side: Side {
            offset: entry.offset,
            digest: entry.identity,
        },
        tombstone: entry.tombstone,
    };
    if lacking.len() >= most && !lacking.contains_key(&key) {
        return Found::Unknown;
    }
    match lacking.insert(key, held) {
        Some(_) => Found::Compacted,
        None => Found::Held,
    }
}
