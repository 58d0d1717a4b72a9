//! The metadata logs, and what lies on the volumes that each does not know.

use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

use slackwater_logdir::kraft::{
    KRAFT_VOTERS, MetadataError, MetadataImage, Snapshot, SnapshotId, Uuid, voters,
};
use slackwater_logdir::{
    Depth, Isolation, RecordsEnd, Replica, ScanOptions, SegmentFile, SegmentReader, broken_at,
    control_records, records, scan,
};
use slackwater_ports::MetadataSeen;

use crate::Located;
use crate::state::State;

const TOPIC: &str = "__cluster_metadata";

/// Replicas that are named at the most: one is enough to refute.
const MOST_NAMED: usize = 1_000;

/// Held against these replicas.
pub(crate) fn seen(state: &State, all: &[Located]) -> Vec<MetadataSeen> {
    let mut reader = SegmentReader::default();
    state
        .of_topic(TOPIC)
        .into_iter()
        .map(|(dir, replica)| of(all, dir, replica, &mut reader))
        .collect()
}

/// All that was listed.
pub(crate) fn located(state: &State) -> Vec<Located> {
    let dirs = state.dirs.iter();
    dirs.flat_map(|dir| {
        dir.log.replicas.iter().map(|replica| Located {
            broker: dir.broker,
            partition: replica.partition.clone(),
            topic_id: replica.topic_id.clone(),
        })
    })
    .collect()
}

fn of(all: &[Located], dir: u32, replica: &Replica, reader: &mut SegmentReader) -> MetadataSeen {
    let mut seen = MetadataSeen {
        dir,
        log_end_offset: 0,
        last_epoch: -1,
        topics: 0,
        voters: Vec::new(),
        unassigned: Vec::new(),
        error: None,
    };
    match image(replica, reader) {
        Err(why) => seen.error = Some(why),
        Ok(read) => {
            seen.log_end_offset = read.end;
            seen.last_epoch = read.last_epoch;
            seen.topics = read.image.topics.len() as u64;
            seen.voters = read.voters;
            for other in all {
                let id = Uuid::parse(other.topic_id.as_deref().unwrap_or_default());
                let partition = &other.partition;
                let known = partition.topic == TOPIC
                    || id.is_some_and(|id| {
                        read.image.assigns(id, partition.partition, other.broker)
                    });
                if !known && seen.unassigned.len() < MOST_NAMED {
                    tracing::debug!(%partition, broker = other.broker, "not in the metadata");
                    seen.unassigned.push(partition.clone());
                }
            }
        }
    }
    seen
}

struct Read {
    image: MetadataImage,
    /// The newest that the snapshot or the log names, else those of
    /// `quorum-state`.
    voters: Vec<i32>,
    end: u64,
    last_epoch: i32,
}

/// The newest snapshot that lies beside the log, then the log from there on.
fn image(replica: &Replica, reader: &mut SegmentReader) -> Result<Read, String> {
    let mut image = MetadataImage::default();
    let mut from = 0;
    let mut voters = configured_voters(replica)?;
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
        named_voters(&file, reader, &mut voters)?;
        let mut snapshot = Snapshot::new(id);
        // Nothing takes away what it lacks, as a broker does of a log: it is whole, or none.
        let end = follow(&file, reader, |offset, value| snapshot.apply(offset, value))?;
        if end.broken_at.is_some() {
            return Err(format!("its newest snapshot: {}", damaged(&end)));
        }
        image = snapshot.finish().map_err(|error| error.to_string())?;
        from = id.end;
    }
    follow(replica, reader, |offset, value| image.apply(offset, value))?;
    named_voters(replica, reader, &mut voters)?;
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
        voters,
        end: found.end,
        last_epoch: found.last_epoch.unwrap_or(-1),
    })
}

/// Kafka's file beside the log. It names the voters of a quorum that is
/// configured by `controller.quorum.voters`, and of no other
/// (`QuorumStateData`, version 0).
const QUORUM_STATE: &str = "quorum-state";

/// No such file is longer: a hundred voters need 2 KiB.
const MAX_QUORUM_STATE: u64 = 1 << 20;

fn configured_voters(replica: &Replica) -> Result<Vec<i32>, String> {
    let path = replica.path.join(QUORUM_STATE);
    let file = match std::fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("{QUORUM_STATE}: {error}")),
    };
    let state: serde_json::Value = serde_json::from_reader(file.take(MAX_QUORUM_STATE))
        .map_err(|error| format!("{QUORUM_STATE}: {error}"))?;
    let voters = state["currentVoters"].as_array();
    let ids = voters.into_iter().flatten().map(|one| {
        let id = one["voterId"]
            .as_i64()
            .and_then(|id| i32::try_from(id).ok());
        id.ok_or_else(|| format!("{QUORUM_STATE} names a voter without an id"))
    });
    ids.collect()
}

/// Takes the last voters that the control records name, if they name any.
fn named_voters(
    replica: &Replica,
    reader: &mut SegmentReader,
    known: &mut Vec<i32>,
) -> Result<(), String> {
    let mut wrong = None;
    control_records(reader, replica, |kind, value| {
        if kind == KRAFT_VOTERS {
            match voters(value) {
                Ok(ids) => *known = ids,
                Err(error) => wrong = Some(format!("its VotersRecord {error}")),
            }
        }
    })
    .map_err(|error| error.to_string())?;
    wrong.map_or(Ok(()), Err)
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
) -> Result<RecordsEnd, String> {
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
        (Ok(end), None) if end.is_damaged() => Err(damaged(&end)),
        (Ok(end), None) => Ok(end),
    }
}

/// What was decided in a batch that can't be read is not known.
pub(crate) fn damaged(end: &RecordsEnd) -> String {
    broken_at(end.broken_at.unwrap_or(end.position))
}
