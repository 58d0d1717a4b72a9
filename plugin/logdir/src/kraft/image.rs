//! The image, and how it follows a log.

use std::collections::BTreeMap;

use super::config::Configs;
use super::error::{Contradiction, MetadataError};
use super::node::{BrokerImage, ControllerImage};
use super::pending::Pending;
use super::record::{self, Read, Record};
use super::snapshot::SnapshotId;
use super::topics::Topics;
use super::uuid::Uuid;

/// What the metadata says up to [`last_offset`](Self::last_offset).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataImage {
    /// Topics and their partitions.
    pub topics: Topics,
    /// By broker id.
    pub brokers: BTreeMap<i32, BrokerImage>,
    /// By controller id. They register since Kafka 3.7.
    pub controllers: BTreeMap<i32, ControllerImage>,
    /// Of topics and brokers.
    pub configs: Configs,
    /// Finalized levels of features by name, `metadata.version` among them.
    pub features: BTreeMap<Box<str>, i16>,
    /// How many records of types that are not taken in were seen, by `apiKey`.
    pub skipped: BTreeMap<u16, u64>,
    pending: Option<Pending>,
    last_offset: Option<u64>,
    /// Of the last record that was given, in a transaction or not.
    seen: Option<u64>,
    /// Records below it are in the snapshot that it began with.
    from: u64,
}

impl MetadataImage {
    /// Follows one data record of the log. Those that the snapshot has which
    /// the image began with are passed over. Records between the beginning
    /// and the end of a metadata transaction count when it ends.
    ///
    /// # Errors
    /// See [`MetadataError`]. What came before stays; the end of a transaction
    /// may have been followed in part. An image that missed a record says
    /// nothing of what comes after it.
    pub fn apply(&mut self, offset: u64, value: &[u8]) -> Result<(), MetadataError> {
        if offset < self.from {
            return Ok(());
        }
        if let Some(after) = self.seen.filter(|after| offset <= *after) {
            return Err(MetadataError::Order { offset, after });
        }
        self.follow(offset, value)?;
        self.seen = Some(offset);
        if self.pending.is_none() {
            self.last_offset = self.seen;
        }
        Ok(())
    }

    fn follow(&mut self, offset: u64, value: &[u8]) -> Result<(), MetadataError> {
        let read = record::read(offset, value)?;
        let refuse = |kind, why| MetadataError::Contradiction { offset, kind, why };
        match (read, &mut self.pending) {
            (Read::Known(kind, Record::Begin), Some(pending)) => {
                return Err(refuse(kind, Contradiction::Begun(pending.since)));
            }
            (Read::Known(_, Record::Begin), None) => self.pending = Some(Pending::new(offset)),
            (Read::Known(kind, Record::End | Record::Abort), None) => {
                return Err(refuse(kind, Contradiction::NotBegun));
            }
            (Read::Known(_, Record::Abort), _) => self.pending = None,
            (Read::Known(_, Record::End), pending) => {
                let ended = pending.take();
                for (offset, value) in ended.iter().flat_map(Pending::iter) {
                    let read = record::read(offset, value)?;
                    self.make(offset, read)?;
                }
            }
            (_, Some(pending)) => pending.push(offset, value),
            (read, None) => self.make(offset, read)?,
        }
        Ok(())
    }

    fn make(&mut self, offset: u64, read: Read<'_>) -> Result<(), MetadataError> {
        match read {
            Read::Known(kind, record) => self
                .change(record)
                .map_err(|why| MetadataError::Contradiction { offset, kind, why }),
            Read::Other(api_key) => {
                *self.skipped.entry(api_key).or_default() += 1;
                Ok(())
            }
        }
    }

    fn change(&mut self, record: Record<'_>) -> Result<(), Contradiction> {
        match record {
            Record::Topic(id, name) => self.topics.add(id, name),
            Record::Partition(id, number, image) => self.topics.set(id, number, image)?,
            Record::ChangePartition(id, number, change) => {
                self.topics.change(id, number, *change)?;
            }
            Record::RemoveTopic(id) => {
                let name = self.topics.remove(id)?;
                self.configs.remove_topic(&name);
            }
            Record::ClearElr(name) => self.topics.clear_elr(name)?,
            Record::RegisterBroker(id, image) => drop(self.brokers.insert(id, image)),
            Record::UnregisterBroker(id) => drop(self.brokers.remove(&id)),
            Record::ChangeBroker(id, change) => {
                let broker = self.brokers.get_mut(&id);
                let broker = broker.ok_or(Contradiction::NoBroker(id))?;
                if broker.epoch != change.epoch {
                    return Err(Contradiction::BrokerEpoch {
                        broker: id,
                        has: broker.epoch,
                        named: change.epoch,
                    });
                }
                broker.merge(change);
            }
            Record::RegisterController(id, image) => drop(self.controllers.insert(id, image)),
            Record::Config(of, name, key, value) => self.configs.set(of, name, key, value),
            // Level 0 is how a feature is taken away.
            Record::Feature(name, 0) => drop(self.features.remove(name)),
            Record::Feature(name, level) => drop(self.features.insert(name.into(), level)),
            Record::Begin | Record::End | Record::Abort | Record::Nothing => {}
        }
        Ok(())
    }

    /// Offset of the last record that counts; `None` before the first. It
    /// stands still while a metadata transaction goes on.
    pub fn last_offset(&self) -> Option<u64> {
        self.last_offset
    }

    /// Offset at which the metadata transaction begins that has not ended yet:
    /// a controller that takes over aborts it.
    pub fn open_transaction(&self) -> Option<u64> {
        self.pending.as_ref().map(|pending| pending.since)
    }

    /// Whether `broker` is to have a replica of this partition.
    pub fn assigns(&self, topic: Uuid, partition: u32, broker: i32) -> bool {
        let partition = self.topics.partition(topic, partition);
        partition.is_some_and(|partition| partition.replicas.contains(&broker))
    }

    /// The snapshot's records were all given: go on where it ends.
    pub(super) fn ends_at(mut self, id: SnapshotId) -> Result<Self, MetadataError> {
        if let Some(since) = self.open_transaction() {
            return Err(MetadataError::Unended { since });
        }
        self.from = id.end;
        self.seen = id.end.checked_sub(1);
        self.last_offset = self.seen;
        Ok(self)
    }
}
