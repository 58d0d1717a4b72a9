//! What lies in log directories, read by the project's own reader and by Kafka's.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde_json::Value;
use slackwater_cut::Cut;
use slackwater_lab::{DumpLog, Dumped, Iteration};
use slackwater_logdir::{Isolation, Locked, SegmentReader, records, survey};

use crate::CODECS;

/// Values and timestamps of a partition's records that count, in order.
pub(crate) type Records = Vec<(Vec<u8>, i64)>;

/// The log directories below a directory, by partition.
pub(crate) fn records_of(path: &Path, topics: &[String]) -> BTreeMap<(String, u32), Records> {
    let mut found = BTreeMap::new();
    for dir in survey(path, Locked::Allow).unwrap() {
        for replica in dir
            .replicas
            .iter()
            .filter(|one| topics.contains(&one.partition.topic))
        {
            let mut all = Records::new();
            let mut reader = SegmentReader::default();
            let end = records(&mut reader, replica, Isolation::ReadCommitted, |record| {
                let value = record.value.unwrap_or_default();
                all.push((value.to_vec(), record.timestamp_ms));
                ControlFlow::Continue(())
            });
            assert_eq!(end.unwrap().broken_at, None, "{}", replica.partition);
            found.insert(
                (replica.partition.topic.clone(), replica.partition.partition),
                all,
            );
        }
    }
    found
}

/// Copies that carry load: the mirror's topic, and the source's.
pub(crate) fn mirrored(cut: &Cut) -> BTreeMap<String, String> {
    let topics = cut.rows.topics.iter();
    let copies = topics.filter_map(|topic| Some((topic.name.clone(), topic.source.clone()?.topic)));
    copies
        .filter(|(_, source)| CODECS.contains(&source.as_str()))
        .collect()
}

/// Kafka's own reader takes every batch of the trimmed logs, each packed as it
/// was, up to the cut; `inside`: some of the cuts lie inside of batches.
pub(crate) fn kafka_reads(copies: &[(i32, PathBuf)], plan: &Value, names: &[String], inside: bool) {
    let tool = DumpLog::new().unwrap();
    let mut anew = 0;
    for (node, copy) in copies {
        let mut replicas = survey(copy, Locked::Refuse).unwrap().remove(0).replicas;
        replicas.retain(|replica| names.contains(&replica.partition.topic));
        let segments = replicas.iter().flat_map(|replica| &replica.segments);
        let paths: Vec<&Path> = segments.map(|one| one.path.as_path()).collect();
        // Once for all: a Java takes seconds to start.
        let mut dumped = tool.run(&paths, Iteration::Deep).unwrap().into_iter();
        for replica in &replicas {
            let partition = &replica.partition;
            let rows = plan["partitions"].as_array().unwrap();
            let row = rows.iter().find(|row| {
                row["partition"]["topic"] == partition.topic.as_str()
                    && row["partition"]["partition"] == partition.partition
            });
            let row = row.unwrap();
            let dumped: Vec<Dumped> = dumped.by_ref().take(replica.segments.len()).collect();
            for file in &dumped {
                assert_eq!(
                    (file.invalid_bytes, &file.failure),
                    (0, &None),
                    "{}",
                    file.path
                );
                assert!(
                    file.batches.iter().all(|batch| batch.valid),
                    "{}",
                    file.path
                );
            }
            let last = dumped.iter().flat_map(|file| &file.batches).last().unwrap();
            assert_eq!(
                last.last_offset + 1,
                row["cut"].as_i64().unwrap(),
                "{partition}"
            );
            // A marker is never packed.
            let mut data = dumped.iter().flat_map(|file| &file.batches);
            let data = data.rfind(|batch| !batch.control).unwrap();
            let codec = partition.topic.replace("uncompressed", "none");
            assert!(codec.ends_with(&data.codec), "{partition}: {}", data.codec);
            // Of the copy whose log is kept, what was added is that batch.
            let alone = replica.segments.last().unwrap().base == last.base_offset as u64;
            anew += u32::from(row["keptOf"] == *node && replica.segments.len() > 1 && alone);
        }
    }
    println!("{anew} batches were cut inside");
    assert!(!inside || anew > 0);
}

/// Where volumes are, as words of a command.
pub(crate) fn paths(volumes: &[(i32, PathBuf)]) -> Vec<String> {
    let one = |(_, path): &(i32, PathBuf)| path.display().to_string();
    volumes.iter().map(one).collect()
}

/// The same, named as the configuration does.
pub(crate) fn named(volumes: &[(i32, PathBuf)]) -> Vec<String> {
    let one = |(id, path): &(i32, PathBuf)| format!("--volume=volume-{id}={}", path.display());
    volumes.iter().map(one).collect()
}
