//! Templates, as far as their brackets tell: Go's `text/template` refuses an action
//! that is not closed, and blocks without their end.

use serde_json::Value;

use crate::{Fault, texts};

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// Words that begin a block.
const BLOCKS: [&str; 5] = ["if", "range", "with", "define", "block"];

pub(crate) fn faults(blueprint: &Value) -> Vec<Fault> {
    let mut found = Vec::new();
    texts("actions".to_owned(), &blueprint["actions"], &mut found);
    found
        .into_iter()
        .filter_map(|(place, text)| Some(Fault::new(place, wrong(&text)?)))
        .collect()
}

/// What Go would not parse.
fn wrong(text: &str) -> Option<String> {
    let mut blocks: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(OPEN) {
        let after = &rest[at + OPEN.len()..];
        let Some(end) = end(after) else {
            return Some(format!("the template has {OPEN} without {CLOSE}"));
        };
        let inside = after[..end].trim_matches(['-', ' ', '\n', '\t']);
        let word = inside.split_whitespace().next().unwrap_or_default();
        match word {
            "" => return Some("the template has an empty action".to_owned()),
            "end" | "else" if blocks.is_empty() => {
                return Some(format!("the template has an {word} without a beginning"));
            }
            "end" => drop(blocks.pop()),
            word if BLOCKS.contains(&word) => blocks.push(word),
            _ => {}
        }
        rest = &after[end + CLOSE.len()..];
    }
    let open = blocks.pop()?;
    Some(format!("the template has `{open}` without its end"))
}

/// Where an action ends: not within its texts, in which brackets mean nothing.
fn end(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '`' => quote = Some(c),
            None if text[at..].starts_with(CLOSE) => return Some(at),
            None => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_a_text_are_not_brackets() {
        assert_eq!(
            wrong(r#"{{ "}}" | quote }} {{- if .x -}} a {{ else }} b {{ end }}"#),
            None
        );
        assert_eq!(wrong("{{ `\"` }}{{/* a word */}}"), None);
        assert_eq!(wrong(r#"{{ "\"}}" }}"#), None);
    }

    #[test]
    fn what_go_does_not_parse_is_named() {
        let said = |text| wrong(text).unwrap_or_default();
        assert!(said("{{ .x }").contains("without }}"));
        assert!(said("{{ if .x }}a").contains("`if` without its end"));
        assert!(said("a{{ end }}").contains("end without a beginning"));
        assert!(said("{{ else }}").contains("else without a beginning"));
        assert!(said("{{ }}").contains("empty"));
    }
}
