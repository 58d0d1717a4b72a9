//! One look at the mirror: who leads, who is in sync, where everything ends.

use std::collections::BTreeMap;

use slackwater_cut::{Class, PartitionRow, Rows, TopicRow};
use slackwater_ports::{
    Cluster, ClusterView, ConfigEntry, Digest128, Head, HeadSweep, Heads, PartitionId, Seen,
};

use crate::TopicMap;

/// A look.
#[derive(Debug, Clone)]
pub struct Look {
    /// Brokers, topics, replicas, ISR.
    pub view: ClusterView,
    /// The ends of every protected partition, own ones included.
    pub sweep: HeadSweep,
}

/// What forbids to call a look settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A partition without an answer.
    NoAnswer(PartitionId, String),
    /// A replica that is not in sync.
    OutOfSync(PartitionId),
    /// An open transaction.
    OpenTransaction(PartitionId),
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Problem::NoAnswer(id, why) => write!(f, "no answer for {id}: {why}"),
            Problem::OutOfSync(id) => write!(f, "not all replicas of {id} are in sync"),
            Problem::OpenTransaction(id) => write!(f, "an open transaction on {id}"),
        }
    }
}

/// Looks at the mirror.
pub fn look(heads: &impl Heads, map: &TopicMap) -> Seen<Look> {
    let mut view = heads.describe(&Cluster::Mirror)?;
    view.topics.sort_by(|a, b| a.name.cmp(&b.name));
    for topic in &mut view.topics {
        topic
            .partitions
            .sort_by_key(|partition| partition.partition);
    }
    let partitions: Vec<PartitionId> = view
        .topics
        .iter()
        .filter(|topic| map.class(topic).is_some())
        .flat_map(|topic| {
            topic
                .partitions
                .iter()
                .map(|partition| PartitionId::new(topic.name.clone(), partition.partition))
        })
        .collect();
    let sweep = heads.sweep(&Cluster::Mirror, &partitions)?;
    Ok(Look { view, sweep })
}

impl Look {
    /// What forbids to call it settled. Own partitions may have open
    /// transactions, but their replicas are in sync too.
    pub fn problems(&self, map: &TopicMap) -> Vec<Problem> {
        let heads = self.heads();
        let mut problems = Vec::new();
        for topic in &self.view.topics {
            let Some(class) = map.class(topic) else {
                continue;
            };
            for partition in &topic.partitions {
                let id = PartitionId::new(topic.name.clone(), partition.partition);
                let in_sync = partition
                    .replicas
                    .iter()
                    .all(|replica| partition.isr.contains(replica));
                if !in_sync || partition.replicas.is_empty() {
                    problems.push(Problem::OutOfSync(id.clone()));
                }
                match heads.get(&id) {
                    Some(Ok(head)) => {
                        if class != Class::Own && head.last_stable_offset != head.high_watermark {
                            problems.push(Problem::OpenTransaction(id));
                        }
                    }
                    Some(Err(why)) => problems.push(Problem::NoAnswer(id, why.clone())),
                    None => problems.push(Problem::NoAnswer(id, "not asked".to_owned())),
                }
            }
        }
        problems
    }

    /// The heads by partition.
    pub fn heads(&self) -> BTreeMap<PartitionId, Result<Head, String>> {
        self.sweep
            .rows
            .iter()
            .map(|row| (row.partition.clone(), row.head.clone()))
            .collect()
    }
}

/// The effective configurations of the protected topics.
pub fn configurations(
    heads: &impl Heads,
    map: &TopicMap,
    view: &ClusterView,
) -> Seen<BTreeMap<String, Vec<ConfigEntry>>> {
    let names: Vec<String> = view
        .topics
        .iter()
        .filter(|topic| map.class(topic).is_some())
        .map(|topic| topic.name.clone())
        .collect();
    let configs = heads.configs(&Cluster::Mirror, &names)?;
    Ok(configs
        .into_iter()
        .map(|config| (config.topic, config.entries))
        .collect())
}

/// The rows of a cut, without tails and sources. A partition without an
/// answer has no row: count them.
pub fn rows_of(look: &Look, map: &TopicMap, configs: &BTreeMap<String, Vec<ConfigEntry>>) -> Rows {
    let heads = look.heads();
    let mut rows = Rows::default();
    for topic in &look.view.topics {
        let Some(class) = map.class(topic) else {
            continue;
        };
        let position = u32::try_from(rows.topics.len()).unwrap_or(u32::MAX);
        let entries = configs
            .get(&topic.name)
            .map(Vec::as_slice)
            .unwrap_or_default();
        rows.topics.push(TopicRow {
            name: topic.name.clone(),
            id: topic.topic_id.clone(),
            class,
            partitions: u32::try_from(topic.partitions.len()).unwrap_or(u32::MAX),
            config: config_digest(entries),
            compacted: entries
                .iter()
                .any(|entry| entry.key == "cleanup.policy" && entry.value.contains("compact")),
            retention_ms: number(entries, "retention.ms"),
            retention_bytes: number(entries, "retention.bytes"),
            remote_storage: entries
                .iter()
                .any(|entry| entry.key == "remote.storage.enable" && entry.value == "true"),
            source: map.source(&topic.name).cloned(),
        });
        for partition in &topic.partitions {
            let id = PartitionId::new(topic.name.clone(), partition.partition);
            let Some(Ok(head)) = heads.get(&id) else {
                continue;
            };
            rows.partitions.push(PartitionRow {
                topic: position,
                partition: partition.partition,
                log_start_offset: head.log_start_offset,
                closing_log_start_offset: None,
                high_watermark: head.high_watermark,
                last_stable_offset: head.last_stable_offset,
                leader_epoch: head.leader_epoch,
                replicas: partition.replicas.clone(),
                tail: None,
                source: None,
                content: None,
            });
        }
    }
    rows
}

/// A limit in effect: none where it is -1, or where `cleanup.policy` does not
/// delete.
fn number(entries: &[ConfigEntry], key: &str) -> Option<u64> {
    let value = |key| Some(&entries.iter().find(|entry| entry.key == key)?.value);
    let deletes = value("cleanup.policy").is_some_and(|policy| policy.contains("delete"));
    value(key)?.parse().ok().filter(|_| deletes)
}

fn config_digest(entries: &[ConfigEntry]) -> Digest128 {
    let mut lines: Vec<String> = entries
        .iter()
        .map(|entry| format!("{}={}", entry.key, entry.value))
        .collect();
    lines.sort();
    Digest128::of(lines.iter().map(String::as_bytes))
}
