//! What feeds the mirror: the connectors, checked.

use std::collections::BTreeSet;

use regex_lite::Regex;
use slackwater_cut::{ConnectorPrior, ConnectorSeen, MirrorLookSummary};
use slackwater_ports::{
    ConnectorRef, ConnectorState, ConnectorView, Digest128, Failure, Isolation, MirrorView,
    PartitionId,
};

use crate::Policy;

/// MirrorMaker's default of `topics.exclude` (`DefaultTopicFilter`).
const DEFAULT_EXCLUDE: &str = r"mm2.*\.internal,.*\.replica,__.*";

/// A source connector: one of those that copy records.
#[derive(Debug, Clone)]
pub struct SourceFeed {
    /// How to speak of it.
    pub connector: ConnectorRef,
    /// `source.cluster.alias`
    pub alias: String,
    /// How it names its copies.
    pub policy: Policy,
    /// At which isolation level it reads.
    pub isolation: Isolation,
    /// Source partitions that its tasks copy; none while it is stopped.
    pub assigned: BTreeSet<PartitionId>,
    /// Whether it was RUNNING.
    pub running: bool,
    /// A topic of its own for its offsets (`offsets.storage.topic`, KIP-618).
    pub offsets_topic: Option<String>,
    target_alias: String,
    topics: Option<Vec<Regex>>,
    exclude: Option<Vec<Regex>>,
}

impl SourceFeed {
    /// Whether its patterns say that it should copy this source topic;
    /// `None` where they can't be read (Java's regular expressions have more
    /// than ours).
    pub fn wants(&self, topic: &str) -> Option<bool> {
        // What MirrorMaker never copies
        // (MirrorSourceConnector.shouldReplicateTopic).
        let internal = topic.starts_with("__")
            || topic.starts_with('.')
            || (topic.starts_with("mm2") && topic.ends_with("internal"))
            || topic.ends_with("checkpoints.internal");
        // What came from the mirror would come back under a second prefix; an
        // identity policy sees no origin in a name.
        let cycle = match &self.policy {
            Policy::Identity => false,
            Policy::Default { separator } => {
                topic.starts_with(&format!("{}{separator}", self.target_alias))
            }
        };
        if internal || cycle {
            return Some(false);
        }
        let any = |patterns: &Vec<Regex>| patterns.iter().any(|one| one.is_match(topic));
        Some(any(self.topics.as_ref()?) && !any(self.exclude.as_ref()?))
    }
}

/// All connectors that feed the mirror.
#[derive(Debug, Clone)]
pub struct Feed {
    /// As they were found.
    pub connectors: Vec<ConnectorPrior>,
    /// Those that copy records.
    pub sources: Vec<SourceFeed>,
}

impl Feed {
    /// Checks what was seen. Refuses a mirror that nothing feeds, and one that
    /// is fed in a way that can't be followed.
    pub fn check(view: &MirrorView) -> Result<Self, Failure> {
        let mut feed = Feed {
            connectors: Vec::new(),
            sources: Vec::new(),
        };
        for connector in &view.connectors {
            let source = is_source(connector)
                .then(|| source_feed(connector))
                .transpose()?;
            feed.connectors.push(ConnectorPrior {
                connector: connector.reference(),
                class: connector.class.clone(),
                state: connector.state.clone(),
                tasks: u32::try_from(connector.tasks.len()).unwrap_or(u32::MAX),
                config: config_digest(connector),
                source_alias: alias(connector)?,
                copies: source.is_some(),
                transforms: connector
                    .get("transforms")
                    .is_some_and(|list| !list.trim().is_empty()),
                isolation: isolation(connector),
                begins_late: begins_late(connector),
                copy_prefix: source
                    .as_ref()
                    .map(|one| one.policy.copy_of(&one.alias, "")),
                offsets_topic: source.as_ref().and_then(|one| one.offsets_topic.clone()),
            });
            feed.sources.extend(source);
        }
        if let Some(twice) = feed.sources.iter().enumerate().find_map(|(at, one)| {
            let before = feed.sources[..at]
                .iter()
                .find(|other| other.alias == one.alias)?;
            Some((before, one))
        }) {
            return Err(Failure::refused(format!(
                "connectors {} and {} both copy from source {}: which of them owns a partition's \
                 offset can't be told",
                twice.0.connector, twice.1.connector, twice.1.alias
            )));
        }
        if feed.sources.is_empty() {
            return Err(Failure::refused(
                "no MirrorSourceConnector feeds this mirror: check `connect` and the mirror's \
                 bootstrap addresses, or list the connectors by name",
            ));
        }
        Ok(feed)
    }

