//! What is wrong with a resource, or forbids to work with it.

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrimziError {
    /// It has not the shape of its kind.
    #[error("{kind} {name} can't be read: {why}")]
    Malformed {
        /// `Kafka`, `KafkaMirrorMaker2`
        kind: &'static str,
        /// Namespace and name, as far as they are known.
        name: String,
        /// What of it.
        why: String,
    },
    /// None of the served versions is known here.
    #[error(
        "the API server serves {} of kafka.strimzi.io, and not v1 or v1beta2: Strimzi 0.39 or later is needed",
        if .0.is_empty() { "nothing".to_owned() } else { .0.join(", ") }
    )]
    NotServed(Vec<String>),
    /// A Secret that is named is not there, or has not what it must have.
    #[error("there is no {key} in the Secret {secret}: see whether its user is Ready")]
    NoSecret {
        /// Which.
        secret: String,
        /// The key in it.
        key: String,
    },
    /// No listener lets such a client in.
    #[error("Kafka {kafka} has no listener {wanted}: it has {}", listeners.join(", "))]
    NoListener {
        /// Which Kafka.
        kafka: String,
        /// What for.
        wanted: String,
        /// Name and authentication of each.
        listeners: Vec<String>,
    },
    /// A client is let in by means that are not known here.
    #[error(
        "{what} has the authentication {kind}, which is not known here: give the properties yourself"
    )]
    UnknownLogin {
        /// Which resource, and where in it.
        what: String,
        /// Its type.
        kind: String,
    },
    /// Somebody has taken connectors out of the resource.
    #[error("KafkaMirrorMaker2 {name} has no {} any more: it can't be put back", connectors.join(", "))]
    Gone {
        /// Namespace and name.
        name: String,
        /// Which connectors.
        connectors: Vec<String>,
    },
}
