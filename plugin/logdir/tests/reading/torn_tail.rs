//! The end of the last segment, as a crash leaves it.

use crate::log::batch::bytes_of;
use crate::log::{Disk, PARTITION, options, plain, scan_full, scan_with};
use slackwater_logdir::{Depth, ScanOptions};

#[test]
fn a_torn_tail_is_reported_with_its_bytes() {
    let batches = plain(4);
    let whole = bytes_of(&batches[2..]);
    let first = batches[2].bytes().len();
    for cut in 0..whole.len() {
        let disk = Disk::new();
        disk.segments(PARTITION, &[&batches[..2]]);
        disk.segment(PARTITION, 6, &whole[..cut]);
        let replica = disk.replica(PARTITION);
        let (end, torn) = if cut < first {
            (6, cut)
        } else {
            (9, cut - first)
        };
        for depth in [Depth::Tail, Depth::Full, Depth::Deep] {
            let found = scan_with(&replica, &options(depth));
            assert_eq!((found.end, found.torn_bytes), (end, torn as u64), "{cut}");
            assert_eq!((found.bad, found.holes), (0, 0), "{cut}");
            assert_eq!(found.tail.unwrap().last_offset, end - 1, "{cut}");
        }
    }
}

#[test]
fn zeros_that_were_preallocated_are_no_damage() {
    let batches = plain(3);
    let whole = bytes_of(&batches);
    let before = {
        let disk = Disk::new();
        disk.segment(PARTITION, 0, &whole);
        scan_full(&disk.replica(PARTITION))
    };
    for zeros in [1, 11, 60, 61, 62, 4096, 3 << 20] {
        let disk = Disk::new();
        let mut bytes = whole.clone();
        bytes.resize(whole.len() + zeros, 0);
        disk.segment(PARTITION, 0, &bytes);
        let replica = disk.replica(PARTITION);
        for until in [None, Some(9), Some(5)] {
            let options = ScanOptions {
                until,
                ..options(Depth::Full)
            };
            let found = scan_with(&replica, &options);
            assert_eq!((found.bad, found.holes), (0, 0), "{zeros} {until:?}");
            assert_eq!((found.end, found.torn_bytes), (9, zeros as u64));
        }
        assert_eq!(scan_full(&replica).whole, before.whole);
    }
}

#[test]
fn a_segment_of_zeros_only_is_an_empty_one() {
    let disk = Disk::new();
    disk.segments(PARTITION, &[&plain(2)]);
    disk.segment(PARTITION, 6, &[0; 1 << 20]);
    let found = scan_full(&disk.replica(PARTITION));
    assert_eq!((found.end, found.torn_bytes, found.bad), (6, 1 << 20, 0));
}

#[test]
fn a_log_that_is_torn_before_the_cut_is_bad() {
    let batches = plain(3);
    let bytes = bytes_of(&batches);
    let disk = Disk::new();
    disk.segment(PARTITION, 0, &bytes[..bytes.len() - 1]);
    let options = ScanOptions {
        until: Some(9),
        ..options(Depth::Full)
    };
    let found = scan_with(&disk.replica(PARTITION), &options);
    assert_eq!((found.bad, found.end), (1, 6));
    assert_eq!(found.first_bad.unwrap().offset, 6);
}

#[test]
fn what_is_left_of_an_older_file_behind_the_end_is_no_batch_of_the_log() {
    // A block that was used before: whole batches, of older offsets.
    let batches = plain(3);
    let mut bytes = bytes_of(&batches);
    let stale = bytes_of(&batches[..1]);
    bytes.extend(&stale);
    let disk = Disk::new();
    disk.segment(PARTITION, 0, &bytes);
    let found = scan_full(&disk.replica(PARTITION));
    assert_eq!((found.end, found.torn_bytes), (9, stale.len() as u64));
    assert_eq!(found.bad, 1);
    assert_eq!(found.tail.unwrap().last_offset, 8);
}
