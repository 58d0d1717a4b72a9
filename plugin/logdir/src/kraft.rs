//! What the metadata log (`__cluster_metadata-0`) says should be there: topics
//! and the replicas of their partitions. Pure: it is fed the values of the
//! log's records, or of a snapshot's.
//!
//! Source: Kafka's `MetadataRecordSerde` and the messages in
//! `metadata/src/main/resources/common/metadata`. All of them are flexible
//! (KIP-482), and fields that come after those that are needed are left.

use std::collections::BTreeMap;

use crate::wire::{Cursor, WireError};

/// Frames of this version and below are read (`MetadataRecordSerde` writes 1).
const MAX_FRAME: u64 = 1;

/// `apiKey` of the records that are read.
const TOPIC: u64 = 2;
const PARTITION: u64 = 3;
const PARTITION_CHANGE: u64 = 5;
const REMOVE_TOPIC: u64 = 9;
const BEGIN_TRANSACTION: u64 = 23;
const END_TRANSACTION: u64 = 24;
const ABORT_TRANSACTION: u64 = 25;

/// Tag of `Replicas` in a `PartitionChangeRecord`.
const CHANGED_REPLICAS: u64 = 2;

/// A record that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Bytes that are no record.
    #[error("metadata record of type {kind} {why}")]
    Wire {
        /// Its `apiKey`; 0 where not even that can be read.
        kind: u64,
        /// What is wrong.
        why: WireError,
    },
    /// A frame of a later Kafka.
    #[error("a metadata record has frame version {0}, and this reads up to {MAX_FRAME}")]
    Frame(u64),
}

/// A topic as the metadata has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicImage {
    /// Its name.
    pub name: String,
    /// Broker ids of each partition's replicas.
    pub partitions: BTreeMap<i32, Vec<i32>>,
}

/// All topics, by id (16 bytes).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataImage {
    /// Those that there are.
    pub topics: BTreeMap<[u8; 16], TopicImage>,
    /// Changes of a metadata transaction (KIP-868) that has not ended.
    pending: Option<Vec<Change>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Topic([u8; 16], String),
    Partition([u8; 16], i32, Vec<i32>),
    Remove([u8; 16]),
}

impl MetadataImage {
    /// Follows one record. Types that say nothing of topics are left.
    ///
    /// # Errors
    /// See [`MetadataError`].
    pub fn apply(&mut self, value: &[u8]) -> Result<(), MetadataError> {
        let mut cursor = Cursor::new(value);
        let broken = |kind| move |why| MetadataError::Wire { kind, why };
        let frame = cursor.uvarint().map_err(broken(0))?;
        if frame > MAX_FRAME {
            return Err(MetadataError::Frame(frame));
        }
        let kind = cursor.uvarint().map_err(broken(0))?;
        cursor.uvarint().map_err(broken(kind))?;
        match kind {
            BEGIN_TRANSACTION => self.pending = Some(Vec::new()),
            ABORT_TRANSACTION => self.pending = None,
            END_TRANSACTION => {
                for change in self.pending.take().unwrap_or_default() {
                    self.make(change);
                }
            }
            _ => {
                if let Some(change) = change(kind, &mut cursor).map_err(broken(kind))? {
                    match &mut self.pending {
                        Some(pending) => pending.push(change),
                        None => self.make(change),
                    }
                }
            }
        }
        Ok(())
    }

    fn make(&mut self, change: Change) {
        match change {
            Change::Topic(id, name) => self.topics.entry(id).or_default().name = name,
            Change::Partition(id, partition, replicas) => {
                let topic = self.topics.entry(id).or_default();
                topic.partitions.insert(partition, replicas);
            }
            Change::Remove(id) => drop(self.topics.remove(&id)),
        }
    }

    /// Whether `broker` is assigned this partition of the topic with this id,
    /// as `partition.metadata` writes it.
    pub fn assigns(&self, topic_id: &str, partition: u32, broker: i32) -> bool {
        let assigned = |topic: &TopicImage| {
            let number = i32::try_from(partition).ok()?;
            Some(topic.partitions.get(&number)?.contains(&broker))
        };
        parse_uuid(topic_id)
            .and_then(|id| assigned(self.topics.get(&id)?))
            .unwrap_or(false)
    }
}

