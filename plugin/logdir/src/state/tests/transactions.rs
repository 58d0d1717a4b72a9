//! `__transaction_state`

use std::sync::Arc;

use proptest::prelude::*;

use super::{encode, why};
use crate::state::{Malformed, StateError};
use crate::state::{TransactionRow, TransactionStatus, TransactionTable};
use crate::wire::WireError;

fn row(id: &str) -> TransactionRow {
    TransactionRow {
        transactional_id: id.into(),
        producer_id: 5,
        previous_producer_id: None,
        next_producer_id: None,
        epoch: 0,
        timeout_ms: 60_000,
        status: TransactionStatus::Ongoing,
        partitions: vec![("t".into(), 3)],
        started_ms: Some(1),
        updated_ms: 2,
    }
}

fn value(status: i8) -> Vec<u8> {
    encode::transaction(1, status, &row("x"))
}

/// Of one record with the key of "x".
fn applied(value: &[u8]) -> Result<TransactionTable, StateError> {
    let mut table = TransactionTable::default();
    let key = encode::transaction_key("x");
    table.apply(0, Some(&key), Some(value)).map(|()| table)
}

#[test]
fn the_last_word_on_an_id_counts() {
    let mut table = TransactionTable::default();
    let records = [("x", 1), ("y", 1), ("x", 2), ("x", 4)];
    for (offset, (id, status)) in (10..).zip(records) {
        let key = encode::transaction_key(id);
        table
            .apply(offset, Some(&key), Some(&value(status)))
            .unwrap();
    }
    let status = |id| table.get(id).map(|row| row.status);
    assert_eq!(status("x"), Some(TransactionStatus::CompleteCommit));
    assert_eq!(status("y"), Some(TransactionStatus::Ongoing));
    let pending: Vec<_> = table.pending().map(|row| &*row.transactional_id).collect();
    assert_eq!(pending, ["y"]);
    assert_eq!((table.len(), table.last_offset()), (2, Some(13)));
}

#[test]
fn a_tombstone_takes_an_id_away() {
    let mut table = applied(&value(1)).unwrap();
    let key = encode::transaction_key("x");
    table.apply(1, Some(&key), None).unwrap();
    assert!(table.is_empty() && table.get("x").is_none());
}

#[test]
fn what_has_markers_to_come_is_pending() {
    let pending = (0..8).map(|status| {
        let table = applied(&value(status)).unwrap();
        table.pending().count() == 1
    });
    let expected = [false, true, true, true, false, false, false, true];
    assert!(pending.eq(expected));
}

#[test]
fn a_status_that_there_is_not_is_refused() {
    let error = applied(&value(8)).unwrap_err();
    let status = Malformed::Value {
        what: "status",
        value: 8,
    };
    assert_eq!(why(error), status);
}

#[test]
fn keys_of_another_type_are_counted() {
    let mut table = TransactionTable::default();
    table.apply(0, Some(&[0, 1, 9]), Some(&[])).unwrap();
    assert!(table.is_empty());
    assert!(table.skipped.iter().eq([(&1, &1)]));
}

#[test]
fn a_message_names_the_offset() {
    let key = encode::transaction_key("x");
    let apply = |value: &[u8]| {
        let mut table = TransactionTable::default();
        table.apply(7, Some(&key), Some(value)).unwrap_err()
    };
    assert_eq!(
        apply(&[0, 2]).to_string(),
        "a transaction's value at offset 7 has version 2, and this reads up to 1; a later release may read it"
    );
    assert_eq!(
        apply(&[0, 0, 1]).to_string(),
        "a transaction's value at offset 7 ends in the middle of a field"
    );
}

#[test]
fn keys_that_are_none_are_refused() {
    let mut table = TransactionTable::default();
    let long = [encode::transaction_key("x"), vec![0]].concat();
    for (key, expected) in [
        (None, Malformed::NoKey),
        (Some(&[0][..]), Malformed::Wire(WireError::Short)),
        (
            Some(&[0, 0, 0xff, 0xff]),
            Malformed::Null("transactional id"),
        ),
        (Some(&long), Malformed::After(1)),
    ] {
        assert_eq!(why(table.apply(0, key, None).unwrap_err()), expected);
    }
}

