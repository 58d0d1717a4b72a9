//! Fields of keys and values, which begin with their version. A value of a
//! flexible version (KIP-482) has compact lengths and tagged fields.

use crate::wire::Cursor;

use super::error::{Malformed, StateError};

/// What a key says, or the type of one that says nothing of interest.
pub(super) enum Key<T> {
    Of(T),
    Other(i16),
}

/// Reads them one after the other.
pub(super) struct Reader<'b> {
    pub(super) cursor: Cursor<'b>,
    flexible: bool,
}

impl<'b> Reader<'b> {
    /// Of a key, which is never flexible. Gives its type too, which stands
    /// where a value has its version.
    pub(super) fn key(key: Option<&'b [u8]>) -> Result<(i16, Self), Malformed> {
        let mut cursor = Cursor::new(key.ok_or(Malformed::NoKey)?);
        let of = cursor.i16()?;
        let flexible = false;
        Ok((of, Self { cursor, flexible }))
    }

    /// Of a value whose version is this one.
    pub(super) fn value(cursor: Cursor<'b>, flexible: bool) -> Self {
        Self { cursor, flexible }
    }

    pub(super) fn text_or_null(&mut self) -> Result<Option<&'b str>, Malformed> {
        Ok(match self.flexible {
            true => self.cursor.compact_text()?,
            false => self.cursor.short_text()?,
        })
    }

    pub(super) fn text(&mut self, what: &'static str) -> Result<&'b str, Malformed> {
        self.text_or_null()?.ok_or(Malformed::Null(what))
    }

    pub(super) fn partition(&mut self) -> Result<u32, Malformed> {
        let value = self.cursor.i32()?;
        u32::try_from(value).map_err(|_| Malformed::Value {
            what: "partition",
            value: value.into(),
        })
    }

    /// How many elements follow; none where it is null. No more than there are
    /// bytes left.
    pub(super) fn count(&mut self) -> Result<usize, Malformed> {
        Ok(match self.flexible {
            true => self.cursor.compact_count()?,
            false => self.cursor.count()?,
        })
    }

    /// The tagged fields at the end of a structure, if its version has any.
    pub(super) fn tagged(
        &mut self,
        mut field: impl FnMut(u64, &mut Cursor<'b>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        if !self.flexible {
            return Ok(());
        }
        for _ in 0..self.cursor.uvarint()? {
            let tag = self.cursor.uvarint()?;
            let length = usize::try_from(self.cursor.uvarint()?).unwrap_or(usize::MAX);
            field(tag, &mut Cursor::new(self.cursor.take(length)?))?;
        }
        Ok(())
    }

    /// That nothing is left.
    pub(super) fn end(&self) -> Result<(), Malformed> {
        match self.cursor.rest().len() {
            0 => Ok(()),
            left => Err(Malformed::After(left)),
        }
    }
}

/// The version of a value, and what follows it.
pub(super) fn version<'b>(
    of: &'static str,
    offset: u64,
    newest: i16,
    value: &'b [u8],
) -> Result<(i16, Cursor<'b>), StateError> {
    let mut cursor = Cursor::new(value);
    let version = cursor.i16().map_err(|why| StateError::Malformed {
        of,
        offset,
        why: why.into(),
    })?;
    if !(0..=newest).contains(&version) {
        return Err(StateError::Version {
            of,
            offset,
            version,
            newest,
        });
    }
    Ok((version, cursor))
}
