//! The value of a generated record: who made it, which one it is, and a
//! checksum. Pure.
//!
//! Big-endian: magic (4 bytes), crc32 of all that follows (4), flags (1),
//! partition (4), producer (8), sequence in the partition from 0 (8), sequence
//! over the whole producer from 0 (8), creation in ms since 1970 (8), the number
//! after that one as text, `Msg[1]` (where there is room: what a message of
//! somebody's may say of its order), padding that does not compress.

/// The first bytes of every value.
const MAGIC: [u8; 4] = *b"SLWR";
/// Written in a transaction that its producer means to abort.
const ABORTED: u8 = 1;
/// The size of a value without padding.
pub(crate) const LEAST_BYTES: usize = 45;

/// What a record says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Which generator made it.
    pub producer: u64,
    /// The partition it was made for.
    pub partition: i32,
    /// Its number among that producer's records of this partition, from 0;
    /// numbers of aborted records are used again.
    pub sequence: u64,
    /// Its number among all of that producer's records, from 0; so are those.
    pub global: u64,
    /// When it was made, ms since 1970.
    pub created_ms: u64,
    /// Made in a transaction that its producer meant to abort.
    pub aborted: bool,
}

/// Why a value is no whole record of a generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Someone else made it.
    #[error("no record of a load generator")]
    Foreign,
    /// A generator made it, and it was changed.
    #[error("checksum mismatch")]
    Corrupt,
}

impl Record {
    /// The value, padded to `size` bytes (at least 45).
    #[must_use]
    pub fn encode(&self, size: usize) -> Vec<u8> {
        let mut body = Vec::with_capacity(size.max(LEAST_BYTES));
        body.extend_from_slice(&MAGIC);
        body.extend_from_slice(&[0; 4]);
        body.push(if self.aborted { ABORTED } else { 0 });
        body.extend_from_slice(&self.partition.to_be_bytes());
        for number in [self.producer, self.sequence, self.global, self.created_ms] {
            body.extend_from_slice(&number.to_be_bytes());
        }
        let text = format!("Msg[{}]", self.global.wrapping_add(1));
        if body.len() + text.len() <= size {
            body.extend_from_slice(text.as_bytes());
        }
        pad(&mut body, size, self.global ^ self.producer.rotate_left(32));
        let crc = crc32fast::hash(&body[8..]);
        body[4..8].copy_from_slice(&crc.to_be_bytes());
        body
    }

    /// Reads a value back.
    ///
    /// # Errors
    /// Tells a foreign value from a damaged one.
    pub fn decode(value: &[u8]) -> Result<Self, RecordError> {
        if !value.starts_with(&MAGIC) {
            return Err(RecordError::Foreign);
        }
        let mut rest = Reader(value.get(4..).unwrap_or_default());
        let crc = rest.u32().ok_or(RecordError::Corrupt)?;
        if crc != crc32fast::hash(rest.0) {
            return Err(RecordError::Corrupt);
        }
        rest.record().ok_or(RecordError::Corrupt)
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    fn record(&mut self) -> Option<Record> {
        let [flags] = self.take()?;
        let partition = self.take().map(i32::from_be_bytes)?;
        Some(Record {
            aborted: flags & ABORTED != 0,
            partition,
            producer: self.u64()?,
            sequence: self.u64()?,
            global: self.u64()?,
            created_ms: self.u64()?,
        })
    }
}

/// Fills up to `size` with bytes of a xorshift generator: the same record has
/// the same padding, and no codec makes it smaller.
fn pad(body: &mut Vec<u8>, size: usize, seed: u64) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    while body.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let bytes = state.to_be_bytes();
        let room = (size - body.len()).min(bytes.len());
        body.extend_from_slice(&bytes[..room]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn records() -> impl Strategy<Value = Record> {
        (any::<[u64; 4]>(), any::<i32>(), any::<bool>()).prop_map(|(n, partition, aborted)| {
            Record {
                producer: n[0],
                partition,
                sequence: n[1],
                global: n[2],
                created_ms: n[3],
                aborted,
            }
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(record in records(), size in 0usize..600) {
            let value = record.encode(size);
            prop_assert_eq!(value.len(), size.max(LEAST_BYTES));
            prop_assert_eq!(Record::decode(&value), Ok(record));
        }

        #[test]
        fn its_number_can_be_read_as_text(record in records()) {
            let value = record.encode(200);
            let text = format!("Msg[{}]", record.global.wrapping_add(1));
            prop_assert!(value[LEAST_BYTES..].starts_with(text.as_bytes()));
        }

        #[test]
        fn any_changed_byte_is_noticed(record in records(), at in 0usize..200, bit in 0u8..8) {
            let mut value = record.encode(200);
            value[at] ^= 1 << bit;
            prop_assert!(Record::decode(&value).is_err());
        }

        #[test]
        fn foreign_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Record::decode(&bytes);
            let _ = Record::decode(&[MAGIC.as_slice(), &bytes].concat());
        }
    }

    #[test]
    fn a_value_that_was_cut_short_is_corrupt() {
        assert_eq!(Record::decode(b"SLWR"), Err(RecordError::Corrupt));
        assert_eq!(Record::decode(b"hello"), Err(RecordError::Foreign));
    }
}
