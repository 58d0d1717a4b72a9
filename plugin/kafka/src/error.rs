//! Why there is no observation, and what kind of silence that is.

use slackwater_ports::{Cluster, PortError, PortErrorKind};

use crate::ffi::{Cause, Code, Failed};

/// Why there is no observation.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KafkaError {
    /// A cluster that is not configured.
    #[error("{0} is not among the configured clusters")]
    UnknownCluster(Cluster),
    /// A property that can't be given.
    #[error("{cluster}: the librdkafka property {key} is fixed and can't be given: remove it")]
    Fixed {
        /// Of which cluster.
        cluster: Cluster,
        /// Which.
        key: String,
    },
    /// librdkafka made no client.
    #[error("{cluster}: librdkafka refuses its properties: {reason}")]
    Properties {
        /// Of which cluster.
        cluster: Cluster,
        /// librdkafka's words.
        reason: String,
    },
    /// The same thing asked for twice.
    #[error("{cluster}: {what} is asked for twice in one request")]
    Duplicate {
        /// Of which cluster.
        cluster: Cluster,
        /// What.
        what: String,
    },
    /// A name that can't be one.
    #[error("{cluster}: {name:?} can't be the name of a topic")]
    Name {
        /// Of which cluster.
        cluster: Cluster,
        /// What was given.
        name: String,
    },
    /// No broker answered.
    #[error(transparent)]
    Silent(Box<Silence>),
    /// A broker answered with no.
    #[error("{cluster}: {what}: {failed}")]
    Refused {
        /// Which cluster.
        cluster: Cluster,
        /// What was asked about.
        what: String,
        /// The answer.
        failed: Failed,
    },
    /// More than is asked about one by one.
    #[error("{cluster} has more than {limit} {what}: that is more than can be asked about")]
    TooMany {
        /// Which cluster.
        cluster: Cluster,
        /// Of what.
        what: &'static str,
        /// How many at the most.
        limit: usize,
    },
    /// An answer that does not hold what was asked for.
    #[error("{cluster}: the answer to {asked} does not hold {what}")]
    Incomplete {
        /// Which cluster.
        cluster: Cluster,
        /// The request.
        asked: &'static str,
        /// What is missing.
        what: String,
    },
}

/// That no broker answered.
#[derive(Debug, thiserror::Error)]
#[error("{cluster} ({bootstrap}) does not answer to {asked}: {}", why(.failed, .cause.as_ref()))]
pub(crate) struct Silence {
    /// Which cluster.
    pub(crate) cluster: Cluster,
    /// Where it was looked for.
    pub(crate) bootstrap: String,
    /// The request.
    pub(crate) asked: &'static str,
    /// How the request ended.
    pub(crate) failed: Failed,
    /// What librdkafka last said was wrong with a connection.
    pub(crate) cause: Option<Cause>,
}

impl Silence {
    fn code(&self) -> Code {
        let cause = self.cause.as_ref();
        cause.map_or(self.failed.code, |cause| cause.code)
    }
}

/// The cause in the words that help: librdkafka's on a connection, where
/// there are some, rather than "timed out".
fn why(failed: &Failed, cause: Option<&Cause>) -> String {
    match cause {
        Some(cause) => cause.reason.clone(),
        None => failed.to_string(),
    }
}

/// Codes that tell that nobody was reached.
const NOBODY: [Code; 3] = [Code::TRANSPORT, Code::ALL_BROKERS_DOWN, Code::RESOLVE];
/// Codes that tell that somebody was, and did not let us in.
const NOT_LET_IN: [Code; 2] = [Code::AUTHENTICATION, Code::SSL];

impl KafkaError {
    fn kind(&self) -> PortErrorKind {
        match self {
            Self::UnknownCluster(_) | Self::TooMany { .. } => PortErrorKind::Unsupported,
            Self::Fixed { .. }
            | Self::Properties { .. }
            | Self::Duplicate { .. }
            | Self::Name { .. }
            | Self::Incomplete { .. } => PortErrorKind::Malformed,
            Self::Refused { .. } => PortErrorKind::Refused,
            Self::Silent(silence) => {
                let code = silence.code();
                if silence.cause.as_ref().is_some_and(Cause::is_broken_off) {
                    PortErrorKind::Timeout
                } else if NOT_LET_IN.contains(&code) {
                    PortErrorKind::Refused
                } else if NOBODY.contains(&code) {
                    PortErrorKind::Unreachable
                } else {
                    PortErrorKind::Timeout
                }
            }
        }
    }

    fn status(&self) -> Option<i32> {
        match self {
            Self::Refused { failed, .. } => Some(failed.code.0),
            Self::Silent(silence) => Some(silence.code().0),
            _ => None,
        }
    }
}

impl From<KafkaError> for PortError {
    fn from(error: KafkaError) -> Self {
        let port = PortError::new(error.kind(), error.to_string());
        match error.status() {
            Some(status) => port.with_status(status),
            None => port,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent(cause: Option<Cause>) -> PortError {
        let failed = Failed {
            code: Code::TIMED_OUT,
            reason: String::new(),
        };
        let silence = Silence {
            cluster: Cluster::Mirror,
            bootstrap: String::from("k:9092"),
            asked: "Metadata",
            failed,
            cause,
        };
        KafkaError::Silent(Box::new(silence)).into()
    }

    fn cause(code: Code) -> Option<Cause> {
        let reason = String::from("because");
        Some(Cause { code, reason })
    }

    #[test]
    fn a_silence_is_of_the_kind_that_its_cause_tells() {
        assert_eq!(silent(None).kind, PortErrorKind::Timeout);
        let unreachable = silent(cause(Code::TRANSPORT));
        assert_eq!(unreachable.kind, PortErrorKind::Unreachable);
        assert!(unreachable.message.contains("because"));
        assert_eq!(
            silent(cause(Code::AUTHENTICATION)).kind,
            PortErrorKind::Refused
        );
        // In librdkafka's words, where a connection ends in the middle of SASL.
        let reason = "SASL authentication error: SaslAuthenticateRequest failed: Local: Broker \
                      transport failure (after 0ms in state DOWN)";
        let broken_off = Cause {
            code: Code::AUTHENTICATION,
            reason: reason.to_owned(),
        };
        assert_eq!(silent(Some(broken_off)).kind, PortErrorKind::Timeout);
    }
}
