//! Random logs, against references that look at everything at once.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Log, compared, large, small};
use proptest::prelude::*;
use slackwater_compare::{How, PartitionComparison, Verdict};

/// What happens to a copy next.
#[derive(Debug, Clone)]
enum Act {
    Copy(usize),
    /// Goes back, as a worker that was killed.
    Back(usize),
    /// Leaves out.
    Skip(usize),
    /// Somebody else writes to the mirror.
    Stranger(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (1..60_usize).prop_map(Act::Copy),
        2 => (1..80_usize).prop_map(Act::Back),
        1 => (1..70_usize).prop_map(Act::Skip),
        1 => (1..4_usize).prop_map(Act::Stranger),
    ];
    prop::collection::vec(act, 1..14)
}

/// The mirror that comes of it. A back never leads to before the start or to
/// what was left out, and what follows it is copied without a gap, as
/// MirrorMaker does.
fn copy_of(source: &[u128], acts: &[Act]) -> Vec<u128> {
    let mut mirror = Vec::new();
    let mut at = 0;
    let mut floor = 0;
    let mut reached = 0;
    let mut strange = 1 << 50;
    for act in acts {
        match act {
            Act::Copy(count) => {
                let end = (at + count).min(source.len());
                mirror.extend(&source[at..end]);
                at = end;
            }
            Act::Back(count) => at = at.saturating_sub(*count).max(floor),
            Act::Skip(count) => {
                // A hole behind a repeat starts where the copy had got to.
                mirror.extend(&source[at..reached.max(at)]);
                at = (reached.max(at) + count).min(source.len());
                floor = at;
            }
            Act::Stranger(count) => {
                for _ in 0..*count {
                    mirror.push(strange);
                    strange += 1;
                }
            }
        }
        reached = reached.max(at);
    }
    mirror
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    matched: u64,
    missing: u64,
    duplicates: u64,
    extra: u64,
    before_source: u64,
    before_mirror: u64,
    behind: u64,
}

impl From<&PartitionComparison> for Counts {
    fn from(result: &PartitionComparison) -> Self {
        Self {
            matched: result.matched,
            missing: result.missing.count,
            duplicates: result.duplicates.count,
            extra: result.extra.count,
            before_source: result.before_source_start,
            before_mirror: result.before_mirror_start,
            behind: result.behind,
        }
    }
}

/// For records that are all different: what each one is follows from where it
/// first comes.
fn reference(source: &[u128], mirror: &[u128], how: &How) -> Counts {
    let place: BTreeMap<u128, usize> = source
        .iter()
        .enumerate()
        .map(|(at, one)| (*one, at))
        .collect();
    let mut counts = Counts::default();
    let mut seen = BTreeSet::new();
    let mut before = BTreeSet::new();
    let mut begun = None;
    for one in mirror {
        match place.get(one) {
            // The first copy was there before the mirror's start.
            Some(at) if begun.is_some_and(|first| *at < first) => counts.duplicates += 1,
            Some(at) => {
                begun.get_or_insert(*at);
                match seen.insert(*at) {
                    true => counts.matched += 1,
                    false => counts.duplicates += 1,
                }
            }
            None if begun.is_none() && how.source_start > 0 => {
                counts.before_source += 1;
                before.insert(*one);
            }
            None if before.contains(one) => counts.duplicates += 1,
            None => counts.extra += 1,
        }
    }
    let first = seen.first().copied().unwrap_or(source.len());
    let last = seen.last().map_or(0, |last| last + 1);
    for at in 0..source.len() {
        if seen.contains(&at) {
            continue;
        }
        if at >= last {
            counts.behind += 1;
        } else if at < first && counts.before_mirror < how.mirror_start {
            counts.before_mirror += 1;
        } else {
            counts.missing += 1;
        }
    }
    counts
}

fn is_accounted_for(result: &PartitionComparison, source: usize, mirror: usize) {
    let of_mirror = result.matched
        + result.duplicates.count
        + result.extra.count
        + result.out_of_order.count
        + result.before_source_start
        + result.unresolved;
    assert_eq!(
        (of_mirror, result.mirror_records),
        (mirror as u64, mirror as u64)
    );
    let of_source = result.matched
        + result.missing.count
        + result.out_of_order.count
        + result.before_mirror_start
        + result.behind;
    assert_eq!(
        (of_source, result.source_records),
        (source as u64, source as u64)
    );
    for ranges in [
        &result.missing,
        &result.duplicates,
        &result.extra,
        &result.out_of_order,
    ] {
        let listed: u64 = ranges.ranges.iter().map(|range| range.count).sum();
        assert!(listed <= ranges.count);
        assert!(ranges.more_ranges > 0 || listed == ranges.count);
    }
}

