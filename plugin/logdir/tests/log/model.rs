//! What the reader should find, worked out from what was written, the long
//! way: forwards, all in memory.

use std::collections::HashMap;

use slackwater_ports::{Digest128, RecordSeen, TimestampType};

use crate::log::batch::Batch;
use crate::log::record::Rec;

fn content(record: &Rec) -> Digest128 {
    let headers: Vec<(&[u8], Option<&[u8]>)> = record
        .headers
        .iter()
        .map(|(name, value)| (name.as_slice(), value.as_deref()))
        .collect();
    Digest128::of_content(record.key.as_deref(), record.value.as_deref(), &headers)
}

/// A record of a batch as a client would digest it.
pub fn seen(batch: &Batch, record: &Rec) -> RecordSeen {
    let newest = batch.records.iter().map(|one| one.timestamp).max();
    RecordSeen {
        offset: record.offset,
        timestamp_ms: batch.append_time.unwrap_or(record.timestamp),
        timestamp_type: match (batch.append_time, newest) {
            (Some(_), _) => TimestampType::LogAppendTime,
            (None, Some(0..)) => TimestampType::CreateTime,
            (None, _) => TimestampType::None,
        },
        batch_epoch: (batch.epoch >= 0).then_some(batch.epoch),
        content: content(record),
    }
}

/// The data records from `start` on that are no part of a transaction, or of
/// one that a marker below `until` commits, in the order of their offsets.
pub fn committed(batches: &[Batch], start: u64, until: u64) -> Vec<RecordSeen> {
    let mut open: HashMap<i64, Vec<RecordSeen>> = HashMap::new();
    let mut found = Vec::new();
    for batch in batches.iter().filter(|batch| batch.base < until) {
        if batch.control {
            let ended = open.remove(&batch.producer).unwrap_or_default();
            if is_commit(batch) {
                found.extend(ended);
            }
            continue;
        }
        let records = batch.records.iter().map(|record| seen(batch, record));
        if batch.transactional {
            open.entry(batch.producer).or_default().extend(records);
        } else {
            found.extend(records);
        }
    }
    found.retain(|one| (start..until).contains(&one.offset));
    found.sort_by_key(|one| one.offset);
    found
}

/// The last `most` of a run.
pub fn last(run: &[RecordSeen], most: usize) -> &[RecordSeen] {
    &run[run.len().saturating_sub(most)..]
}

pub fn is_commit(batch: &Batch) -> bool {
    batch.control && batch.records.first().and_then(|one| one.key.as_deref()) == Some(&[0, 0, 0, 1])
}

/// Producers that have begun a transaction and not ended it.
pub fn open_transactions(batches: &[Batch]) -> u64 {
    let mut open = std::collections::HashSet::new();
    for batch in batches.iter().filter(|batch| batch.transactional) {
        if batch.control {
            open.remove(&batch.producer);
        } else {
            open.insert(batch.producer);
        }
    }
    open.len() as u64
}

/// For each batch, whether a marker aborts it.
pub fn aborted(batches: &[Batch]) -> Vec<bool> {
    let mut aborted = vec![false; batches.len()];
    let mut open: HashMap<i64, Vec<usize>> = HashMap::new();
    for (at, batch) in batches.iter().enumerate() {
        if batch.control {
            let ended = open.remove(&batch.producer).unwrap_or_default();
            if !is_commit(batch) {
                ended.into_iter().for_each(|one| aborted[one] = true);
            }
        } else if batch.transactional {
            open.entry(batch.producer).or_default().push(at);
        }
    }
    aborted
}

/// How many keys live between these offsets, and the sum of what is digested
/// of them; the transactions there have all ended.
pub fn live(batches: &[Batch], from: u64, until: u64) -> (u64, u128) {
    let mut last: HashMap<&[u8], (&Batch, &Rec)> = HashMap::new();
    for (batch, aborted) in batches.iter().zip(aborted(batches)) {
        for record in batch.records.iter().filter(|_| !aborted && !batch.control) {
            if let Some(key) = &record.key
                && (from..until).contains(&record.offset)
            {
                last.insert(key, (batch, record));
            }
        }
    }
    let live = last.values().filter(|(_, record)| record.value.is_some());
    live.fold((0, 0), |(keys, sum), (batch, record)| {
        let timestamp = batch.append_time.unwrap_or(record.timestamp);
        let one = Digest128::of([
            record.offset.to_be_bytes().as_slice(),
            &timestamp.to_be_bytes(),
            &content(record).0.to_be_bytes(),
        ]);
        (keys + 1, one.0.wrapping_add(sum))
    })
}

/// The first offset of a transaction that has not ended; the log's end without
/// one.
pub fn stable(batches: &[Batch]) -> u64 {
    let mut open: HashMap<i64, u64> = HashMap::new();
    for batch in batches.iter().filter(|batch| batch.transactional) {
        if batch.control {
            open.remove(&batch.producer);
        } else {
            open.entry(batch.producer).or_insert(batch.base);
        }
    }
    let end = batches.last().map_or(0, |one| one.last + 1);
    open.into_values().min().unwrap_or(end)
}
