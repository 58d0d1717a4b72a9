//! Logs that each replica compacted by itself: what must be the same all the
//! same.

use crate::log;

use crate::log::arbitrary::{self, segmented, slices};
use crate::log::cleaner::Cleaning;
use crate::log::{Batch, Rec, abort, commit, disk_with, model, scan_full};
use proptest::prelude::*;
use slackwater_logdir::{RangeSeen, Replica, SegmentReader, range};
use slackwater_ports::LiveKeys;

fn seen(replica: &Replica, from: u64, until: u64) -> RangeSeen {
    range(&mut SegmentReader::default(), replica, from, until, true).unwrap()
}

fn live(batches: &[Batch], until: u64) -> Option<LiveKeys> {
    let (_disk, replica) = disk_with(&[batches]);
    seen(&replica, 0, until).live
}

/// Forty batches of three records, whose keys repeat every ten.
fn keyed() -> Vec<Batch> {
    let record = |offset: u64| {
        let key = format!("k{}", offset % 10);
        let value = (!offset.is_multiple_of(7)).then(|| format!("v{offset}"));
        Rec::new(offset, Some(&key), value.as_deref())
    };
    (0..40)
        .map(|at| Batch::of((3 * at..3 * at + 3).map(record).collect()))
        .collect()
}

#[test]
fn replicas_that_were_cleaned_differently_have_the_same_live_keys() {
    let batches = keyed();
    let cleanings = [
        batches.clone(),
        Cleaning::first(30).of(&batches),
        Cleaning::first(90).of(&batches),
        Cleaning::later(90).of(&Cleaning::first(60).of(&batches)),
    ];
    let expected = model::live(&batches, 0, 90);
    assert!(expected.0 > 5);
    let mut digests = Vec::new();
    for cleaned in &cleanings {
        let (_disk, replica) = disk_with(&[&cleaned[..9], &cleaned[9..]]);
        let below = seen(&replica, 0, 90);
        let live = below.live.unwrap();
        assert_eq!((live.keys, live.sum.0), expected);
        digests.push(below.batches);
        // Above the boundary nobody cleaned.
        let above = seen(&replica, 90, 120);
        let (_disk, untouched) = disk_with(&[&batches]);
        assert_eq!(above.batches, seen(&untouched, 90, 120).batches);
    }
    for (at, one) in digests.iter().enumerate() {
        assert!(
            !digests[..at].contains(one),
            "cleaning {at} changed nothing"
        );
    }
}

#[test]
fn a_cleaned_log_says_up_to_where_it_was_cleaned() {
    let batches = keyed();
    let disk = log::Disk::new();
    let cleaned = Cleaning::first(60).of(&batches);
    disk.segment(log::PARTITION, 0, &log::batch::bytes_of(&cleaned));
    let found = scan_full(&disk.replica(log::PARTITION));
    assert_eq!((found.bad, found.end), (0, 120));
    assert!(found.holes > 0);
    assert!(
        (48..=60).contains(&found.cleaned_to),
        "{}",
        found.cleaned_to
    );
    // A horizon alone shows it too.
    let mut marked = keyed();
    marked[4].horizon = Some(1_800_000_000_000);
    let (_disk, replica) = disk_with(&[&marked]);
    let found = scan_full(&replica);
    assert_eq!((found.holes, found.cleaned_to), (0, 15));
}

#[test]
fn the_last_value_of_a_live_key_that_was_lost_shows() {
    let batches = keyed();
    let cleaned = Cleaning::first(90).of(&batches);
    let expected = live(&batches, 90);
    let mut lost = 0;
    for (at, batch) in cleaned.iter().enumerate().filter(|one| one.1.last < 90) {
        for which in 0..batch.records.len() {
            let mut damaged = cleaned.clone();
            let record = damaged[at].records.remove(which);
            if record.value.is_some() {
                assert_ne!(live(&damaged, 90), expected, "offset {}", record.offset);
                lost += 1;
            }
        }
    }
    assert_eq!(lost, expected.unwrap().keys);
}

#[test]
fn a_tombstone_that_was_removed_on_one_side_only_is_no_difference() {
    let batches = keyed();
    let with = Cleaning::first(90).of(&batches);
    let without = Cleaning::later(90).of(&batches);
    let tombstones = |batches: &[Batch]| {
        let below = batches.iter().filter(|one| one.last < 90);
        let records = below.flat_map(|one| &one.records);
        records.filter(|one| one.value.is_none()).count()
    };
    assert!(tombstones(&with) > 0);
    assert_eq!(tombstones(&without), 0);
    assert_eq!(live(&with, 90), live(&without, 90));
    assert_eq!(live(&with, 90), live(&batches, 90));
}

#[test]
fn a_key_that_came_back_to_life_on_one_side_shows() {
    let batches = [
        Batch::of(vec![Rec::new(0, Some("k"), Some("old"))]),
        Batch::of(vec![Rec::new(1, Some("k"), None)]),
        Batch::of(vec![Rec::new(2, Some("other"), Some("x"))]),
    ];
    let resurrected = [batches[0].clone(), batches[2].clone()];
    assert_ne!(live(&batches, 3), live(&resurrected, 3));
}