#[test]
fn bytes_after_a_value_and_partitions_below_0_are_refused() {
    let long = [value(1), vec![0]].concat();
    assert_eq!(why(applied(&long).unwrap_err()), Malformed::After(1));
    let mut below = row("x");
    below.partitions = vec![("t".into(), u32::MAX)];
    let error = applied(&encode::transaction(0, 1, &below)).unwrap_err();
    let partition = Malformed::Value {
        what: "partition",
        value: -1,
    };
    assert_eq!(why(error), partition);
}

#[test]
fn records_out_of_order_are_refused() {
    let mut table = applied(&value(1)).unwrap();
    let key = encode::transaction_key("x");
    let error = table.apply(0, Some(&key), None).unwrap_err();
    assert_eq!(
        error,
        StateError::Order {
            offset: 0,
            after: 0
        }
    );
    assert_eq!(table.len(), 1);
}

#[test]
fn the_name_of_a_topic_is_held_once_for_all_its_partitions() {
    let name = "t".repeat(1_000);
    let mut value = vec![0, 0];
    value.extend([0; 14]);
    value.extend([1, 0, 0, 0, 1, 0x03, 0xe8]);
    value.extend(name.as_bytes());
    value.extend([0, 0, 0, 100]);
    value.extend([0; 400]);
    value.extend([0; 16]);
    let table = applied(&value).unwrap();
    let partitions = &table.get("x").unwrap().partitions;
    assert_eq!(partitions.len(), 100);
    assert!(
        partitions
            .iter()
            .all(|(topic, _)| Arc::ptr_eq(topic, &partitions[0].0))
    );
}

fn rows() -> impl Strategy<Value = TransactionRow> {
    let other = || prop::option::of(any::<i64>().prop_filter("nothing", |id| *id != -1));
    let partition = (".{0,40}", 0..=i32::MAX as u32);
    let partition = partition.prop_map(|(topic, partition)| (Arc::from(topic), partition));
    let partitions = prop::collection::vec(partition, 0..9);
    let numbers = (any::<i64>(), any::<i16>(), any::<i32>(), any::<i64>());
    (numbers, other(), other(), other(), ".*", partitions).prop_map(
        |(numbers, previous, next, started, id, partitions)| TransactionRow {
            transactional_id: id.into(),
            producer_id: numbers.0,
            previous_producer_id: previous,
            next_producer_id: next,
            epoch: numbers.1,
            timeout_ms: numbers.2,
            status: TransactionStatus::PrepareAbort,
            partitions,
            started_ms: started,
            updated_ms: numbers.3,
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(mut row in rows(), version in 0i16..=1) {
        let mut table = TransactionTable::default();
        let id = row.transactional_id.clone();
        let key = encode::transaction_key(&id);
        let value = encode::transaction(version, 3, &row);
        table.apply(0, Some(&key), Some(&value)).unwrap();
        if version == 0 {
            (row.previous_producer_id, row.next_producer_id) = (None, None);
        }
        prop_assert_eq!(table.get(&id), Some(&row));
    }

    #[test]
    fn a_value_that_is_cut_is_refused(row in rows(), version in 0i16..=1, at: prop::sample::Index) {
        let value = encode::transaction(version, 1, &row);
        prop_assert!(applied(&value[..at.index(value.len())]).is_err());
    }

    #[test]
    fn any_bytes_are_applied_or_refused(
        records: Vec<(Option<Vec<u8>>, Option<Vec<u8>>)>, versions: Vec<(u8, Vec<u8>)>,
    ) {
        let mut table = TransactionTable::default();
        for (offset, (key, value)) in (0..).zip(&records) {
            let _ = table.apply(offset, key.as_deref(), value.as_deref());
        }
        for (version, rest) in versions {
            let _ = applied(&[vec![0, version % 2], rest].concat());
        }
    }
}
