//! What brokers would do to the logs as they start on them: coordinators end
//! what was pending, and what the metadata does not know is set aside.

use std::collections::BTreeSet;

use serde_json::json;
use slackwater_ports::{LogDirSeen, MetadataSeen};

use super::falls::{Change, Fall};
use super::name_some;
use super::replicas::Findings;
use crate::{Rows, Transactions};

/// Where coordinators keep what they would go on with.
const TRANSACTION_STATE: &str = "__transaction_state";

/// A coordinator that comes back would append its markers.
pub(super) fn transactions(seen: &Transactions, rows: &Rows, findings: &mut Findings) {
    let still: BTreeSet<(&str, u32)> = rows
        .still_rows()
        .map(|row| (rows.topic(row).name.as_str(), row.partition))
        .collect();
    for pending in &seen.pending {
        let named = pending
            .partitions
            .iter()
            .find(|one| still.contains(&(one.topic.as_str(), one.partition)));
        if let Some(partition) = named {
            findings.contrary.push(format!(
                "transaction {} is {} and names {partition}",
                pending.id, pending.status
            ));
        }
    }
    let expected: usize = rows
        .partitions
        .iter()
        .filter(|row| rows.topic(row).name == TRANSACTION_STATE)
        .map(|row| row.replicas.len())
        .sum();
    if seen.replicas < expected as u64 {
        findings.unknown.push(format!(
            "{} of {expected} replicas of {TRANSACTION_STATE} were read",
            seen.replicas
        ));
    }
}

/// A controller is elected whose log is as long as a majority's: in the worst
/// case it is the middle one. A longer one knows no less. Only voters count: a
/// broker that merely follows has a log too, and elects nobody (KIP-595).
pub(super) fn metadata(
    seen: &[MetadataSeen],
    dirs: &[LogDirSeen],
    rows: &Rows,
    findings: &mut Findings,
) {
    let still: BTreeSet<&str> = rows
        .still_topics()
        .map(|topic| topic.name.as_str())
        .collect();
    let node = |log: &MetadataSeen| dirs.get(log.dir as usize).map(|dir| dir.broker);
    let voters: BTreeSet<i32> = seen.iter().flat_map(|log| &log.voters).copied().collect();
    if seen.iter().any(|log| node(log).is_none()) {
        findings
            .unknown
            .push("a metadata log lies nowhere".to_owned());
    }
    let is_voter = |log: &&MetadataSeen| node(log).is_some_and(|id| voters.contains(&id));
    let mut logs: Vec<&MetadataSeen> = seen.iter().filter(is_voter).collect();
    logs.sort_by_key(|log| (log.last_epoch, log.log_end_offset));
    let there: BTreeSet<Option<i32>> = logs.iter().map(|log| node(log)).collect();
    if voters.is_empty() {
        findings
            .unknown
            .push("no metadata log tells who its voters are".to_owned());
    } else if there.len() <= voters.len() / 2 {
        findings.unknown.push(format!(
            "of the {} voters {voters:?} the metadata logs of {} are in the snapshot: no controller \
             could be elected",
            voters.len(),
            there.len()
        ));
    }
    for (place, log) in logs.iter().enumerate() {
        let Some(dir) = dirs.get(log.dir as usize) else {
            continue;
        };
        let whose = format!("the metadata log of node {}", dir.broker);
        if let Some(why) = &log.error {
            findings
                .unknown
                .push(format!("{whose} can't be read: {why}"));
        }
        if log.topics == 0 || log.log_end_offset == 0 || log.last_epoch < 0 {
            findings.unknown.push(format!("{whose} names no topic"));
        }
        let strays: Vec<String> = log
            .unassigned
            .iter()
            .filter(|id| still.contains(id.topic.as_str()))
            .map(ToString::to_string)
            .collect();
        if strays.is_empty() {
            continue;
        }
        let what = format!("{whose} does not know {}", name_some(&strays));
        if place >= logs.len() / 2 {
            findings
                .contrary
                .push(format!("{what}: brokers would set that aside as stray"));
        } else {
            findings.unknown.push(what);
        }
    }
}

/// Changes that must make a claim fall that rests on both.
pub(super) fn falls() -> Vec<Fall> {
    vec![
        Fall::evidence("transactions.replicas", Change::Set(0.into())),
        Fall::evidence(
            "transactions.pending",
            Change::Push(json!({
                "dir": 0,
                "id": "t",
                "status": "Ongoing",
                "partitions": [{"topic": "mm2-offsets", "partition": 0}],
            })),
        ),
        Fall::evidence("metadata", Change::Clear),
        Fall::evidence("metadata[].dir", Change::Add(1000)),
        Fall::evidence("metadata[].logEndOffset", Change::Set(0.into())),
        Fall::evidence("metadata[].lastEpoch", Change::Set((-1).into())),
        Fall::evidence("metadata[].topics", Change::Set(0.into())),
        Fall::evidence("metadata[].voters", Change::Set(json!([997, 998, 999]))),
        Fall::evidence(
            "metadata[].unassigned",
            Change::Push(json!({"topic": "mm2-offsets", "partition": 0})),
        ),
        Fall::evidence("metadata[].error", Change::Set("torn".into())),
    ]
}
