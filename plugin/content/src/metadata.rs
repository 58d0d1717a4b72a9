//! The metadata logs, and what lies on the volumes that each does not know.

use std::ops::ControlFlow;
use std::path::PathBuf;

use slackwater_logdir::kraft::{MetadataError, MetadataImage, Snapshot, SnapshotId, Uuid};
use slackwater_logdir::{
    Depth, Isolation, Replica, ScanOptions, SegmentFile, SegmentReader, records, scan,
};
use slackwater_ports::MetadataSeen;

use crate::state::{State, as_u32};

const TOPIC: &str = "__cluster_metadata";

/// Replicas that are named at the most: one is enough to refute.
const MOST_NAMED: usize = 1_000;

pub(crate) fn seen(state: &State) -> Vec<MetadataSeen> {
    let mut reader = SegmentReader::default();
    state
        .of_topic(TOPIC)
        .into_iter()
        .map(|(dir, replica)| of(state, dir, replica, &mut reader))
        .collect()
}

fn of(state: &State, dir: u32, replica: &Replica, reader: &mut SegmentReader) -> MetadataSeen {
    let mut seen = MetadataSeen {
        dir,
        end: 0,
        last_epoch: -1,
        topics: 0,
        unassigned: Vec::new(),
        error: None,
    };
    match image(replica, reader) {
        Err(why) => seen.error = Some(why),
        Ok(read) => {
            seen.end = read.end;
            seen.last_epoch = read.last_epoch;
            seen.topics = read.image.topics.len() as u64;
            for (at, other) in state.dirs.iter().enumerate() {
                for replica in &other.log.replicas {
                    let id = Uuid::parse(replica.topic_id.as_deref().unwrap_or_default());
                    let partition = &replica.partition;
                    let known = partition.topic == TOPIC
                        || id.is_some_and(|id| {
                            read.image.assigns(id, partition.partition, other.broker)
                        });
                    if !known && seen.unassigned.len() < MOST_NAMED {
                        tracing::debug!(%partition, dir = as_u32(at), "not in the metadata");
                        seen.unassigned.push(partition.clone());
                    }
                }
            }
        }
    }
    seen
}

struct Read {
    image: MetadataImage,
    end: u64,
    last_epoch: i32,
}

/// The newest snapshot that lies beside the log, then the log from there on.
fn image(replica: &Replica, reader: &mut SegmentReader) -> Result<Read, String> {
    let mut image = MetadataImage::default();
    let mut from = 0;
    if let Some((id, path)) = newest_snapshot(replica)? {
        let file = Replica {
            segments: vec![SegmentFile {
                base: 0,
                bytes: 0,
                path,
            }],
            start: 0,
            ..replica.clone()
        };
        let mut snapshot = Snapshot::new(id);
        follow(&file, reader, |offset, value| snapshot.apply(offset, value))?;
        image = snapshot.finish().map_err(|error| error.to_string())?;
        from = id.end;
    }
    follow(replica, reader, |offset, value| image.apply(offset, value))?;
    let options = ScanOptions {
        depth: Depth::Full,
        digest_from: 0,
        until: None,
        tail: 0,
    };
    let found = scan(reader, replica, &options, &|_| ()).map_err(|error| error.to_string())?;
    if let Some(bad) = found.first_bad {
        return Err(format!(
            "{} at byte {}: {}",
            bad.file, bad.position, bad.why
        ));
    }
    let first = replica.segments.first().map_or(0, |segment| segment.base);
    if first > from {
        return Err(format!(
            "it begins at offset {first}, and the newest snapshot ends at {from}"
        ));
    }
    Ok(Read {
        image,
        end: found.end,
        last_epoch: found.last_epoch.unwrap_or(-1),
    })
}

fn newest_snapshot(replica: &Replica) -> Result<Option<(SnapshotId, PathBuf)>, String> {
    let entries = std::fs::read_dir(&replica.path).map_err(|error| error.to_string())?;
    let mut newest: Option<(SnapshotId, PathBuf)> = None;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(id) = SnapshotId::parse(&name) else {
            continue;
        };
        if newest.as_ref().is_none_or(|(known, _)| *known < id) {
            newest = Some((id, path));
        }
    }
    Ok(newest)
}

fn follow(
    replica: &Replica,
    reader: &mut SegmentReader,
    mut apply: impl FnMut(u64, &[u8]) -> Result<(), MetadataError>,
) -> Result<(), String> {
    let mut wrong = None;
    let read = records(
        reader,
        replica,
        Isolation::ReadUncommitted,
        |record| match apply(record.offset, record.value.unwrap_or_default()) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                wrong = Some(error.to_string());
                ControlFlow::Break(())
            }
        },
    );
    match (read, wrong) {
        (Err(error), _) => Err(error.to_string()),
        (_, Some(why)) => Err(why),
        (Ok(_), None) => Ok(()),
    }
}
