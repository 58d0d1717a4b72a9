//! Connect's own topics, as a trim leaves them: what a worker that starts on them goes
//! by. It starts by itself, before anybody can ask it not to, with the states and the
//! positions that stand there (`KafkaConfigBackingStore`, `KafkaOffsetBackingStore`). So
//! behind what is kept of them come records that stop the connectors of this mirror, and
//! that put right positions which are not those of the last record kept.
//!
//! Reads and decides; writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::{ConnectSettings, ConnectorPrior, Cut, SourcePartition};
use slackwater_logdir::{Isolation, Replica, SegmentReader};
use slackwater_point::{AddedRecord, PositionSeen};
use slackwater_ports::PartitionId;

use crate::coordinator::each;
use crate::error::TrimError;

/// `KafkaConfigBackingStore.CONNECTOR_PREFIX`
const CONNECTOR: &str = "connector-";

/// `KafkaConfigBackingStore.COMMIT_TASKS_PREFIX`
const TASKS: &str = "commit-";

/// `KafkaConfigBackingStore.TARGET_STATE_PREFIX`
const STATE: &str = "target-state-";

/// No tasks (`CONNECTOR_TASKS_COMMIT_V0`): a stopped connector has none, and positions
/// of one that has some can't be altered (`DistributedHerder.alterConnectorOffsets`).
const NO_TASKS: &str = r#"{"tasks":0}"#;

/// As Connect writes STOPPED (KIP-875): workers from before it read PAUSED.
const STOPPED: &str = r#"{"state":"PAUSED","state.v2":"STOPPED"}"#;

/// A position in one log of Connect's offset topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Committed {
    /// As it stands there: what is put right has to have the same.
    key: String,
    /// Its connector.
    connector: String,
    /// Alias and partition of the source.
    of: (String, PartitionId),
    /// Source offset of the last record mirrored.
    pub(crate) offset: u64,
    /// Producer id and epoch, where it was committed in a transaction.
    pub(crate) transaction: Option<(i64, i16)>,
    /// When, by who wrote it: milliseconds since the Unix epoch.
    pub(crate) written_ms: u64,
    /// In which topic.
    topic: String,
}

/// Positions in one log below `until`, each key's last one. Keys of other connectors are
/// left alone: MirrorMaker's name `cluster`, `topic` and `partition`
/// (`MirrorUtils.wrapPartition`).
pub(crate) fn committed(
    reader: &mut SegmentReader,
    topic: &str,
    replica: &Replica,
    until: u64,
) -> Result<Vec<Committed>, TrimError> {
    let mut last: BTreeMap<String, Committed> = BTreeMap::new();
    each(reader, replica, until, Isolation::ReadCommitted, |record| {
        let key = record.key.and_then(|key| std::str::from_utf8(key).ok());
        let Some((key, (connector, of))) = key.and_then(|key| Some((key, source_of(key)?))) else {
            return Ok(());
        };
        let value: Option<serde_json::Value> = record
            .value
            .and_then(|value| serde_json::from_slice(value).ok());
        match value.and_then(|value| value.get("offset")?.as_u64()) {
            Some(offset) => {
                let key = key.to_owned();
                let seen = Committed {
                    key: key.clone(),
                    connector,
                    of,
                    offset,
                    transaction: record.transaction,
                    written_ms: u64::try_from(record.timestamp_ms).unwrap_or(0),
                    topic: topic.to_owned(),
                };
                drop(last.insert(key, seen));
            }
            None => drop(last.remove(key)),
        }
        Ok(())
    })?;
    Ok(last.into_values().collect())
}

fn source_of(key: &str) -> Option<(String, (String, PartitionId))> {
    let key: serde_json::Value = serde_json::from_str(key).ok()?;
    let of = key.get(1)?;
    let partition = u32::try_from(of.get("partition")?.as_u64()?).ok()?;
    let id = PartitionId::new(of.get("topic")?.as_str()?, partition);
    let alias = of.get("cluster")?.as_str()?.to_owned();
    Some((key.get(0)?.as_str()?.to_owned(), (alias, id)))
}

