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
    /// Somebody has taken connectors out of the resource.
    #[error("KafkaMirrorMaker2 {name} has no {} any more: it can't be put back", connectors.join(", "))]
    Gone {
        /// Namespace and name.
        name: String,
        /// Which connectors.
        connectors: Vec<String>,
    },
}
