//! The last records, held against what a reader of committed records would
//! have digested.

use crate::log;

use crate::log::arbitrary::{self, segmented, slices};
use crate::log::model::{committed, last, open_transactions};
use crate::log::{Batch, PARTITION, abort, commit, disk_with, options, plain, scan_with};
use proptest::prelude::*;
use slackwater_logdir::{Depth, Replica, ReplicaScan, ScanOptions};
use slackwater_ports::{RecordSeen, TailRead};

/// As a reader's records stand in a cut.
fn expected(run: &[RecordSeen], most: u32) -> TailRead {
    let run = last(run, most as usize);
    TailRead {
        count: run.len() as u32,
        digest: RecordSeen::digest_of_run(run),
        last_offset: run.last().map_or(0, |one| one.offset),
        last_timestamp_ms: run.last().map_or(0, |one| one.timestamp_ms),
        batch_epoch: run.last().and_then(|one| one.batch_epoch),
    }
}

fn tail(replica: &Replica, depth: Depth, most: u32) -> ReplicaScan {
    let options = ScanOptions {
        tail: most,
        ..options(depth)
    };
    scan_with(replica, &options)
}

#[test]
fn the_tail_is_what_a_client_digests() {
    let batches = plain(9);
    let (_disk, replica) = disk_with(&[&batches]);
    for most in [0, 1, 2, 3, 4, 26, 27, 28, 1000] {
        let run = committed(&batches, 0, u64::MAX);
        let found = tail(&replica, Depth::Full, most).tail;
        assert_eq!(found, Some(expected(&run, most)), "{most}");
    }
}

#[test]
fn aborted_records_and_markers_are_no_part_of_it() {
    let batches = [
        Batch::numbered(0, 2).in_transaction(7),
        Batch::numbered(2, 2).in_transaction(8),
        Batch::numbered(4, 1),
        abort(5, 7),
        commit(6, 8),
    ];
    let (_disk, replica) = disk_with(&[&batches]);
    let found = tail(&replica, Depth::Full, 8).tail.unwrap();
    assert_eq!((found.count, found.last_offset), (3, 4));
    assert_eq!(found, expected(&committed(&batches, 0, u64::MAX), 8));
}

#[test]
fn one_producers_abort_does_not_touch_its_next_transaction() {
    let batches = [
        Batch::numbered(0, 1).in_transaction(7),
        abort(1, 7),
        Batch::numbered(2, 1).in_transaction(7),
        commit(3, 7),
        Batch::numbered(4, 1).in_transaction(7),
    ];
    let (_disk, replica) = disk_with(&[&batches]);
    let found = tail(&replica, Depth::Full, 8);
    assert_eq!(found.open_transactions, 1);
    let tail = found.tail.unwrap();
    assert_eq!((tail.count, tail.last_offset), (1, 2));
}

#[test]
fn a_log_start_in_the_middle_of_a_batch_is_honoured() {
    let batches = plain(4);
    for start in 0..=12 {
        let disk = log::Disk::new();
        disk.segments(PARTITION, &[&batches]);
        disk.checkpoint("log-start-offset-checkpoint", &[("t", 0, start)]);
        let replica = disk.replica(PARTITION);
        assert_eq!(replica.start, start);
        let run = committed(&batches, start, u64::MAX);
        let found = tail(&replica, Depth::Full, 8);
        assert_eq!(found.tail, Some(expected(&run, 8)), "{start}");
        assert_eq!((found.holes, found.bad, found.end), (0, 0, 12));
    }
}

#[test]
fn a_log_that_lost_its_end_below_its_start_is_empty_there() {
    // `LogLoader.deleteSegmentsIfLogStartGreaterThanLogEnd`
    let disk = log::Disk::new();
    disk.segments(PARTITION, &[&plain(2)]);
    disk.checkpoint("log-start-offset-checkpoint", &[("t", 0, 100)]);
    let replica = disk.replica(PARTITION);
    for depth in [Depth::Tail, Depth::Full] {
        let found = tail(&replica, depth, 8);
        assert_eq!((found.end, found.tail.unwrap().count), (100, 0));
    }
}

#[test]
fn the_tail_is_found_far_behind_markers_and_aborted_records() {
    let mut batches = plain(2);
    let mut next = 6;
    for _ in 0..1500 {
        batches.push(Batch::numbered(next, 1).in_transaction(7));
        batches.push(abort(next + 1, 7));
        next += 2;
    }
    let segments: Vec<&[Batch]> = batches.chunks(100).collect();
    let (_disk, replica) = disk_with(&segments);
    let run = committed(&batches, 0, u64::MAX);
    for depth in [Depth::Tail, Depth::Full] {
        let found = tail(&replica, depth, 4);
        assert_eq!(found.tail, Some(expected(&run, 4)), "{depth:?}");
        assert_eq!(found.end, next);
    }
}

#[test]
fn a_tail_that_is_too_far_back_is_not_made_up() {
    let mut batches = plain(2);
    let mut next = 6;
    for _ in 0..2100 {
        batches.push(Batch::numbered(next, 1).in_transaction(7));
        batches.push(abort(next + 1, 7));
        next += 2;
    }
    let (_disk, replica) = disk_with(&[&batches[..50], &batches[50..]]);
    for depth in [Depth::Tail, Depth::Full] {
        assert_eq!(tail(&replica, depth, 4).tail, None, "{depth:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn any_logs_tail_is_what_a_client_digests_and_every_depth_finds_it(
        batches in arbitrary::log(3, 1..30),
        cuts: Vec<prop::sample::Index>,
        start in 0..80u64,
        until in prop::option::of(0..80u64),
        most in 0..40u32,
    ) {
        prop_assume!(!batches.is_empty());
        let disk = log::Disk::new();
        disk.segments(PARTITION, &slices(&segmented(&batches, &cuts)));
        let end = batches.last().unwrap().last + 1;
        let start = start.min(end).max(3);
        disk.checkpoint("log-start-offset-checkpoint", &[("t", 0, start)]);
        let replica = disk.replica(PARTITION);
        let run = committed(&batches, start, until.unwrap_or(u64::MAX));
        for depth in [Depth::Tail, Depth::Full, Depth::Deep] {
            let options = ScanOptions { tail: most, until, ..options(depth) };
            let found = scan_with(&replica, &options);
            prop_assert_eq!(&found.tail, &Some(expected(&run, most)), "{:?}", depth);
            prop_assert_eq!((found.end, found.bad, found.holes), (end, 0, 0));
            if depth != Depth::Tail {
                prop_assert_eq!(found.open_transactions, open_transactions(&batches));
            }
        }
    }
}
