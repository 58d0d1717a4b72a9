//! Where one side is read: on a running cluster, or in log directories.

use std::collections::BTreeMap;
use std::path::PathBuf;

use slackwater_kafka::{KafkaClusters, Stream, StreamRecord};
use slackwater_logdir::{
    Depth, Locked, LogDir, Record, Replica, ScanOptions, SegmentReader, scan, survey,
};
use slackwater_ports::{Cluster, Head, Heads as _, Isolation, PartitionId, PortError};

use super::pairs::Topics;
use crate::exit::Stop;

/// One side.
pub enum Side<'a> {
    /// A running cluster, read at this level.
    Live(&'a KafkaClusters, Cluster, Isolation),
    /// Log directories of one or several of its brokers, read at this level.
    Dirs(Vec<LogDir>, Isolation),
}

/// A partition on one side, and how far it goes.
#[derive(Debug, Clone)]
pub struct Extent {
    /// Which.
    pub partition: PartitionId,
    /// Log start offset.
    pub start: u64,
    /// Up to where a reader at its side's level gets.
    pub until: u64,
    /// A transaction is open there.
    pub open: bool,
    /// Records may have been compacted away.
    pub compacts: bool,
    /// The topic's id, where it is known.
    pub topic_id: Option<String>,
    /// Where it is read, if in a directory.
    pub replica: Option<Replica>,
}

/// What reads a side, for one thread.
pub(super) enum Reader<'a> {
    Stream(Stream<'a>),
    Files(Isolation),
}

/// A record of a file, as a stream has it.
pub(super) fn of_file<'r>(record: &'r Record<'r>) -> StreamRecord<'r> {
    StreamRecord {
        offset: record.offset,
        timestamp_ms: record.timestamp_ms,
        timestamp_type: record.timestamp_type,
        key: record.key,
        value: record.value,
        headers: &record.headers,
    }
}

fn failed(error: PortError) -> Stop {
    Stop::failed(error.message)
}

impl<'a> Side<'a> {
    /// The log directories at or below these paths.
    ///
    /// # Errors
    /// None there, or one that a broker has locked.
    pub fn dirs(paths: &[PathBuf], isolation: Isolation) -> Result<Self, Stop> {
        let mut dirs = Vec::new();
        for path in paths {
            dirs.extend(survey(path, Locked::Refuse).map_err(Stop::bad_input)?);
        }
        Ok(Side::Dirs(dirs, isolation))
    }

    /// Replicas and small files that could not be read.
    pub fn unread(&self) -> Vec<&String> {
        match self {
            Side::Live(..) => Vec::new(),
            Side::Dirs(dirs, _) => dirs.iter().flat_map(|dir| &dir.unread).collect(),
        }
    }

    /// Its topics and their partitions.
    ///
    /// # Errors
    /// A cluster that does not answer.
    pub fn topics(&self) -> Result<Topics, Stop> {
        let mut topics = Topics::new();
        match self {
            Side::Live(kafka, cluster, _) => {
                for topic in kafka.describe(cluster).map_err(failed)?.topics {
                    let numbers = topic.partitions.iter().map(|one| one.partition);
                    topics.insert(topic.name, numbers.collect());
                }
            }
            Side::Dirs(dirs, _) => {
                for replica in dirs.iter().flat_map(|dir| &dir.replicas) {
                    let topic = topics.entry(replica.partition.topic.clone()).or_default();
                    topic.insert(replica.partition.partition);
                }
            }
        }
        Ok(topics)
    }

    /// How far these partitions go now, or why that is not known.
    ///
    /// # Errors
    /// A cluster that does not answer.
    pub fn extents(
        &self,
        partitions: &[PartitionId],
    ) -> Result<BTreeMap<PartitionId, Result<Extent, String>>, Stop> {
        match self {
            Side::Live(kafka, cluster, isolation) => live(kafka, cluster, *isolation, partitions),
            Side::Dirs(dirs, _) => Ok(partitions
                .iter()
                .map(|partition| (partition.clone(), longest(dirs, partition)))
                .collect()),
        }
    }

    /// A reader for a thread of its own.
    ///
    /// # Errors
    /// Properties that librdkafka refuses.
    pub(super) fn reader(&self) -> Result<Reader<'a>, String> {
        match self {
            Side::Live(kafka, cluster, isolation) => kafka
                .stream(cluster, *isolation)
                .map(Reader::Stream)
                .map_err(|error| error.message),
            Side::Dirs(_, isolation) => Ok(Reader::Files(*isolation)),
        }
    }
}

fn live(
    kafka: &KafkaClusters,
    cluster: &Cluster,
    isolation: Isolation,
    partitions: &[PartitionId],
) -> Result<BTreeMap<PartitionId, Result<Extent, String>>, Stop> {
    let view = kafka.describe(cluster).map_err(failed)?;
    let ids: BTreeMap<&str, &str> = view
        .topics
        .iter()
        .map(|topic| (topic.name.as_str(), topic.topic_id.as_str()))
        .collect();
    let mut topics: Vec<String> = partitions.iter().map(|one| one.topic.clone()).collect();
    topics.sort();
    topics.dedup();
    // One that is gone would fail the whole request.
    topics.retain(|topic| ids.contains_key(topic.as_str()));
    let configs = kafka.configs(cluster, &topics).map_err(failed)?;
    let compacted: BTreeMap<&str, bool> = configs
        .iter()
        .map(|config| {
            let policy = config.get("cleanup.policy").unwrap_or_default();
            (config.topic.as_str(), policy.contains("compact"))
        })
        .collect();
    let sweep = kafka.sweep(cluster, partitions).map_err(failed)?;
    Ok(sweep
        .rows
        .into_iter()
        .map(|row| {
            let topic = row.partition.topic.as_str();
            let until = |head: &Head| match isolation {
                Isolation::ReadCommitted => head.last_stable_offset,
                Isolation::ReadUncommitted => head.high_watermark,
            };
            let extent = row.head.map(|head| Extent {
                partition: row.partition.clone(),
                start: head.log_start_offset,
                until: until(&head),
                open: until(&head) < head.high_watermark,
                compacts: compacted.get(topic).copied().unwrap_or(false),
                topic_id: ids.get(topic).map(|id| (*id).to_owned()),
                replica: None,
            });
            (row.partition.clone(), extent)
        })
        .collect())
}

/// The replica whose log goes furthest.
fn longest(dirs: &[LogDir], partition: &PartitionId) -> Result<Extent, String> {
    let mut found: Option<Extent> = None;
    let mut reader = SegmentReader::default();
    let replicas = dirs.iter().flat_map(|dir| &dir.replicas);
    for replica in replicas.filter(|replica| replica.partition == *partition) {
        let options = ScanOptions {
            depth: Depth::Tail,
            digest_from: 0,
            until: None,
            tail: 0,
        };
        let seen =
            scan(&mut reader, replica, &options, &|_| {}).map_err(|error| error.to_string())?;
        if found.as_ref().is_none_or(|found| seen.end > found.until) {
            found = Some(Extent {
                partition: partition.clone(),
                start: replica.start,
                until: seen.end,
                open: false,
                // A cleaner that has been there leaves its mark.
                compacts: replica.cleaner_offset.is_some(),
                topic_id: replica.topic_id.clone(),
                replica: Some(replica.clone()),
            });
        }
    }
    found.ok_or_else(|| "no replica of it lies in the directories".to_owned())
}
