//! What coordinators of transactions write.
#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]

use crate::log::{Batch, Rec};

pub const STATE: &str = "__transaction_state";

/// As `TransactionState` numbers them.
pub const ONGOING: u8 = 1;
pub const COMPLETE_COMMIT: u8 = 4;
pub const COMPLETE_ABORT: u8 = 5;

/// `TransactionLogKey` and `TransactionLogValue`, version 0: an id's producer and epoch,
/// how far its transaction is, in which partitions of a topic, and when that was written.
pub fn told(
    offset: u64,
    id: (&str, i64, i16),
    status: u8,
    topic: &str,
    partitions: &[i32],
    ms: i64,
) -> Batch {
    let (id, producer, epoch) = id;
    let text = |into: &mut Vec<u8>, text: &str| {
        into.extend((text.len() as i16).to_be_bytes());
        into.extend(text.as_bytes());
    };
    let mut key = 0i16.to_be_bytes().to_vec();
    text(&mut key, id);
    let mut value = 0i16.to_be_bytes().to_vec();
    value.extend(producer.to_be_bytes());
    value.extend(epoch.to_be_bytes());
    value.extend(60_000i32.to_be_bytes());
    value.push(status);
    value.extend(1i32.to_be_bytes());
    text(&mut value, topic);
    value.extend((partitions.len() as i32).to_be_bytes());
    partitions
        .iter()
        .for_each(|one| value.extend(one.to_be_bytes()));
    value.extend(ms.to_be_bytes());
    value.extend((ms - 1_000).to_be_bytes());
    let mut record = Rec::new(offset, None, None);
    (record.key, record.value) = (Some(key), Some(value));
    Batch::of(vec![record])
}
