//! A record's fields, after its frame. All metadata records are flexible
//! (KIP-482): compact lengths, and tagged fields at the end of each structure.

use crate::wire::Cursor;

use super::error::Malformed;
use super::uuid::Uuid;

/// Reads them one after the other.
pub(super) struct Body<'b> {
    cursor: Cursor<'b>,
    /// Of the record.
    pub(super) version: u64,
}

impl<'b> Body<'b> {
    pub(super) fn new(cursor: Cursor<'b>, version: u64) -> Self {
        Self { cursor, version }
    }

    pub(super) fn i8(&mut self) -> Result<i8, Malformed> {
        Ok(self.cursor.i8()?)
    }

    pub(super) fn i16(&mut self) -> Result<i16, Malformed> {
        Ok(self.cursor.i16()?)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(self.cursor.i16()? as u16)
    }

    pub(super) fn i32(&mut self) -> Result<i32, Malformed> {
        Ok(self.cursor.i32()?)
    }

    pub(super) fn i64(&mut self) -> Result<i64, Malformed> {
        Ok(self.cursor.i64()?)
    }

    /// Kafka takes any byte but 0 for true.
    pub(super) fn bool(&mut self) -> Result<bool, Malformed> {
        Ok(self.cursor.i8()? != 0)
    }

    pub(super) fn uuid(&mut self) -> Result<Uuid, Malformed> {
        Ok(Uuid(self.cursor.uuid()?))
    }

    pub(super) fn partition(&mut self) -> Result<u32, Malformed> {
        let value = self.i32()?;
        u32::try_from(value).map_err(|_| Malformed::Value {
            what: "partition",
            value: value.into(),
        })
    }

    pub(super) fn text_or_null(&mut self) -> Result<Option<&'b str>, Malformed> {
        Ok(self.cursor.compact_text()?)
    }

    pub(super) fn text(&mut self, what: &'static str) -> Result<&'b str, Malformed> {
        self.text_or_null()?.ok_or(Malformed::Null(what))
    }

    /// How many structures follow. The caller makes no room for them.
    pub(super) fn count(&mut self, what: &'static str) -> Result<u64, Malformed> {
        let more = self.cursor.uvarint()?;
        more.checked_sub(1).ok_or(Malformed::Null(what))
    }

    pub(super) fn ids_or_null(&mut self) -> Result<Option<Box<[i32]>>, Malformed> {
        Ok(self
            .fixed()?
            .map(|all| all.iter().map(|one| i32::from_be_bytes(*one)).collect()))
    }

    pub(super) fn ids(&mut self, what: &'static str) -> Result<Box<[i32]>, Malformed> {
        self.ids_or_null()?.ok_or(Malformed::Null(what))
    }

    pub(super) fn uuids_or_null(&mut self) -> Result<Option<Box<[Uuid]>>, Malformed> {
        Ok(self
            .fixed()?
            .map(|all| all.iter().copied().map(Uuid).collect()))
    }

    pub(super) fn uuids(&mut self, what: &'static str) -> Result<Box<[Uuid]>, Malformed> {
        self.uuids_or_null()?.ok_or(Malformed::Null(what))
    }

    /// An array whose elements have `N` bytes each: all of them are there
    /// before room is made.
    fn fixed<const N: usize>(&mut self) -> Result<Option<&'b [[u8; N]]>, Malformed> {
        let Some(count) = self.cursor.uvarint()?.checked_sub(1) else {
            return Ok(None);
        };
        let bytes = count.saturating_mul(N as u64);
        let bytes = self
            .cursor
            .take(usize::try_from(bytes).unwrap_or(usize::MAX))?;
        Ok(Some(bytes.as_chunks().0))
    }

    /// The tagged fields of a structure. `field` reads the one with this tag
    /// and says whether it knows it; what it knows it must read to its end.
    pub(super) fn tagged(
        &mut self,
        mut field: impl FnMut(u64, &mut Body<'b>) -> Result<bool, Malformed>,
    ) -> Result<(), Malformed> {
        for _ in 0..self.cursor.uvarint()? {
            let tag = self.cursor.uvarint()?;
            let length = usize::try_from(self.cursor.uvarint()?).unwrap_or(usize::MAX);
            let bytes = self.cursor.take(length)?;
            let mut body = Body::new(Cursor::new(bytes), self.version);
            if field(tag, &mut body)? {
                body.end()?;
            }
        }
        Ok(())
    }

    /// Tagged fields of a structure that has none so far.
    pub(super) fn untagged(&mut self) -> Result<(), Malformed> {
        self.tagged(|_, _| Ok(false))
    }

    /// That nothing is left.
    pub(super) fn end(&self) -> Result<(), Malformed> {
        match self.cursor.rest().len() {
            0 => Ok(()),
            left => Err(Malformed::After(left)),
        }
    }

    /// That a tagged field is one of this record's version.
    pub(super) fn since(&self, version: u64, tag: u64) -> Result<(), Malformed> {
        match self.version >= version {
            true => Ok(()),
            false => Err(Malformed::Tag(tag)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::WireError;

    fn body(bytes: &[u8]) -> Body<'_> {
        Body::new(Cursor::new(bytes), 0)
    }

    #[test]
    fn an_array_longer_than_its_bytes_makes_no_room() {
        let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        let short = Malformed::Wire(WireError::Short);
        assert_eq!(body(&huge).ids_or_null(), Err(short.clone()));
        assert_eq!(body(&[3, 0, 0, 0, 1, 0, 0, 0]).ids_or_null(), Err(short));
    }

    #[test]
    fn null_and_nothing_are_two_things() {
        assert_eq!(body(&[0]).ids_or_null(), Ok(None));
        assert_eq!(body(&[1]).ids_or_null(), Ok(Some([].into())));
        assert_eq!(body(&[0]).ids("isr"), Err(Malformed::Null("isr")));
    }

    #[test]
    fn a_tagged_field_ends_where_its_length_says() {
        let fields = [1, 0, 2, 7, 8];
        let read = |field: &mut Body<'_>| field.i8().map(|_| true);
        let known = body(&fields).tagged(|_, field| read(field));
        assert_eq!(known, Err(Malformed::After(1)));
        let mut unknown = body(&fields);
        assert_eq!(unknown.untagged(), Ok(()));
        assert_eq!(unknown.end(), Ok(()));
    }
}
