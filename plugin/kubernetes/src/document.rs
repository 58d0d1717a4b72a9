//! How a run document lies in ConfigMaps: one that says what there is, and
//! numbered parts where the text does not fit into it. Does no I/O.

use std::collections::BTreeMap;

use slackwater_store::sha256;

/// Most bytes of one part. A ConfigMap may have 1 MiB of data, and etcd takes
/// 1.5 MiB in one request by default; labels and the rest have to fit, too.
pub const PART_BYTES: usize = 900 << 10;

/// Most parts: 63.3 MiB, nearly what a document in a file may have.
pub const MOST_PARTS: usize = 72;

const WRITE: &str = "write";
const REVISION: &str = "revision";
const SHA256: &str = "sha256";
const PARTS: &str = "parts";

/// In a part, and in the head of a document that fits.
pub(crate) const DOCUMENT: &str = "document";

/// What the first ConfigMap says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) revision: u64,
    /// Another one for each write. By it a writer who had no answer knows his
    /// own, and the parts of two writers who have the same text are two.
    pub(crate) write: String,
    pub(crate) sha256: String,
    /// How many parts there are beside it; 0 where the document is in it.
    pub(crate) parts: usize,
    /// The document, where it fits.
    pub(crate) document: Option<String>,
}

/// A document on its way into ConfigMaps.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Laid<'a> {
    pub(crate) head: Head,
    pub(crate) parts: Vec<&'a str>,
}

/// Of a document; `None` where it is too large.
pub(crate) fn lay(revision: u64, write: u64, document: &str) -> Option<Laid<'_>> {
    let parts = match document.len() {
        length if length <= PART_BYTES => Vec::new(),
        _ => split(document),
    };
    if parts.len() > MOST_PARTS {
        return None;
    }
    let head = Head {
        revision,
        write: format!("{write:016x}"),
        sha256: sha256(document),
        parts: parts.len(),
        document: parts.is_empty().then(|| document.to_owned()),
    };
    Some(Laid { head, parts })
}

/// Pieces of [`PART_BYTES`] at the most, cut between characters.
pub(crate) fn split(document: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = document;
    while !rest.is_empty() {
        let at = rest.floor_char_boundary(PART_BYTES);
        let (part, left) = rest.split_at(at);
        parts.push(part);
        rest = left;
    }
    parts
}

impl Head {
    /// Its `data`.
    pub(crate) fn data(&self) -> BTreeMap<String, String> {
        let mut data = BTreeMap::from([
            (REVISION.to_owned(), self.revision.to_string()),
            (WRITE.to_owned(), self.write.clone()),
            (SHA256.to_owned(), self.sha256.clone()),
            (PARTS.to_owned(), self.parts.to_string()),
        ]);
        if let Some(document) = &self.document {
            data.insert(DOCUMENT.to_owned(), document.clone());
        }
        data
    }

    /// Read from `data`.
    pub(crate) fn read(data: &BTreeMap<String, String>) -> Result<Self, String> {
        let text = |key: &str| data.get(key).ok_or_else(|| format!("{key} is missing"));
        let number = |key: &str| {
            let text = text(key)?;
            text.parse::<u64>()
                .map_err(|_| format!("{key} is {text:?}, and no number"))
        };
        let head = Self {
            revision: number(REVISION)?,
            write: text(WRITE)?.clone(),
            sha256: text(SHA256)?.clone(),
            parts: usize::try_from(number(PARTS)?).unwrap_or(usize::MAX),
            document: data.get(DOCUMENT).cloned(),
        };
        if head.revision == 0 {
            return Err("revision 0 was never written".to_owned());
        }
        let digits = head.write.bytes().all(|b| b.is_ascii_hexdigit());
        if head.write.len() != 16 || !digits {
            return Err(format!("{WRITE} is {:?}, and not 16 digits", head.write));
        }
        if head.parts > MOST_PARTS {
            return Err(format!(
                "{} parts are over the limit of {MOST_PARTS}",
                head.parts
            ));
        }
        if (head.parts == 0) != head.document.is_some() {
            return Err("the document must be in it or in parts".to_owned());
        }
        Ok(head)
    }

    /// What tells its parts from those of another write.
    pub(crate) fn tag(&self) -> String {
        format!("{}-{}", self.revision, self.write)
    }

    /// The whole text, if it is what was written.
    pub(crate) fn whole(self, parts: &[String]) -> Result<String, String> {
        let document = self.document.unwrap_or_else(|| parts.concat());
        if sha256(&document) != self.sha256 {
            return Err("the document has another sha256".to_owned());
        }
        Ok(document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn back(document: &str) -> Result<String, String> {
        let laid = lay(7, 0xfeed, document).unwrap();
        let head = Head::read(&laid.head.data()).unwrap();
        assert_eq!(head, laid.head);
        let parts: Vec<String> = laid.parts.iter().map(ToString::to_string).collect();
        head.whole(&parts)
    }

    proptest! {
        #[test]
        fn a_document_comes_back_byte_for_byte(word in ".{1,9}", times in 0usize..300_000) {
            let document = word.repeat(times);
            prop_assert_eq!(back(&document), Ok(document));
        }
    }

    #[test]
    fn a_part_is_never_larger_than_it_may_be_and_cut_between_characters() {
        let document = format!("x{}", "ä".repeat(PART_BYTES));
        let laid = lay(1, 0, &document).unwrap();
        assert_eq!(laid.parts.len(), 3);
        assert!(laid.parts.iter().all(|part| part.len() <= PART_BYTES));
    }

    #[test]
    fn a_document_over_the_limit_is_not_laid() {
        assert!(lay(1, 0, &"x".repeat(PART_BYTES * MOST_PARTS)).is_some());
        assert_eq!(lay(1, 0, &"x".repeat(PART_BYTES * MOST_PARTS + 1)), None);
    }

    #[test]
    fn what_was_changed_is_not_read() {
        let laid = lay(1, 0, "text").unwrap();
        let changed = |key: &str, value: &str| {
            let mut data = laid.head.data();
            data.insert(key.to_owned(), value.to_owned());
            Head::read(&data).and_then(|head| head.whole(&[]))
        };
        assert_eq!(changed(DOCUMENT, "text"), Ok("text".to_owned()));
        for (key, value) in [
            (DOCUMENT, "other"),
            (SHA256, "00"),
            ("write", "../0"),
            (REVISION, "0"),
            (REVISION, "-1"),
            (PARTS, "1"),
            (PARTS, "1000"),
        ] {
            assert!(changed(key, value).is_err(), "{key} {value}");
        }
        let mut without = laid.head.data();
        without.remove(SHA256);
        assert!(Head::read(&without).is_err());
    }
}