/// Connect's positions by alias and partition of the source. One of a connector that the
/// run knew goes before one that may be of former times, and one in the topic that it looks
/// at first before another; of several the greatest, which skips most.
pub(crate) fn positions<'c>(
    cut: &Cut,
    all: impl Iterator<Item = &'c Committed>,
) -> BTreeMap<(String, PartitionId), &'c Committed> {
    let known: BTreeSet<&str> = connectors(cut).map(|(_, name)| name).collect();
    let priors = cut.quiesce.iter().flat_map(|one| &one.connectors);
    let first: BTreeMap<&str, Option<&str>> = priors
        .map(|one| (one.connector.name.as_str(), topic_of(cut, one)))
        .collect();
    let rank = |one: &Committed| {
        let connector = one.connector.as_str();
        let in_first = first.get(connector).copied().flatten() == Some(one.topic.as_str());
        (known.contains(connector), in_first, one.offset)
    };
    let mut positions: BTreeMap<(String, PartitionId), &Committed> = BTreeMap::new();
    for one in all {
        let of = positions.entry(one.of.clone()).or_insert(one);
        if rank(one) > rank(of) {
            *of = one;
        }
    }
    positions
}

/// What has to be added to a log of the offset topic, whose positions are `committed`. Of a
/// partition of which nothing is kept each of them is taken away, as Connect does where somebody
/// resets it (KIP-875). What copies begins with the source's first record then: it seeks in no
/// partition without a position (`MirrorSourceTask.initializeConsumer`; earlier versions seek
/// offset 0), and its consumer begins with the earliest record (`MirrorConnectorConfig` sets
/// `auto.offset.reset` so, where nobody else has).
pub(crate) fn put_right(
    committed: &[Committed],
    positions: &[PositionSeen],
    timestamp_ms: i64,
) -> Vec<AddedRecord> {
    let wanted: BTreeMap<(&str, &PartitionId), Option<u64>> = positions
        .iter()
        .filter(|one| one.is_known() && !one.is_right())
        .map(|one| {
            let of = (one.source.alias.as_str(), &one.source.partition);
            (of, one.last_kept)
        })
        .collect();
    let each = committed.iter().filter_map(|one| {
        let offset = wanted.get(&(one.of.0.as_str(), &one.of.1))?;
        Some(AddedRecord {
            key: one.key.clone(),
            value: offset.map(position),
            timestamp_ms,
        })
    });
    each.collect()
}

/// Topics in which positions stand: those of the workers, and those that connectors have for
/// themselves.
pub(crate) fn offset_topics(cut: &Cut) -> BTreeSet<&str> {
    let workers = cut.settings.connects.iter();
    let workers = workers.map(|connect| connect.topics.offset.as_str());
    let all = cut.quiesce.iter().flat_map(|one| &one.connectors);
    workers
        .chain(all.filter_map(|one| one.offsets_topic.as_deref()))
        .collect()
}

/// Where a connector's positions are looked for first.
fn topic_of<'c>(cut: &'c Cut, connector: &'c ConnectorPrior) -> Option<&'c str> {
    let mut connects = cut.settings.connects.iter();
    let own = connector.offsets_topic.as_deref();
    own.or_else(|| {
        let of = connects.find(|one| one.name == connector.connector.connect);
        of.map(|one| one.topics.offset.as_str())
    })
}

/// What has to be added to a topic where a connector whose it is has committed nothing of a
/// partition yet: it would begin with the partition's first record. Each with the partition
/// on the source.
pub(crate) fn first(
    cut: &Cut,
    topic: &str,
    committed: &[&Committed],
    positions: &[PositionSeen],
    timestamp_ms: i64,
) -> Vec<(SourcePartition, AddedRecord)> {
    let all = cut.quiesce.iter().flat_map(|one| &one.connectors);
    let copying = all.filter(|one| one.copies && topic_of(cut, one) == Some(topic));
    let mut added = Vec::new();
    for connector in copying {
        let name = &connector.connector.name;
        let of_it = committed.iter().filter(|one| one.connector == *name);
        let there: BTreeSet<(&str, &PartitionId)> =
            of_it.map(|one| (one.of.0.as_str(), &one.of.1)).collect();
        let copied = positions
            .iter()
            .filter(|one| one.source.alias == connector.source_alias);
        for one in copied {
            let of = (one.source.alias.as_str(), &one.source.partition);
            if let (Some(last), false) = (one.last_kept, there.contains(&of)) {
                let record = AddedRecord {
                    key: key_of(name, &one.source),
                    value: Some(position(last)),
                    timestamp_ms,
                };
                added.push((one.source.clone(), record));
            }
        }
    }
    added
}

