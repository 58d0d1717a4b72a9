//! The configurations of MirrorMaker 2's three connectors and of the worker
//! that runs them. Pure.

use crate::properties::Properties;

/// How MirrorMaker names a topic on the mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicationPolicy {
    /// `blogs` stays `blogs`.
    Identity,
    /// `blogs` becomes `source.blogs`.
    Default,
}

/// The alias of the source cluster, and so the prefix of the default policy.
pub const SOURCE_ALIAS: &str = "source";
/// The alias of the mirror.
pub const MIRROR_ALIAS: &str = "mirror";
/// Connect's topic for connector configurations, on the mirror.
pub const CONFIG_TOPIC: &str = "mm2-configs";
/// Connect's topic for source offsets, on the mirror.
pub const OFFSET_TOPIC: &str = "mm2-offsets";
/// Connect's topic for statuses, on the mirror.
pub const STATUS_TOPIC: &str = "mm2-status";

const BYTES: &str = "org.apache.kafka.connect.converters.ByteArrayConverter";

impl ReplicationPolicy {
    /// What a source's topic is called on the mirror.
    #[must_use]
    pub fn mirrored(self, topic: &str) -> String {
        match self {
            Self::Identity => topic.to_owned(),
            Self::Default => format!("{SOURCE_ALIAS}.{topic}"),
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Identity => "org.apache.kafka.connect.mirror.IdentityReplicationPolicy",
            Self::Default => "org.apache.kafka.connect.mirror.DefaultReplicationPolicy",
        }
    }
}

/// One of MirrorMaker's connectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connector {
    /// Copies records.
    Source,
    /// Copies consumer groups' offsets.
    Checkpoint,
    /// Writes a heartbeat.
    Heartbeat,
}

impl Connector {
    /// All three, in the order in which they are created.
    pub const ALL: [Self; 3] = [Self::Source, Self::Checkpoint, Self::Heartbeat];

    /// Its name in Connect.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "mirror-source",
            Self::Checkpoint => "mirror-checkpoint",
            Self::Heartbeat => "mirror-heartbeat",
        }
    }

    /// The least number of tasks that a running one has: a checkpoint
    /// connector has none while the source has no consumer groups.
    pub(crate) fn least_tasks(self) -> usize {
        usize::from(self != Self::Checkpoint)
    }

    fn class(self) -> &'static str {
        match self {
            Self::Source => "org.apache.kafka.connect.mirror.MirrorSourceConnector",
            Self::Checkpoint => "org.apache.kafka.connect.mirror.MirrorCheckpointConnector",
            Self::Heartbeat => "org.apache.kafka.connect.mirror.MirrorHeartbeatConnector",
        }
    }
}

/// What a lab wants of its MirrorMaker.
#[derive(Debug, Clone)]
pub(crate) struct MirrorMaker {
    pub(crate) exactly_once: bool,
    pub(crate) policy: ReplicationPolicy,
    /// Source topics, by name.
    pub(crate) topics: Vec<String>,
    pub(crate) tasks_max: u32,
    pub(crate) source_bootstrap: String,
    pub(crate) mirror_bootstrap: String,
    /// The worker's own address, and the REST port there.
    pub(crate) rest_host: String,
    pub(crate) rest_port: u16,
    pub(crate) worker_extra: Vec<(String, String)>,
    pub(crate) connector_extra: Vec<(Connector, (String, String))>,
}

impl MirrorMaker {
    /// The distributed worker's properties file.
    pub(crate) fn worker(&self) -> Properties {
        let mut p = Properties::default();
        p.set("bootstrap.servers", &self.mirror_bootstrap)
            .set("group.id", "mm2")
            .set("config.storage.topic", CONFIG_TOPIC)
            .set("offset.storage.topic", OFFSET_TOPIC)
            .set("status.storage.topic", STATUS_TOPIC)
            .set("config.storage.replication.factor", 3)
            .set("offset.storage.replication.factor", 3)
            .set("status.storage.replication.factor", 3)
            .set("offset.storage.partitions", 5)
            .set("status.storage.partitions", 3)
            .set("key.converter", BYTES)
            .set("value.converter", BYTES)
            .set(
                "listeners",
                format!("http://{}:{}", self.rest_host, self.rest_port),
            )
            // Reads service files only; scanning every class costs seconds.
            .set("plugin.discovery", "service_load")
            .set(
                "exactly.once.source.support",
                if self.exactly_once {
                    "enabled"
                } else {
                    "disabled"
                },
            )
            .extend(&self.worker_extra);
        p
    }

    /// One connector's configuration.
    pub(crate) fn connector(&self, connector: Connector) -> Properties {
        let mut p = Properties::default();
        p.set("connector.class", connector.class())
            .set("source.cluster.alias", SOURCE_ALIAS)
            .set("target.cluster.alias", MIRROR_ALIAS)
            .set("source.cluster.bootstrap.servers", &self.source_bootstrap)
            .set("target.cluster.bootstrap.servers", &self.mirror_bootstrap)
            .set("tasks.max", self.tasks_max)
            .set("replication.policy.class", self.policy.class())
            .set("topics", self.topics.join("|"))
            .set("groups", ".*")
            .set("replication.factor", 3)
            .set("offset-syncs.topic.replication.factor", 1)
            .set("checkpoints.topic.replication.factor", 3)
            .set("heartbeats.topic.replication.factor", 3)
            .set("sync.topic.acls.enabled", false)
            .set("refresh.topics.interval.seconds", 10)
            .set("emit.checkpoints.interval.seconds", 5)
            .set("key.converter", BYTES)
            .set("value.converter", BYTES);
        if self.exactly_once && connector == Connector::Source {
            p.set("exactly.once.support", "required")
                // Without it Connect refuses the configuration (400).
                .set("consumer.isolation.level", "read_committed");
        }
        let extra: Vec<_> = self
            .connector_extra
            .iter()
            .filter(|(of, _)| *of == connector)
            .map(|(_, pair)| pair.clone())
            .collect();
        p.extend(&extra);
        p
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirror_maker(exactly_once: bool) -> MirrorMaker {
        MirrorMaker {
            exactly_once,
            policy: ReplicationPolicy::Default,
            topics: vec!["a".into(), "b".into()],
            tasks_max: 2,
            source_bootstrap: "127.0.0.1:1".into(),
            mirror_bootstrap: "127.0.0.1:2".into(),
            rest_host: "127.0.0.1".into(),
            rest_port: 3,
            worker_extra: vec![],
            connector_extra: vec![(Connector::Source, ("tasks.max".into(), "5".into()))],
        }
    }

    #[test]
    fn exactly_once_reads_committed_records_only() {
        let source = mirror_maker(true).connector(Connector::Source);
        assert_eq!(
            source.as_map()["consumer.isolation.level"],
            "read_committed"
        );
        let plain = mirror_maker(false).connector(Connector::Source);
        assert!(!plain.as_map().contains_key("exactly.once.support"));
    }

    #[test]
    fn an_extra_property_reaches_its_own_connector_only() {
        let mm = mirror_maker(false);
        assert_eq!(mm.connector(Connector::Source).as_map()["tasks.max"], "5");
        assert_eq!(
            mm.connector(Connector::Heartbeat).as_map()["tasks.max"],
            "2"
        );
    }

    #[test]
    fn the_default_policy_prefixes_the_alias() {
        assert_eq!(ReplicationPolicy::Default.mirrored("blogs"), "source.blogs");
        assert_eq!(ReplicationPolicy::Identity.mirrored("blogs"), "blogs");
    }
}
