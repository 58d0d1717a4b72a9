//! A Java properties file: ordered keys and values, later ones win. Pure,
//! save for writing it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::error::LabError;

/// Keys and values of one properties file or connector configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Properties(BTreeMap<String, String>);

impl Properties {
    /// Sets a key; the last value counts.
    pub(crate) fn set(&mut self, key: &str, value: impl ToString) -> &mut Self {
        self.0.insert(key.to_owned(), value.to_string());
        self
    }

    /// Sets every pair.
    pub(crate) fn extend(&mut self, pairs: &[(String, String)]) -> &mut Self {
        self.0.extend(pairs.iter().cloned());
        self
    }

    /// The pairs, for a JSON body.
    pub(crate) fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Writes the file, `key=value` a line.
    pub(crate) fn write(&self, path: &Path) -> Result<(), LabError> {
        fs::write(path, self.to_text()).map_err(LabError::io("write", path))
    }

    fn to_text(&self) -> String {
        self.0
            .iter()
            .map(|(key, value)| format!("{key}={}\n", value.replace('\\', "\\\\")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_key_counts() {
        let mut properties = Properties::default();
        properties
            .set("a.b", 1)
            .set("c", "x\\y")
            .extend(&[("a.b".into(), "2".into())]);
        assert_eq!(properties.to_text(), "a.b=2\nc=x\\\\y\n");
    }
}
