//! Which topics a lab's source has. Pure.

/// A topic to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its name on the source.
    pub name: String,
    /// How many partitions.
    pub partitions: i32,
    /// Topic configuration, e.g. `("retention.ms", "20000")`.
    pub configs: Vec<(String, String)>,
}

impl Topic {
    /// A topic with Kafka's default configuration.
    #[must_use]
    pub fn new(name: &str, partitions: i32) -> Self {
        Self {
            name: name.to_owned(),
            partitions,
            configs: Vec::new(),
        }
    }

    /// Sets one configuration key.
    #[must_use]
    pub fn config(mut self, key: &str, value: &str) -> Self {
        self.configs.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The lab's own topics: two that carry load, one compacted, one empty.
    #[must_use]
    pub fn defaults() -> Vec<Self> {
        vec![
            Self::new("blogs", 3),
            Self::new("items", 10),
            Self::new("compacted", 2).config("cleanup.policy", "compact"),
            Self::new("empty", 1),
        ]
    }
}
