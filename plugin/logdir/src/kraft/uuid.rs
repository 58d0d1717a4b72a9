//! Ids of 16 bytes, as Kafka writes and prints them.

use std::fmt;

/// URL-safe base64, of which Kafka leaves out the padding.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Characters of 16 bytes in it.
const LENGTH: usize = 22;

/// A topic's, a directory's or a broker process's id
/// (`org.apache.kafka.common.Uuid`). It is shown as Kafka shows it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// A directory of which nothing is known yet (`DirectoryId.MIGRATING`).
    pub const MIGRATING: Self = Self::reserved(0);
    /// The broker chooses the directory (`DirectoryId.UNASSIGNED`).
    pub const UNASSIGNED: Self = Self::reserved(1);
    /// The directory is offline (`DirectoryId.LOST`).
    pub const LOST: Self = Self::reserved(2);

    const fn reserved(last: u8) -> Self {
        Self([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last])
    }

    /// Reads what Kafka prints; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != LENGTH {
            return None;
        }
        let mut bits = 0u128;
        let mut dropped = 0;
        for (at, byte) in text.bytes().enumerate() {
            let value = ALPHABET.iter().position(|one| *one == byte)? as u128;
            if at + 1 < LENGTH {
                bits = bits << 6 | value;
            } else {
                // 22 characters hold 132 bits: four are too many.
                bits = bits << 2 | value >> 4;
                dropped = value & 0x0f;
            }
        }
        (dropped == 0).then_some(Self(bits.to_be_bytes()))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = u128::from_be_bytes(self.0);
        for at in 0..LENGTH as u32 {
            let six = match 122u32.checked_sub(6 * at) {
                Some(shift) => bits >> shift,
                None => bits << 4,
            };
            write!(f, "{}", char::from(ALPHABET[(six & 0x3f) as usize]))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_is_shown_as_kafka_shows_it() {
        let id = Uuid([
            0xe0, 0x58, 0xba, 0xfa, 0xe8, 0x12, 0xff, 0xdd, 0xfa, 0x9e, 0xb4, 0xd3, 0xcb, 0x8f,
            0xb0, 0xa4,
        ]);
        assert_eq!(id.to_string(), "4Fi6-ugS_936nrTTy4-wpA");
        assert_eq!(Uuid::UNASSIGNED.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
    }

    #[test]
    fn a_text_that_kafka_would_not_print_is_no_id() {
        for text in [
            "",
            "4Fi6-ugS_936nrTTy4-wp",
            "4Fi6-ugS_936nrTTy4-wpAA",
            "4Fi6+ugS_936nrTTy4-wpA",
            "4Fi6-ugS_936nrTTy4-wpB",
        ] {
            assert_eq!(Uuid::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(bytes: [u8; 16]) {
            prop_assert_eq!(Uuid::parse(&Uuid(bytes).to_string()), Some(Uuid(bytes)));
        }

        #[test]
        fn a_text_that_is_an_id_is_the_one_it_is_shown_as(text in "[A-Za-z0-9_-]{22}|\\PC*") {
            if let Some(id) = Uuid::parse(&text) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
