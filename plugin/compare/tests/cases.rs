//! What MirrorMaker does to a copy, one thing at a time.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{Log, compared, large, of_runs, small};
use slackwater_compare::{DifferenceKind, How, PartitionComparison, Ranges, Verdict};

fn run(range: std::ops::Range<u128>) -> Vec<u128> {
    // Apart from each other, so that no two are alike by chance.
    range.map(|n| n + 1_000_000).collect()
}

fn ranges(of: &Ranges) -> Vec<(u64, u64)> {
    of.ranges
        .iter()
        .map(|range| (range.first, range.last))
        .collect()
}

fn says(result: &PartitionComparison) -> (u64, u64, u64, u64) {
    (
        result.matched,
        result.missing.count,
        result.duplicates.count,
        result.extra.count,
    )
}

#[test]
fn a_copy_is_equal_and_its_offsets_need_not_be() {
    let how = How {
        limits: small(),
        ..How::default()
    };
    let records = run(0..500);
    let result = compared(Log::of(&records, 0, 1), Log::of(&records, 3, 2), &how);
    assert_eq!(says(&result), (500, 0, 0, 0));
    assert_eq!(result.verdict(true), Verdict::Equal);
    assert_eq!(result.first_difference, None);
}

#[test]
fn two_empty_logs_are_nothing_and_not_equal() {
    assert_eq!(of_runs(&[], &[]).verdict(false), Verdict::Nothing);
    let result = of_runs(&run(0..5), &[]);
    assert_eq!(
        (result.verdict(false), result.behind),
        (Verdict::Nothing, 5)
    );
}

#[test]
fn a_hole_is_missing_with_its_range_and_the_first_difference_names_both_sides() {
    let source = run(0..100);
    let mirror = [&source[..30], &source[45..]].concat();
    let result = of_runs(&source, &mirror);
    assert_eq!(says(&result), (85, 15, 0, 0));
    assert_eq!(ranges(&result.missing), [(30, 44)]);
    let first = result.first_difference.unwrap();
    assert_eq!(first.kind, DifferenceKind::Missing);
    assert_eq!(first.source.unwrap().offset, 30);
    assert_eq!(first.mirror.unwrap().offset, 30);
    assert_eq!(first.mirror.unwrap().digest.0, source[45]);
    assert_eq!(result.verdict(false), Verdict::Differs);
}

#[test]
fn a_hole_longer_than_what_is_looked_ahead_is_missing_all_the_same() {
    let how = How {
        limits: small(),
        ..How::default()
    };
    let source = run(0..1_000);
    let mirror = [&source[..100], &source[700..]].concat();
    let result = compared(Log::of(&source, 0, 1), Log::of(&mirror, 0, 1), &how);
    assert_eq!(says(&result), (400, 600, 0, 0));
    assert_eq!(ranges(&result.missing), [(100, 699)]);
}

#[test]
fn a_repeated_run_is_duplicates_and_neither_missing_nor_extra() {
    let source = run(0..300);
    let mirror = [&source[..200], &source[50..200], &source[150..]].concat();
    let result = of_runs(&source, &mirror);
    assert_eq!(says(&result), (300, 0, 200, 0));
    assert_eq!(ranges(&result.duplicates), [(200, 399)]);
    assert_eq!(result.verdict(false), Verdict::Equal);
    assert_eq!(result.verdict(true), Verdict::Differs);
}

#[test]
fn a_repeat_of_what_the_history_no_longer_holds_is_unresolved() {
    let how = How {
        limits: small(),
        ..How::default()
    };
    let source = run(0..300);
    let mirror = [&source[..200], &source[50..]].concat();
    let result = compared(Log::of(&source, 0, 1), Log::of(&mirror, 0, 1), &how);
    assert_eq!((result.missing.count, result.extra.count), (0, 0));
    assert_eq!(result.matched, 300);
    assert_eq!(result.unresolved + result.duplicates.count, 150);
    assert!(result.unresolved >= 110, "{result:?}");
    assert_eq!(result.verdict(false), Verdict::Unresolved);
}

