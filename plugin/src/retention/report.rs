//! The rule on all partitions of a cut, and what is said of it.

use std::collections::BTreeMap;

use serde::Serialize;
use slackwater_content::ReplicaAges;
use slackwater_cut::Cut;
use slackwater_logdir::SegmentAge;
use slackwater_ports::PartitionId;

use super::kafka::{Limits, log_start};

/// How far ahead is looked: brokers are started within minutes of a restore, and check first
/// 30 s after their start, then every five minutes. But an operator may be waited for half an
/// hour, and whoever does it by hand takes his time.
const SOON_MS: i64 = 2 * 60 * 60 * 1000;

/// A partition that would lose records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Expiring {
    /// The mirror's topic.
    pub topic: String,
    /// Its number.
    pub partition: u32,
    /// Where its log starts in the cut.
    pub start: u64,
    /// Where it would start.
    pub start_then: u64,
    /// Where it ends in the cut.
    pub end: u64,
    /// The topic's `retention.ms`.
    pub retention_ms: Option<u64>,
    /// The topic's `retention.bytes`.
    pub retention_bytes: Option<u64>,
}

/// What retention would do to a restored mirror.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Expiry {
    /// Up to when was looked, ms since the Unix epoch.
    pub until_ms: i64,
    /// Partitions that lose records up to then.
    pub expiring: Vec<Expiring>,
    /// When the next record is old enough after that, ms since the Unix epoch.
    pub next_ms: Option<i64>,
    /// Partitions of which it could not be told, and why.
    pub unknown: Vec<String>,
}

/// What brokers that start soon after `now_ms` would delete of the replicas of
/// `cut`. Whoever leads deletes, and the others follow: so the replica that
/// would delete most counts.
pub fn expiry(cut: &Cut, replicas: &[ReplicaAges], now_ms: i64) -> Expiry {
    let mut expiry = Expiry {
        until_ms: now_ms.saturating_add(SOON_MS),
        ..Expiry::default()
    };
    let mut of: BTreeMap<&PartitionId, Vec<&[SegmentAge]>> = BTreeMap::new();
    for replica in replicas {
        match &replica.segments {
            Ok(segments) => of.entry(&replica.partition).or_default().push(segments),
            Err(why) => expiry.unknown.push(format!("{}: {why}", replica.partition)),
        }
    }
    for row in &cut.rows.partitions {
        let topic = cut.rows.topic(row);
        let limits = Limits {
            ms: topic.retention_ms,
            bytes: topic.retention_bytes,
        };
        let id = PartitionId::new(topic.name.clone(), row.partition);
        let logs = of.get(&id).map_or(&[][..], Vec::as_slice);
        let starts = logs
            .iter()
            .filter_map(|log| log_start(log, row.high_watermark, limits, expiry.until_ms));
        let start_then = starts.max().unwrap_or(0).min(row.high_watermark);
        if start_then > row.log_start_offset {
            expiry.expiring.push(Expiring {
                topic: topic.name.clone(),
                partition: row.partition,
                start: row.log_start_offset,
                start_then,
                end: row.high_watermark,
                retention_ms: limits.ms,
                retention_bytes: limits.bytes,
            });
        }
        let next = logs
            .iter()
            .filter_map(|log| next(log, start_then, limits, expiry.until_ms));
        expiry.next_ms = expiry.next_ms.into_iter().chain(next).min();
    }
    expiry
}

/// When the first segment that is left becomes too old.
fn next(log: &[SegmentAge], start: u64, limits: Limits, after_ms: i64) -> Option<i64> {
    let ms = i64::try_from(limits.ms?).ok()?;
    let left = log.iter().find(|segment| segment.base >= start);
    let at = left.filter(|segment| segment.bytes > 0)?.newest_ms;
    Some(at.saturating_add(ms)).filter(|at| *at > after_ms)
}
