//! An order key, as an example: messages carry their numbers in their values, as
//! in `Msg[2001]`. Built by `cargo xtask wasm`, and named with
//! `slackwater logdir plan --order order --order-key order-key.component.wasm`.
//!
//! A key sees one message and nothing else. What it can't read has no place in the
//! order: it says so, and does not panic.

#[cfg(target_arch = "wasm32")]
mod component;

/// What stands before the number.
const BEFORE: &[u8] = b"Msg[";

/// What stands after it.
const AFTER: u8 = b']';

/// The first number in a value, whatever stands around it; `None` where there is none.
pub fn number(value: &[u8]) -> Option<u64> {
    let at = value
        .windows(BEFORE.len())
        .position(|part| part == BEFORE)?;
    let rest = &value[at + BEFORE.len()..];
    let digits = &rest[..rest.iter().position(|byte| *byte == AFTER)?];
    let plain = digits.iter().all(u8::is_ascii_digit);
    plain
        .then(|| str::from_utf8(digits).ok()?.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_stands_in_the_value() {
        assert_eq!(number(b"Msg[2001]"), Some(2001));
        assert_eq!(number(b"{\"text\": \"Msg[7]: good\"}"), Some(7));
        assert_eq!(number(b"\xff\xfeMsg[8]\xfe"), Some(8));
    }

    #[test]
    fn what_cannot_be_read_has_no_place() {
        let large = "Msg[99999999999999999999]";
        for value in ["", "Msg", "Msg[]", "Msg[+1]", "Msg[1", "msg[1]", large] {
            assert_eq!(number(value.as_bytes()), None, "{value}");
        }
        assert_eq!(number(b"Msg[\xff1]"), None);
    }
}
