//! From an API server's JSON to a checked resource.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::StrimziError;
use crate::meta::RawMeta;

/// A resource as it is read.
pub(crate) trait Raw: DeserializeOwned {
    /// `Kafka`
    const KIND: &'static str;
    /// What it becomes.
    type Checked;

    /// Who it is.
    fn metadata(&self) -> &RawMeta;
    /// What is wrong with it, in words that name the field.
    fn check(self) -> Result<Self::Checked, String>;
}

/// Reads one, and checks it.
pub(crate) fn read<R: Raw>(object: &Value) -> Result<R::Checked, StrimziError> {
    let malformed = |name: String, why: String| StrimziError::Malformed {
        kind: R::KIND,
        name,
        why,
    };
    let raw =
        R::deserialize(object).map_err(|error| malformed("?".to_owned(), error.to_string()))?;
    let name = raw.metadata().words();
    raw.check().map_err(|why| malformed(name, why))
}
