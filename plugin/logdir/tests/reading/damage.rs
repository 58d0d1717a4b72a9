//! Bytes that changed: whatever changed is noticed.

use crate::log;

use std::fs;

use crate::log::arbitrary::{self, segmented, slices};
use crate::log::batch::{HEADER, bytes_of, seal};
use crate::log::{Batch, PARTITION, disk_with, options, plain, scan_full, scan_with};
use proptest::prelude::*;
use slackwater_logdir::{Depth, Replica, ReplicaScan, ScanOptions};

/// What a judge would see: both replicas were the same before.
fn noticed(found: &ReplicaScan, before: &ReplicaScan) -> bool {
    found.bad > 0 || found.holes > 0 || found.end < before.end || found.whole != before.whole
}

/// Flips one bit of one segment, reads, and flips it back.
fn flipped(replica: &Replica, segment: usize, byte: usize, bit: u32) -> Vec<ReplicaScan> {
    let path = &replica.segments[segment].path;
    let whole = fs::read(path).unwrap();
    let mut bytes = whole.clone();
    bytes[byte] ^= 1 << bit;
    fs::write(path, bytes).unwrap();
    let until = |until| ScanOptions {
        until,
        ..options(Depth::Full)
    };
    let found = [None, Some(u64::MAX)].map(|end| scan_with(replica, &until(end)));
    fs::write(path, whole).unwrap();
    found.into()
}

#[test]
fn every_flipped_bit_of_a_log_is_noticed() {
    let batches = plain(6);
    let (_disk, replica) = disk_with(&[&batches[..2], &batches[2..4], &batches[4..]]);
    let before = scan_full(&replica);
    for (at, segment) in replica.segments.iter().enumerate() {
        for byte in 0..segment.bytes as usize {
            for bit in 0..8 {
                for found in flipped(&replica, at, byte, bit) {
                    assert!(noticed(&found, &before), "segment {at} {byte}.{bit}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn any_flipped_bit_of_any_log_is_noticed(
        batches in arbitrary::log(0, 1..12),
        cuts: Vec<prop::sample::Index>,
        byte: prop::sample::Index,
        bit in 0..8u32,
    ) {
        prop_assume!(!batches.is_empty());
        let segments = segmented(&batches, &cuts);
        let (_disk, replica) = disk_with(&slices(&segments));
        let before = scan_full(&replica);
        prop_assert_eq!((before.bad, before.holes), (0, 0));
        let mut byte = byte.index(replica.bytes() as usize);
        let mut at = 0;
        while byte >= replica.segments[at].bytes as usize {
            byte -= replica.segments[at].bytes as usize;
            at += 1;
        }
        for found in flipped(&replica, at, byte, bit) {
            prop_assert!(noticed(&found, &before), "segment {} {}.{}", at, byte, bit);
        }
    }
}

#[test]
fn a_batch_with_another_content_is_named_with_its_place() {
    let batches = plain(4);
    let (disk, replica) = disk_with(&[&batches[..2], &batches[2..]]);
    let mut bytes = bytes_of(&batches[..2]);
    let at = batches[0].bytes().len();
    bytes[at + HEADER + 3] ^= 0x10;
    disk.segment(PARTITION, 0, &bytes);
    let found = scan_full(&replica);
    assert_eq!((found.bad, found.holes, found.end), (1, 0, 12));
    let bad = found.first_bad.unwrap();
    assert_eq!(bad.file, "00000000000000000000.log");
    assert_eq!((bad.position, bad.offset), (at as u64, 3));
    assert!(bad.why.contains("CRC"), "{}", bad.why);
}

#[test]
fn the_log_ends_before_a_bad_batch_of_its_last_segment_as_it_would_for_a_broker() {
    let batches = plain(4);
    let (disk, replica) = disk_with(&[&batches[..1], &batches[1..]]);
    let mut bytes = bytes_of(&batches[1..]);
    let at = batches[1].bytes().len();
    let rest = bytes.len() - at;
    bytes[at + 30] ^= 1;
    disk.segment(PARTITION, 3, &bytes);
    for depth in [Depth::Tail, Depth::Full, Depth::Deep] {
        let found = scan_with(&replica, &options(depth));
        assert_eq!((found.bad, found.end), (1, 6), "{depth:?}");
        assert_eq!(found.torn_bytes, rest as u64, "{depth:?}");
        // Recovery takes away what follows, good or not.
        assert_eq!(found.tail.unwrap().last_offset, 5, "{depth:?}");
    }
}

#[test]
fn a_bad_batch_in_an_earlier_segment_does_not_hide_what_follows() {
    let batches = plain(6);
    let (disk, replica) = disk_with(&[&batches[..3], &batches[3..]]);
    let mut bytes = bytes_of(&batches[..3]);
    bytes[HEADER] ^= 1;
    disk.segment(PARTITION, 0, &bytes);
    let found = scan_full(&replica);
    assert_eq!((found.bad, found.holes, found.end), (1, 0, 18));
    assert_eq!(found.tail.unwrap().last_offset, 17);
}

#[test]
fn an_earlier_segment_that_ends_in_the_middle_is_bad_and_leaves_a_hole() {
    let batches = plain(4);
    let (disk, replica) = disk_with(&[&batches[..2], &batches[2..]]);
    let bytes = bytes_of(&batches[..2]);
    disk.segment(PARTITION, 0, &bytes[..bytes.len() - 1]);
    let found = scan_full(&replica);
    assert_eq!((found.bad, found.holes, found.end), (1, 1, 12));
    let hole = found.first_hole.unwrap();
    assert_eq!((hole.first, hole.next), (3, 6));
    assert_eq!(found.torn_bytes, 0);
}

#[test]
fn records_that_are_not_what_the_header_says_are_found_when_they_are_decoded() {
    let mut batch = Batch::numbered(3, 3).bytes();
    // One record less than there are; the CRC holds.
    batch[60] = 2;
    seal(&mut batch);
    let disk = log::Disk::new();
    disk.segment(PARTITION, 0, &bytes_of(&plain(1)));
    let mut bytes = bytes_of(&plain(1));
    bytes.extend(batch);
    disk.segment(PARTITION, 0, &bytes);
    let replica = disk.replica(PARTITION);
    assert_eq!(scan_full(&replica).bad, 0);
    let deep = scan_with(&replica, &options(Depth::Deep));
    assert_eq!(deep.bad, 1);
    assert!(
        deep.first_bad
            .unwrap()
            .why
            .contains("after its last record")
    );
    // A broker that recovers looks at no record.
    assert_eq!((deep.end, deep.torn_bytes), (6, 0));
}
