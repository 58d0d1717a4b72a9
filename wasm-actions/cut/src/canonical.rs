//! The canonical form: what a digest is taken over, and what is stored.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// JSON without white space, keys of every object in byte order, numbers as
/// integers. (`serde_json::Value` keeps its maps sorted.)
pub fn canonical_json<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    serde_json::to_value(value).and_then(|value| serde_json::to_string(&value))
}

/// SHA-256 in 64 lower-case hex digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_byte_order_whatever_order_they_were_written_in() {
        let one: serde_json::Value = serde_json::from_str(r#"{"b":1,"a":{"d":1,"c":2}}"#).unwrap();
        assert_eq!(
            canonical_json(&one).unwrap(),
            r#"{"a":{"c":2,"d":1},"b":1}"#
        );
    }

    #[test]
    fn the_digest_is_sha256() {
        assert_eq!(
            sha256_hex(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
