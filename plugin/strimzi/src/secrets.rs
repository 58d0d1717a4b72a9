//! The contents of Secrets, kept out of everything that prints.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::{InSecret, StrimziError};

/// Of one namespace, by name and key.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, BTreeMap<String, String>>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Secrets {
    /// Takes one in, as the API server gave it. What of it is no text is left
    /// out: a keystore is not read.
    ///
    /// # Errors
    /// It is no Secret.
    pub fn take(&mut self, object: &Value) -> Result<(), StrimziError> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let malformed = |why: &str| StrimziError::Malformed {
            kind: "Secret",
            name: name.to_owned(),
            why: why.to_owned(),
        };
        if name.is_empty() {
            return Err(malformed("it has no name"));
        }
        let mut texts = BTreeMap::new();
        for (key, value) in object["data"].as_object().into_iter().flatten() {
            let value = value.as_str().and_then(|text| STANDARD.decode(text).ok());
            let value = value.ok_or_else(|| malformed(&format!("{key} is not Base64")))?;
            if let Ok(text) = String::from_utf8(value) {
                texts.insert(key.clone(), text);
            }
        }
        self.0.insert(name.to_owned(), texts);
        Ok(())
    }

    /// What is at one key.
    pub(crate) fn one(&self, at: &InSecret) -> Result<String, StrimziError> {
        let found = self.of(at)?.get(&at.key).cloned();
        found.ok_or_else(|| missing(at))
    }

    /// What is at all keys that fit, in their order.
    pub(crate) fn all(&self, at: &InSecret) -> Result<Vec<String>, StrimziError> {
        let keys = self.of(at)?.iter();
        let found: Vec<String> = keys
            .filter(|(key, _)| fits(&at.key, key))
            .map(|(_, value)| value.clone())
            .collect();
        match found.is_empty() {
            false => Ok(found),
            true => Err(missing(at)),
        }
    }

    fn of(&self, at: &InSecret) -> Result<&BTreeMap<String, String>, StrimziError> {
        self.0.get(&at.secret).ok_or_else(|| missing(at))
    }
}

fn missing(at: &InSecret) -> StrimziError {
    StrimziError::NoSecret {
        secret: at.secret.clone(),
        key: at.key.clone(),
    }
}

/// `*` stands for anything (`pattern` of a trusted certificate: a glob).
fn fits(pattern: &str, key: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == key,
        Some((before, after)) => {
            let Some(rest) = key.strip_prefix(before) else {
                return false;
            };
            // Every place where the star can end.
            let places = rest.char_indices().map(|(at, _)| at);
            let places = places.chain([rest.len()]);
            places.into_iter().any(|at| fits(after, &rest[at..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pattern_is_a_glob() {
        for (pattern, key, is_so) in [
            ("ca.crt", "ca.crt", true),
            ("ca.crt", "ca.crt2", false),
            ("*.crt", "ca.crt", true),
            ("*.crt", "ca.key", false),
            ("*", "", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1c", false),
        ] {
            assert_eq!(fits(pattern, key), is_so, "{pattern} {key}");
        }
    }

    #[test]
    fn what_is_in_a_secret_is_never_printed() {
        let mut secrets = Secrets::default();
        let object = json!({"metadata": {"name": "user"}, "data": {"password": "aHVudGVyMg=="}});
        secrets.take(&object).unwrap();
        let at = InSecret {
            secret: "user".to_owned(),
            key: "password".to_owned(),
        };
        assert_eq!(secrets.one(&at).unwrap(), "hunter2");
        assert!(!format!("{secrets:?}").contains("hunter2"));
    }
}
