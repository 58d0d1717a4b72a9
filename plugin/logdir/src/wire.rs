//! A cursor over bytes that may be anything: each step checks what is left.
//! Kafka's encodings: fixed-width big-endian, zigzag and unsigned varints, and
//! the compact forms of KIP-482.

/// What was wanted is not there, or can't be what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Fewer bytes than it needs.
    #[error("ends in the middle of a field")]
    Short,
    /// A varint of more than ten bytes, or one that overflows its type.
    #[error("has a varint that overflows")]
    Varint,
    /// A length below what there can be.
    #[error("has a negative length")]
    Negative,
    /// Text that is not UTF-8.
    #[error("has a text that is not UTF-8")]
    Text,
    /// More than any message of Kafka's has.
    #[error("has more than {MAX_TAGGED} tagged fields")]
    Tagged,
}

/// Most tagged fields of one structure. Kafka's messages have a handful; each
/// takes two bytes at least and twelve times as much when it is held.
const MAX_TAGGED: u64 = 1024;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'b> {
    bytes: &'b [u8],
}

impl<'b> Cursor<'b> {
    /// At the first of `bytes`.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes }
    }

    /// What was not read yet.
    pub fn rest(&self) -> &'b [u8] {
        self.bytes
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Result<&'b [u8], WireError> {
        if length > self.bytes.len() {
            return Err(WireError::Short);
        }
        let (taken, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or(WireError::Short)?;
        self.bytes = rest;
        Ok(*taken)
    }

    /// One byte.
    pub fn i8(&mut self) -> Result<i8, WireError> {
        Ok(i8::from_be_bytes(self.array()?))
    }

    /// Two bytes.
    pub fn i16(&mut self) -> Result<i16, WireError> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    /// Four bytes.
    pub fn i32(&mut self) -> Result<i32, WireError> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    /// Eight bytes.
    pub fn i64(&mut self) -> Result<i64, WireError> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    /// Sixteen bytes: a topic's or a directory's id.
    pub fn uuid(&mut self) -> Result<[u8; 16], WireError> {
        self.array()
    }

    /// An unsigned varint of at most 64 bits.
    pub fn uvarint(&mut self) -> Result<u64, WireError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            let low = u64::from(byte & 0x7f);
            if low << shift >> shift != low {
                return Err(WireError::Varint);
            }
            value |= low << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::Varint)
    }

    /// A zigzag varint.
    pub fn varint(&mut self) -> Result<i64, WireError> {
        let raw = self.uvarint()?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// Bytes after a zigzag length; `None` where it is -1.
    pub fn varint_bytes(&mut self) -> Result<Option<&'b [u8]>, WireError> {
        match self.varint()? {
            -1 => Ok(None),
            length => self
                .take(usize::try_from(length).map_err(|_| WireError::Negative)?)
                .map(Some),
        }
    }

    /// Bytes after an unsigned length plus one; `None` where it is 0.
    pub fn compact_bytes(&mut self) -> Result<Option<&'b [u8]>, WireError> {
        match self.uvarint()? {
            0 => Ok(None),
            more => self
                .take(usize::try_from(more - 1).map_err(|_| WireError::Short)?)
                .map(Some),
        }
    }

    /// The same as text.
    pub fn compact_text(&mut self) -> Result<Option<&'b str>, WireError> {
        self.compact_bytes()?.map(text).transpose()
    }

    /// Text after a two-byte length; `None` where it is -1.
    pub fn short_text(&mut self) -> Result<Option<&'b str>, WireError> {
        match self.i16()? {
            -1 => Ok(None),
            length => {
                let length = usize::try_from(length).map_err(|_| WireError::Negative)?;
                self.take(length).and_then(text).map(Some)
            }
        }
    }

    /// How many elements follow in a compact array; 0 where it is null. No
    /// more than there are bytes left: each takes one at least.
    pub fn compact_count(&mut self) -> Result<usize, WireError> {
        let count = usize::try_from(self.uvarint()?).map_err(|_| WireError::Short)?;
        let count = count.saturating_sub(1);
        (count <= self.bytes.len())
            .then_some(count)
            .ok_or(WireError::Short)
    }

    /// How many elements follow in an array with a four-byte count; 0 where
    /// it is null.
    pub fn count(&mut self) -> Result<usize, WireError> {
        let count = self.i32()?;
        if count == -1 {
            return Ok(0);
        }
        let count = usize::try_from(count).map_err(|_| WireError::Negative)?;
        (count <= self.bytes.len())
            .then_some(count)
            .ok_or(WireError::Short)
    }

    /// Tagged fields (KIP-482), each as tag and bytes.
    pub fn tagged(&mut self) -> Result<Vec<(u64, &'b [u8])>, WireError> {
        let count = self.uvarint()?;
        if count > MAX_TAGGED {
            return Err(WireError::Tagged);
        }
        (0..count)
            .map(|_| {
                let tag = self.uvarint()?;
                let length = usize::try_from(self.uvarint()?).map_err(|_| WireError::Short)?;
                Ok((tag, self.take(length)?))
            })
            .collect()
    }
}

fn text(bytes: &[u8]) -> Result<&str, WireError> {
    std::str::from_utf8(bytes).map_err(|_| WireError::Text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn varints_are_read_as_kafka_writes_them() {
        for (bytes, value) in [
            (&[0x00][..], 0),
            (&[0x01], -1),
            (&[0x02], 1),
            (&[0x7f], -64),
            (&[0x80, 0x01], 64),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
                i64::MIN,
            ),
        ] {
            assert_eq!(Cursor::new(bytes).varint(), Ok(value));
        }
        let overflows = [0xff; 10];
        assert_eq!(Cursor::new(&overflows).uvarint(), Err(WireError::Varint));
    }

    #[test]
    fn a_count_beyond_what_is_left_makes_no_room() {
        assert_eq!(
            Cursor::new(&[0x7f, 0xff, 0xff, 0xff]).count(),
            Err(WireError::Short)
        );
        assert_eq!(
            Cursor::new(&[0xff, 0x7f]).compact_count(),
            Err(WireError::Short)
        );
    }

    #[test]
    fn tagged_fields_are_read_and_no_more_than_there_can_be() {
        let two = [2, 0, 1, b'x', 5, 0];
        let read = Cursor::new(&two).tagged();
        assert_eq!(read, Ok(vec![(0, b"x".as_slice()), (5, b"".as_slice())]));
        let mut many = vec![0x81, 0x08];
        many.resize(4096, 0);
        assert_eq!(Cursor::new(&many).tagged(), Err(WireError::Tagged));
        many[0] = 0x80;
        assert_eq!(Cursor::new(&many).tagged().map(|all| all.len()), Ok(1024));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let mut cursor = Cursor::new(&bytes);
            while !cursor.is_empty() {
                if cursor.tagged().is_err() || cursor.varint_bytes().is_err() {
                    break;
                }
            }
        }
    }
}
