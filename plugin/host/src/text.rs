//! Text that comes from a component, before a person or a file sees it.

/// Bytes of a line of the log or of the progress: what is longer is cut. A
/// cause with a few names in it fits.
pub const MAX_LINE_BYTES: usize = 2048;

/// Lines of the log, and apart from them of the progress, that a run may
/// write: ten a second for a quarter of an hour. What follows is dropped, so a
/// phase that loops can't fill a disk.
pub const MAX_LINES: usize = 10_000;

/// One line of at most [`MAX_LINE_BYTES`], without control characters: those
/// could move a terminal's cursor or forge a second line.
pub(crate) fn line(text: &str) -> String {
    const CUT: &str = "…";
    let mut out = String::new();
    for c in text.chars() {
        if out.len() + c.len_utf8() > MAX_LINE_BYTES - CUT.len() {
            out.push_str(CUT);
            break;
        }
        out.push(if c.is_control() || is_separator(c) {
            ' '
        } else {
            c
        });
    }
    out
}

/// Unicode's own line breaks, and what turns the direction of writing.
fn is_separator(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How many lines there were.
#[derive(Debug, Default)]
pub(crate) struct Quota(usize);

/// What becomes of a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admitted {
    Yes,
    /// The first one that is dropped: say so, once.
    FirstDropped,
    Dropped,
}

impl Quota {
    /// Counts one line.
    pub(crate) fn admit(&mut self) -> Admitted {
        self.0 = self.0.saturating_add(1);
        if self.0 <= MAX_LINES {
            Admitted::Yes
        } else if self.0 == MAX_LINES + 1 {
            Admitted::FirstDropped
        } else {
            Admitted::Dropped
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_whatever_is_in_it() {
        assert_eq!(line("a\nb\r\x1b[2Jc\u{2028}d"), "a b  [2Jc d");
    }

    #[test]
    fn a_long_line_is_cut_at_a_character_and_says_so() {
        let cut = line(&"ä".repeat(MAX_LINE_BYTES));
        assert!(cut.len() <= MAX_LINE_BYTES);
        assert!(cut.ends_with("ä…"));
        let short = "ä".repeat(MAX_LINE_BYTES / 2 - 2);
        assert_eq!(line(&short), short);
    }

    #[test]
    fn lines_past_the_limit_are_dropped_and_said_to_be_once() {
        let mut quota = Quota::default();
        assert!((0..MAX_LINES).all(|_| quota.admit() == Admitted::Yes));
        assert_eq!(quota.admit(), Admitted::FirstDropped);
        assert_eq!(quota.admit(), Admitted::Dropped);
    }
}
