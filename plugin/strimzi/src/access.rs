//! How a client is let into a Kafka: its address, whom it trusts, and as whom it
//! comes; and librdkafka's properties for that.
//!
//! Read out of resources, which name Secrets; the Secrets' contents come later,
//! and end in [`Properties`] alone, which don't show them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::{Address, Secrets, StrimziError};

/// Where a Secret has something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InSecret {
    /// Its name, in the namespace of the resource that names it.
    pub secret: String,
    /// The key of its `data`; with `*` in it, all keys that fit.
    pub key: String,
}

impl InSecret {
    /// Certificates to trust, as `trustedCertificates` name them: at a key, at keys that
    /// fit a pattern, or, where neither is said, at all.
    pub fn trusted(secret: String, certificate: Option<String>, pattern: Option<String>) -> Self {
        let key = certificate.or(pattern).unwrap_or_else(|| "*".to_owned());
        Self { secret, key }
    }
}

/// Whose certificates are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Nobody is asked for one: a plain connection.
    Plain,
    /// Those that the machine trusts.
    System,
    /// These, PEM.
    Given(Vec<String>),
    /// Those in Secrets.
    Secrets(Vec<InSecret>),
}

/// As whom a client comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// As nobody.
    Nobody,
    /// With a certificate.
    Certificate {
        /// The certificate, PEM.
        certificate: InSecret,
        /// Its key, PEM.
        key: InSecret,
    },
    /// With a name and a password.
    Password {
        /// `SCRAM-SHA-512`, `SCRAM-SHA-256`, `PLAIN`
        mechanism: &'static str,
        /// The name.
        user: String,
        /// The password.
        password: InSecret,
    },
    /// By means that are not known here: their type.
    Unknown(String),
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Where it is asked for.
    pub bootstrap: Vec<Address>,
    /// Whom it trusts.
    pub trust: Trust,
    /// As whom it comes.
    pub login: Login,
}

/// librdkafka's properties (its CONFIGURATION.md). Printed without their values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Properties(pub BTreeMap<String, String>);

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Access {
    /// With other certificates to trust, if any are said. A plain connection asks for
    /// none.
    #[must_use]
    pub fn trusting(mut self, certificates: &[InSecret]) -> Self {
        if self.trust != Trust::Plain && !certificates.is_empty() {
            self.trust = Trust::Secrets(certificates.to_vec());
        }
        self
    }

    /// The Secrets that it names.
    pub fn secrets(&self) -> BTreeSet<&str> {
        let trusted: &[InSecret] = match &self.trust {
            Trust::Secrets(secrets) => secrets,
            Trust::Plain | Trust::System | Trust::Given(_) => &[],
        };
        let login: Vec<&InSecret> = match &self.login {
            Login::Nobody | Login::Unknown(_) => Vec::new(),
            Login::Certificate { certificate, key } => vec![certificate, key],
            Login::Password { password, .. } => vec![password],
        };
        let all = trusted.iter().chain(login);
        all.map(|one| one.secret.as_str()).collect()
    }

    /// What librdkafka is told.
    ///
    /// # Errors
    /// A Secret that is not there, or lacks a key.
    pub fn properties(&self, secrets: &Secrets) -> Result<Properties, StrimziError> {
        let mut told = BTreeMap::new();
        let mut tell = |key: &str, value: String| {
            told.insert(key.to_owned(), value);
        };
        let encrypted = self.trust != Trust::Plain;
        let named = matches!(self.login, Login::Password { .. });
        let protocol = match (encrypted, named) {
            (false, false) => "plaintext",
            (false, true) => "sasl_plaintext",
            (true, false) => "ssl",
            (true, true) => "sasl_ssl",
        };
        tell("security.protocol", protocol.to_owned());
        match &self.trust {
            Trust::Plain | Trust::System => {}
            Trust::Given(certificates) => tell("ssl.ca.pem", certificates.join("\n")),
            Trust::Secrets(named) => {
                let mut all = Vec::new();
                for one in named {
                    all.append(&mut secrets.all(one)?);
                }
                tell("ssl.ca.pem", all.join("\n"));
            }
        }
        match &self.login {
            Login::Nobody => {}
            Login::Unknown(kind) => {
                let bootstrap = self.bootstrap.iter().map(ToString::to_string);
                return Err(StrimziError::UnknownLogin {
                    what: bootstrap.collect::<Vec<_>>().join(","),
                    kind: kind.clone(),
                });
            }
            Login::Certificate { certificate, key } => {
                tell("ssl.certificate.pem", secrets.one(certificate)?);
                tell("ssl.key.pem", secrets.one(key)?);
            }
            Login::Password {
                mechanism,
                user,
                password,
            } => {
                tell("sasl.mechanism", (*mechanism).to_owned());
                tell("sasl.username", user.clone());
                tell("sasl.password", secrets.one(password)?);
            }
        }
        Ok(Properties(told))
    }
}
