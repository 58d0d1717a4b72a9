//! Keys and values of `__transaction_state`, one after another. An empty value
//! stands for a tombstone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slackwater_logdir::state::TransactionTable;
use slackwater_logdir_fuzz::pieces;

fuzz_target!(|bytes: &[u8]| {
    let mut table = TransactionTable::default();
    let mut pieces = pieces(bytes);
    let mut offset = 0;
    while let (Some(key), Some(value)) = (pieces.next(), pieces.next()) {
        let value = Some(value).filter(|value| !value.is_empty());
        let rows = table.len();
        let applied = table.apply(offset, Some(key), value);
        // What can't be read changes nothing.
        assert!(applied.is_ok() || table.len() == rows);
        offset += 1;
    }
    for row in table.rows() {
        assert!(row.partitions.len() <= bytes.len());
    }
});
