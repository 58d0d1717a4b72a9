//! How one Connect cluster is reached, as the configuration says it.

use std::fmt;
use std::time::Duration;

use ureq::http::Uri;

use crate::ConnectError;

/// A user and his password.
#[derive(Clone, PartialEq, Eq)]
pub struct BasicAuth {
    /// The user.
    pub user: String,
    /// His password; never shown.
    pub password: String,
}

impl fmt::Debug for BasicAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BasicAuth({}, …)", self.user)
    }
}

/// One Connect cluster.
#[derive(Clone)]
pub struct ConnectOptions {
    /// Its name in the configuration.
    pub name: String,
    /// `http://host:8083`, perhaps with a path. No user in it: see `auth`.
    pub url: String,
    /// For one look's request. Stops, starts and offsets have their own.
    pub timeout: Duration,
    /// HTTP basic authentication.
    pub auth: Option<BasicAuth>,
    /// Further headers; their values are never shown.
    pub headers: Vec<(String, String)>,
    /// PEM certificates to trust instead of the public ones.
    pub ca_pem: Option<String>,
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("name", &self.name)
            .field("url", &self.url)
            .field("timeout", &self.timeout)
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}

impl ConnectOptions {
    /// Plain access to `url`.
    pub fn new(name: impl Into<String>, url: impl Into<String>, timeout: Duration) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            timeout,
            auth: None,
            headers: Vec::new(),
            ca_pem: None,
        }
    }

    /// The URL without a slash at its end.
    ///
    /// # Errors
    /// What can't be asked.
    pub fn checked_url(&self) -> Result<String, ConnectError> {
        let wrong = |why| ConnectError::Url {
            // What stands before an @ may be a password.
            url: self.url.rsplit('@').next().unwrap_or_default().to_owned(),
            why,
        };
        if self.url.contains('@') {
            return Err(wrong("must not hold a user: put it under auth"));
        }
        let uri: Uri = self.url.parse().map_err(|_| wrong("is not a URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(wrong("must start with http:// or https://"));
        }
        if uri.host().is_none_or(str::is_empty) {
            return Err(wrong("has no host"));
        }
        if uri.query().is_some() || self.url.contains('#') {
            return Err(wrong("must end with the path: take off ? and #"));
        }
        Ok(self.url.trim_end_matches('/').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str) -> Result<String, ConnectError> {
        ConnectOptions::new("a", url, Duration::from_secs(1)).checked_url()
    }

    #[test]
    fn a_url_that_cannot_be_asked_is_refused() {
        for bad in ["", "host:8083", "ftp://h", "http://", "http://h?x=1", "h"] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert_eq!(check("http://h:8083/c/").unwrap(), "http://h:8083/c");
    }

    #[test]
    fn a_password_is_in_no_message() {
        let error = check("http://u:hush@h:8083").unwrap_err();
        assert!(!error.to_string().contains("hush"));
        let mut options = ConnectOptions::new("a", "http://h", Duration::from_secs(1));
        options.auth = Some(BasicAuth {
            user: "u".into(),
            password: "hush".into(),
        });
        options.headers = vec![("Authorization".into(), "hush".into())];
        assert!(!format!("{options:?}").contains("hush"));
    }
}
