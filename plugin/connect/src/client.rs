//! One Connect cluster: answers of a transport as what a port gives.

use std::time::Duration;

use serde::de::DeserializeOwned;
use slackwater_ports::{PortError, PortErrorKind, Seen};

use crate::http::Http;
use crate::transport::{Call, MAX_BODY, Reply, Transport, Unanswered, Verb};
use crate::wire::RawError;
use crate::{ConnectError, ConnectOptions, text};

/// See the module.
pub(crate) struct Client {
    /// In the configuration.
    pub(crate) name: String,
    /// For messages: where the REST is.
    pub(crate) endpoint: String,
    timeout: Duration,
    transport: Box<dyn Transport>,
}

impl Client {
    /// Asked over HTTP, from here.
    pub(crate) fn new(options: ConnectOptions) -> Result<Self, ConnectError> {
        let (name, timeout) = (options.name.clone(), options.timeout);
        let http = Http::new(options)?;
        Ok(Self::over(
            name,
            http.url().to_owned(),
            timeout,
            Box::new(http),
        ))
    }

    /// Asked over something else.
    pub(crate) fn over(
        name: String,
        endpoint: String,
        timeout: Duration,
        transport: Box<dyn Transport>,
    ) -> Self {
        Self {
            name,
            endpoint,
            timeout,
            transport,
        }
    }

    /// Asks within the configured time.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Seen<T> {
        self.get_within(path, self.timeout)
    }

    pub(crate) fn get_within<T: DeserializeOwned>(&self, path: &str, most: Duration) -> Seen<T> {
        let body = self.accepted(Verb::Get, path, most)?;
        if body.len() as u64 > MAX_BODY {
            return Err(self.malformed(path, &format!("is over the limit of {MAX_BODY} bytes")));
        }
        serde_json::from_slice(&body)
            .map_err(|error| self.malformed(path, &format!("is not understood: {error}")))
    }

    /// Tells, without a body; what the answer says is not of interest.
    pub(crate) fn put_within(&self, path: &str, most: Duration) -> Seen<()> {
        self.accepted(Verb::Put, path, most).map(drop)
    }

    /// The answer's body, if its status is one of success.
    fn accepted(&self, verb: Verb, path: &str, most: Duration) -> Seen<Vec<u8>> {
        let Reply { status, body } = self
            .transport
            .call(Call { verb, path, most })
            .map_err(|none| self.silence(verb, path, most, none))?;
        if (200..300).contains(&status) {
            return Ok(body);
        }
        let says = match serde_json::from_slice::<RawError>(&body) {
            Ok(error) => text::line(&error.message),
            Err(_) => text::line(&String::from_utf8_lossy(&body)),
        };
        let message = format!(
            "{verb} {}{path} was answered {status}: {says}",
            self.endpoint
        );
        Err(PortError::new(PortErrorKind::Refused, message).with_status(status.into()))
    }

    /// An answer that came and can't be used.
    pub(crate) fn malformed(&self, path: &str, why: &str) -> PortError {
        let why = text::line(why);
        let message = format!("the answer of {}{path} {why}", self.endpoint);
        PortError::new(PortErrorKind::Malformed, message)
    }

    fn silence(&self, verb: Verb, path: &str, most: Duration, none: Unanswered) -> PortError {
        let request = format!("{verb} {}{path}", self.endpoint);
        match none {
            Unanswered::Timeout => PortError::new(
                PortErrorKind::Timeout,
                format!("{request} was not answered within {most:?}"),
            ),
            Unanswered::NoHttp(why) => PortError::new(
                PortErrorKind::Malformed,
                format!("{request} was answered in no HTTP: {}", text::line(&why)),
            ),
            Unanswered::Unreachable(why) => PortError::new(
                PortErrorKind::Unreachable,
                format!(
                    "{request} failed: {}; MirrorMaker must run in a Connect cluster whose REST \
                     listens there: its dedicated mode is not supported, not even with \
                     dedicated.mode.enable.internal.rest",
                    text::line(&why)
                ),
            ),
        }
    }
}
