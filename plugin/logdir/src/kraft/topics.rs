//! All topics, by id and by name.
//!
//! Source: `TopicsDelta` and `TopicDelta`.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Contradiction;
use super::partition::{PartitionChange, PartitionImage};
use super::uuid::Uuid;

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicImage {
    /// Its name.
    pub name: Box<str>,
    /// By number. Boxed: a map's node has room for eleven, and most topics
    /// have one.
    pub partitions: BTreeMap<u32, Box<PartitionImage>>,
}

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topics {
    by_id: BTreeMap<Uuid, TopicImage>,
    by_name: BTreeMap<Box<str>, Uuid>,
    /// Partitions with something to clear, so that clearing costs no more
    /// than what filled them.
    with_elr: BTreeSet<(Uuid, u32)>,
}

impl Topics {
    /// The topic with this id.
    pub fn get(&self, id: Uuid) -> Option<&TopicImage> {
        self.by_id.get(&id)
    }

    /// The topic with this name, and its id.
    pub fn named(&self, name: &str) -> Option<(Uuid, &TopicImage)> {
        let id = *self.by_name.get(name)?;
        Some((id, self.by_id.get(&id)?))
    }

    /// One partition.
    pub fn partition(&self, topic: Uuid, partition: u32) -> Option<&PartitionImage> {
        Some(self.get(topic)?.partitions.get(&partition)?)
    }

    /// All of them, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = (Uuid, &TopicImage)> {
        self.by_id.iter().map(|(id, topic)| (*id, topic))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// A topic without partitions; they follow. It takes the place of one with
    /// the same id.
    pub(super) fn add(&mut self, id: Uuid, name: &str) {
        if self.by_id.contains_key(&id) {
            self.take(id);
        }
        let topic = TopicImage {
            name: name.into(),
            partitions: BTreeMap::new(),
        };
        self.by_id.insert(id, topic);
        self.by_name.insert(name.into(), id);
    }

    /// Gives its name.
    pub(super) fn remove(&mut self, id: Uuid) -> Result<Box<str>, Contradiction> {
        self.take(id).ok_or(Contradiction::NoTopic(id))
    }

    fn take(&mut self, id: Uuid) -> Option<Box<str>> {
        let topic = self.by_id.remove(&id)?;
        if self.by_name.get(&topic.name) == Some(&id) {
            self.by_name.remove(&topic.name);
        }
        for partition in topic.partitions.keys() {
            self.with_elr.remove(&(id, *partition));
        }
        Some(topic.name)
    }

    pub(super) fn set(
        &mut self,
        id: Uuid,
        partition: u32,
        image: Box<PartitionImage>,
    ) -> Result<(), Contradiction> {
        let topic = self.by_id.get_mut(&id).ok_or(Contradiction::NoTopic(id))?;
        note(&mut self.with_elr, (id, partition), &image);
        topic.partitions.insert(partition, image);
        Ok(())
    }

    pub(super) fn change(
        &mut self,
        id: Uuid,
        partition: u32,
        change: PartitionChange,
    ) -> Result<(), Contradiction> {
        let topic = self.by_id.get_mut(&id).ok_or(Contradiction::NoTopic(id))?;
        let image = topic
            .partitions
            .get_mut(&partition)
            .ok_or(Contradiction::NoPartition {
                topic: id,
                partition,
            })?;
        image.merge(change)?;
        note(&mut self.with_elr, (id, partition), image);
        Ok(())
    }

    /// Of the topic with this name, or of all where it is "".
    pub(super) fn clear_elr(&mut self, name: &str) -> Result<(), Contradiction> {
        let cleared: Vec<_> = match name {
            "" => std::mem::take(&mut self.with_elr).into_iter().collect(),
            name => {
                let (id, _) = self
                    .named(name)
                    .ok_or_else(|| Contradiction::NoTopicNamed(name.to_owned()))?;
                self.with_elr
                    .range((id, 0)..=(id, u32::MAX))
                    .copied()
                    .collect()
            }
        };
        for at in cleared {
            self.with_elr.remove(&at);
            let topic = self.by_id.get_mut(&at.0);
            if let Some(image) = topic.and_then(|topic| topic.partitions.get_mut(&at.1)) {
                image.clear_elr();
            }
        }
        Ok(())
    }
}

fn note(with_elr: &mut BTreeSet<(Uuid, u32)>, at: (Uuid, u32), image: &PartitionImage) {
    match image.has_elr() {
        true => with_elr.insert(at),
        false => with_elr.remove(&at),
    };
}