/// As Connect writes it: `JsonConverter` of the connector's name and of a map whose fields
/// come in this order (`MirrorUtils.wrapPartition` makes a `HashMap`), which has to be the
/// same, since keys are compared as bytes.
fn key_of(connector: &str, source: &SourcePartition) -> String {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    format!(
        "[{},{{\"cluster\":{},\"partition\":{},\"topic\":{}}}]",
        text(connector),
        text(&source.alias),
        source.partition.partition,
        text(&source.partition.topic)
    )
}

fn position(last: u64) -> String {
    format!("{{\"offset\":{last}}}")
}

/// Whether a key for it stands among these, of a connector that the run knew.
pub(crate) fn has(cut: &Cut, committed: &[&Committed], of: &SourcePartition) -> bool {
    let known: BTreeSet<&str> = connectors(cut).map(|(_, name)| name).collect();
    let is_it = |one: &&Committed| one.of.0 == of.alias && one.of.1 == of.partition;
    let mut all = committed.iter().filter(|one| is_it(one));
    all.any(|one| known.is_empty() || known.contains(one.connector.as_str()))
}

/// What has to be added to a log of the configuration topic, so that the connectors of
/// this mirror come up stopped.
pub(crate) fn stopped(
    reader: &mut SegmentReader,
    replica: &Replica,
    until: u64,
    cut: &Cut,
    connect: &ConnectSettings,
    timestamp_ms: i64,
) -> Result<Vec<AddedRecord>, TrimError> {
    let wanted: BTreeSet<&str> = connectors(cut)
        .filter(|(of, _)| *of == connect.name)
        .map(|(_, name)| name)
        .collect();
    let mut there: BTreeSet<String> = BTreeSet::new();
    let mut last: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    each(reader, replica, until, Isolation::ReadCommitted, |record| {
        let Some(key) = record.key.and_then(|key| std::str::from_utf8(key).ok()) else {
            return Ok(());
        };
        let name = key.strip_prefix(CONNECTOR);
        if let Some(name) = name.filter(|name| wanted.contains(name)) {
            match record.value {
                Some(_) => drop(there.insert(name.to_owned())),
                None => drop(there.remove(name)),
            }
        } else if key.starts_with(TASKS) || key.starts_with(STATE) {
            let value = record.value.unwrap_or_default().to_vec();
            drop(last.insert(key.to_owned(), value));
        }
        Ok(())
    })?;
    let is = |key: String, value: &str| last.get(&key).is_some_and(|is| is == value.as_bytes());
    there.retain(|name| {
        !(is(format!("{TASKS}{name}"), NO_TASKS) && is(format!("{STATE}{name}"), STOPPED))
    });
    let record = |key: String, value: &str| AddedRecord {
        key,
        value: Some(value.to_owned()),
        timestamp_ms,
    };
    // In this order, as Connect does (`DistributedHerder.stopConnector`).
    let both = |name: String| {
        [
            record(format!("{TASKS}{name}"), NO_TASKS),
            record(format!("{STATE}{name}"), STOPPED),
        ]
    };
    Ok(there.into_iter().flat_map(both).collect())
}

/// Whether it is of a connector that the run knew to copy into this mirror.
pub(crate) fn is_of_mirror(cut: &Cut, position: &Committed) -> bool {
    let mut all = cut.quiesce.iter().flat_map(|one| &one.connectors);
    all.any(|one| one.copies && one.connector.name == position.connector)
}

/// Whether what copies from a source begins with the first record where it has no position.
pub(crate) fn begins_with_the_first(cut: &Cut, alias: &str) -> bool {
    let mut all = cut.quiesce.iter().flat_map(|one| &one.connectors);
    all.all(|one| !(one.copies && one.source_alias == alias && one.begins_late))
}

/// Connect cluster and name of each that the run knew.
fn connectors(cut: &Cut) -> impl Iterator<Item = (&str, &str)> {
    let all = cut.quiesce.iter().flat_map(|one| &one.connectors);
    all.map(|one| {
        let of = &one.connector;
        (of.connect.as_str(), of.name.as_str())
    })
}
