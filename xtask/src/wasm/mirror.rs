//! Reads which Debian mirror this machine already trusts, from apt's own
//! files, in both forms that apt knows (sources.list(5)). Only reads.

use std::fs;
use std::path::Path;

use crate::error::Error;

const LIST: &str = "/etc/apt/sources.list";
const PARTS: &str = "/etc/apt/sources.list.d";

/// A mirror of Debian's archive, and the key that signs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mirror {
    uri: String,
    signed_by: Option<String>,
}

impl Mirror {
    /// The first one that has Debian's `main` and is not the security archive,
    /// which has no suites but its own.
    pub(crate) fn of_this_machine() -> Result<Self, Error> {
        let mut files = vec![Path::new(LIST).to_path_buf()];
        if let Ok(parts) = fs::read_dir(PARTS) {
            files.extend(parts.flatten().map(|part| part.path()));
        }
        files.sort();
        files
            .iter()
            .filter_map(|path| {
                let text = fs::read_to_string(path).ok()?;
                match path.extension()?.to_str()? {
                    "sources" => from_stanzas(&text),
                    "list" => from_lines(&text),
                    _ => None,
                }
            })
            .next()
            .ok_or(Error::NoMirror)
    }

    /// The same mirror as a source of another suite, for a file in apt's form.
    pub(crate) fn stanza(&self, suite: &str) -> String {
        let mut text = format!(
            "Types: deb\nURIs: {}\nSuites: {suite}\nComponents: main\n",
            self.uri
        );
        if let Some(key) = &self.signed_by {
            text.push_str(&format!("Signed-By: {key}\n"));
        }
        text
    }
}

/// Blocks of `Name: value`, one a source.
fn from_stanzas(text: &str) -> Option<Mirror> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    lines
        .split(|line| line.trim().is_empty())
        .find_map(|stanza| {
            let field = |name: &str| {
                stanza
                    .iter()
                    .filter_map(|line| line.split_once(':'))
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.trim())
            };
            if field("Enabled").is_some_and(|value| value.eq_ignore_ascii_case("no")) {
                return None;
            }
            usable(
                field("Types")?,
                field("URIs")?.split_whitespace().next()?,
                field("Suites")?,
                field("Components")?,
                field("Signed-By"),
            )
        })
}

/// One line a source: `deb [options] uri suite component…`.
fn from_lines(text: &str) -> Option<Mirror> {
    text.lines().find_map(|line| {
        let (kind, rest) = line.trim().split_once(char::is_whitespace)?;
        let rest = rest.trim();
        let (options, rest) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => ("", rest),
        };
        let key = options
            .split_whitespace()
            .find_map(|option| option.strip_prefix("signed-by="));
        let mut words = rest.split_whitespace();
        let (uri, suite) = (words.next()?, words.next()?);
        usable(kind, uri, suite, &words.collect::<Vec<_>>().join(" "), key)
    })
}

fn usable(
    types: &str,
    uri: &str,
    suites: &str,
    components: &str,
    key: Option<&str>,
) -> Option<Mirror> {
    let has = |words: &str, word: &str| words.split_whitespace().any(|each| each == word);
    let is_archive =
        uri.trim_end_matches('/').ends_with("/debian") && !suites.contains("-security");
    (has(types, "deb") && has(components, "main") && is_archive).then(|| Mirror {
        uri: uri.to_owned(),
        // A key can also be written out in place; apt's own keys do then.
        signed_by: key.filter(|key| key.starts_with('/')).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANZAS: &str = "Types: deb\n# once: from elsewhere\nURIs: http://mirror.test/debian-security\n\
        Suites: bookworm-security\nComponents: main\n\n\
        Types: deb deb-src\nURIs: http://mirror.test/debian\nSuites: bookworm bookworm-updates\n\
        Components: main contrib\nSigned-By: /usr/share/keyrings/k.gpg\n";

    #[test]
    fn the_archive_is_found_beside_the_security_archive() {
        let mirror = from_stanzas(STANZAS).unwrap();
        assert_eq!(
            mirror.stanza("other"),
            "Types: deb\nURIs: http://mirror.test/debian\nSuites: other\nComponents: main\n\
             Signed-By: /usr/share/keyrings/k.gpg\n"
        );
    }

    #[test]
    fn the_form_with_one_line_a_source_is_read_too() {
        let mirror = from_lines(
            "# comment\ndeb-src http://m.test/debian bookworm main\n\
             deb https://other.test/node nodistro main\n\
             deb [arch=amd64 signed-by=/k.gpg] http://m.test/debian/ bookworm main contrib\n",
        );
        assert_eq!(
            mirror,
            Some(Mirror {
                uri: "http://m.test/debian/".into(),
                signed_by: Some("/k.gpg".into()),
            })
        );
    }

    #[test]
    fn a_machine_without_debians_archive_has_no_mirror() {
        assert_eq!(
            from_lines("deb https://other.test/node nodistro main\n"),
            None
        );
        assert_eq!(
            from_stanzas("Types: deb\nURIs: http://m.test/debian\n"),
            None
        );
        assert_eq!(
            from_stanzas(&STANZAS.replace("Types: deb deb-src", "Enabled: no\nTypes: deb")),
            None
        );
    }
}
