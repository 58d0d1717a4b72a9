//! Keys and values of `__transaction_state`, one after another. An empty value
//! stands for a tombstone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slackwater_logdir::TransactionTable;
use slackwater_logdir_fuzz::pieces;

fuzz_target!(|bytes: &[u8]| {
    let mut table = TransactionTable::default();
    let mut pieces = pieces(bytes);
    while let (Some(key), Some(value)) = (pieces.next(), pieces.next()) {
        let value = Some(value).filter(|value| !value.is_empty());
        let rows = table.rows.len();
        let applied = table.apply(key, value);
        // What can't be read changes nothing.
        assert!(applied.is_ok() || table.rows.len() == rows);
    }
    for row in table.rows.values() {
        assert!(row.partitions.len() <= bytes.len());
    }
});
