//! Which keys of a connector's configuration are credentials. Does no I/O.

/// A key that holds one of these is left out. The list errs on the safe side:
/// no phase needs any of what it takes away.
const KEYS: [&str; 8] = [
    "password",
    "passphrase",
    "secret",
    "sasl.jaas.config",
    "ssl.key",
    "token",
    "credential",
    "basic.auth",
];

/// A value that holds one of these is left out, whatever its key: a JAAS
/// line, a PEM block, a password among other settings.
const VALUES: [&str; 3] = ["loginmodule", "-----begin", "password="];

/// Whether this setting may not leave the adapter.
pub(crate) fn is_credential(key: &str, value: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let value = value.to_ascii_lowercase();
    KEYS.iter().any(|part| key.contains(part))
        || VALUES.iter().any(|part| value.contains(part))
        || has_user_info(&value)
}

/// `scheme://user:password@host`
fn has_user_info(value: &str) -> bool {
    value.split("://").skip(1).any(|rest| {
        rest.split(['/', ',', ' ', '?'])
            .next()
            .is_some_and(|authority| authority.contains('@'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_known_by_their_key_or_by_their_value() {
        for (key, value) in [
            ("source.cluster.sasl.jaas.config", "x"),
            ("target.cluster.ssl.keystore.password", "x"),
            ("ssl.key.password", "x"),
            ("Some.Secret", "x"),
            ("a", "org.apache.ScramLoginModule required user=\"u\""),
            ("a", "-----BEGIN PRIVATE KEY-----"),
            ("a", "http://u:p@host/x"),
        ] {
            assert!(is_credential(key, value), "{key}={value}");
        }
        for (key, value) in [
            ("topics", "blogs,items"),
            ("key.converter", "org.apache.kafka.ByteArrayConverter"),
            ("target.cluster.bootstrap.servers", "a:9092,b:9092"),
            ("schema.registry.url", "http://host:8081/a@b"),
        ] {
            assert!(!is_credential(key, value), "{key}={value}");
        }
    }
}
