//! Every record of a log, in order, under both isolation levels.

use std::ops::ControlFlow;

use crate::log::arbitrary::{self, segmented, slices};
use crate::log::batch::bytes_of;
use crate::log::model::{committed, stable};
use crate::log::{Batch, Disk, PARTITION, disk_with, plain};
use proptest::prelude::*;
use slackwater_logdir::{Isolation, RecordsEnd, Replica, SegmentReader, records};
use slackwater_ports::Digest128;

/// Offset, timestamp and content of each that is given, at the most `most`.
fn given(
    replica: &Replica,
    isolation: Isolation,
    most: usize,
) -> (Vec<(u64, i64, Digest128)>, RecordsEnd) {
    let mut seen = Vec::new();
    let mut reader = SegmentReader::default();
    let end = records(&mut reader, replica, isolation, |record| {
        seen.push((record.offset, record.timestamp_ms, record.content()));
        match seen.len() == most {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    (seen, end.unwrap())
}

#[test]
fn a_reader_that_has_seen_enough_gets_no_more() {
    let batches = plain(6);
    let (_disk, replica) = disk_with(&[&batches[..3], &batches[3..]]);
    for most in 1..=18 {
        let (seen, end) = given(&replica, Isolation::ReadUncommitted, most);
        assert_eq!(seen.len(), most);
        assert_eq!(seen.last().unwrap().0, most as u64 - 1);
        // Batches that were given whole.
        assert_eq!(end.position, (most as u64 - 1) / 3 * 3);
    }
}

#[test]
fn a_batch_whose_records_are_missing_is_said_to_be() {
    let batches = plain(4);
    let mut bytes = bytes_of(&batches);
    bytes[70] ^= 1;
    let disk = Disk::new();
    disk.segment(PARTITION, 0, &bytes);
    let (seen, end) = given(&disk.replica(PARTITION), Isolation::ReadUncommitted, 100);
    let offsets: Vec<u64> = seen.iter().map(|one| one.0).collect();
    assert_eq!((offsets, end.broken_at), ((3..12).collect(), Some(0)));
    assert!(end.is_damaged());
}

#[test]
fn what_a_crash_has_cut_short_is_no_damage() {
    let batches = plain(4);
    let mut bytes = bytes_of(&batches);
    bytes.truncate(bytes.len() - 3);
    let disk = Disk::new();
    disk.segment(PARTITION, 0, &bytes);
    let (_, end) = given(&disk.replica(PARTITION), Isolation::ReadUncommitted, 100);
    assert_eq!((end.position, end.broken_at), (9, Some(9)));
    assert!(!end.is_damaged());
    // With a segment behind it, it is.
    disk.segment(PARTITION, 12, &bytes_of(&[Batch::numbered(12, 3)]));
    let (_, end) = given(&disk.replica(PARTITION), Isolation::ReadUncommitted, 100);
    assert_eq!((end.position, end.broken_at), (15, Some(9)));
    assert!(end.is_damaged());
}

#[test]
fn the_end_of_an_empty_last_segment_is_where_its_name_says() {
    let disk = Disk::new();
    disk.segments(PARTITION, &[&plain(2)]);
    disk.segment(PARTITION, 90, b"");
    let (seen, end) = given(&disk.replica(PARTITION), Isolation::ReadCommitted, 100);
    assert_eq!((seen.len(), end.position, end.broken_at), (6, 90, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn any_log_gives_the_records_that_a_client_would_get(
        batches in arbitrary::log(3, 1..30),
        cuts: Vec<prop::sample::Index>,
        start in 3..60u64,
    ) {
        prop_assume!(!batches.is_empty());
        let disk = Disk::new();
        disk.segments(PARTITION, &slices(&segmented(&batches, &cuts)));
        let end = batches.last().unwrap().last + 1;
        let start = start.min(end);
        disk.checkpoint("log-start-offset-checkpoint", &[("t", 0, start)]);
        let replica = disk.replica(PARTITION);
        let plain = |batch: &Batch| Batch { transactional: false, ..batch.clone() };
        let data = batches.iter().filter(|batch| !batch.control);
        let all = committed(&data.map(plain).collect::<Vec<_>>(), start, u64::MAX);
        let mut stable_ones = committed(&batches, start, u64::MAX);
        stable_ones.retain(|one| one.offset < stable(&batches));
        for (isolation, expected, position) in [
            (Isolation::ReadUncommitted, all, end),
            (Isolation::ReadCommitted, stable_ones, stable(&batches)),
        ] {
            let expected: Vec<_> = expected
                .iter()
                .map(|one| (one.offset, one.timestamp_ms, one.content))
                .collect();
            let (seen, ended) = given(&replica, isolation, usize::MAX);
            prop_assert_eq!(seen, expected);
            prop_assert_eq!((ended.position, ended.broken_at), (position.max(start), None));
        }
    }
}
