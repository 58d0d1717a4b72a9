//! What points into what goes: groups, Connect's positions, offset syncs.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use slackwater_cut::SourcePartition;
use slackwater_point::{EndOf, GroupSeen, PositionSeen, SyncsBeyond, depends};
use slackwater_ports::PartitionId;

fn ends() -> Vec<EndOf> {
    [(0, 100, 90), (1, 50, 50)]
        .map(|(number, end, cut)| EndOf {
            partition: PartitionId::new("src.t", number),
            is_copy: true,
            end,
            cut,
        })
        .to_vec()
}

fn group(number: u32, committed: u64) -> GroupSeen {
    GroupSeen {
        group: "g".to_owned(),
        partition: PartitionId::new("src.t", number),
        committed,
    }
}

fn position(committed: Option<u64>, last_kept: Option<u64>) -> PositionSeen {
    PositionSeen {
        source: SourcePartition {
            alias: "src".to_owned(),
            partition: PartitionId::new("t", 0),
        },
        mirror: PartitionId::new("src.t", 0),
        committed,
        last_kept,
        put_right: false,
        not_ahead: false,
        from_first: false,
        unprotected: false,
    }
}

#[test]
fn a_group_beyond_its_partitions_cut_is_named_and_one_at_it_is_not() {
    let groups = [group(0, 90), group(0, 91), group(1, 50), group(7, 99)];
    let found = depends(&ends(), &groups, &[]);
    assert_eq!(found.groups.len(), 1);
    assert_eq!((found.groups[0].committed, found.groups[0].cut), (91, 90));
    assert!(found.remedies.iter().any(|one| one.contains("groups")));
}

#[test]
fn a_position_ahead_skips_and_one_behind_doubles() {
    let all = [
        position(Some(40), Some(40)),
        position(Some(45), Some(40)),
        position(Some(30), Some(40)),
        position(Some(30), None),
        position(None, None),
    ];
    let found = depends(&ends(), &[], &all);
    let off: Vec<_> = found
        .positions
        .iter()
        .map(|one| (one.skipped, one.doubled))
        .collect();
    // Of the last two it is not known, and so they are listed.
    assert_eq!(off, [(5, 0), (0, 10), (0, 0), (0, 0)]);
    let may: Vec<bool> = found.positions.iter().map(|one| one.may_skip()).collect();
    assert_eq!(may, [true, false, true, false]);
    assert!(found.positions.iter().all(|one| one.is_to_set()));
    let silent = depends(&ends()[1..], &[], &all[..1]);
    assert_eq!((silent.positions.len(), silent.remedies.len()), (0, 0));
}

#[test]
fn a_position_that_is_known_not_to_be_ahead_needs_not_be_set_but_where_it_is_known_to_be_behind() {
    let not_ahead = |last_kept| PositionSeen {
        not_ahead: true,
        ..position(Some(30), last_kept)
    };
    let found = depends(&ends()[1..], &[], &[not_ahead(None)]);
    assert!(found.remedies.is_empty());
    assert!(!found.positions[0].may_skip() && !found.positions[0].is_to_set());
    let found = depends(&ends()[1..], &[], &[not_ahead(Some(40))]);
    assert!(!found.positions[0].may_skip() && found.positions[0].is_to_set());
}

#[test]
fn where_nothing_is_kept_no_position_is_right_and_each_that_stands_skips_all_up_to_it() {
    let from_first = |committed| PositionSeen {
        from_first: true,
        ..position(committed, None)
    };
    let found = depends(&ends()[1..], &[], &[from_first(None), from_first(Some(30))]);
    let [one] = found.positions.as_slice() else {
        panic!("{found:?}");
    };
    assert!(one.is_known() && one.may_skip() && one.is_to_set());
    assert_eq!((one.committed, one.skipped, one.doubled), (Some(30), 31, 0));
    assert!(found.remedies[0].contains("to null where nothing is"));
    let put_right = PositionSeen {
        put_right: true,
        ..from_first(Some(30))
    };
    let found = depends(&ends()[1..], &[], &[put_right]);
    assert!(!found.positions[0].may_skip() && found.remedies.is_empty());
}

#[test]
fn syncs_are_passed_where_a_copy_has_grown_to_its_old_end() {
    let mut ends = ends();
    let found = depends(&ends, &[], &[]);
    let wanted = SyncsBeyond {
        partition: PartitionId::new("src.t", 0),
        from: 90,
        until: 100,
    };
    assert_eq!(found.offset_syncs, [wanted]);
    ends[0].is_copy = false;
    assert!(depends(&ends, &[], &[]).offset_syncs.is_empty());
}
