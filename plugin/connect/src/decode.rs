//! From what Connect says to what a phase may see. Does no I/O.

use std::collections::BTreeMap;

use serde_json::Value;
use slackwater_ports::{ConnectorState, PartitionId, Position, Setting, TaskView};

use crate::wire::{RawConfig, RawOffset, RawTask, RawTaskState};
use crate::{redact, text};

/// `AbstractStatus.State`
pub(crate) fn state(raw: &str) -> ConnectorState {
    match raw {
        "UNASSIGNED" => ConnectorState::Unassigned,
        "RUNNING" => ConnectorState::Running,
        "PAUSED" => ConnectorState::Paused,
        "STOPPED" => ConnectorState::Stopped,
        "FAILED" => ConnectorState::Failed,
        "RESTARTING" => ConnectorState::Restarting,
        other => ConnectorState::Other(text::line(other)),
    }
}

/// Without credentials; sorted by key, as the map is.
pub(crate) fn settings(config: RawConfig) -> Vec<Setting> {
    config
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .filter(|(key, value)| !redact::is_credential(key, value))
        .map(|(key, value)| Setting { key, value })
        .collect()
}

/// All tasks that have a status or a configuration. After a stop the
/// configurations go first and the statuses last; after a start it is the
/// other way round, so only what is in neither is gone.
pub(crate) fn tasks(
    statuses: Vec<RawTaskState>,
    configured: Vec<RawTask>,
) -> Result<Vec<TaskView>, String> {
    let mut all = BTreeMap::new();
    for raw in configured {
        let list = raw.config.get("task.assigned.partitions").cloned();
        let view = TaskView {
            id: raw.id.task,
            state: ConnectorState::Unassigned,
            worker: String::new(),
            trace: None,
            assigned: assigned(&list.flatten().unwrap_or_default())?,
        };
        all.insert(raw.id.task, view);
    }
    for raw in statuses {
        let view = all.entry(raw.id).or_insert_with(|| TaskView {
            id: raw.id,
            state: ConnectorState::Unassigned,
            worker: String::new(),
            trace: None,
            assigned: Vec::new(),
        });
        view.state = state(&raw.state);
        view.worker = text::line(&raw.worker_id);
        view.trace = raw.trace.as_deref().map(text::line);
    }
    Ok(all.into_values().collect())
}

/// `task.assigned.partitions`, for example `blogs-0,a-b-1`: what stands
/// behind the last `-` is the partition (`MirrorUtils.decodeTopicPartition`).
pub(crate) fn assigned(list: &str) -> Result<Vec<PartitionId>, String> {
    list.split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let (topic, number) = entry
                .rsplit_once('-')
                .filter(|(topic, _)| !topic.is_empty())?;
            Some(PartitionId::new(topic, number.parse().ok()?))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| "has a task.assigned.partitions that is no list of topic-number".to_owned())
}

/// A source connector's committed offsets (`MirrorUtils.wrapPartition`).
///
/// Those of another alias are what an earlier configuration left: MirrorMaker
/// looks only for its own alias. A null offset was taken back.
pub(crate) fn positions(raw: Vec<RawOffset>, alias: &str) -> Result<Vec<Position>, String> {
    let mut found = BTreeMap::new();
    for entry in raw {
        let of_partition = |key: &str| entry.partition.get(key);
        let cluster = of_partition("cluster").and_then(Value::as_str);
        let topic = of_partition("topic").and_then(Value::as_str);
        let number = of_partition("partition").and_then(Value::as_u64);
        let (Some(cluster), Some(topic), Some(number)) = (cluster, topic, number) else {
            return Err("has an offset that is not MirrorMaker's".to_owned());
        };
        if cluster != alias || entry.offset.is_null() {
            continue;
        }
        let number = u32::try_from(number).map_err(|_| "has a partition over 2^32".to_owned())?;
        let partition = PartitionId::new(topic, number);
        let offset = entry.offset.get("offset").and_then(Value::as_u64);
        let offset = offset.ok_or_else(|| format!("has no offset for {partition}"))?;
        if found.insert(partition.clone(), offset).is_some() {
            return Err(format!("has two offsets for {partition}"));
        }
    }
    Ok(found
        .into_iter()
        .map(|(partition, offset)| Position { partition, offset })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_topic_may_have_dashes() {
        let list = assigned("blogs-0, a-b-12").unwrap();
        assert_eq!(
            list,
            [PartitionId::new("blogs", 0), PartitionId::new("a-b", 12)]
        );
        assert!(assigned("").unwrap().is_empty());
        assert!(assigned("blogs").is_err() && assigned("-1").is_err());
    }

    #[test]
    fn a_task_without_a_status_is_not_gone() {
        let raw = r#"[{"id":{"task":3},"config":{"task.assigned.partitions":"a-0"}}]"#;
        let seen = tasks(Vec::new(), serde_json::from_str(raw).unwrap()).unwrap();
        assert_eq!(seen[0].id, 3);
        assert_eq!(seen[0].state, ConnectorState::Unassigned);
    }

    proptest! {
        #[test]
        fn any_list_of_partitions_is_read_or_refused(text in any::<String>()) {
            if let Ok(list) = assigned(&text) {
                prop_assert!(list.iter().all(|p| !p.topic.is_empty()));
            }
        }
    }
}
