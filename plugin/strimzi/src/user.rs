//! A KafkaUser resource: as whom we come to a cluster.

use serde::Deserialize;
use serde_json::Value;

use crate::access::{InSecret, Login};
use crate::client::mechanism;
use crate::meta::RawMeta;
use crate::read::{Raw, read};
use crate::{Meta, StrimziError};

#[derive(Debug, Deserialize)]
struct RawUser {
    #[serde(default)]
    metadata: RawMeta,
    #[serde(default)]
    spec: RawSpec,
    #[serde(default)]
    status: RawStatus,
}

#[derive(Debug, Default, Deserialize)]
struct RawSpec {
    authentication: Option<RawKind>,
}

#[derive(Debug, Deserialize)]
struct RawKind {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Default, Deserialize)]
struct RawStatus {
    username: Option<String>,
    secret: Option<String>,
}

impl Raw for RawUser {
    const KIND: &'static str = "KafkaUser";
    type Checked = KafkaUser;

    fn metadata(&self) -> &RawMeta {
        &self.metadata
    }

    fn check(self) -> Result<KafkaUser, String> {
        let meta = self.metadata.check()?;
        let secret = self.status.secret.unwrap_or_else(|| meta.name.clone());
        let at = |key: &str| InSecret {
            secret: secret.clone(),
            key: key.to_owned(),
        };
        let authentication = self.spec.authentication.map(|one| one.kind);
        // Keys as the user operator writes them (`KafkaUserModel`).
        let login = match authentication.as_deref() {
            None => Login::Nobody,
            Some("tls") => Login::Certificate {
                certificate: at("user.crt"),
                key: at("user.key"),
            },
            Some(kind) => match mechanism(kind) {
                Some(mechanism) => Login::Password {
                    mechanism,
                    user: self.status.username.unwrap_or_else(|| meta.name.clone()),
                    password: at("password"),
                },
                None => Login::Unknown(kind.to_owned()),
            },
        };
        Ok(KafkaUser {
            meta,
            authentication,
            login,
        })
    }
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaUser {
    /// Who it is.
    pub meta: Meta,
    /// Its type, which a listener has to have, too.
    pub authentication: Option<String>,
    /// How it comes.
    pub login: Login,
}

impl KafkaUser {
    /// Reads one as the API server gave it.
    ///
    /// # Errors
    /// Another shape.
    pub fn read(object: &Value) -> Result<Self, StrimziError> {
        read::<RawUser>(object)
    }
}
