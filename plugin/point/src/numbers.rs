//! Which numbers were seen, and how often: a set that takes a bit for each where
//! they lie close together, and next to nothing where none of many is missing.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// What the numbers of all logs may take. Consecutive ones take nothing once all
/// 65,536 of a chunk are there, and a bit each before: this holds the numbers of two
/// thousand million records that are read in any order. Numbers that lie far apart
/// take up to 70 bytes each; a component that gives such would end up here.
pub const MAX_NUMBERS_BYTES: usize = 256 << 20;

/// Numbers of one chunk: what two bytes can tell apart.
const CHUNK: u64 = 1 << 16;

/// From so many on, a chunk is smaller as one bit for each number.
const MANY: usize = 4096;

/// Words of such a chunk.
const WORDS: usize = (CHUNK / 64) as usize;

/// What a chunk takes beside its numbers: its place in the tree, and its allocation.
const CHUNK_BYTES: usize = 64;

/// More than [`MAX_NUMBERS_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the numbers lie so far apart that they take more than {MAX_NUMBERS_BYTES} bytes: an order's \
     numbers follow one another; or say with --first that less has to be read"
)]
pub struct TooManyNumbers;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Chunk {
    /// Sorted.
    Few(Vec<u16>),
    Many {
        words: Box<[u64; WORDS]>,
        ones: u32,
    },
    All,
}

/// A set of numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Numbers {
    chunks: BTreeMap<u64, Chunk>,
    bytes: usize,
}

impl Numbers {
    /// Whether it is a new one.
    fn insert(&mut self, number: u64) -> bool {
        let (high, low) = (number / CHUNK, (number % CHUNK) as u16);
        let chunk = self
            .chunks
            .entry(high)
            .or_insert_with(|| Chunk::Few(Vec::new()));
        let before = chunk.bytes();
        let new = chunk.insert(low);
        let after = chunk.bytes();
        self.bytes = self.bytes + after - before.min(self.bytes);
        new
    }

    fn contains(&self, number: u64) -> bool {
        let low = (number % CHUNK) as u16;
        self.chunks
            .get(&(number / CHUNK))
            .is_some_and(|chunk| chunk.contains(low))
    }

    /// Gives each run of numbers that follow one another, as first and last, from
    /// the one that holds `from` or comes after it.
    fn runs(&self, from: u64, mut visit: impl FnMut(u64, u64) -> ControlFlow<()>) {
        let mut open: Option<(u64, u64)> = None;
        for (high, chunk) in self.chunks.range(from / CHUNK..) {
            let base = high * CHUNK;
            let ended = chunk.runs(|first, last| {
                let (first, last) = (base + u64::from(first), base + u64::from(last));
                if last < from {
                    return ControlFlow::Continue(());
                }
                let first = first.max(from);
                match open {
                    Some((begun, end)) if end + 1 == first => open = Some((begun, last)),
                    Some((begun, end)) => {
                        open = Some((first, last));
                        return visit(begun, end);
                    }
                    None => open = Some((first, last)),
                }
                ControlFlow::Continue(())
            });
            if ended.is_break() {
                return;
            }
        }
        if let Some((first, last)) = open {
            let _ = visit(first, last);
        }
    }
}

impl Chunk {
    fn bytes(&self) -> usize {
        match self {
            Self::Few(few) if few.is_empty() => 0,
            Self::Few(few) => CHUNK_BYTES + 2 * few.capacity(),
            Self::Many { .. } => CHUNK_BYTES + 8 * WORDS,
            Self::All => CHUNK_BYTES,
        }
    }

    fn insert(&mut self, low: u16) -> bool {
        let new = match self {
            Self::Few(few) => match few.binary_search(&low) {
                Ok(_) => false,
                Err(at) => {
                    few.insert(at, low);
                    true
                }
            },
            Self::Many { words, ones } => {
                let word = &mut words[usize::from(low) / 64];
                let new = *word & (1 << (low % 64)) == 0;
                *word |= 1 << (low % 64);
                *ones += u32::from(new);
                new
            }
            Self::All => false,
        };
        match self {
            Self::Few(few) if few.len() >= MANY => {
                let mut words = Box::new([0; WORDS]);
                for low in &*few {
                    words[usize::from(*low) / 64] |= 1 << (low % 64);
                }
                let ones = few.len() as u32;
                *self = Self::Many { words, ones };
            }
            Self::Many { ones, .. } if u64::from(*ones) == CHUNK => *self = Self::All,
            _ => {}
        }
        new
    }

    fn contains(&self, low: u16) -> bool {
        match self {
            Self::Few(few) => few.binary_search(&low).is_ok(),
            Self::Many { words, .. } => words[usize::from(low) / 64] & (1 << (low % 64)) != 0,
            Self::All => true,
        }
    }

