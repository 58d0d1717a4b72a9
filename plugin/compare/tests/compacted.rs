//! Topics that one side or both compact.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeMap;

use common::{Log, compared, large, small};
use proptest::prelude::*;
use slackwater_compare::{How, Item, PartitionComparison, Verdict};
use slackwater_ports::Digest128;

/// The record of a key at an offset; a tombstone where there is no value.
fn record(offset: u64, key: u128, value: Option<u128>) -> Item {
    Item {
        offset,
        identity: Digest128::of([
            key.to_be_bytes().as_slice(),
            &value.unwrap_or(0).to_be_bytes(),
            // A timestamp makes it the only one of its kind.
            &offset.to_be_bytes(),
        ]),
        timestamp_ms: i64::try_from(offset).unwrap(),
        key: Some(Digest128(key + 1)),
        tombstone: value.is_none(),
    }
}

fn log(records: &[(u128, Option<u128>)]) -> Vec<Item> {
    (0..)
        .zip(records)
        .map(|(offset, (key, value))| record(offset, *key, *value))
        .collect()
}

/// A cleaner that got up to `dirty`: of each key only the last record is left
/// there; with `tombstones`, tombstones that are the last go too.
fn cleaned(items: &[Item], dirty: usize, tombstones: bool) -> Vec<Item> {
    let last: BTreeMap<Digest128, u64> = items[..dirty]
        .iter()
        .map(|item| (item.key.unwrap(), item.offset))
        .collect();
    let keeps =
        |item: &Item| last[&item.key.unwrap()] == item.offset && !(tombstones && item.tombstone);
    let clean = items[..dirty].iter().filter(|item| keeps(item));
    clean.chain(&items[dirty..]).copied().collect()
}

fn how() -> How {
    How {
        source_compacts: true,
        mirror_compacts: true,
        limits: large(),
        ..How::default()
    }
}

fn compare(source: &[Item], mirror: &[Item], how: &How) -> PartitionComparison {
    compared(
        Log::from_items(source.to_vec()),
        Log::from_items(mirror.to_vec()),
        how,
    )
}

#[test]
fn what_either_side_has_compacted_away_is_counted_apart() {
    let all = log(&[
        (1, Some(1)),
        (2, Some(1)),
        (1, Some(2)),
        (2, None),
        (3, Some(1)),
    ]);
    let result = compare(&all, &cleaned(&all, 5, true), &how());
    assert_eq!(
        (result.matched, result.compacted.on_mirror),
        (2, 3),
        "{result:?}"
    );
    assert_eq!(result.verdict(true), Verdict::Equal);
    let result = compare(&cleaned(&all, 5, true), &all, &how());
    assert_eq!(
        (result.matched, result.compacted.on_source),
        (2, 3),
        "{result:?}"
    );
    assert_eq!(result.verdict(true), Verdict::Equal);
}

#[test]
fn the_last_record_of_a_key_is_missing_and_no_cleaner_explains_it() {
    let all = log(&[(1, Some(1)), (2, Some(1)), (1, Some(2)), (3, Some(1))]);
    let mirror = [&all[..2], &all[3..]].concat();
    let result = compare(&all, &mirror, &how());
    assert_eq!(
        (result.missing.count, result.missing.ranges[0].first),
        (1, 2)
    );
    assert_eq!(result.first_difference.unwrap().source.unwrap().offset, 2);
}

#[test]
fn a_tombstone_that_never_came_is_missing_as_long_as_its_key_is_on_the_mirror() {
    let all = log(&[(1, Some(1)), (1, None), (2, Some(1))]);
    let mirror = [&all[..1], &all[2..]].concat();
    assert_eq!(compare(&all, &mirror, &how()).missing.count, 1);
    let gone = compare(&all, &all[2..], &how());
    assert_eq!((gone.missing.count, gone.compacted.on_mirror), (0, 2));
}

