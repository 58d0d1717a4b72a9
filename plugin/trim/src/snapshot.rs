//! A producer snapshot: what a broker knew of producers where a segment begins,
//! so that a transaction which began before it is known without reading that.
//! Source: Kafka's `ProducerSnapshot.json`, version 1, and
//! `ProducerStateManager.readSnapshot`.

use std::fs;
use std::path::Path;

use crc_fast::{CrcAlgorithm, checksum};
use slackwater_logdir::wire::{Cursor, WireError};
use slackwater_point::TransactionId;

/// The largest one that is read: a broker keeps producers for a day, and each
/// takes 46 bytes.
const MAX_BYTES: u64 = 64 << 20;

/// The only version.
const VERSION: i16 = 1;

/// The checksum covers what follows it.
const CRC_END: usize = 6;

/// A transaction that is open where the segment begins, and its first offset.
pub(crate) type OpenAt = (TransactionId, u64);

/// Reads the snapshot of the segment at `base`; `None` where there is none that
/// can be believed.
pub(crate) fn open_transactions(replica: &Path, base: u64) -> Option<Vec<OpenAt>> {
    let path = replica.join(format!("{base:020}.snapshot"));
    let metadata = fs::metadata(&path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return None;
    }
    parse(&fs::read(&path).ok()?)
}

fn parse(bytes: &[u8]) -> Option<Vec<OpenAt>> {
    let mut cursor = Cursor::new(bytes);
    let version = cursor.i16().ok()?;
    let crc = cursor.i32().ok()? as u32;
    let covered = bytes.get(CRC_END..)?;
    if version != VERSION || checksum(CrcAlgorithm::Crc32Iscsi, covered) as u32 != crc {
        return None;
    }
    let mut open = Vec::new();
    for _ in 0..cursor.count().ok()? {
        open.extend(entry(&mut cursor).ok()?);
    }
    cursor.is_empty().then_some(open)
}

fn entry(cursor: &mut Cursor<'_>) -> Result<Option<OpenAt>, WireError> {
    let producer = cursor.i64()?;
    let epoch = cursor.i16()?;
    let _last_sequence = cursor.i32()?;
    let _last_offset = cursor.i64()?;
    let _offset_delta = cursor.i32()?;
    let _timestamp = cursor.i64()?;
    let _coordinator_epoch = cursor.i32()?;
    let first = u64::try_from(cursor.i64()?).ok();
    Ok(first.map(|first| (TransactionId { producer, epoch }, first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(entries: &[(i64, i16, i64)]) -> Vec<u8> {
        let mut body = (entries.len() as i32).to_be_bytes().to_vec();
        for (producer, epoch, first) in entries {
            body.extend(producer.to_be_bytes());
            body.extend(epoch.to_be_bytes());
            body.extend(0i32.to_be_bytes());
            body.extend(9i64.to_be_bytes());
            body.extend(0i32.to_be_bytes());
            body.extend(5i64.to_be_bytes());
            body.extend(0i32.to_be_bytes());
            body.extend(first.to_be_bytes());
        }
        let mut bytes = VERSION.to_be_bytes().to_vec();
        let crc = checksum(CrcAlgorithm::Crc32Iscsi, &body) as u32;
        bytes.extend(crc.to_be_bytes());
        bytes.extend(body);
        bytes
    }

    #[test]
    fn open_transactions_are_found_and_producers_without_one_are_not() {
        let bytes = snapshot(&[(7, 3, 42), (8, 0, -1)]);
        let id = TransactionId {
            producer: 7,
            epoch: 3,
        };
        assert_eq!(parse(&bytes), Some(vec![(id, 42)]));
    }

    /// Of Kafka 4.3.1: two producers had begun before the segment at 10.
    #[test]
    fn a_real_brokers_snapshot_is_read() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../logdir/tests/fixtures");
        let open = open_transactions(&fixtures.join("clean/data-1/transactions-0"), 10).unwrap();
        let mut of: Vec<(i64, u64)> = open
            .iter()
            .map(|(id, first)| (id.producer, *first))
            .collect();
        of.sort_unstable();
        assert_eq!(of, [(1, 3), (2, 7)]);
    }

    #[test]
    fn one_that_is_damaged_or_torn_is_not_believed() {
        let bytes = snapshot(&[(7, 3, 42)]);
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_eq!(parse(&other), None, "{at}");
            assert_eq!(parse(&bytes[..at]), None, "{at}");
        }
        assert_eq!(parse(&[bytes, vec![0]].concat()), None);
    }
}
