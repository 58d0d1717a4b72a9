//! HTTP from here: bounded requests. May touch the network; knows nothing of
//! connectors.

use std::io::Read as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, RequestBuilder};

use crate::transport::{Call, MAX_BODY, Reply, Transport, Unanswered, Verb};
use crate::{ConnectError, ConnectOptions};

/// How much of an error's body is read: one line of it is shown.
const MAX_ERROR_BODY: u64 = 64 << 10;

/// How to reach one Connect cluster, checked.
pub(crate) struct Http {
    agent: Agent,
    url: String,
    headers: Vec<(String, String)>,
}

impl Http {
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
            agent: config.build().new_agent(),
            url,
            headers,
        })
    }

    /// With the headers, and the time that it may take.
    fn prepared<B>(&self, request: RequestBuilder<B>, call: Call<'_>) -> RequestBuilder<B> {
        self.headers
            .iter()
            .fold(request, |request, (name, value)| {
                request.header(name, value)
            })
            .config()
            .timeout_global(Some(call.most))
            .build()
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Transport for Http {
    fn call(&self, call: Call<'_>) -> Result<Reply, Unanswered> {
        let url = format!("{}{}", self.url, call.path);
        let answer = match call.verb {
            Verb::Get => self.prepared(self.agent.get(url), call).call(),
            Verb::Put => self.prepared(self.agent.put(url), call).send_empty(),
        };
        let mut answer = answer.map_err(unanswered)?;
        let status = answer.status();
        let body = if status.is_success() {
            // One byte more than the limit tells that it was passed.
            read(answer.body_mut(), MAX_BODY + 1).map_err(|error| unanswered(error.into()))?
        } else {
            read(answer.body_mut(), MAX_ERROR_BODY).unwrap_or_default()
        };
        Ok(Reply {
            status: status.as_u16(),
            body,
        })
    }
}

fn unanswered(error: ureq::Error) -> Unanswered {
    // Reading a body gives its errors wrapped in io's.
    let error = match error {
        ureq::Error::Io(io) => ureq::Error::from(io),
        other => other,
    };
    match error {
        ureq::Error::Timeout(_) => Unanswered::Timeout,
        ureq::Error::Protocol(why) => Unanswered::NoHttp(why.to_string()),
        other => Unanswered::Unreachable(other.to_string()),
    }
}

fn read(body: &mut Body, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    body.as_reader().take(most).read_to_end(&mut bytes)?;
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