fn change(kind: u64, cursor: &mut Cursor<'_>) -> Result<Option<Change>, WireError> {
    Ok(match kind {
        TOPIC => {
            let name = cursor.compact_text()?.unwrap_or_default().to_owned();
            Some(Change::Topic(cursor.uuid()?, name))
        }
        PARTITION => {
            let partition = cursor.i32()?;
            let id = cursor.uuid()?;
            Some(Change::Partition(id, partition, ids(cursor)?))
        }
        PARTITION_CHANGE => {
            let partition = cursor.i32()?;
            let id = cursor.uuid()?;
            let tagged = cursor.tagged()?;
            let replicas = tagged.iter().find(|(tag, _)| *tag == CHANGED_REPLICAS);
            match replicas {
                Some((_, bytes)) => {
                    let replicas = ids(&mut Cursor::new(bytes))?;
                    Some(Change::Partition(id, partition, replicas))
                }
                None => None,
            }
        }
        REMOVE_TOPIC => Some(Change::Remove(cursor.uuid()?)),
        _ => None,
    })
}

fn ids(cursor: &mut Cursor<'_>) -> Result<Vec<i32>, WireError> {
    let count = cursor.compact_count()?;
    (0..count).map(|_| cursor.i32()).collect()
}

/// Kafka prints ids as URL-safe base64 without padding: 22 characters for 16
/// bytes.
pub fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if text.len() != 22 {
        return None;
    }
    let (mut id, mut bits, mut held, mut at) = ([0u8; 16], 0u32, 0u32, 0);
    for byte in text.bytes() {
        let value = ALPHABET.iter().position(|one| *one == byte)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            *id.get_mut(at)? = (bits >> held) as u8;
            at += 1;
            bits &= (1 << held) - 1;
        }
    }
    Some(id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: [u8; 16] = [7; 16];

    fn record(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[1, kind, 0], body].concat()
    }

    fn topic(name: &str) -> Vec<u8> {
        let length = u8::try_from(name.len() + 1).unwrap();
        record(2, &[&[length], name.as_bytes(), &ID, &[0]].concat())
    }

    fn partition(number: u8, replicas: &[u8]) -> Vec<u8> {
        let mut body = vec![0, 0, 0, number];
        body.extend(ID);
        body.push(u8::try_from(replicas.len() + 1).unwrap());
        for id in replicas {
            body.extend([0, 0, 0, *id]);
        }
        record(3, &body)
    }

    fn assigned(image: &MetadataImage, broker: i32) -> bool {
        image.assigns("BwcHBwcHBwcHBwcHBwcHBw", 0, broker)
    }

    #[test]
    fn a_topic_is_known_until_it_is_removed() {
        let mut image = MetadataImage::default();
        image.apply(&topic("t")).unwrap();
        image.apply(&partition(0, &[1, 2])).unwrap();
        assert!(assigned(&image, 2) && !assigned(&image, 3));
        let moved = [&[0, 0, 0, 0][..], &ID, &[1, 2, 5, 2, 0, 0, 0, 3]].concat();
        image.apply(&record(5, &moved)).unwrap();
        assert!(assigned(&image, 3) && !assigned(&image, 2));
        image.apply(&record(9, &ID)).unwrap();
        assert!(image.topics.is_empty());
    }

    #[test]
    fn what_a_metadata_transaction_changes_counts_when_it_ends() {
        let mut image = MetadataImage::default();
        image.apply(&record(23, &[0])).unwrap();
        image.apply(&topic("t")).unwrap();
        assert!(image.topics.is_empty());
        image.apply(&record(24, &[0])).unwrap();
        assert_eq!(image.topics[&ID].name, "t");
        image.apply(&record(23, &[0])).unwrap();
        image.apply(&record(9, &ID)).unwrap();
        image.apply(&record(25, &[0])).unwrap();
        assert_eq!(image.topics.len(), 1);
    }

    #[test]
    fn a_frame_of_a_later_kafka_is_refused() {
        let error = MetadataImage::default().apply(&[2, 2, 0]).unwrap_err();
        assert_eq!(error, MetadataError::Frame(2));
    }

    proptest! {
        #[test]
        fn any_bytes_are_applied_or_refused(values: Vec<Vec<u8>>) {
            let mut image = MetadataImage::default();
            for value in values {
                let _ = image.apply(&value);
            }
        }

        #[test]
        fn any_text_is_an_id_or_none(text in "\\PC*") {
            let _ = parse_uuid(&text);
        }
    }
}