#[test]
fn a_stranger_is_extra_and_a_changed_record_is_missing_and_extra() {
    let source = run(0..100);
    let mut mirror = source.clone();
    mirror.insert(40, 7);
    let result = of_runs(&source, &mirror);
    assert_eq!(says(&result), (100, 0, 0, 1));
    assert_eq!(ranges(&result.extra), [(40, 40)]);
    assert_eq!(result.first_difference.unwrap().kind, DifferenceKind::Extra);

    let mut mirror = source.clone();
    mirror[40] = 7;
    let result = of_runs(&source, &mirror);
    assert_eq!(says(&result), (99, 1, 0, 1));
    assert_eq!(
        result.first_difference.unwrap().kind,
        DifferenceKind::Changed
    );
}

#[test]
fn a_lone_record_that_is_like_an_older_one_is_no_repeat_of_mirrormakers() {
    let source = run(0..100);
    let mut mirror = source.clone();
    mirror.insert(40, source[10]);
    let result = of_runs(&source, &mirror);
    assert_eq!(says(&result), (100, 0, 1, 0));
    assert_eq!(result.broken_repeats, 1);
    assert_eq!(result.verdict(false), Verdict::Unresolved);
}

#[test]
fn two_records_that_changed_places_are_out_of_order() {
    let source = run(0..100);
    let mut mirror = source.clone();
    mirror.swap(40, 41);
    let result = of_runs(&source, &mirror);
    assert_eq!(result.verdict(false), Verdict::Differs);
    assert_eq!(result.mirror_records, 100);
    assert!(
        result.out_of_order.count + result.extra.count > 0,
        "{result:?}"
    );
}

#[test]
fn what_a_mirror_copies_after_it_has_gone_past_it_is_out_of_order() {
    let source = run(0..100);
    let mirror = [&source[..30], &source[60..80], &source[30..]].concat();
    let result = of_runs(&source, &mirror);
    assert_eq!(says(&result), (70, 0, 20, 0));
    assert_eq!(ranges(&result.out_of_order), [(50, 79)]);
    assert_eq!(result.verdict(false), Verdict::Differs);
}

#[test]
fn what_one_side_no_longer_has_is_counted_apart() {
    let records = run(0..1_000);
    for (limits, gone) in [(large(), 300), (small(), 300), (small(), 10)] {
        let how = How {
            source_start: gone as u64,
            limits,
            ..How::default()
        };
        let result = compared(
            Log::of(&records[gone..], gone as u64, 1),
            Log::of(&records, 0, 1),
            &how,
        );
        assert_eq!(result.before_source_start, gone as u64);
        assert_eq!(
            (says(&result).0, result.verdict(true)),
            (1_000 - gone as u64, Verdict::Equal)
        );

        let how = How {
            mirror_start: gone as u64,
            limits,
            ..How::default()
        };
        let result = compared(
            Log::of(&records, 0, 1),
            Log::of(&records[gone..], gone as u64, 1),
            &how,
        );
        assert_eq!(result.before_mirror_start, gone as u64);
        assert_eq!(
            (says(&result).0, result.verdict(true)),
            (1_000 - gone as u64, Verdict::Equal)
        );
    }
}

#[test]
fn more_than_the_mirror_can_have_deleted_is_missing() {
    let records = run(0..100);
    let how = How {
        mirror_start: 5,
        limits: large(),
        ..How::default()
    };
    let result = compared(Log::of(&records, 0, 1), Log::of(&records[20..], 5, 1), &how);
    assert_eq!(result.before_mirror_start, 5);
    assert_eq!(ranges(&result.missing), [(0, 14)]);
    let first = result.first_difference.unwrap();
    assert_eq!(first.source.unwrap().offset, 0);
}

#[test]
fn a_repeat_of_what_the_source_no_longer_has_is_a_repeat() {
    let records = run(0..100);
    let mirror = [&records[..95], &records[70..]].concat();
    let how = How {
        source_start: 90,
        limits: large(),
        ..How::default()
    };
    let result = compared(Log::of(&records[90..], 90, 1), Log::of(&mirror, 0, 1), &how);
    assert_eq!(says(&result), (10, 0, 25, 0));
    assert_eq!(result.before_source_start, 90);
}