#[test]
fn without_compaction_on_the_mirror_what_it_lacks_is_missing() {
    let all = log(&[(1, Some(1)), (1, Some(2)), (1, Some(3))]);
    let how = How {
        mirror_compacts: false,
        ..how()
    };
    assert_eq!(compare(&all, &all[1..], &how).missing.count, 1);
    assert_eq!(compare(&all[1..], &all, &how).compacted.on_source, 1);
}

#[test]
fn a_value_of_a_key_that_the_source_does_not_have_is_extra() {
    let all = log(&[(1, Some(1)), (2, Some(1)), (3, Some(1))]);
    let mut mirror = all.clone();
    mirror.insert(1, record(77, 9, Some(1)));
    let result = compare(&all, &mirror, &how());
    assert_eq!((result.extra.count, result.matched), (1, 3));
    assert_eq!(result.first_difference.unwrap().mirror.unwrap().offset, 77);
}

#[test]
fn what_the_source_has_replaced_since_the_cut_is_compacted_there() {
    let all = log(&[(1, Some(1)), (2, Some(1)), (1, Some(2))]);
    let how = How {
        due: Some(2),
        ..how()
    };
    let result = compare(&all[1..], &all[..2], &how);
    assert_eq!((result.matched, result.compacted.on_source), (1, 1));
    assert_eq!(result.verdict(true), Verdict::Equal);
}

#[test]
fn a_mirror_that_ends_within_a_repeat_has_stale_keys() {
    let all = log(&[(1, Some(1)), (2, Some(1)), (1, Some(2))]);
    let mirror = [&all[..], &all[..1]].concat();
    let result = compare(&all, &mirror, &how());
    assert_eq!(
        (result.duplicates.count, result.compacted.stale_keys),
        (1, 1)
    );
    assert_eq!(result.verdict(false), Verdict::Differs);
}

#[test]
fn more_keys_than_are_kept_leave_it_unresolved() {
    let records: Vec<_> = (0..60).map(|key| (key, Some(1))).collect();
    let again: Vec<_> = records.iter().chain(&records).copied().collect();
    let all = log(&again);
    let how = How {
        limits: small(),
        ..how()
    };
    let result = compare(&all, &cleaned(&all, 120, false), &how);
    assert_eq!(result.missing.count, 0);
    assert!(result.unresolved > 0);
    assert_eq!(result.verdict(false), Verdict::Unresolved);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn two_sides_that_are_cleaned_differently_are_equal_and_a_lost_last_record_is_missing(
        records in prop::collection::vec((0..12_u128, prop::option::weighted(0.8, 0..4_u128)), 2..200),
        cleaned_source in any::<prop::sample::Index>(),
        cleaned_mirror in any::<prop::sample::Index>(),
        copied in any::<prop::sample::Index>(),
        lost in any::<prop::sample::Index>(),
        lose in any::<bool>(),
    ) {
        let all = log(&records);
        let mut copy = all[..copied.index(all.len()) + 1].to_vec();
        let lost = copy[lost.index(copy.len())];
        let shows = copy
            .iter()
            .all(|item| item.key != lost.key || item.offset <= lost.offset)
            && !lost.tombstone;
        if lose {
            copy.retain(|item| item.offset != lost.offset);
        }
        let source = cleaned(&all, cleaned_source.index(all.len()), false);
        let at = match copy.len() {
            0 => 0,
            length => cleaned_mirror.index(length),
        };
        let mirror = cleaned(&copy, at, true);
        let due = Some(copied.index(all.len()) as u64 + 1);
        let how = How { due, ..how() };
        let result = compare(&source, &mirror, &how);
        let source_has_it = source.iter().any(|item| item.offset == lost.offset);
        if !lose {
            prop_assert_ne!(result.verdict(true), Verdict::Differs, "{:?}", result);
            prop_assert_eq!(result.unresolved, 0);
        } else if shows && source_has_it {
            prop_assert_eq!(result.missing.count, 1, "{:?}", result);
            prop_assert_eq!(result.missing.ranges[0].first, lost.offset);
        } else if !shows && !lost.tombstone {
            prop_assert_ne!(result.verdict(true), Verdict::Differs, "{:?}", result);
        }
    }
}
