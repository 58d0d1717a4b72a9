//! Writes keys and values, for tests.

use crate::state::{CommittedOffset, GroupPartition, TransactionRow};

/// Bytes so far, of a version that is flexible or not.
#[derive(Default)]
pub(super) struct Bytes {
    pub(super) bytes: Vec<u8>,
    flexible: bool,
}

impl Bytes {
    fn of(version: i16, flexible: bool) -> Self {
        let bytes = version.to_be_bytes().to_vec();
        Self { bytes, flexible }
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    fn uvarint(mut self, mut value: usize) -> Self {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
        self
    }

    fn text(self, text: &str) -> Self {
        let length = match self.flexible {
            true => self.uvarint(text.len() + 1),
            false => self.raw(&(text.len() as i16).to_be_bytes()),
        };
        length.raw(text.as_bytes())
    }

    fn count(self, count: usize) -> Self {
        match self.flexible {
            true => self.uvarint(count + 1),
            false => self.raw(&(count as i32).to_be_bytes()),
        }
    }

    /// Tagged fields, and one that no version has.
    fn tagged(self, fields: &[(usize, &[u8])]) -> Self {
        if !self.flexible {
            return self;
        }
        let unknown = [(77, &b"later"[..])];
        let all = fields.iter().chain(&unknown);
        all.fold(self.uvarint(fields.len() + 1), |bytes, (tag, field)| {
            bytes.uvarint(*tag).uvarint(field.len()).raw(field)
        })
    }
}

pub(super) fn transaction_key(id: &str) -> Vec<u8> {
    Bytes::of(0, false).text(id).bytes
}

pub(super) fn transaction(version: i16, status: i8, row: &TransactionRow) -> Vec<u8> {
    let mut bytes = Bytes::of(version, version >= 1)
        .raw(&row.producer_id.to_be_bytes())
        .raw(&row.epoch.to_be_bytes())
        .raw(&row.timeout_ms.to_be_bytes())
        .raw(&status.to_be_bytes())
        .count(row.partitions.len());
    // Each in a structure of its own, as Kafka may but does not.
    for (topic, partition) in &row.partitions {
        bytes = bytes
            .text(topic)
            .count(1)
            .raw(&partition.to_be_bytes())
            .tagged(&[]);
    }
    let id = |id: Option<i64>| id.unwrap_or(-1).to_be_bytes();
    bytes
        .raw(&row.updated_ms.to_be_bytes())
        .raw(&id(row.started_ms))
        .tagged(&[
            (0, &id(row.previous_producer_id)),
            (1, &id(row.next_producer_id)),
            (2, &[0, 2]),
        ])
        .bytes
}

pub(super) fn commit_key(of: i16, whose: &GroupPartition) -> Vec<u8> {
    Bytes::of(of, false)
        .text(&whose.group)
        .text(&whose.topic)
        .raw(&whose.partition.to_be_bytes())
        .bytes
}

pub(super) fn commit(version: i16, committed: &CommittedOffset) -> Vec<u8> {
    let mut bytes = Bytes::of(version, version >= 4).raw(&committed.offset.to_be_bytes());
    if version >= 3 {
        bytes = bytes.raw(&committed.leader_epoch.unwrap_or(-1).to_be_bytes());
    }
    bytes = bytes
        .text("metadata")
        .raw(&committed.committed_ms.to_be_bytes());
    if version == 1 {
        bytes = bytes.raw(&[9; 8]);
    }
    bytes.tagged(&[(0, &[1; 16])]).bytes
}