    /// The connectors that were found stopped or paused by someone else.
    pub fn held_by_others(&self) -> Vec<&ConnectorPrior> {
        self.connectors
            .iter()
            .filter(|prior| prior.copies)
            .filter(|prior| {
                matches!(
                    prior.state,
                    ConnectorState::Stopped | ConnectorState::Paused
                )
            })
            .collect()
    }
}

/// A connector or a task that has failed, in words.
pub(crate) fn failed(view: &MirrorView) -> Option<String> {
    for connector in &view.connectors {
        if connector.state == ConnectorState::Failed {
            return Some(format!(
                "connector {} is FAILED: restart it first",
                connector.name
            ));
        }
        for task in &connector.tasks {
            if task.state == ConnectorState::Failed {
                let trace = task.trace.as_deref().unwrap_or("no trace");
                return Some(format!(
                    "task {} of connector {} is FAILED ({trace}): restart it first",
                    task.id, connector.name
                ));
            }
        }
    }
    None
}

impl Feed {
    /// See [`Feed::check`]; a failed connector or task refuses too.
    pub fn check_healthy(view: &MirrorView) -> Result<Self, Failure> {
        match failed(view) {
            Some(what) => Err(Failure::refused(what)),
            None => Self::check(view),
        }
    }
}

fn short_class(connector: &ConnectorView) -> &str {
    connector.class.rsplit('.').next().unwrap_or_default()
}

fn is_source(connector: &ConnectorView) -> bool {
    short_class(connector) == "MirrorSourceConnector"
}

fn alias(connector: &ConnectorView) -> Result<String, Failure> {
    connector
        .get("source.cluster.alias")
        .map(str::to_owned)
        .ok_or_else(|| {
            Failure::refused(format!(
                "connector {} has no source.cluster.alias",
                connector.name
            ))
        })
}

fn source_feed(connector: &ConnectorView) -> Result<SourceFeed, Failure> {
    let class = connector.get("replication.policy.class");
    let policy =
        Policy::of(class, connector.get("replication.policy.separator")).ok_or_else(|| {
            Failure::refused(format!(
                "connector {} has replication policy {}; only IdentityReplicationPolicy and \
                 DefaultReplicationPolicy can be followed",
                connector.name,
                class.unwrap_or_default()
            ))
        })?;
    Ok(SourceFeed {
        connector: connector.reference(),
        alias: alias(connector)?,
        policy,
        isolation: isolation(connector),
        assigned: connector
            .tasks
            .iter()
            .flat_map(|task| task.assigned.iter().cloned())
            .collect(),
        running: connector.state == ConnectorState::Running,
        offsets_topic: connector.get("offsets.storage.topic").map(str::to_owned),
        target_alias: connector
            .get("target.cluster.alias")
            .unwrap_or("target")
            .to_owned(),
        topics: patterns(connector.get("topics").unwrap_or(".*")),
        exclude: patterns(connector.get("topics.exclude").unwrap_or(DEFAULT_EXCLUDE)),
    })
}

/// A source consumer's `isolation.level`; the more special prefix wins
/// (`MirrorConnectorConfig.sourceConsumerConfig`).
fn isolation(connector: &ConnectorView) -> Isolation {
    match of_consumer(connector, "isolation.level") {
        Some("read_committed") => Isolation::ReadCommitted,
        _ => Isolation::ReadUncommitted,
    }
}

/// Whether it begins elsewhere than with the first record where it has no position.
fn begins_late(connector: &ConnectorView) -> bool {
    of_consumer(connector, "auto.offset.reset").is_some_and(|value| value != "earliest")
}

fn of_consumer<'c>(connector: &'c ConnectorView, key: &str) -> Option<&'c str> {
    let of_source = connector.get(&format!("source.consumer.{key}"));
    of_source.or_else(|| connector.get(&format!("consumer.{key}")))
}

/// MirrorMaker reads `a,b` as `a|b`, each matched against the whole name.
fn patterns(list: &str) -> Option<Vec<Regex>> {
    list.split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty())
        .map(|one| Regex::new(&format!("^(?:{one})$")).ok())
        .collect()
}

fn config_digest(connector: &ConnectorView) -> Digest128 {
    let lines: Vec<String> = connector
        .config
        .iter()
        .map(|setting| format!("{}={}", setting.key, setting.value))
        .collect();
    Digest128::of(lines.iter().map(String::as_bytes))
}

/// What the run document keeps of a look at the connectors.
pub fn look_summary(view: &MirrorView) -> MirrorLookSummary {
    MirrorLookSummary {
        asked: view.asked,
        connectors: view
            .connectors
            .iter()
            .map(|connector| ConnectorSeen {
                connector: connector.reference(),
                state: connector.state.clone(),
                tasks: u32::try_from(connector.tasks.len()).unwrap_or(u32::MAX),
            })
            .collect(),
    }
}
