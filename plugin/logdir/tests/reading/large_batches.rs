//! Batches larger than what is held of them.

use crate::log::batch::{HEADER, bytes_of};
use crate::log::{Batch, Disk, PARTITION, Rec, options, plain, scan_with};
use slackwater_logdir::{Depth, MAX_HELD, ReplicaScan, ScanOptions};

/// A batch of exactly so many bytes, one record.
fn of_size(size: usize) -> Batch {
    let with = |length: usize| {
        let mut record = Rec::new(3, Some("k"), None);
        record.value = Some((0..length).map(|at| (at * 7) as u8).collect());
        Batch::of(vec![record])
    };
    let about = with(size - 100).bytes().len();
    let batch = with(size - 100 + size - about);
    assert_eq!(batch.bytes().len(), size);
    batch
}

fn scan_between(batch: &[u8], depth: Depth) -> ReplicaScan {
    let disk = Disk::new();
    let mut bytes = bytes_of(&plain(1));
    bytes.extend(batch);
    bytes.extend(Batch::numbered(4, 3).bytes());
    disk.segment(PARTITION, 0, &bytes);
    let options = ScanOptions {
        tail: 5,
        ..options(depth)
    };
    scan_with(&disk.replica(PARTITION), &options)
}

#[test]
fn the_largest_batch_that_is_held_is_decoded() {
    let found = scan_between(&of_size(MAX_HELD).bytes(), Depth::Deep);
    assert_eq!((found.bad, found.undecoded, found.end), (0, 0, 7));
    assert_eq!(found.tail.unwrap().count, 5);
}

#[test]
fn a_larger_batch_is_checked_in_pieces_and_not_decoded() {
    for size in [MAX_HELD + 1, MAX_HELD + (512 << 10), 3 * MAX_HELD + 7] {
        let batch = of_size(size);
        let found = scan_between(&batch.bytes(), Depth::Deep);
        assert_eq!((found.bad, found.holes, found.end), (0, 0, 7));
        assert_eq!((found.batches, found.records), (3, 7));
        assert_eq!(found.undecoded, 1);
        // Its record is one of the last, and is not known.
        assert_eq!(found.tail, None);
    }
}

#[test]
fn a_flipped_bit_anywhere_in_a_larger_batch_is_bad() {
    let whole = of_size(2 * MAX_HELD + 100).bytes();
    let chunk = 512 << 10;
    let ends = [
        whole.len() - 1,
        whole.len() / 2,
        chunk - 1,
        chunk,
        chunk + 1,
    ];
    for at in ends.into_iter().chain([17, 20, 21, 22, 56, HEADER]) {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        let found = scan_between(&bytes, Depth::Full);
        assert_eq!(found.bad, 1, "{at}");
        assert_eq!(found.end, 3);
    }
}

#[test]
fn a_larger_batch_that_is_torn_is_the_torn_tail() {
    let whole = of_size(MAX_HELD + 5_000).bytes();
    let disk = Disk::new();
    let mut bytes = bytes_of(&plain(1));
    let first = bytes.len();
    bytes.extend(&whole[..whole.len() - 1]);
    disk.segment(PARTITION, 0, &bytes);
    let found = scan_with(&disk.replica(PARTITION), &options(Depth::Full));
    assert_eq!((found.bad, found.end), (0, 3));
    assert_eq!(found.torn_bytes, (bytes.len() - first) as u64);
}

#[test]
fn a_length_that_reaches_far_past_the_end_is_no_batch() {
    let mut bytes = bytes_of(&plain(3));
    let at = bytes_of(&plain(2)).len();
    bytes[at + 8..at + 12].copy_from_slice(&i32::MAX.to_be_bytes());
    let disk = Disk::new();
    disk.segment(PARTITION, 0, &bytes);
    let found = scan_with(&disk.replica(PARTITION), &options(Depth::Deep));
    assert_eq!((found.bad, found.end), (0, 6));
    assert_eq!(found.torn_bytes, (bytes.len() - at) as u64);
}
