//! One Connect cluster over HTTP: bounded requests, errors of ports.
//!
//! May touch the network; knows nothing of connectors.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::DeserializeOwned;
use slackwater_ports::{PortError, PortErrorKind, Seen};
use ureq::http::Response;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use crate::wire::RawError;
use crate::{ConnectError, ConnectOptions, text};

/// Largest answer that is read. 10,000 partitions take 2 MiB in a list of
/// tasks and less in a list of offsets.
pub const MAX_BODY: u64 = 64 << 20;

/// How much of an error's body is read: one line of it is shown.
const MAX_ERROR_BODY: u64 = 64 << 10;

/// How to reach one Connect cluster, checked.
pub(crate) struct Client {
    pub(crate) name: String,
    agent: Agent,
    pub(crate) url: String,
    timeout: Duration,
    headers: Vec<(String, String)>,
}

impl Client {
    pub(crate) fn new(options: ConnectOptions) -> Result<Self, ConnectError> {
        let url = options.checked_url()?;
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // Connect forwards by itself. A redirect would be somebody else,
            // who is not to be given the credentials.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // Jetty closes an idle connection without a word; the next request
            // on it would fail, and a stop is not to be sent twice.
            .max_idle_connections(0)
            // A proxy of the environment is meant for the world outside.
            .proxy(None);
        if let Some(pem) = &options.ca_pem {
            let roots = certificates(pem).map_err(|why| ConnectError::Ca {
                url: url.clone(),
                why,
            })?;
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        let mut headers = options.headers;
        if let Some(auth) = options.auth {
            let pair = BASE64_STANDARD.encode(format!("{}:{}", auth.user, auth.password));
            headers.push(("Authorization".to_owned(), format!("Basic {pair}")));
        }
        Ok(Self {
            name: options.name,
            agent: config.build().new_agent(),
            url,
            timeout: options.timeout,
            headers,
        })
    }

    /// Asks within the configured time.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Seen<T> {
        self.get_within(path, self.timeout)
    }

    pub(crate) fn get_within<T: DeserializeOwned>(&self, path: &str, most: Duration) -> Seen<T> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let answer = request
            .config()
            .timeout_global(Some(most))
            .build()
            .call()
            .map_err(|error| self.silence("GET", path, most, error))?;
        let mut answer = self.accepted("GET", path, answer)?;
        let bytes = read(answer.body_mut(), MAX_BODY)
            .map_err(|error| self.silence("GET", path, most, error.into()))?;
        if bytes.len() as u64 > MAX_BODY {
            return Err(self.malformed(path, &format!("is over the limit of {MAX_BODY} bytes")));
        }
        serde_json::from_slice(&bytes)
            .map_err(|error| self.malformed(path, &format!("is not understood: {error}")))
    }

    /// Tells, without a body; what the answer says is not of interest.
    pub(crate) fn put_within(&self, path: &str, most: Duration) -> Seen<()> {
        let mut request = self.agent.put(format!("{}{path}", self.url));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let answer = request
            .config()
            .timeout_global(Some(most))
            .build()
            .send_empty()
            .map_err(|error| self.silence("PUT", path, most, error))?;
        self.accepted("PUT", path, answer).map(|_| ())
    }

    /// The answer, if its status is one of success.
    fn accepted(&self, verb: &str, path: &str, mut answer: Response<Body>) -> Seen<Response<Body>> {
        let status = answer.status().as_u16();
        if answer.status().is_success() {
            return Ok(answer);
        }
        let body = read(answer.body_mut(), MAX_ERROR_BODY).unwrap_or_default();
        let says = match serde_json::from_slice::<RawError>(&body) {
            Ok(error) => text::line(&error.message),
            Err(_) => text::line(&String::from_utf8_lossy(&body)),
        };
        let message = format!("{verb} {}{path} was answered {status}: {says}", self.url);
        Err(PortError::new(PortErrorKind::Refused, message).with_status(status.into()))
    }

    /// An answer that came and can't be used.
    pub(crate) fn malformed(&self, path: &str, why: &str) -> PortError {
        let why = text::line(why);
        let message = format!("the answer of {}{path} {why}", self.url);
        PortError::new(PortErrorKind::Malformed, message)
    }

    /// No answer, or the end of one before it was whole.
    fn silence(&self, verb: &str, path: &str, most: Duration, error: ureq::Error) -> PortError {
        let request = format!("{verb} {}{path}", self.url);
        // Reading a body gives its errors wrapped in io's.
        let error = match error {
            ureq::Error::Io(io) => ureq::Error::from(io),
            other => other,
        };
        match error {
            ureq::Error::Timeout(_) => PortError::new(
                PortErrorKind::Timeout,
                format!("{request} was not answered within {most:?}"),
            ),
            ureq::Error::Protocol(why) => PortError::new(
                PortErrorKind::Malformed,
                format!(
                    "{request} was answered in no HTTP: {}",
                    text::line(&why.to_string())
                ),
            ),
            other => PortError::new(
                PortErrorKind::Unreachable,
                format!(
                    "{request} failed: {}; MirrorMaker must run in a Connect cluster whose REST \
                     listens there: its dedicated mode is not supported, not even with \
                     dedicated.mode.enable.internal.rest",
                    text::line(&other.to_string())
                ),
            ),
        }
    }
}

/// One byte more than the limit tells that it was passed.
fn read(body: &mut Body, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    body.as_reader().take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn certificates(pem: &str) -> Result<RootCerts, String> {
    let mut found = Vec::new();
    for item in parse_pem(pem.as_bytes()) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| error.to_string())? {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        return Err("holds no certificate".to_owned());
    }
    Ok(RootCerts::Specific(Arc::new(found)))
}
