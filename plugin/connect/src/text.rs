//! Foreign text, made fit for one line of ours. Does no I/O.

/// Longest piece of foreign text in a message: enough for what Connect says,
/// too short to hide what we say.
const MOST: usize = 300;

/// The first line that holds anything, without control characters, cut to
/// [`MOST`] characters. Characters that change the direction of what follows
/// count as control characters here.
pub(crate) fn line(text: &str) -> String {
    let line = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let mut clean: String = line
        .trim()
        .chars()
        .filter(|c| !c.is_control() && !is_bidi(*c))
        .take(MOST + 1)
        .collect();
    if clean.chars().count() > MOST {
        clean = clean.chars().take(MOST).collect();
        clean.push('…');
    }
    clean
}

fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn foreign_text_is_one_bounded_line_without_controls(text in any::<String>()) {
            let clean = line(&text);
            prop_assert!(clean.chars().count() <= MOST + 1);
            prop_assert!(!clean.chars().any(char::is_control));
        }
    }

    #[test]
    fn an_escape_sequence_loses_its_escape() {
        assert_eq!(line("\n\u{1b}[31mred\nsecond"), "[31mred");
    }
}
