//! Against bytes that Kafka 4.3.1's own generated messages wrote.

use crate::state::{CommittedOffset, GroupPartition, OffsetTable};
use crate::state::{TransactionRow, TransactionStatus, TransactionTable};

const ID: &str = "000000056d6d322d30";
const TRANSACTION: [&str; 2] = [
    "000000000000000003e800070000ea6002000000020005626c6f677300000002000000000000000500056974656d7300000001000000010000018bcfe5687b0000018bcfe56801",
    "000100000000000003e800070000ea60020306626c6f677303000000000000000500066974656d730200000001000000018bcfe5687b0000018bcfe5680104000800000000000003e7010800000000000003e90202000203020003",
];
const EMPTY: [&str; 2] = [
    "000000000000000003e800070000ea6000ffffffff0000000000000005ffffffffffffffff",
    "000100000000000003e800070000ea6000000000000000000005ffffffffffffffff00",
];
const COMMIT_KEY: [&str; 2] = [
    "00000001670005626c6f677300000004",
    "00010001670005626c6f677300000004",
];
const GROUP_KEY: &str = "0002000167";
const COMMIT: [&str; 5] = [
    "0000000000000000002a00016d0000018bcfe5687b",
    "0001000000000000002a00016d0000018bcfe5687b0000018bcfe58f0f",
    "0002000000000000002a00016d0000018bcfe5687b",
    "0003000000000000002a0000000600016d0000018bcfe5687b",
    "0004000000000000002a00000006026d0000018bcfe5687b01001000000000000000010000000000000002",
];

fn hex(text: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}

fn row(value: &str) -> TransactionRow {
    let mut table = TransactionTable::default();
    table.apply(0, Some(&hex(ID)), Some(&hex(value))).unwrap();
    table.get("mm2-0").unwrap().clone()
}

#[test]
fn a_transaction_is_read_in_each_version() {
    for (version, value) in TRANSACTION.iter().enumerate() {
        let expected = TransactionRow {
            transactional_id: "mm2-0".into(),
            producer_id: 1000,
            previous_producer_id: (version == 1).then_some(999),
            next_producer_id: (version == 1).then_some(1001),
            epoch: 7,
            timeout_ms: 60_000,
            status: TransactionStatus::PrepareCommit,
            partitions: vec![
                ("blogs".into(), 0),
                ("blogs".into(), 5),
                ("items".into(), 1),
            ],
            started_ms: Some(1_700_000_000_001),
            updated_ms: 1_700_000_000_123,
        };
        assert_eq!(row(value), expected);
    }
}

#[test]
fn an_id_without_a_transaction_is_read_in_each_version() {
    for value in EMPTY {
        let row = row(value);
        assert_eq!(row.status, TransactionStatus::Empty);
        assert!(row.partitions.is_empty() && row.started_ms.is_none());
    }
}

#[test]
fn a_commit_is_read_in_each_version() {
    for key in COMMIT_KEY {
        for (version, value) in COMMIT.iter().enumerate() {
            let mut table = OffsetTable::default();
            table.apply(0, Some(&hex(key)), Some(&hex(value))).unwrap();
            let whose = GroupPartition {
                group: "g".into(),
                topic: "blogs".into(),
                partition: 4,
            };
            let committed = CommittedOffset {
                offset: 42,
                leader_epoch: (version >= 3).then_some(6),
                committed_ms: 1_700_000_000_123,
            };
            assert!(table.committed.iter().eq([(&whose, &committed)]));
        }
    }
}

#[test]
fn a_group_is_counted_only() {
    let mut table = OffsetTable::default();
    table.apply(0, Some(&hex(GROUP_KEY)), Some(&[])).unwrap();
    assert!(table.committed.is_empty());
    assert!(table.skipped.iter().eq([(&2, &1)]));
}
