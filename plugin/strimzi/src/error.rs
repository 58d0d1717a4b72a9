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
    /// Another one has changed the resource since, or it is another one now.
    #[error(
        "KafkaMirrorMaker2 {0} changed while it was worked on: connector {1} is no longer there"
    )]
    NoConnector(String, String),
}