#[test]
fn aborted_records_are_no_last_values() {
    let key = |offset, value: &str| Batch::of(vec![Rec::new(offset, Some("k"), Some(value))]);
    let batches = [
        key(0, "kept"),
        key(1, "given up").in_transaction(7),
        key(2, "given up too").in_transaction(7),
        abort(3, 7),
        Batch::of(vec![Rec::new(4, Some("z"), Some("z"))]),
    ];
    // The cleaner takes the aborted records, then the marker.
    let once = [batches[0].clone(), batches[3].clone(), batches[4].clone()];
    let twice = [batches[0].clone(), batches[4].clone()];
    let expected = live(&batches, 5);
    assert_eq!(expected.unwrap().keys, 2);
    assert_eq!(live(&once, 5), expected);
    assert_eq!(live(&twice, 5), expected);
    // If the same was committed, it is the last value.
    let mut committed = batches.clone();
    committed[3] = commit(3, 7);
    assert_ne!(live(&committed, 5), expected);
}

#[test]
fn a_transaction_that_ends_past_the_part_is_known_by_its_end() {
    let key = |offset, value: &str| Batch::of(vec![Rec::new(offset, Some("k"), Some(value))]);
    let open = [
        key(0, "kept"),
        key(1, "last").in_transaction(7),
        key(2, "x"),
    ];
    assert_eq!(live(&open, 2), None);
    let aborted = [open.as_slice(), &[abort(3, 7)]].concat();
    let committed = [open.as_slice(), &[commit(3, 7)]].concat();
    assert_eq!(live(&aborted, 2), live(&open[..1], 2));
    assert_eq!(
        live(&committed, 2).unwrap().sum.0,
        model::live(&committed, 0, 2).1
    );
    assert_ne!(live(&committed, 2), live(&aborted, 2));
}

#[test]
fn live_keys_are_not_told_where_a_batch_cant_be_decoded() {
    let batches = keyed();
    let mut bytes = log::batch::bytes_of(&batches);
    bytes.extend(Batch::numbered(120, 1).bytes_around(b"no record", 0));
    let disk = log::Disk::new();
    disk.segment(log::PARTITION, 0, &bytes);
    let replica = disk.replica(log::PARTITION);
    assert_eq!(seen(&replica, 0, 121).live, None);
    assert!(seen(&replica, 0, 120).live.is_some());
}

#[test]
fn a_key_is_looked_for_within_the_part_only() {
    let batches = keyed();
    let (_disk, replica) = disk_with(&[&batches]);
    for (from, until) in [(0, 120), (1, 119), (7, 8), (31, 77), (50, 50), (200, 300)] {
        let live = seen(&replica, from, until).live.unwrap();
        let expected = model::live(&batches, from, until);
        assert_eq!((live.keys, live.sum.0), expected, "{from} {until}");
    }
}

#[test]
fn live_keys_are_only_read_where_they_are_wanted() {
    let (_disk, replica) = disk_with(&[&keyed()]);
    let found = range(&mut SegmentReader::default(), &replica, 0, 120, false).unwrap();
    assert_eq!(found.live, None);
    assert_eq!(found.batches, seen(&replica, 0, 120).batches);
    assert_eq!(found.batches, scan_full(&replica).whole);
}

#[test]
fn more_keys_than_are_held_at_once_are_read_in_shares() {
    // 2^20 are held.
    let (records, each) = (1_100_000u64, 20_000);
    let batches: Vec<Batch> = (0..records)
        .step_by(each)
        .map(|base| {
            let offsets = base..base + each as u64;
            let record = |at: u64| {
                let mut record = Rec::new(at, None, Some("v"));
                record.key = Some((at % 1_060_000).to_be_bytes().to_vec());
                record
            };
            Batch::of(offsets.map(record).collect())
        })
        .collect();
    let (_disk, replica) = disk_with(&[&batches]);
    let live = seen(&replica, 0, records).live.unwrap();
    assert_eq!(live.keys, 1_060_000);
    assert_eq!((live.keys, live.sum.0), model::live(&batches, 0, records));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn any_log_has_the_same_live_keys_however_often_it_was_cleaned(
        batches in arbitrary::log(0, 1..30),
        boundary: prop::sample::Index,
        first: prop::sample::Index,
        again: bool,
        cuts: Vec<prop::sample::Index>,
    ) {
        // No cleaner goes past an open transaction, nor ends within a batch.
        let ends: Vec<u64> = [0]
            .into_iter()
            .chain(batches.iter().map(|one| one.last + 1))
            .filter(|end| *end <= model::stable(&batches))
            .collect();
        let until = *boundary.get(&ends);
        let earlier: Vec<u64> = ends.into_iter().filter(|end| *end <= until).collect();
        let mut cleaned = Cleaning::first(*first.get(&earlier)).of(&batches);
        if again {
            cleaned = Cleaning::later(until).of(&cleaned);
        }
        let (keys, sum) = model::live(&batches, 0, until);
        for log in [&batches, &cleaned] {
            let disk = log::Disk::new();
            disk.segments(log::PARTITION, &slices(&segmented(log, &cuts)));
            let replica = disk.replica(log::PARTITION);
            let live = seen(&replica, 0, until).live;
            prop_assert_eq!(live.map(|one| (one.keys, one.sum.0)), Some((keys, sum)));
            prop_assert_eq!(scan_full(&replica).bad, 0);
        }
    }
}
