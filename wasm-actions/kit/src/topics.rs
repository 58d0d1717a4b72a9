//! Who writes to which topic of the mirror, and what it is a copy of.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::{Class, Quiesce, Settings, SourceTopic};
use slackwater_ports::{PartitionId, TopicView};

use crate::{Feed, Policy};

/// A partition of a source: alias and partition.
pub type SourceKey = (String, PartitionId);

/// The partitions that were sampled, in their order, as keys.
pub fn sampled(quiesce: &Quiesce) -> impl Iterator<Item = SourceKey> {
    let sampled = quiesce.sampled.iter();
    sampled.map(|one| (one.alias.clone(), one.partition.clone()))
}

/// Kafka's own topics: not MirrorMaker's, and written by any client.
const KAFKA_OWN: [&str; 4] = [
    "__cluster_metadata",
    "__consumer_offsets",
    "__share_group_state",
    "__transaction_state",
];

/// What heartbeat connectors write (`MirrorClientConfig.HEARTBEATS_TOPIC`).
const HEARTBEATS: &str = "heartbeats";

/// In the name of their class, or of its alias.
const HEARTBEAT: &str = "MirrorHeartbeat";

/// The classes of the mirror's topics.
#[derive(Debug, Clone)]
pub struct TopicMap {
    copies: BTreeMap<String, SourceTopic>,
    state: BTreeSet<String>,
    /// Whether what writes [`HEARTBEATS`] stands still with the rest. Others may write it
    /// (a KafkaConnect's connector), and nobody mirrors it.
    holds_heartbeats: bool,
    settings: Settings,
}

impl TopicMap {
    /// From what is copied: the partitions that tasks were assigned or that
    /// have a committed offset.
    pub fn new(feed: &Feed, copied: &BTreeSet<SourceKey>, settings: &Settings) -> Self {
        let mut copies = BTreeMap::new();
        let mut state: BTreeSet<String> = settings
            .connects
            .iter()
            .flat_map(|connect| connect.topics.names())
            .map(str::to_owned)
            .collect();
        let mut connectors = feed.connectors.iter();
        let holds_heartbeats = connectors.any(|one| one.class.contains(HEARTBEAT));
        if holds_heartbeats {
            state.insert(HEARTBEATS.to_owned());
        }
        for source in &feed.sources {
            let of_this = copied.iter().filter(|(alias, _)| *alias == source.alias);
            for (alias, partition) in of_this {
                let topic = &partition.topic;
                copies.insert(
                    source.policy.copy_of(alias, topic),
                    SourceTopic {
                        alias: alias.clone(),
                        topic: topic.clone(),
                    },
                );
            }
            state.extend(state_topics(&source.alias, &source.policy));
            state.extend(source.offsets_topic.clone());
        }
        Self {
            copies,
            state,
            holds_heartbeats,
            settings: settings.clone(),
        }
    }

    /// The class of a topic; `None` where it is not protected.
    pub fn class(&self, topic: &TopicView) -> Option<Class> {
        let name = topic.name.as_str();
        if self.state.contains(name) {
            return Some(Class::MirrorState);
        }
        if name == HEARTBEATS && !self.holds_heartbeats {
            return Some(Class::Own);
        }
        if KAFKA_OWN.contains(&name) || self.settings.own.iter().any(|own| own.matches(name)) {
            return Some(Class::Own);
        }
        // A topic that is no copy counts as mirrored all the same: nobody is
        // known to write to it, so nobody may.
        self.is_protected(name).then_some(Class::Mirrored)
    }

    /// Whether the configuration protects a topic of the mirror.
    pub fn is_protected(&self, name: &str) -> bool {
        let listed = |patterns: &[slackwater_cut::Pattern]| {
            patterns.iter().any(|pattern| pattern.matches(name))
        };
        let included = self.settings.include.is_empty() || listed(&self.settings.include);
        included && !listed(&self.settings.exclude)
    }

    /// Whether MirrorMaker or Connect keeps it about itself.
    pub fn is_state(&self, name: &str) -> bool {
        self.state.contains(name)
    }

    /// Copies that the configuration says others write to.
    pub fn owned_copies(&self) -> impl Iterator<Item = &String> {
        self.copies
            .keys()
            .filter(|name| self.settings.own.iter().any(|own| own.matches(name)))
    }

    /// What a topic is a copy of.
    pub fn source(&self, name: &str) -> Option<&SourceTopic> {
        (!self.state.contains(name)).then(|| self.copies.get(name))?
    }
}

/// The topics that MirrorMaker keeps about itself on the mirror
/// (`ReplicationPolicy.checkpointsTopic`, `offsetSyncsTopic`).
fn state_topics(alias: &str, policy: &Policy) -> Vec<String> {
    let separators: BTreeSet<&str> = [".", policy.separator()].into();
    separators
        .into_iter()
        .flat_map(|sep| {
            [
                format!("{alias}{sep}checkpoints{sep}internal"),
                format!("mm2-offset-syncs{sep}{alias}{sep}internal"),
                format!("{alias}{sep}heartbeats"),
            ]
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use slackwater_cut::Cut;

    use super::*;

    const CLOSED: &str = include_str!("../../cut/tests/fixtures/exactly-once.json");

    #[test]
    fn heartbeats_that_nobody_here_holds_still_are_the_mirrors_own() {
        let cut = Cut::parse(CLOSED).unwrap();
        let mut feed = Feed {
            connectors: cut.quiesce.unwrap().connectors,
            sources: Vec::new(),
        };
        let heartbeats = TopicView {
            name: HEARTBEATS.to_owned(),
            topic_id: String::new(),
            internal: false,
            partitions: Vec::new(),
        };
        let class = |feed: &Feed| {
            let map = TopicMap::new(feed, &BTreeSet::new(), &cut.settings);
            map.class(&heartbeats).unwrap()
        };
        assert_eq!(class(&feed), Class::MirrorState);
        feed.connectors.retain(|one| !one.class.contains(HEARTBEAT));
        assert_eq!(class(&feed), Class::Own);
    }
}
