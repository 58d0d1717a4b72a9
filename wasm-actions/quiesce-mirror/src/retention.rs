//! Whether the source keeps, for the whole window, what the mirror still
//! needs.
//!
//! Lower bound of the time left for a partition: timestamp of the mirror's
//! next record + `retention.ms` − now. The record's segment goes when its
//! *largest* timestamp is older than that, so not sooner; that the segment is
//! the active one is no protection, for it is rolled and deleted too
//! (`UnifiedLog.deleteRetentionMsBreachedSegments`).

use std::collections::BTreeMap;

use slackwater_cut::{Settings, Strategy};
use slackwater_kit::SourceKey;
use slackwater_ports::{Cluster, Failure, PartitionId, Span, TopicConfig};

use crate::World;
use crate::found::Found;

/// How long the next records may take to be read: one of each partition.
const READ_MS: u64 = 15_000;

/// The next data record of a partition.
pub(crate) struct Front {
    key: SourceKey,
    /// First offset that is not committed.
    needed: u64,
    /// Offset and timestamp, if there is one.
    next: Option<(u64, i64)>,
    /// Between where it was looked for.
    searched: (u64, u64),
}

impl Front {
    /// What the run document keeps of it.
    pub(crate) fn kept(&self) -> slackwater_cut::Front {
        slackwater_cut::Front {
            needed: self.needed,
            next: self.next.map(|(offset, _)| offset),
            searched_from: self.searched.0,
            searched_to: self.searched.1,
        }
    }
}

/// The next data record of every copied partition, in their order. Committed
/// offsets are up to a minute old while the mirror runs: nothing is called
/// lost here. Of a source that is done without nothing was looked for.
pub(crate) fn fronts(world: &impl World, found: &Found) -> Result<Vec<Front>, Failure> {
    let mut fronts = BTreeMap::new();
    let silent = found.copied.iter();
    for key in silent.filter(|(alias, _)| !found.is_within_reach(alias)) {
        let front = Front {
            key: key.clone(),
            needed: found.needed(&key.0, &key.1),
            next: None,
            searched: (0, 0),
        };
        fronts.insert(key.clone(), front);
    }
    for source in found.within_reach() {
        let cluster = Cluster::Source(source.alias.clone());
        let partitions: Vec<PartitionId> = found
            .copied
            .iter()
            .filter(|(alias, _)| *alias == source.alias)
            .map(|(_, partition)| partition.clone())
            .collect();
        let sweep = world.sweep(&cluster, &partitions)?;
        let mut spans = Vec::new();
        for row in sweep.rows {
            let head = row.head.map_err(|why| {
                Failure::refused(format!(
                    "no answer for {} of {cluster}: {why}",
                    row.partition
                ))
            })?;
            let after = found.needed(&source.alias, &row.partition);
            spans.push(Span {
                partition: row.partition,
                start: after.max(head.log_start_offset).min(head.high_watermark),
                until: head.high_watermark,
                most: 1,
                keep_last: 1,
            });
        }
        let reads = world.read(&cluster, source.isolation, &spans, READ_MS)?;
        for (span, read) in spans.iter().zip(reads) {
            if !read.ended.is_complete() {
                return Err(Failure::refused(format!(
                    "the next record of {} of {cluster} could not be read ({:?}): retention can't \
                     be judged",
                    read.partition, read.ended
                )));
            }
            let needed = found.needed(&source.alias, &read.partition);
            let key = (source.alias.clone(), read.partition);
            fronts.insert(
                key.clone(),
                Front {
                    key,
                    needed,
                    next: read
                        .records
                        .last()
                        .map(|record| (record.offset, record.timestamp_ms)),
                    searched: (span.start, read.position),
                },
            );
        }
    }
    Ok(fronts.into_values().collect())
}

/// Refuses a window that retention does not allow. Gives the least time left
/// over all partitions, in milliseconds; `None` where nothing expires.
pub(crate) fn check(
    world: &impl World,
    found: &Found,
    fronts: &[Front],
    settings: &Settings,
) -> Result<Option<u64>, Failure> {
    let configs = configs(world, found)?;
    let needed = settings
        .window_ms
        .saturating_mul(u64::from(settings.retention_factor));
    let now = i64::try_from(world.now_ms()).unwrap_or(i64::MAX);
    let mut least: Option<u64> = None;
    for front in fronts {
        let (alias, partition) = &front.key;
        let Some(keeps_ms) = configs.get(&(alias.clone(), partition.topic.clone())) else {
            continue;
        };
        if settings.accept_retention_risk.contains(&partition.topic) {
            continue;
        }
        let left = match front.next {
            None => *keeps_ms,
            Some((offset, stamp)) if stamp <= 0 => {
                return Err(Failure::refused(format!(
                    "{partition} of source {alias}: the next record ({offset}) has timestamp \
                     {stamp}, so retention can't be judged; say --accept-retention-risk {}",
                    partition.topic
                )));
            }
            Some((_, stamp)) => stamp.saturating_add(*keeps_ms).saturating_sub(now),
        };
        let left = u64::try_from(left).unwrap_or(0);
        // Of a run that stops nothing no record is missed.
        if left < needed && settings.strategy != Strategy::Hot {
            return Err(Failure::refused(format!(
                "{partition} of source {alias}: retention leaves {} s for the mirror's next \
                 record, and the window needs {} s; shorten the window, raise retention.ms, or \
                 say --accept-retention-risk {}",
                left / 1000,
                needed.div_ceil(1000),
                partition.topic
            )));
        }
        least = Some(least.map_or(left, |least| least.min(left)));
    }
    Ok(least)
}

/// `retention.ms` of each copied topic that retention deletes from.
fn configs(world: &impl World, found: &Found) -> Result<BTreeMap<SourceTopic, i64>, Failure> {
    let mut all = BTreeMap::new();
    for source in found.within_reach() {
        let mut topics: Vec<String> = found
            .copied
            .iter()
            .filter(|(alias, _)| *alias == source.alias)
            .map(|(_, partition)| partition.topic.clone())
            .collect();
        topics.dedup();
        let cluster = Cluster::Source(source.alias.clone());
        for config in world.configs(&cluster, &topics)? {
            if let Some(keeps) = keeps_ms(&config) {
                all.insert((source.alias.clone(), config.topic), keeps);
            }
        }
    }
    Ok(all)
}

/// Alias and topic.
type SourceTopic = (String, String);

/// `None` where time deletes nothing.
fn keeps_ms(config: &TopicConfig) -> Option<i64> {
    let deletes = config
        .get("cleanup.policy")
        .is_none_or(|policy| policy.contains("delete"));
    let keeps: i64 = config.get("retention.ms")?.parse().ok()?;
    (deletes && keeps >= 0).then_some(keeps)
}
