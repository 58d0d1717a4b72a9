//! What a lab is to be: checked here, brought up in `lab`. Pure.

use std::collections::BTreeSet;

use crate::error::LabError;
use crate::lab::Lab;
use crate::mirror_maker::{Connector, ReplicationPolicy};
use crate::topics::Topic;
use crate::volume::{VOLUME_BYTES, Volumes};

/// The longest name: it becomes part of paths and of a namespace's name.
const NAME_CHARS: usize = 40;

/// Collects what a lab is to be; [`LabBuilder::start`] brings it up.
#[derive(Debug, Clone)]
pub struct LabBuilder {
    pub(crate) name: String,
    pub(crate) exactly_once: bool,
    pub(crate) policy: ReplicationPolicy,
    pub(crate) topics: Vec<Topic>,
    pub(crate) volumes: Volumes,
    pub(crate) volume_bytes: u64,
    pub(crate) tasks_max: u32,
    pub(crate) source: Vec<(String, String)>,
    pub(crate) mirror: Vec<(String, String)>,
    pub(crate) mirror_broker: Vec<(i32, (String, String))>,
    pub(crate) connect: Vec<(String, String)>,
    pub(crate) connect_apart: bool,
    pub(crate) connectors: Vec<(Connector, (String, String))>,
}

impl LabBuilder {
    pub(crate) fn new() -> Self {
        Self {
            name: "lab".to_owned(),
            exactly_once: false,
            policy: ReplicationPolicy::Identity,
            topics: Topic::defaults(),
            volumes: Volumes::Directories,
            volume_bytes: VOLUME_BYTES,
            tasks_max: 2,
            source: Vec::new(),
            mirror: Vec::new(),
            mirror_broker: Vec::new(),
            connect: Vec::new(),
            connect_apart: false,
            connectors: Vec::new(),
        }
    }

    /// A name for its directory: letters, digits and dashes, at most 40.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    /// Exactly-once on the worker and required by the source connector; off
    /// by default.
    #[must_use]
    pub fn exactly_once(mut self, on: bool) -> Self {
        self.exactly_once = on;
        self
    }

    /// How topics are named on the mirror; `Identity` by default.
    #[must_use]
    pub fn policy(mut self, policy: ReplicationPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The source's topics, all mirrored; [`Topic::defaults`] by default.
    #[must_use]
    pub fn topics(mut self, topics: Vec<Topic>) -> Self {
        self.topics = topics;
        self
    }

    /// One more topic on the source, mirrored too.
    #[must_use]
    pub fn topic(mut self, topic: Topic) -> Self {
        self.topics.push(topic);
        self
    }

    /// What the mirror's brokers store on; `Directories` by default.
    #[must_use]
    pub fn volumes(mut self, volumes: Volumes) -> Self {
        self.volumes = volumes;
        self
    }

    /// How large a broker's volume is, where it is an image; 4 GiB by default.
    #[must_use]
    pub fn volume_bytes(mut self, bytes: u64) -> Self {
        self.volume_bytes = bytes;
        self
    }

    /// `tasks.max` of every connector; 2 by default.
    #[must_use]
    pub fn tasks_max(mut self, tasks: u32) -> Self {
        self.tasks_max = tasks;
        self
    }

    /// A broker property of the source.
    #[must_use]
    pub fn source_property(mut self, key: &str, value: &str) -> Self {
        self.source.push((key.to_owned(), value.to_owned()));
        self
    }

    /// A broker property of the mirror.
    #[must_use]
    pub fn mirror_property(mut self, key: &str, value: &str) -> Self {
        self.mirror.push((key.to_owned(), value.to_owned()));
        self
    }

    /// A property of one broker of the mirror, 1 to 3.
    #[must_use]
    pub fn mirror_broker_property(mut self, broker: i32, key: &str, value: &str) -> Self {
        self.mirror_broker
            .push((broker, (key.to_owned(), value.to_owned())));
        self
    }

    /// A property of the Connect worker.
    #[must_use]
    pub fn connect_property(mut self, key: &str, value: &str) -> Self {
        self.connect.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Connect in a network namespace of its own, so that [`Lab::cables`] can
    /// be pulled. Needs root.
    #[must_use]
    pub fn connect_apart(mut self) -> Self {
        self.connect_apart = true;
        self
    }

    /// A property of one connector, e.g. `producer.override.linger.ms`.
    #[must_use]
    pub fn connector_property(mut self, connector: Connector, key: &str, value: &str) -> Self {
        self.connectors
            .push((connector, (key.to_owned(), value.to_owned())));
        self
    }

    /// Brings the lab up and waits until everything runs.
    ///
    /// # Errors
    /// What was asked for makes no sense, needs root, or did not come up.
    pub fn start(self) -> Result<Lab, LabError> {
        self.check()?;
        Lab::start(self)
    }

    fn check(&self) -> Result<(), LabError> {
        check_name(&self.name)?;
        if self.tasks_max == 0 || self.topics.is_empty() {
            return Err(LabError::Invalid(
                "a lab needs a topic and a task to mirror".into(),
            ));
        }
        let names: BTreeSet<&str> = self
            .topics
            .iter()
            .map(|topic| topic.name.as_str())
            .collect();
        if names.len() != self.topics.len() {
            return Err(LabError::Invalid(
                "a topic is listed twice: give each name once".into(),
            ));
        }
        Ok(())
    }
}

/// Whether a directory and a namespace can have this name.
pub(crate) fn check_name(name: &str) -> Result<(), LabError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if name.is_empty() || name.len() > NAME_CHARS || !name.chars().all(plain) {
        return Err(LabError::Invalid(format!(
            "the lab's name {name:?} must be 1 to {NAME_CHARS} letters, digits and dashes"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_can_not_be_a_directory_is_refused() {
        let error = LabBuilder::new().name("a/b").check().unwrap_err();
        assert!(error.to_string().contains("a/b"));
        LabBuilder::new().name("eos-identity").check().unwrap();
    }

    #[test]
    fn a_topic_listed_twice_is_refused() {
        assert!(
            LabBuilder::new()
                .topic(Topic::new("blogs", 1))
                .check()
                .is_err()
        );
    }
}
