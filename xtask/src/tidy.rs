//! Rules on the tree that no compiler checks. Reads files and names each place
//! that breaks one; changes nothing.

use std::fs;
use std::path::Path;

use crate::error::Error;
use crate::files;
use crate::project::Project;

/// A file has one subject; what needs more lines has two.
const MAX_LINES: usize = 500;

/// Rust files shorter than this may do without a word on what they are for.
const SELF_EVIDENT_LINES: usize = 15;

/// Files of these kinds are read; the rest is data.
const TEXT: [&str; 10] = [
    "md", "rs", "service", "sh", "toml", "txt", "wit", "xml", "yaml", "yml",
];

/// What must not appear, and why. Written in halves, so that this file does
/// not break its own rule.
const FORBIDDEN: [(&str, &str); 12] = [
    (concat!("/wor", "k/"), "a path of one machine"),
    (concat!("../sha", "red"), "a path outside of the project"),
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("crates", ".io"), "a registry's host"),
    (concat!("deb.deb", "ian.org"), "a registry's host"),
    (concat!("mirrors.", "kernel.org"), "a registry's host"),
    (concat!("repo1", ".maven"), "a registry's host"),
    (concat!("repo", ".maven"), "a registry's host"),
    (concat!("static.rust", "-lang.org"), "a registry's host"),
    (concat!("npm", "js.org"), "a registry's host"),
    (concat!("py", "pi.org"), "a registry's host"),
    (concat!("#[ign", "ore"), "an ignored test"),
];

/// Fails naming every place at once.
pub(crate) fn check(project: &Project) -> Result<(), Error> {
    let mut broken = Vec::new();
    for file in files::of_checkout(&project.root)? {
        if !is_text(&file) {
            continue;
        }
        let path = project.root.join(&file);
        let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        broken.extend(problems(&file, &text));
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(Error::NotTidy(broken))
    }
}

fn is_text(file: &Path) -> bool {
    file.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| TEXT.contains(&extension))
        || file.starts_with(".ci")
}

fn problems(file: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let name = file.display();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        found.push(format!(
            "{name}: {lines} lines, more than {MAX_LINES}: split it by subject"
        ));
    }
    let is_rust = file.extension().is_some_and(|extension| extension == "rs");
    if is_rust && lines >= SELF_EVIDENT_LINES && !text.starts_with("//!") {
        found.push(format!(
            "{name}: does not begin with `//!` and what it is for"
        ));
    }
    for (number, line) in (1..).zip(text.lines()) {
        for (word, what) in FORBIDDEN {
            if line.contains(word) {
                found.push(format!("{name}:{number}: {what}: {word}"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str) -> Vec<String> {
        problems(Path::new(name), text)
    }

    #[test]
    fn a_file_of_one_subject_is_tidy() {
        let text = format!(
            "//! What it is for.\n{}",
            "fn f() {}\n".repeat(MAX_LINES - 1)
        );
        assert_eq!(of("a.rs", &text), Vec::<String>::new());
        assert_eq!(of("a.rs", "mod x;\n"), Vec::<String>::new());
    }

    #[test]
    fn a_file_that_is_too_long_is_named() {
        assert_eq!(of("a.md", &"x\n".repeat(MAX_LINES + 1)).len(), 1);
    }

    #[test]
    fn a_rust_file_that_does_not_say_what_it_is_for_is_named() {
        let text = "fn f() {}\n".repeat(SELF_EVIDENT_LINES);
        assert_eq!(of("a.rs", &text).len(), 1);
        assert_eq!(of("a.toml", &text), Vec::<String>::new());
    }

    #[test]
    fn a_forbidden_word_is_named_with_its_line() {
        for (word, _) in FORBIDDEN {
            let found = of("a.md", &format!("one\nsee {word}\n"));
            assert!(
                found.len() == 1 && found[0].starts_with("a.md:2: "),
                "{found:?}"
            );
        }
    }

    #[test]
    fn scripts_without_an_extension_are_read_and_data_is_not() {
        assert!(is_text(Path::new(".ci/run")));
        assert!(is_text(Path::new("plugin/src/main.rs")));
        assert!(!is_text(Path::new("Cargo.lock")));
    }
}
