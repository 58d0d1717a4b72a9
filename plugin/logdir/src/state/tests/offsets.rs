//! `__consumer_offsets`

use proptest::prelude::*;

use super::{encode, why};
use crate::state::{CommittedOffset, GroupPartition, Malformed, OffsetTable, StateError};

fn of(group: &str, partition: u32) -> GroupPartition {
    GroupPartition {
        group: group.into(),
        topic: "t".into(),
        partition,
    }
}

fn at(offset: i64) -> CommittedOffset {
    CommittedOffset {
        offset,
        leader_epoch: Some(2),
        committed_ms: 3,
    }
}

#[test]
fn the_last_commit_counts_and_a_tombstone_takes_it_away() {
    let mut table = OffsetTable::default();
    let records = [
        (of("g", 0), Some(at(5))),
        (of("g", 1), Some(at(6))),
        (of("h", 0), Some(at(7))),
        (of("g", 0), Some(at(8))),
        (of("h", 0), None),
    ];
    for (offset, (whose, committed)) in (0..).zip(&records) {
        let key = encode::commit_key(1, whose);
        let value = committed.map(|committed| encode::commit(4, &committed));
        table.apply(offset, Some(&key), value.as_deref()).unwrap();
    }
    let expected = [(&of("g", 0), &at(8)), (&of("g", 1), &at(6))];
    assert!(table.committed.iter().eq(expected));
    assert_eq!(table.last_offset(), Some(4));
}

#[test]
fn values_and_keys_that_are_none_are_refused() {
    let mut table = OffsetTable::default();
    let key = encode::commit_key(1, &of("g", 0));
    let error = table.apply(3, Some(&key), Some(&[0, 5])).unwrap_err();
    let version = StateError::Version {
        of: "a committed offset's value",
        offset: 3,
        version: 5,
        newest: 4,
    };
    assert_eq!(error, version);
    let below = encode::commit_key(0, &of("g", u32::MAX));
    let partition = Malformed::Value {
        what: "partition",
        value: -1,
    };
    assert_eq!(
        why(table.apply(3, Some(&below), None).unwrap_err()),
        partition
    );
    assert_eq!(
        why(table.apply(3, None, None).unwrap_err()),
        Malformed::NoKey
    );
    let long = [encode::commit(0, &at(1)), vec![0]].concat();
    let error = table.apply(3, Some(&key), Some(&long)).unwrap_err();
    assert_eq!(why(error), Malformed::After(1));
    assert_eq!(table, OffsetTable::default());
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(
        group in ".*", topic in ".{0,40}", partition in 0..=i32::MAX as u32,
        offset: i64, leader_epoch in prop::option::of(0..=i32::MAX), committed_ms: i64,
        of in 0i16..=1, version in 0i16..=4,
    ) {
        let whose = GroupPartition { group: group.into(), topic: topic.into(), partition };
        let mut committed = CommittedOffset { offset, leader_epoch, committed_ms };
        let mut table = OffsetTable::default();
        let key = encode::commit_key(of, &whose);
        let value = encode::commit(version, &committed);
        table.apply(0, Some(&key), Some(&value)).unwrap();
        if version < 3 {
            committed.leader_epoch = None;
        }
        prop_assert!(table.committed.iter().eq([(&whose, &committed)]));
    }

    #[test]
    fn any_bytes_are_applied_or_refused(
        records: Vec<(Option<Vec<u8>>, Option<Vec<u8>>)>, values: Vec<(u8, Vec<u8>)>,
    ) {
        let mut table = OffsetTable::default();
        for (offset, (key, value)) in (0..).zip(&records) {
            let _ = table.apply(offset, key.as_deref(), value.as_deref());
        }
        let key = encode::commit_key(1, &of("g", 0));
        for (version, rest) in values {
            let value = [vec![0, version % 5], rest].concat();
            let _ = OffsetTable::default().apply(0, Some(&key), Some(&value));
        }
    }
}
