//! How a run document lies in its file: with its revision and a digest, as
//! text in JSON, so that its bytes come back exactly. Does no I/O.

use std::fmt::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use slackwater_ports::RunRecord;

use crate::StoreError;

/// Of the form of the file, not of the document in it.
const VERSION: &str = "v1beta1";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawEnvelope {
    version: String,
    revision: u64,
    sha256: String,
    document: String,
}

/// The digest that is kept beside a document: SHA-256 in lower-case hex digits.
pub fn sha256(document: &str) -> String {
    Sha256::digest(document.as_bytes())
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string can't fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// The file's bytes.
pub(crate) fn encode(record: &RunRecord) -> Vec<u8> {
    let envelope = RawEnvelope {
        version: VERSION.to_owned(),
        revision: record.revision,
        sha256: sha256(&record.document),
        document: record.document.clone(),
    };
    let mut bytes = serde_json::to_vec(&envelope).expect("text and numbers always serialise");
    bytes.push(b'\n');
    bytes
}

/// What was read, checked. `path` is for the message.
pub(crate) fn decode(path: &Path, bytes: &[u8]) -> Result<RunRecord, StoreError> {
    let envelope: RawEnvelope =
        serde_json::from_slice(bytes).map_err(|error| StoreError::torn(path, error.to_string()))?;
    if envelope.version != VERSION {
        let why = format!("version is not {VERSION}");
        return Err(StoreError::torn(path, why));
    }
    if envelope.revision == 0 {
        return Err(StoreError::torn(path, "revision 0 was never written"));
    }
    if envelope.sha256 != sha256(&envelope.document) {
        return Err(StoreError::torn(path, "the document has another sha256"));
    }
    Ok(RunRecord {
        revision: envelope.revision,
        document: envelope.document,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Vec<u8> {
        encode(&RunRecord {
            revision: 7,
            document: r#"{"phase":"open","name":"ä"}"#.to_owned(),
        })
    }

    proptest! {
        #[test]
        fn a_document_comes_back_byte_for_byte(revision in 1u64.., document in ".*") {
            let record = RunRecord { revision, document };
            let read = decode(Path::new("x"), &encode(&record)).unwrap();
            prop_assert_eq!(read, record);
        }

        #[test]
        fn bytes_of_any_kind_are_an_error_and_no_panic(bytes in any::<Vec<u8>>()) {
            prop_assert!(decode(Path::new("x"), &bytes).is_err());
        }

        #[test]
        fn an_envelope_that_was_changed_anywhere_never_gives_another_document(
            at in 0usize..400, new in any::<u8>(),
        ) {
            let mut bytes = sample();
            let at = at % bytes.len();
            bytes[at] = new;
            if let Ok(read) = decode(Path::new("x"), &bytes) {
                let original = decode(Path::new("x"), &sample()).unwrap();
                prop_assert_eq!(read.document, original.document);
            }
        }

        #[test]
        fn an_envelope_that_is_cut_short_is_an_error(keep in 0usize..400) {
            let bytes = sample();
            let keep = keep % (bytes.len() - 1);
            prop_assert!(decode(Path::new("x"), &bytes[..keep]).is_err());
        }
    }
}