    fn runs(&self, mut visit: impl FnMut(u16, u16) -> ControlFlow<()>) -> ControlFlow<()> {
        match self {
            Self::All => visit(0, u16::MAX),
            Self::Few(few) => {
                let mut rest = few.as_slice();
                while let Some(first) = rest.first() {
                    let follows = rest.windows(2).take_while(|pair| pair[0] + 1 == pair[1]);
                    let last = follows.count();
                    visit(*first, rest[last])?;
                    rest = &rest[last + 1..];
                }
                ControlFlow::Continue(())
            }
            Self::Many { words, .. } => {
                let mut begun = None;
                for low in 0..=u16::MAX {
                    let there = words[usize::from(low) / 64] & (1 << (low % 64)) != 0;
                    match (there, begun) {
                        (true, None) => begun = Some(low),
                        (false, Some(first)) => {
                            begun = None;
                            visit(first, low - 1)?;
                        }
                        _ => {}
                    }
                }
                begun.map_or(ControlFlow::Continue(()), |first| visit(first, u16::MAX))
            }
        }
    }
}

/// The numbers of all records that were read, of all logs together, each record
/// counted once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenNumbers {
    once: Numbers,
    /// MirrorMaker sends some records once more.
    twice: Numbers,
    /// How many times more than twice.
    more: BTreeMap<u64, u64>,
}

impl SeenNumbers {
    /// Counts a record that has this number; one below 0 is none.
    ///
    /// # Errors
    /// They take too much.
    pub fn add(&mut self, number: i64) -> Result<(), TooManyNumbers> {
        self.add_within(number, MAX_NUMBERS_BYTES)
    }

    fn add_within(&mut self, number: i64, most: usize) -> Result<(), TooManyNumbers> {
        let Ok(number) = u64::try_from(number) else {
            return Ok(());
        };
        if !self.once.insert(number) && !self.twice.insert(number) {
            *self.more.entry(number).or_default() += 1;
        }
        let bytes = self.once.bytes + self.twice.bytes + self.more.len() * CHUNK_BYTES;
        match bytes > most {
            true => Err(TooManyNumbers),
            false => Ok(()),
        }
    }

    /// How many records have it.
    pub(crate) fn count(&self, number: i64) -> u64 {
        let Ok(number) = u64::try_from(number) else {
            return 0;
        };
        let more = self.more.get(&number).copied().unwrap_or(0);
        u64::from(self.once.contains(number)) + u64::from(self.twice.contains(number)) + more
    }

    /// Gives each run of numbers that are there, from `from` on.
    pub(crate) fn runs(&self, from: i64, mut visit: impl FnMut(i64, i64) -> ControlFlow<()>) {
        let place = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let from = u64::try_from(from).unwrap_or(0);
        self.once
            .runs(from, |first, last| visit(place(first), place(last)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(numbers: &SeenNumbers, from: i64) -> Vec<(i64, i64)> {
        let mut all = Vec::new();
        numbers.runs(from, |first, last| {
            all.push((first, last));
            ControlFlow::Continue(())
        });
        all
    }

    #[test]
    fn a_set_is_what_a_plain_one_is_however_dense_it_is() {
        for (seed, (span, count)) in [
            (300, 200),
            (9_000, 7_000),
            (200_000, 190_000),
            (1 << 40, 5_000),
        ]
        .into_iter()
        .enumerate()
        {
            let mut rng = fastrand::Rng::with_seed(seed as u64);
            let (mut numbers, mut plain) = (SeenNumbers::default(), BTreeMap::new());
            for _ in 0..count {
                let number = rng.i64(65_000..65_000 + span);
                numbers.add(number).unwrap();
                *plain.entry(number).or_insert(0) += 1;
            }
            let mut wanted: Vec<(i64, i64)> = Vec::new();
            let from = 65_000 + span / 7;
            for number in plain.range(from..).map(|(number, _)| *number) {
                match wanted.last_mut() {
                    Some((_, last)) if *last + 1 == number => *last = number,
                    _ => wanted.push((number, number)),
                }
            }
            assert_eq!(runs(&numbers, from), wanted, "seed {seed}");
            for number in 65_000..65_000 + span.min(10_000) {
                let count = plain.get(&number).copied().unwrap_or(0);
                assert_eq!(numbers.count(number), count, "seed {seed}");
            }
        }
    }

    #[test]
    fn numbers_that_are_all_there_take_next_to_nothing() {
        let mut numbers = SeenNumbers::default();
        for number in 0..1_000_000 {
            numbers.add(number).unwrap();
        }
        assert!(numbers.once.bytes < 100 * 1024, "{}", numbers.once.bytes);
        assert_eq!(runs(&numbers, 7), [(7, 999_999)]);
    }

    #[test]
    fn numbers_that_lie_far_apart_end_at_the_limit() {
        let mut numbers = SeenNumbers::default();
        let mut add = |at| numbers.add_within(at * 1_000_000, 1 << 20).err();
        let ended = (0i64..).position(|at| add(at).is_some()).unwrap();
        assert!((10_000..20_000).contains(&ended), "{ended}");
        assert!(TooManyNumbers.to_string().contains("--first"));
    }
}
