//! Offsets that no batch covers.

use crate::log;

use crate::log::{disk_with, options, plain, scan_full, scan_with};
use slackwater_logdir::{Depth, ScanOptions};

#[test]
fn a_missing_middle_segment_is_a_hole() {
    let batches = plain(9);
    let (_disk, replica) = disk_with(&[&batches[..3], &batches[6..]]);
    let found = scan_full(&replica);
    assert_eq!((found.holes, found.bad, found.end), (1, 0, 27));
    let hole = found.first_hole.unwrap();
    assert_eq!((hole.first, hole.next), (9, 18));
    assert_eq!(found.cleaned_to, 18);
}

#[test]
fn a_missing_batch_is_a_hole_and_the_first_one_is_named() {
    let mut batches = plain(9);
    batches.remove(7);
    batches.remove(2);
    let (_disk, replica) = disk_with(&[&batches]);
    let found = scan_full(&replica);
    assert_eq!((found.holes, found.bad, found.end), (2, 0, 27));
    let hole = found.first_hole.unwrap();
    assert_eq!((hole.first, hole.next), (6, 9));
    assert_eq!(found.cleaned_to, 24);
}

#[test]
fn a_missing_first_segment_is_no_hole_but_a_later_start() {
    let batches = plain(6);
    let (_disk, replica) = disk_with(&[&batches[3..]]);
    assert_eq!(replica.start, 9);
    let found = scan_full(&replica);
    assert_eq!((found.holes, found.bad, found.scanned_from), (0, 0, 9));
}

#[test]
fn a_missing_last_segment_is_a_shorter_log() {
    let batches = plain(6);
    let (_disk, replica) = disk_with(&[&batches[..3]]);
    assert_eq!(scan_full(&replica).end, 9);
}

#[test]
fn a_hole_past_the_cut_is_none_and_one_across_it_is_one() {
    let mut batches = plain(9);
    batches.remove(4);
    let (_disk, replica) = disk_with(&[&batches]);
    let at = |cut| {
        let options = ScanOptions {
            until: Some(cut),
            ..options(Depth::Full)
        };
        let found = scan_with(&replica, &options);
        (found.holes, found.cleaned_to)
    };
    assert_eq!(at(12), (0, 0));
    assert_eq!(at(13), (1, 13));
    assert_eq!(at(15), (1, 15));
}

#[test]
fn a_segment_whose_name_lies_before_its_first_batch_has_a_hole_there() {
    let batches = plain(4);
    let disk = log::Disk::new();
    disk.segment(log::PARTITION, 3, &log::batch::bytes_of(&batches[2..]));
    let found = scan_full(&disk.replica(log::PARTITION));
    let hole = found.first_hole.unwrap();
    assert_eq!((found.holes, hole.first, hole.next), (1, 3, 6));
}
