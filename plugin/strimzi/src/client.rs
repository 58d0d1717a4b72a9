//! `tls` and `authentication` of a client, as resources have them (Strimzi's
//! `ClientTls`, `CertSecretSource`, `KafkaClientAuthentication…`).

use serde::Deserialize;

use crate::access::{InSecret, Login, Trust};

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawTls {
    #[serde(default)]
    trusted_certificates: Vec<RawTrusted>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTrusted {
    secret_name: String,
    certificate: Option<String>,
    pattern: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawLogin {
    #[serde(rename = "type")]
    kind: String,
    certificate_and_key: Option<RawCertificate>,
    username: Option<String>,
    password_secret: Option<RawPassword>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCertificate {
    secret_name: String,
    certificate: String,
    key: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPassword {
    secret_name: String,
    password: String,
}

/// SASL's name for it.
pub(crate) fn mechanism(kind: &str) -> Option<&'static str> {
    match kind {
        "scram-sha-512" => Some("SCRAM-SHA-512"),
        "scram-sha-256" => Some("SCRAM-SHA-256"),
        "plain" => Some("PLAIN"),
        _ => None,
    }
}

/// Without `tls` the connection is plain; with an empty one the machine's own
/// authorities are trusted.
pub(crate) fn trust(raw: Option<RawTls>) -> Trust {
    match raw.map(|tls| tls.trusted_certificates) {
        None => Trust::Plain,
        Some(trusted) if trusted.is_empty() => Trust::System,
        Some(trusted) => {
            let each = trusted
                .into_iter()
                .map(|one| InSecret::trusted(one.secret_name, one.certificate, one.pattern));
            Trust::Secrets(each.collect())
        }
    }
}

/// What is not known here is not refused before somebody needs it.
pub(crate) fn login(raw: Option<RawLogin>, key: &str) -> Result<Login, String> {
    let Some(raw) = raw else {
        return Ok(Login::Nobody);
    };
    let missing = |what: &str| format!("{key}.authentication.{what} is missing");
    if raw.kind == "tls" {
        let pair = raw.certificate_and_key;
        let pair = pair.ok_or_else(|| missing("certificateAndKey"))?;
        let at = |key: String| InSecret {
            secret: pair.secret_name.clone(),
            key,
        };
        return Ok(Login::Certificate {
            certificate: at(pair.certificate),
            key: at(pair.key),
        });
    }
    let Some(mechanism) = mechanism(&raw.kind) else {
        return Ok(Login::Unknown(raw.kind));
    };
    let secret = raw.password_secret;
    let secret = secret.ok_or_else(|| missing("passwordSecret"))?;
    Ok(Login::Password {
        mechanism,
        user: raw.username.ok_or_else(|| missing("username"))?,
        password: InSecret {
            secret: secret.secret_name,
            key: secret.password,
        },
    })
}
