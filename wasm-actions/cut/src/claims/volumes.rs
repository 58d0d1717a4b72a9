//! What `durable`, `intact` and `restored` ask alike of the volumes that were
//! read: whose they are, and whether they are what this run cut.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use slackwater_ports::LogDirSeen;

use super::falls::{Change, Fall};
use super::name_some;
use super::replicas::Findings;
use crate::{Cut, TopicRow};

/// What is wrong with the log directories themselves.
pub(super) fn directories(dirs: &[LogDirSeen], cluster_id: &str, findings: &mut Findings) {
    if dirs.is_empty() {
        findings
            .unknown
            .push("no log directory was found".to_owned());
    }
    for dir in dirs {
        let volume = &dir.volume;
        match dir.node_id {
            Some(id) if id == dir.broker => {}
            Some(id) => findings.contrary.push(format!(
                "volume {volume} is node {id}'s, the configuration says {}",
                dir.broker
            )),
            None => findings
                .unknown
                .push(format!("volume {volume} names no node.id")),
        }
        match dir.cluster_id.as_deref() {
            Some(id) if id == cluster_id && !id.is_empty() => {}
            Some(id) => findings.contrary.push(format!(
                "volume {volume} is of cluster {id}, the mirror is {cluster_id}"
            )),
            None => findings
                .unknown
                .push(format!("volume {volume} names no cluster.id")),
        }
    }
}

/// Topics of which the volumes are not all: older segments are on remote storage
/// (KIP-405), and only a pointer to them is here.
pub(super) fn tiered<'r>(topics: impl Iterator<Item = &'r TopicRow>, findings: &mut Findings) {
    findings.unknown.extend(moved(topics));
}

/// What is to be said of them.
pub(super) fn moved<'r>(
    topics: impl Iterator<Item = &'r TopicRow>,
) -> impl Iterator<Item = String> {
    let moved = topics.filter(|topic| topic.remote_storage);
    moved.map(|topic| {
        format!(
            "{} moves segments to remote storage: the volumes are not all of it",
            topic.name
        )
    })
}

/// Partitions that lie on the volumes and that no look saw: the brokers hide a topic
/// from a client that may not describe it, so what is not in the cut was not held
/// against anything.
pub(super) fn unseen(partitions: &[String]) -> Option<String> {
    if partitions.is_empty() {
        return None;
    }
    Some(format!(
        "on the volumes and not in the cut: {} (made in the window, or hidden from this program's \
         user, who has to be allowed to describe every topic)",
        name_some(partitions)
    ))
}

/// Which snapshot a volume has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SnapshotHandle {
    /// The volume.
    pub volume: String,
    /// What finds its snapshot again.
    pub handle: String,
}

/// The snapshots of a run.
pub(super) fn handles(cut: &Cut) -> Vec<SnapshotHandle> {
    let volumes = cut.snapshot.iter().flat_map(|snapshot| &snapshot.volumes);
    volumes
        .map(|one| SnapshotHandle {
            volume: one.volume.clone(),
            handle: one.handle.clone(),
        })
        .collect()
}

/// What was read is what this run cut, and all of it: another snapshot of the
/// same mirror looks just as whole.
pub(super) fn opened(dirs: &[LogDirSeen], snapshots: &[SnapshotHandle], findings: &mut Findings) {
    if snapshots.is_empty() {
        findings.unknown.push("no snapshot was cut".to_owned());
    }
    for dir in dirs {
        let of_it = snapshots.iter().find(|one| one.volume == dir.volume);
        match of_it {
            Some(one) if one.handle == dir.opened_from && !one.handle.is_empty() => {}
            Some(one) => findings.contrary.push(format!(
                "volume {} was read from {:?}, the run cut {:?}",
                dir.volume, dir.opened_from, one.handle
            )),
            None => findings
                .unknown
                .push(format!("volume {} was read and not cut", dir.volume)),
        }
    }
    for one in snapshots {
        if !dirs.iter().any(|dir| dir.volume == one.volume) {
            findings
                .unknown
                .push(format!("volume {} was cut and not read", one.volume));
        }
    }
}

/// Changes of [`opened`]'s evidence, in the part that `within` names.
pub(super) fn opened_falls(within: &str) -> Vec<Fall> {
    let of = |field: &str, change| Fall::evidence(format!("{within}{field}"), change);
    vec![
        of("snapshots", Change::Clear),
        of("snapshots[].volume", Change::OtherText),
        of("snapshots[].handle", Change::OtherText),
        of("dirs[].volume", Change::OtherText),
        of("dirs[].openedFrom", Change::OtherText),
    ]
}

/// Changes of [`directories`]' evidence, which is `dirs` in the part of the
/// evidence that `within` names: empty, or a field with a dot.
pub(super) fn directory_falls(within: &str) -> Vec<Fall> {
    let dirs = |field: &str, change| Fall::evidence(format!("{within}dirs{field}"), change);
    vec![
        dirs("", Change::Clear),
        dirs("[].broker", Change::Add(1)),
        dirs("[].nodeId", Change::Add(1)),
        dirs("[].nodeId", Change::Set(serde_json::Value::Null)),
        dirs("[].clusterId", Change::OtherText),
    ]
}
