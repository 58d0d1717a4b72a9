//! An order key, as an example: messages carry their numbers in their values, as
//! in `Msg[2001]`. Built by `cargo xtask wasm`, and named with
//! `slackwater logdir plan --order order --order-key order-key.component.wasm`.
//!
//! A key sees one message and nothing else. What it can't read has no place in the
//! order: it says so, and does not panic.

#[cfg(target_arch = "wasm32")]
mod component;

/// What stands before the number.
const BEFORE: &str = "Msg[";

/// What stands after it.
const AFTER: char = ']';

/// The number in a value; `None` where there is none.
pub fn number(value: &[u8]) -> Option<u64> {
    let text = str::from_utf8(value).ok()?;
    let (_, rest) = text.split_once(BEFORE)?;
    let (digits, _) = rest.split_once(AFTER)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_stands_in_the_value() {
        assert_eq!(number(b"Msg[2001]"), Some(2001));
        assert_eq!(number(b"{\"text\": \"Msg[7]: good\"}"), Some(7));
    }

    #[test]
    fn what_cannot_be_read_has_no_place() {
        let large = "Msg[99999999999999999999]";
        for value in ["", "Msg", "Msg[]", "Msg[+1]", "Msg[1", "msg[1]", large] {
            assert_eq!(number(value.as_bytes()), None, "{value}");
        }
        assert_eq!(number(b"Msg[1]\xff"), None);
    }
}
