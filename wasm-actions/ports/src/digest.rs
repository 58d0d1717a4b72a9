//! A digest cut to 128 bits, as rows of a cut carry it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// The first 128 bits of a SHA-256. Written as 32 lower-case hex digits.
///
/// 128 bits, since 10,000 rows of a cut each carry a few of them; nobody
/// profits from a collision that he would have to find among his own records.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(with = "String", extend("pattern" = "^[0-9a-f]{32}$"))]
pub struct Digest128(pub u128);

impl Digest128 {
    /// The digest of these parts. Each is preceded by its length, so that
    /// moving a byte from one part to the next gives another digest.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut sha = Sha256::new();
        for part in parts {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part);
        }
        let full = sha.finalize();
        let mut cut = [0; 16];
        cut.copy_from_slice(&full[..16]);
        Self(u128::from_be_bytes(cut))
    }

    /// The digest over what a record holds: presence and bytes of the key, the
    /// same of the value, then for each header its name, presence and value,
    /// in the order of the record. Offset, timestamp and epoch stand beside
    /// it.
    ///
    /// Presence counts: a null value deletes a key of a compacted topic, an
    /// empty one does not.
    pub fn of_content(
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&[u8], Option<&[u8]>)],
    ) -> Self {
        let mut parts = Vec::with_capacity(4 + 3 * headers.len());
        push(&mut parts, key);
        push(&mut parts, value);
        for (name, value) in headers {
            parts.push(*name);
            push(&mut parts, *value);
        }
        Self::of(parts)
    }
}

/// Whether what follows was there.
const ABSENT: &[u8] = &[0];
const PRESENT: &[u8] = &[1];

fn push<'m>(parts: &mut Vec<&'m [u8]>, bytes: Option<&'m [u8]>) {
    parts.push(if bytes.is_some() { PRESENT } else { ABSENT });
    parts.push(bytes.unwrap_or_default());
}

impl fmt::Display for Digest128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Digest128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What was read is not 32 lower-case hex digits.
#[derive(Debug, thiserror::Error)]
#[error("a digest has 32 lower-case hex digits, not {0:?}")]
pub struct NotADigest(String);

impl FromStr for Digest128 {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() != 32 || !text.bytes().all(hex) {
            return Err(NotADigest(text.chars().take(40).collect()));
        }
        u128::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| NotADigest(text.to_owned()))
    }
}

impl Serialize for Digest128 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest128 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_moves_to_the_next_part_changes_the_digest() {
        let one = Digest128::of([b"ab".as_slice(), b"c"]);
        let other = Digest128::of([b"a".as_slice(), b"bc"]);
        assert_ne!(one, other);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let digest = Digest128::of([b"x".as_slice()]);
        assert_eq!(digest.to_string().parse::<Digest128>().unwrap(), digest);
        assert!("ABC".parse::<Digest128>().is_err());
    }
}
