//! Whom the nodes of a cluster let in: the authorities in its `NAME-cluster-ca-cert`, of
//! which each node trusts every `*.crt`
//! (`KafkaBrokerConfigurationBuilder.configureListener`). Two clusters that share one let
//! each other's nodes in.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use x509_parser::pem::Pem;

use crate::StrimziError;

/// Authorities by their public keys: a certificate that was renewed for the same key
/// lets in whom the one before did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roots(BTreeMap<Vec<u8>, String>);

impl Roots {
    /// Of a `NAME-cluster-ca-cert` as the API server gave it.
    ///
    /// # Errors
    /// One of its certificates can't be read: whom it lets in is not known then. It has
    /// none.
    pub fn read(secret: &Value) -> Result<Self, StrimziError> {
        let name = secret["metadata"]["name"].as_str().unwrap_or_default();
        let malformed = |why: String| StrimziError::Malformed {
            kind: "Secret",
            name: name.to_owned(),
            why,
        };
        let mut roots = Self::default();
        let data = secret["data"].as_object().into_iter().flatten();
        for (key, value) in data.filter(|(key, _)| key.ends_with(".crt")) {
            let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok());
            let bytes = bytes.ok_or_else(|| malformed(format!("{key} is not Base64")))?;
            let mut count = 0;
            for pem in Pem::iter_from_buffer(&bytes) {
                let pem = pem.map_err(|why| malformed(format!("{key} is no PEM: {why}")))?;
                let read = pem.parse_x509();
                let read =
                    read.map_err(|why| malformed(format!("{key} is no certificate: {why}")))?;
                let subject = format!("{} ({key})", read.subject());
                roots.0.insert(read.public_key().raw.to_vec(), subject);
                count += 1;
            }
            if count == 0 {
                return Err(malformed(format!("{key} has no certificate")));
            }
        }
        match roots.0.is_empty() {
            true => Err(malformed("it has no *.crt".to_owned())),
            false => Ok(roots),
        }
    }

    /// With those of another one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// What both let in, by subject and key.
    pub fn shared_with(&self, other: &Self) -> Vec<String> {
        let ours = self.0.iter();
        let both = ours.filter(|(key, _)| other.0.contains_key(*key));
        both.map(|(_, subject)| subject.clone()).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use rcgen::{CertificateParams, DnType, IsCa, KeyPair};
    use serde_json::json;

    use super::*;

    /// An authority of this name, for that key.
    fn authority(name: &str, key: &KeyPair) -> String {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        params.self_signed(key).unwrap().pem()
    }

    fn secret(entries: &[(&str, &str)]) -> Value {
        let data = entries
            .iter()
            .map(|(key, text)| ((*key).to_owned(), json!(STANDARD.encode(text))));
        let data: serde_json::Map<String, Value> = data.collect();
        json!({"metadata": {"name": "mirror-cluster-ca-cert"}, "data": data})
    }

    #[test]
    fn a_root_is_shared_by_its_key_whatever_certificate_there_is_for_it_and_where_it_lies() {
        let [one, other] = [(); 2].map(|()| KeyPair::generate().unwrap());
        let of = |entries: &[(&str, &str)]| Roots::read(&secret(entries)).unwrap();
        let (old, renewed) = (authority("ca v0", &one), authority("ca v1", &one));
        let new = authority("ca v0", &other);
        let before = of(&[("ca.crt", &old)]);
        assert_eq!(before.shared_with(&before).len(), 1);
        assert_eq!(before.shared_with(&of(&[("ca.crt", &renewed)])).len(), 1);
        assert!(before.shared_with(&of(&[("ca.crt", &new)])).is_empty());
        // One that is trusted still after a new one came (`ca-<date>.crt`); or in one
        // text with it.
        let both = of(&[("ca.crt", &new), ("ca-2026-11-28T00-00-00Z.crt", &old)]);
        assert_eq!(before.shared_with(&both).len(), 1);
        let chain = of(&[("ca.crt", &format!("{new}{old}"))]);
        assert_eq!(before.shared_with(&chain).len(), 1);
        // What is no certificate of theirs is nobody's root.
        let beside = of(&[("ca.crt", &new), ("ca.p12", &old)]);
        assert!(before.shared_with(&beside).is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_no_cluster_without_roots() {
        for entries in [
            &[][..],
            &[("ca.p12", "x")],
            &[("ca.crt", "")],
            &[("ca.crt", "no certificate")],
            &[(
                "ca.crt",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            )],
        ] {
            assert!(Roots::read(&secret(entries)).is_err(), "{entries:?}");
        }
    }
}
