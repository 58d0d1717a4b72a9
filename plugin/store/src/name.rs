//! Names that become file names: checked, so that none of them can leave its
//! folder or hide in it. Does no I/O.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest name in bytes: with the endings of this crate it stays far below
/// the 255 bytes that Linux allows a file name.
const MAX_NAME: usize = 64;

/// What was typed can't be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {typed:?} must be 1 to {MAX_NAME} of {allowed}")]
pub struct NameError {
    what: &'static str,
    typed: String,
    allowed: &'static str,
}

/// What an error message shows of a name that was refused.
fn excerpt(text: &str) -> String {
    text.chars().take(MAX_NAME).collect()
}

/// A run's name: 1 to 64 of `a-z`, `0-9` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

/// The mirror's name in the configuration: 1 to 64 of `A-Z`, `a-z`, `0-9`,
/// `-`, `_` and `.`, not starting with `.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MirrorName(String);

impl FromStr for RunId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if text.is_empty() || text.len() > MAX_NAME || !text.bytes().all(allowed) {
            return Err(NameError {
                what: "run id",
                typed: excerpt(text),
                allowed: "a-z, 0-9 and -",
            });
        }
        Ok(Self(text.to_owned()))
    }
}

impl RunId {
    /// When it was begun, ms since the epoch, of one that is named as this program does it:
    /// `MIRROR-MS-PROCESS`.
    pub fn begun_ms(&self) -> Option<u64> {
        self.0.rsplit('-').nth(1)?.parse().ok()
    }
}

impl FromStr for MirrorName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        let hidden = text.starts_with('.');
        if text.is_empty() || text.len() > MAX_NAME || hidden || !text.bytes().all(allowed) {
            return Err(NameError {
                what: "mirror name",
                typed: excerpt(text),
                allowed: "A-Z, a-z, 0-9, -, _ and ., not starting with .",
            });
        }
        Ok(Self(text.to_owned()))
    }
}

macro_rules! text_name {
    ($name:ident) => {
        impl $name {
            /// As it was typed.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

text_name!(RunId);
text_name!(MirrorName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_is_named_as_here_says_when_it_was_begun() {
        let begun = |id: &str| id.parse::<RunId>().ok().and_then(|run| run.begun_ms());
        assert_eq!(
            begun("kafka-mirror-1700000000000-7"),
            Some(1_700_000_000_000)
        );
        for other in ["one", "7", "by-hand", "kafka-mirror-1700000000000-7-was-2"] {
            assert_eq!(begun(other), None, "{other}");
        }
    }

    #[test]
    fn a_name_that_could_leave_its_folder_is_refused() {
        for bad in ["", "..", "../x", "a/b", "A", "a.json", &"a".repeat(65)] {
            assert!(bad.parse::<RunId>().is_err(), "{bad:?}");
        }
        for bad in ["", ".", ".hidden", "a/b", "a\0b", &"a".repeat(65)] {
            assert!(bad.parse::<MirrorName>().is_err(), "{bad:?}");
        }
        assert!("20261123-0042-a1".parse::<RunId>().is_ok());
        assert!("Kafka.mirror_1".parse::<MirrorName>().is_ok());
    }
}