/// Whether a mirror can have come of a source by copying and going back alone.
fn is_a_copy_with_repeats(source: &[u128], mirror: &[u128]) -> bool {
    // Where the copy may stand.
    let mut states = BTreeSet::from([0]);
    for one in mirror {
        let mut next = BTreeSet::new();
        for state in &states {
            for at in 0..=*state {
                if source.get(at) == Some(one) {
                    next.insert(at + 1);
                }
            }
        }
        states = next;
    }
    !states.is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn different_records_are_counted_as_by_a_reference_that_knows_them_all(
        acts in acts(),
        length in 1..400_usize,
        source_gone in prop_oneof![Just(0_usize), 0..200_usize],
        mirror_gone in prop_oneof![Just(0_usize), 0..60_usize],
    ) {
        let source: Vec<u128> = (0..length as u128).map(|n| n + 1_000).collect();
        let mirror = copy_of(&source, &acts);
        // A mirror that begins within a repeat has what the source no longer
        // has after what it still has: nobody can tell that from strangers.
        let mirror_gone = if source_gone == 0 { mirror_gone } else { 0 };
        let source = &source[source_gone.min(source.len())..];
        let mirror = &mirror[mirror_gone.min(mirror.len())..];
        let how = How {
            source_start: source_gone as u64,
            mirror_start: mirror_gone as u64,
            limits: large(),
            ..How::default()
        };
        let result = compared(
            Log::of(source, source_gone as u64, 1),
            Log::of(mirror, mirror_gone as u64, 3),
            &how,
        );
        is_accounted_for(&result, source.len(), mirror.len());
        prop_assert_eq!(Counts::from(&result), reference(source, mirror, &how));
        prop_assert_eq!((result.unresolved, result.broken_repeats), (0, 0));
        prop_assert!(!result.ambiguous || result.matched <= 1);
    }

    #[test]
    fn small_windows_may_leave_records_unresolved_and_never_hide_a_difference(
        acts in acts(),
        length in 1..400_usize,
    ) {
        let source: Vec<u128> = (0..length as u128).map(|n| n + 1_000).collect();
        let mirror = copy_of(&source, &acts);
        let how = How { limits: small(), ..How::default() };
        let result = compared(Log::of(&source, 0, 1), Log::of(&mirror, 0, 1), &how);
        is_accounted_for(&result, source.len(), mirror.len());
        let truth = reference(&source, &mirror, &how);
        if result.verdict(false) == Verdict::Equal {
            prop_assert_eq!((truth.missing, truth.extra), (0, 0));
            prop_assert_eq!(Counts::from(&result), truth);
        }
    }

    #[test]
    fn records_of_little_variety_are_equal_only_where_the_copy_can_be_one(
        source in prop::collection::vec(0..3_u128, 0..40),
        mirror in prop::collection::vec(0..3_u128, 0..40),
        tiny in any::<bool>(),
    ) {
        let limits = if tiny { small() } else { large() };
        let how = How { limits, ..How::default() };
        let result = compared(Log::of(&source, 0, 1), Log::of(&mirror, 0, 1), &how);
        is_accounted_for(&result, source.len(), mirror.len());
        if result.verdict(true) == Verdict::Equal {
            prop_assert_eq!(&source[..mirror.len()], mirror.as_slice());
        }
        if result.verdict(false) == Verdict::Equal {
            prop_assert!(is_a_copy_with_repeats(&source, &mirror), "{:?}", result);
        }
    }

    #[test]
    fn a_wave_with_a_record_more_or_less_is_not_equal(
        period in 1..9_u128,
        length in 1..120_usize,
        cut_at in any::<prop::sample::Index>(),
        more in any::<bool>(),
        source_gone in 0..20_usize,
        mirror_gone in 0..20_usize,
    ) {
        let source: Vec<u128> = (0..length as u128).map(|n| n % period).collect();
        let mut mirror = source.clone();
        let at = cut_at.index(length);
        match more {
            true => mirror.insert(at, 99),
            false => drop(mirror.remove(at)),
        }
        let source_gone = source_gone.min(at);
        let mirror_gone = mirror_gone.min(at);
        let how = How {
            source_start: source_gone as u64,
            mirror_start: mirror_gone as u64,
            // All that the source has should be there.
            due: Some(length as u64),
            limits: large(),
            ..How::default()
        };
        let result = compared(
            Log::of(&source[source_gone..], source_gone as u64, 1),
            Log::of(&mirror[mirror_gone..], mirror_gone as u64, 1),
            &how,
        );
        if result.verdict(true) == Verdict::Equal {
            // Then the two are the same run, and by what is left of them
            // nobody could know better.
            let (source, mirror) = (&source[source_gone..], &mirror[mirror_gone..]);
            let matched = usize::try_from(result.matched).unwrap();
            let before = usize::try_from(result.before_source_start).unwrap();
            let skipped = usize::try_from(result.before_mirror_start).unwrap();
            prop_assert_eq!(before + matched, mirror.len());
            prop_assert_eq!(skipped + matched, source.len());
            prop_assert_eq!(&source[skipped..], &mirror[before..]);
            prop_assert!(source_gone > 0 || mirror_gone > 0);
        }
    }
}
