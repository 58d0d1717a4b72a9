//! A batch of records that no producer sent. Source: Kafka's `DefaultRecordBatch` and
//! `DefaultRecord`, format 2.

use crc_fast::{CrcAlgorithm, checksum};
use slackwater_point::{AddedRecord, ForgottenId, PlannedPartition};

/// Bytes before those that `batchLength` counts.
const BEFORE_LENGTH: usize = 12;

/// The checksum covers what follows it.
const CRC_FROM: usize = 21;

/// `RecordBatch.MAGIC_VALUE_V2`
const MAGIC: u8 = 2;

/// `TransactionLogKey`'s only version.
const TRANSACTION_KEY: i16 = 0;

/// A record to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewRecord {
    key: Vec<u8>,
    /// `None` for a tombstone.
    value: Option<Vec<u8>>,
    timestamp_ms: i64,
}

impl From<&AddedRecord> for NewRecord {
    fn from(record: &AddedRecord) -> Self {
        Self {
            key: record.key.clone().into_bytes(),
            value: record.value.clone().map(String::into_bytes),
            timestamp_ms: record.timestamp_ms,
        }
    }
}

impl From<&ForgottenId> for NewRecord {
    fn from(forgotten: &ForgottenId) -> Self {
        let id = forgotten.transactional_id.as_bytes();
        let mut key = TRANSACTION_KEY.to_be_bytes().to_vec();
        // It was read with a length of as many bytes.
        key.extend((id.len() as u16).to_be_bytes());
        key.extend(id);
        Self {
            key,
            value: None,
            timestamp_ms: forgotten.timestamp_ms,
        }
    }
}

/// All that comes behind what is kept of a partition, in its order.
pub(crate) fn behind(planned: &PlannedPartition) -> Vec<NewRecord> {
    let added = planned.added.iter().map(NewRecord::from);
    added
        .chain(planned.forgotten.iter().map(NewRecord::from))
        .collect()
}

/// One batch of all `records`, from `base` on, in that leader's epoch: not packed, of no
/// transaction and no idempotent producer.
///
/// # Errors
/// In words: more than a batch holds.
pub(crate) fn batch(base: u64, epoch: i32, records: &[NewRecord]) -> Result<Vec<u8>, String> {
    let too_many = |_| "more records than a batch holds".to_owned();
    let count = i32::try_from(records.len()).map_err(too_many)?;
    let first = records.first().ok_or("a batch of no records")?.timestamp_ms;
    let most = records.iter().map(|one| one.timestamp_ms).max();
    let mut body = Vec::new();
    for (delta, record) in records.iter().enumerate() {
        let mut one = vec![0u8];
        varint(&mut one, record.timestamp_ms - first);
        varint(&mut one, delta as i64);
        for bytes in [Some(&record.key), record.value.as_ref()] {
            // -1 stands for none.
            varint(&mut one, bytes.map_or(-1, |bytes| bytes.len() as i64));
            one.extend(bytes.into_iter().flatten());
        }
        // No headers.
        varint(&mut one, 0);
        varint(&mut body, one.len() as i64);
        body.extend(one);
    }
    let mut batch = base.to_be_bytes().to_vec();
    batch.extend([0; 4]);
    batch.extend(epoch.to_be_bytes());
    batch.push(MAGIC);
    batch.extend([0; 4]);
    // Attributes: no codec, the creator's time.
    batch.extend(0i16.to_be_bytes());
    batch.extend((count - 1).to_be_bytes());
    batch.extend(first.to_be_bytes());
    batch.extend(most.unwrap_or(first).to_be_bytes());
    // No producer, its epoch, no sequence.
    batch.extend((-1i64).to_be_bytes());
    batch.extend((-1i16).to_be_bytes());
    batch.extend((-1i32).to_be_bytes());
    batch.extend(count.to_be_bytes());
    batch.extend(body);
    let length = i32::try_from(batch.len() - BEFORE_LENGTH).map_err(too_many)?;
    batch[8..BEFORE_LENGTH].copy_from_slice(&length.to_be_bytes());
    let crc = checksum(CrcAlgorithm::Crc32Iscsi, &batch[CRC_FROM..]) as u32;
    batch[17..CRC_FROM].copy_from_slice(&crc.to_be_bytes());
    Ok(batch)
}

/// Zigzag, seven bits a byte (`ByteUtils.writeVarlong`).
fn varint(into: &mut Vec<u8>, value: i64) {
    let mut left = ((value << 1) ^ (value >> 63)) as u64;
    while left >= 0x80 {
        into.push((left as u8) | 0x80);
        left >>= 7;
    }
    into.push(left as u8);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use slackwater_logdir::{BatchHeader, HEADER, SegmentReader, Want};

    use super::*;

    #[test]
    fn the_reader_of_brokers_logs_takes_what_is_written() {
        let record = |key: &str, timestamp_ms| NewRecord {
            key: key.as_bytes().to_vec(),
            value: (!key.is_empty()).then(|| vec![b'v'; 300]),
            timestamp_ms,
        };
        let records = [record("a", 1_000), record("bc", 900), record("", 70_000)];
        let bytes = batch(41, 7, &records).unwrap();
        let head: &[u8; HEADER] = bytes.first_chunk().unwrap();
        let header = BatchHeader::read(head, bytes.len() as u64).unwrap();
        assert_eq!((header.base_offset, header.last_offset), (41, 43));
        assert_eq!((header.leader_epoch, header.records), (7, 3));
        assert_eq!(
            (header.base_timestamp, header.max_timestamp),
            (1_000, 70_000)
        );
        assert_eq!((header.producer_id, header.base_sequence), (-1, -1));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let mut crc = false;
        let end = SegmentReader::default()
            .read_while(file.path(), 0, Want::Content, |batch| {
                crc = batch.crc_holds;
                std::ops::ControlFlow::Continue(())
            })
            .unwrap();
        assert!(crc);
        assert_eq!((end.bytes, end.stopped), (bytes.len() as u64, None));
        assert!(batch(0, 0, &[]).is_err());
    }
}
