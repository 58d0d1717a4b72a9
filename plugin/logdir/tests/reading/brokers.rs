//! Whole log directories of real brokers, held against what their brokers told
//! clients: one that was stopped cleanly, one that a SIGKILL ended.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use crate::fixture::Fixture;
use slackwater_logdir::kraft::{MetadataImage, Snapshot, SnapshotId, Uuid};
use slackwater_logdir::state::{TransactionStatus, TransactionTable};
use slackwater_logdir::{
    Depth, Isolation, Replica, ReplicaScan, ScanOptions, SegmentReader, Want, for_each, records,
    scan,
};

fn scanned(replica: &Replica, depth: Depth) -> ReplicaScan {
    let options = ScanOptions {
        depth,
        digest_from: 0,
        until: None,
        tail: 5,
    };
    scan(&mut SegmentReader::default(), replica, &options, &|_| {}).unwrap()
}

#[test]
fn a_log_starts_and_ends_where_its_broker_said() {
    for fixture in Fixture::all() {
        let replicas = fixture.replicas();
        assert!(fixture.expected.partitions.len() >= 8);
        for (name, told) in &fixture.expected.partitions {
            let replica = &replicas[name];
            assert_eq!(replica.start, told.start, "{name}");
            for depth in [Depth::Tail, Depth::Full, Depth::Deep] {
                let found = scanned(replica, depth);
                assert_eq!(found.end, told.end, "{name} {depth:?}");
                assert_eq!((found.bad, found.torn_bytes), (0, 0), "{name}");
                assert_eq!(found.undecoded, 0, "{name}");
            }
        }
    }
}

#[test]
fn committed_records_are_those_that_a_consumer_got() {
    for fixture in Fixture::all() {
        let replicas = fixture.replicas();
        for (name, told) in &fixture.expected.partitions {
            let mut offsets = Vec::new();
            let end = records(
                &mut SegmentReader::default(),
                &replicas[name],
                Isolation::ReadCommitted,
                |record| {
                    offsets.push(record.offset);
                    ControlFlow::Continue(())
                },
            )
            .unwrap();
            let wanted = told
                .committed
                .iter()
                .flat_map(|(first, last)| *first..=*last);
            assert_eq!(offsets, wanted.collect::<Vec<_>>(), "{name}");
            assert_eq!((end.position, end.broken_at), (told.stable, None), "{name}");
            // And the last of them, found from the end. Behind a transaction that
            // is open a client gets nothing more, and the tail goes on.
            if told.stable == told.end {
                let tail = scanned(&replicas[name], Depth::Full).tail.unwrap();
                let last = offsets.last().copied().unwrap_or(0);
                assert_eq!(tail.count as usize, offsets.len().min(5), "{name}");
                assert_eq!(tail.last_offset, last, "{name}");
            }
        }
    }
}

#[test]
fn only_compaction_leaves_holes() {
    for fixture in Fixture::all() {
        for (name, replica) in fixture.replicas() {
            let found = scanned(&replica, Depth::Full);
            let compacted = name.starts_with("compacted");
            assert_eq!(found.cleaned_to > 0, compacted, "{name}");
            assert_eq!(
                found.holes > 0,
                name == "compacted-transactions-0",
                "{name}"
            );
            // A broker cleans up to there, and so does the log show.
            if let Some(cleaned) = replica.cleaner_offset {
                assert!(compacted && found.cleaned_to <= cleaned, "{name}");
            } else {
                assert!(!compacted, "{name}");
            }
        }
    }
}

#[test]
fn a_clean_stop_is_told_from_a_kill() {
    let (clean, killed) = (Fixture::open("clean"), Fixture::open("killed"));
    let dirs = clean.log_dirs();
    assert_eq!(dirs.len(), 2);
    assert!(
        dirs.iter()
            .all(|dir| dir.clean_shutdown && dir.deleted == 0)
    );
    let ids: BTreeSet<_> = dirs
        .iter()
        .map(|dir| dir.meta.directory_id.clone())
        .collect();
    assert_eq!(ids.len(), 2, "each directory has an id of its own");
    let killed = killed.log_dirs();
    assert!(killed.len() == 1 && !killed[0].clean_shutdown);
    assert_eq!(killed[0].deleted, 1, "a topic was being deleted");
    for dir in dirs.iter().chain(&killed) {
        assert_eq!(dir.meta.node_id, Some(1));
        assert_eq!(dir.meta.cluster_id.as_ref().unwrap().len(), 22);
        assert_eq!((&dir.unread, &dir.set_aside), (&vec![], &vec![]));
        assert!(!dir.replicas.is_empty());
    }
}

#[test]
fn what_a_broker_notes_beside_its_logs_is_read() {
    let clean = Fixture::open("clean").replicas();
    let told = Fixture::open("clean").expected.partitions;
    for (name, replica) in &clean {
        assert_eq!(replica.topic_id.as_ref().unwrap().len(), 22, "{name}");
        if let Some(told) = told.get(name) {
            assert_eq!(replica.high_watermark, Some(told.end), "{name}");
            assert_eq!(replica.recovery_point, Some(told.end), "{name}");
        }
    }
    assert_eq!(clean["trimmed-0"].start, 25);
    assert_eq!(
        clean["trimmed-0"].segments[0].base, 13,
        "the first was deleted"
    );
    let epochs = &clean["rolled-0"].epochs;
    assert_eq!(epochs.len(), 2, "{epochs:?}");
    assert!(epochs[0] == (0, 0) && epochs[1].1 == 52, "{epochs:?}");
    assert_eq!(
        scanned(&clean["rolled-0"], Depth::Full).last_epoch,
        Some(epochs[1].0)
    );
    assert_eq!(clean["compacted-0"].cleaner_offset, Some(60));

    // A kill leaves them as old as they happen to be.
    let killed = Fixture::open("killed");
    for (name, replica) in killed.replicas() {
        if let Some(told) = killed.expected.partitions.get(&name) {
            assert!(replica.recovery_point.unwrap_or(0) <= told.end, "{name}");
            assert!(replica.high_watermark.unwrap_or(0) <= told.end, "{name}");
        }
    }
}