#[test]
fn what_follows_the_last_record_mirrored_is_behind_unless_it_was_due() {
    let records = run(0..100);
    let result = of_runs(&records, &records[..60]);
    assert_eq!((result.behind, result.verdict(true)), (40, Verdict::Equal));

    let how = How {
        due: Some(70),
        limits: large(),
        ..How::default()
    };
    let result = compared(Log::of(&records, 0, 1), Log::of(&records[..60], 0, 1), &how);
    assert_eq!(ranges(&result.missing), [(60, 69)]);
    assert_eq!(result.behind, 0);
    // Ahead of what was committed is no difference.
    let result = compared(Log::of(&records, 0, 1), Log::of(&records[..80], 0, 1), &how);
    assert_eq!(
        (says(&result), result.verdict(true)),
        ((80, 0, 0, 0), Verdict::Equal)
    );
}

#[test]
fn what_an_open_transaction_may_explain_is_unresolved() {
    let records = run(0..10);
    let how = How {
        source_open: true,
        limits: large(),
        ..How::default()
    };
    let result = compared(Log::of(&records[..8], 0, 1), Log::of(&records, 0, 1), &how);
    assert_eq!((result.unresolved, result.extra.count), (2, 0));
}

#[test]
fn alike_records_are_equal_one_by_one_and_one_less_does_not_hide() {
    let alike = vec![5; 50];
    let due = How {
        due: Some(50),
        limits: large(),
        ..How::default()
    };
    let result = compared(Log::of(&alike, 0, 1), Log::of(&alike, 0, 1), &due);
    assert_eq!(result.verdict(true), Verdict::Equal);
    let result = compared(Log::of(&alike, 0, 1), Log::of(&alike[1..], 0, 1), &due);
    assert_eq!(result.missing.count, 1);
}

#[test]
fn a_log_that_repeats_itself_and_starts_elsewhere_is_not_called_equal() {
    let wave: Vec<u128> = (0..60).map(|n| n % 3).collect();
    // The mirror's first 30 may be gone, or may never have been there.
    let how = How {
        mirror_start: 30,
        limits: large(),
        ..How::default()
    };
    let result = compared(Log::of(&wave, 0, 1), Log::of(&wave[30..], 30, 1), &how);
    assert!(result.ambiguous, "{result:?}");
    assert_eq!(result.verdict(false), Verdict::Unresolved);

    let how = How {
        source_start: 30,
        limits: large(),
        ..How::default()
    };
    let result = compared(Log::of(&wave[30..], 30, 1), Log::of(&wave, 0, 1), &how);
    assert_eq!(result.verdict(false), Verdict::Unresolved, "{result:?}");
}

#[test]
fn of_several_places_a_record_belongs_where_the_records_after_it_do() {
    let like = 7;
    let (other, rest) = (run(0..20), run(500..520));
    // What the mirror goes on with comes after the second of its like.
    let hole = [&other[..10], &[like], &other[10..]].concat();
    let source = [&run(900..910)[..], &hole, &[like], &rest].concat();
    let mirror = [&run(900..910)[..], &[like], &rest].concat();
    let result = of_runs(&source, &mirror);
    assert_eq!(ranges(&result.missing), [(10, 30)]);

    // And after the third, which lies further ahead than is looked at first.
    let far = [hole.as_slice(), &hole, &run(2_000..2_100)].concat();
    let source = [&run(900..910)[..], &far, &[like], &rest].concat();
    let result = of_runs(&source, &mirror);
    assert_eq!(ranges(&result.missing), [(10, 9 + far.len() as u64)]);
}

#[test]
fn a_run_that_may_be_a_repeat_or_follow_a_hole_counts_as_the_hole() {
    let block = run(0..200);
    let source = [block.as_slice(), &block, &block, &block].concat();
    // The second half of the third block is missing.
    let mirror = [block.as_slice(), &block, &block[..100], &block].concat();
    let result = of_runs(&source, &mirror);
    assert_eq!(ranges(&result.missing), [(500, 599)]);
    assert_eq!(result.verdict(false), Verdict::Differs);
}
