//! One record batch, format 2.

use crate::log::codec::Packing;
use crate::log::crc::crc32c;
use crate::log::record::Rec;

/// The fields of a header, and the records. `Batch::of` makes a plain one, and
/// a test changes what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Offset of the first record that it had when it was written.
    pub base: u64,
    /// Of the last one.
    pub last: u64,
    /// Of the leader.
    pub epoch: i32,
    pub packing: Packing,
    /// The broker's time, where that is the records' (`LogAppendTime`).
    pub append_time: Option<i64>,
    pub transactional: bool,
    pub control: bool,
    /// The cleaner was here, and set this horizon (KIP-534).
    pub horizon: Option<i64>,
    pub producer: i64,
    pub producer_epoch: i16,
    pub sequence: i32,
    /// Those that it holds now.
    pub records: Vec<Rec>,
}

/// Bytes of a header.
pub const HEADER: usize = 61;

impl Batch {
    /// Of records with consecutive offsets.
    pub fn of(records: Vec<Rec>) -> Self {
        Self {
            base: records.first().map_or(0, |one| one.offset),
            last: records.last().map_or(0, |one| one.offset),
            epoch: 0,
            packing: Packing::None,
            append_time: None,
            transactional: false,
            control: false,
            horizon: None,
            producer: -1,
            producer_epoch: -1,
            sequence: -1,
            records,
        }
    }

    /// `count` records from `base` on.
    pub fn numbered(base: u64, count: u64) -> Self {
        Self::of((base..base + count).map(Rec::numbered).collect())
    }

    /// The same of a producer that is idempotent.
    pub fn idempotent(mut self, producer: i64, sequence: i32) -> Self {
        (self.producer, self.producer_epoch, self.sequence) = (producer, 0, sequence);
        self
    }

    /// The same as part of a transaction of this producer.
    pub fn in_transaction(mut self, producer: i64) -> Self {
        let sequence = self.base as i32;
        self = self.idempotent(producer, sequence);
        self.transactional = true;
        self
    }

    /// The same, packed.
    pub fn packed(mut self, packing: Packing) -> Self {
        self.packing = packing;
        self
    }

    /// The same by the leader of this epoch.
    pub fn of_epoch(mut self, epoch: i32) -> Self {
        self.epoch = epoch;
        self
    }

    /// As a broker writes it.
    pub fn bytes(&self) -> Vec<u8> {
        let base_timestamp = self
            .horizon
            .or(self.records.first().map(|one| one.timestamp))
            .unwrap_or(-1);
        let mut plain = Vec::new();
        for record in &self.records {
            record.encode(self.base, base_timestamp, &mut plain);
        }
        self.bytes_around(&self.packing.pack(&plain), base_timestamp)
    }

    /// The header of this batch, with a CRC that holds, around any body.
    pub fn bytes_around(&self, body: &[u8], base_timestamp: i64) -> Vec<u8> {
        let attributes = self.packing.id()
            | (i16::from(self.append_time.is_some()) << 3)
            | (i16::from(self.transactional) << 4)
            | (i16::from(self.control) << 5)
            | (i16::from(self.horizon.is_some()) << 6);
        let created = self.records.iter().map(|one| one.timestamp).max();
        let max_timestamp = self.append_time.or(created).unwrap_or(-1);
        let mut bytes = Vec::with_capacity(HEADER + body.len());
        bytes.extend(self.base.to_be_bytes());
        bytes.extend(((HEADER - 12 + body.len()) as i32).to_be_bytes());
        bytes.extend(self.epoch.to_be_bytes());
        bytes.push(2);
        bytes.extend([0; 4]);
        bytes.extend(attributes.to_be_bytes());
        bytes.extend(((self.last - self.base) as i32).to_be_bytes());
        bytes.extend(base_timestamp.to_be_bytes());
        bytes.extend(max_timestamp.to_be_bytes());
        bytes.extend(self.producer.to_be_bytes());
        bytes.extend(self.producer_epoch.to_be_bytes());
        bytes.extend(self.sequence.to_be_bytes());
        bytes.extend((self.records.len() as i32).to_be_bytes());
        bytes.extend(body);
        seal(&mut bytes);
        bytes
    }
}

/// Makes the CRC of a batch hold again, after a change in it.
pub fn seal(bytes: &mut [u8]) {
    let crc = crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
}

/// The bytes of several, one after another.
pub fn bytes_of(batches: &[Batch]) -> Vec<u8> {
    batches.iter().flat_map(Batch::bytes).collect()
}

/// A marker that commits the transaction of `producer`.
pub fn commit(offset: u64, producer: i64) -> Batch {
    marker(offset, producer, 1)
}

/// One that aborts it.
pub fn abort(offset: u64, producer: i64) -> Batch {
    marker(offset, producer, 0)
}

/// As `EndTransactionMarker` writes it: version and type in the key, version
/// and the coordinator's epoch in the value.
fn marker(offset: u64, producer: i64, kind: u8) -> Batch {
    let mut record = Rec::new(offset, None, None);
    record.key = Some(vec![0, 0, 0, kind]);
    record.value = Some(vec![0; 6]);
    let mut batch = Batch::of(vec![record]).idempotent(producer, -1);
    batch.transactional = true;
    batch.control = true;
    batch
}