#[test]
fn the_transactions_that_a_kill_left_open_are_found_twice() {
    let killed = Fixture::open("killed").replicas();
    for (name, replica) in &killed {
        let open = match name.as_str() {
            "open-0" => 2,
            "open-1" => 1,
            _ => 0,
        };
        let found = scanned(replica, Depth::Full);
        assert_eq!(found.open_transactions, open, "{name}");
    }
    let state = |replica| {
        let mut table = TransactionTable::default();
        let all = Isolation::ReadUncommitted;
        records(&mut SegmentReader::default(), replica, all, |record| {
            table
                .apply(record.offset, record.key, record.value)
                .unwrap();
            ControlFlow::Continue(())
        })
        .unwrap();
        table
    };
    let rows = state(&killed["__transaction_state-0"]);
    let names: Vec<&str> = rows.rows().map(|row| &*row.transactional_id).collect();
    assert_eq!(names, ["one", "open-narrow", "open-wide", "other"]);
    let partitions = |id: &str| {
        let row = rows.get(id).unwrap();
        assert_eq!(row.status, TransactionStatus::Ongoing);
        let mut named: Vec<_> = row
            .partitions
            .iter()
            .map(|(t, p)| format!("{t}-{p}"))
            .collect();
        named.sort();
        named
    };
    assert_eq!(partitions("open-wide"), ["open-0", "open-1"]);
    assert_eq!(partitions("open-narrow"), ["open-0"]);
    assert_eq!(rows.pending().count(), 2);

    let clean = Fixture::open("clean").replicas();
    let rows = state(&clean["__transaction_state-0"]);
    assert!(rows.len() >= 5 && rows.pending().count() == 0);
    for (name, replica) in clean {
        let found = scanned(&replica, Depth::Full);
        assert_eq!(found.open_transactions, 0, "{name}");
    }
}

#[test]
fn the_metadata_assigns_every_replica_that_is_there() {
    for fixture in Fixture::all() {
        let replicas = fixture.replicas();
        let metadata = &replicas["__cluster_metadata-0"];
        let snapshots = || {
            let files = std::fs::read_dir(&metadata.path).unwrap();
            let paths = files.map(|file| file.unwrap().path());
            paths.filter(|path| path.extension().is_some_and(|e| e == "checkpoint"))
        };
        // The whole log, and the newest snapshot with the rest of the log.
        let newest = snapshots().max().unwrap();
        let whole = image(None, metadata);
        let joined = image(Some(&newest), metadata);
        let same = whole.topics == joined.topics
            && whole.brokers == joined.brokers
            && whole.controllers == joined.controllers
            && whole.configs == joined.configs
            && whole.features == joined.features
            && whole.last_offset() == joined.last_offset();
        assert!(same, "a snapshot is what the log says up to it");
        for (name, replica) in &replicas {
            let id = Uuid::parse(replica.topic_id.as_ref().unwrap()).unwrap();
            let (topic, partition) = name.rsplit_once('-').unwrap();
            let assigned = whole.assigns(id, partition.parse().unwrap(), 1);
            assert_eq!(assigned, topic != "__cluster_metadata", "{name}");
            assert!(!whole.assigns(id, partition.parse().unwrap(), 2), "{name}");
        }
        let names: BTreeSet<&str> = whole.topics.iter().map(|(_, topic)| &*topic.name).collect();
        let there: BTreeSet<&str> = replicas
            .keys()
            .map(|name| name.rsplit_once('-').unwrap().0)
            .filter(|topic| *topic != "__cluster_metadata")
            .collect();
        assert_eq!(names, there, "the deleted one is gone");
    }
}

/// What a snapshot, and the log from its end on, say.
fn image(snapshot: Option<&Path>, log: &Replica) -> MetadataImage {
    let mut image = match snapshot {
        None => MetadataImage::default(),
        Some(path) => {
            let name = path.file_name().unwrap().to_str().unwrap();
            let mut snapshot = Snapshot::new(SnapshotId::parse(name).unwrap());
            each(path, |offset, value| {
                snapshot.apply(offset, value).unwrap();
            });
            snapshot.finish().unwrap()
        }
    };
    for segment in &log.segments {
        each(&segment.path, |offset, value| {
            image.apply(offset, value).unwrap();
        });
    }
    image
}

/// The data records of one file.
fn each(path: &Path, mut take: impl FnMut(u64, &[u8])) {
    SegmentReader::default()
        .read(path, Want::Content, |batch| {
            if batch.header.control {
                return;
            }
            let bytes = batch.records.unwrap();
            for_each(&batch.header, bytes, &mut Vec::new(), |record| {
                take(record.offset, record.value.unwrap());
            })
            .unwrap();
        })
        .unwrap();
}
