//! What lies at or past the cut, and that it changes nothing before it.

use crate::log::arbitrary::{self, segmented, slices};
use crate::log::batch::bytes_of;
use crate::log::{Batch, Disk, PARTITION, abort, disk_with, options, plain, scan_with};
use proptest::prelude::*;
use slackwater_logdir::{Depth, Replica, ReplicaScan, ScanOptions};

fn to(replica: &Replica, depth: Depth, until: u64) -> ReplicaScan {
    let options = ScanOptions {
        until: Some(until),
        ..options(depth)
    };
    scan_with(replica, &options)
}

#[test]
fn batches_past_the_cut_are_beyond_it_and_change_neither_digest_nor_tail() {
    let batches = plain(6);
    let (_short, short) = disk_with(&[&batches[..4]]);
    let (_long, long) = disk_with(&[&batches[..3], &batches[3..5], &batches[5..]]);
    let short = to(&short, Depth::Full, 12);
    let found = to(&long, Depth::Full, 12);
    assert_eq!((short.beyond, short.end), (0, 12));
    assert_eq!((found.beyond, found.end, found.bad), (6, 18, 0));
    assert_eq!(found.digest, short.digest);
    assert_eq!(found.whole, short.whole);
    assert_eq!(found.tail, short.tail);
    assert_eq!(found.last_epoch, short.last_epoch);
}

#[test]
fn damage_past_the_cut_is_not_bad() {
    let batches = plain(6);
    let before: usize = batches[..4].iter().map(|one| one.bytes().len()).sum();
    let whole = bytes_of(&batches);
    let (_clean, clean) = disk_with(&[&batches]);
    let clean = to(&clean, Depth::Full, 12);
    for at in before..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x80;
        let disk = Disk::new();
        disk.segment(PARTITION, 0, &bytes);
        let found = to(&disk.replica(PARTITION), Depth::Deep, 12);
        // A base offset that seems lower now, or a magic number, could be
        // anything: only those are told at their place.
        if found.bad == 0 {
            assert_eq!((found.digest, found.whole), (clean.digest, clean.whole));
            assert_eq!(found.tail, clean.tail, "{at}");
        }
        assert!(found.end >= 12, "{at}");
        assert_eq!((found.bad, found.holes), (0, 0), "{at}");
    }
}

#[test]
fn a_marker_past_the_cut_is_no_record_beyond_it() {
    let batches = [
        Batch::numbered(0, 3).in_transaction(7),
        abort(3, 7),
        abort(4, 8),
    ];
    let (_disk, replica) = disk_with(&[&batches]);
    let found = to(&replica, Depth::Full, 3);
    assert_eq!((found.beyond, found.end), (0, 5));
    assert_eq!(found.open_transactions, 0);
}

#[test]
fn a_batch_across_the_cut_counts_beyond_from_the_cut_on() {
    let (_disk, replica) = disk_with(&[&[Batch::numbered(0, 10)]]);
    let found = to(&replica, Depth::Full, 4);
    assert_eq!((found.beyond, found.end, found.bad), (6, 10, 0));
    let tail = found.tail.unwrap();
    assert_eq!((tail.count, tail.last_offset), (4, 3));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn what_follows_the_cut_never_matters_to_what_lies_before_it(
        batches in arbitrary::log(5, 2..14),
        keep: prop::sample::Index,
        cuts: Vec<prop::sample::Index>,
        other_cuts: Vec<prop::sample::Index>,
    ) {
        prop_assume!(!batches.is_empty());
        let keep = keep.index(batches.len()) + 1;
        let until = batches[keep - 1].last + 1;
        let (_short, short) = disk_with(&slices(&segmented(&batches[..keep], &cuts)));
        let (_long, long) = disk_with(&slices(&segmented(&batches, &other_cuts)));
        let data = batches[keep..].iter().filter(|batch| !batch.control);
        let beyond: usize = data.map(|batch| batch.records.len()).sum();
        for depth in [Depth::Tail, Depth::Full, Depth::Deep] {
            let (short, long) = (to(&short, depth, until), to(&long, depth, until));
            prop_assert_eq!((short.bad, long.bad, short.holes, long.holes), (0, 0, 0, 0));
            prop_assert_eq!(&short.tail, &long.tail);
            prop_assert_eq!(long.beyond, beyond as u64);
            prop_assert_eq!(short.end, until);
            prop_assert_eq!(long.end, batches.last().unwrap().last + 1);
            if depth != Depth::Tail {
                prop_assert_eq!(short.digest, long.digest);
                prop_assert_eq!(short.whole, long.whole);
                prop_assert_eq!(short.last_epoch, long.last_epoch);
            }
        }
    }
}
