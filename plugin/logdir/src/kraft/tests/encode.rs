//! Writes metadata records, for tests.

use crate::kraft::node::{BrokerChange, BrokerImage, ControllerImage, Listener};
use crate::kraft::partition::{PartitionChange, PartitionImage};
use crate::kraft::uuid::Uuid;

/// Bytes so far.
#[derive(Clone, Default)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Bytes {
    pub(super) fn record(api_key: u64, version: u64) -> Self {
        Self::default().uvarint(1).uvarint(api_key).uvarint(version)
    }

    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn uvarint(mut self, mut value: u64) -> Self {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
        self
    }

    pub(super) fn i32(self, value: i32) -> Self {
        self.raw(&value.to_be_bytes())
    }

    pub(super) fn text(self, text: &str) -> Self {
        self.uvarint(text.len() as u64 + 1).raw(text.as_bytes())
    }

    fn bool(self, value: bool) -> Self {
        self.raw(&[value.into()])
    }

    fn ids(self, ids: &[i32]) -> Self {
        let count = self.uvarint(ids.len() as u64 + 1);
        ids.iter().fold(count, |bytes, id| bytes.i32(*id))
    }

    fn uuids(self, ids: &[Uuid]) -> Self {
        let count = self.uvarint(ids.len() as u64 + 1);
        ids.iter().fold(count, |bytes, id| bytes.raw(&id.0))
    }

    fn listeners(self, listeners: &[Listener]) -> Self {
        let count = self.uvarint(listeners.len() as u64 + 1);
        listeners.iter().fold(count, |bytes, one| {
            bytes
                .text(&one.name)
                .text(&one.host)
                .raw(&one.port.to_be_bytes())
                .raw(&one.protocol.to_be_bytes())
                .uvarint(0)
        })
    }

    /// One feature, so that it has to be read past.
    fn features(self) -> Self {
        let count = self.uvarint(2);
        count.text("metadata.version").raw(&[0, 7, 0, 29, 0])
    }

    /// Tagged fields, and one that no version has.
    fn tagged(self, fields: Vec<(u64, Self)>) -> Self {
        let unknown = (77, Self::default().raw(b"later"));
        let count = self.uvarint(fields.len() as u64 + 1);
        let all = fields.into_iter().chain([unknown]);
        all.fold(count, |bytes, (tag, field)| {
            let length = field.0.len() as u64;
            bytes.uvarint(tag).uvarint(length).raw(&field.0)
        })
    }
}

fn field() -> Bytes {
    Bytes::default()
}

fn ids_field(tag: u64, ids: Option<&[i32]>) -> Option<(u64, Bytes)> {
    ids.map(|ids| (tag, field().ids(ids)))
}

pub(super) fn topic(id: Uuid, name: &str) -> Vec<u8> {
    Bytes::record(2, 0).text(name).raw(&id.0).tagged(vec![]).0
}

pub(super) fn remove_topic(id: Uuid) -> Vec<u8> {
    Bytes::record(9, 0).raw(&id.0).tagged(vec![]).0
}

pub(super) fn partition(id: Uuid, number: i32, version: u64, image: &PartitionImage) -> Vec<u8> {
    let mut bytes = Bytes::record(3, version)
        .i32(number)
        .raw(&id.0)
        .ids(&image.replicas)
        .ids(&image.isr)
        .ids(&image.removing)
        .ids(&image.adding)
        .i32(image.leader.unwrap_or(-1))
        .i32(image.leader_epoch)
        .i32(image.partition_epoch);
    if version >= 1 {
        bytes = bytes.uuids(&image.directories);
    }
    let mut fields = vec![(0, field().bool(image.recovering))];
    if version >= 2 {
        fields.extend(ids_field(1, Some(&image.elr)));
        fields.extend(ids_field(2, Some(&image.last_known_elr)));
    }
    bytes.tagged(fields).0
}

pub(super) fn change(id: Uuid, number: i32, version: u64, change: &PartitionChange) -> Vec<u8> {
    let mut fields = Vec::new();
    fields.extend(ids_field(0, change.isr.as_deref()));
    if let Some(leader) = change.leader {
        fields.push((1, field().i32(leader.unwrap_or(-1))));
    }
    fields.extend(ids_field(2, change.replicas.as_deref()));
    fields.extend(ids_field(3, change.removing.as_deref()));
    fields.extend(ids_field(4, change.adding.as_deref()));
    if let Some(recovering) = change.recovering {
        fields.push((5, field().bool(recovering)));
    }
    if version >= 2 {
        fields.extend(ids_field(6, change.elr.as_deref()));
        fields.extend(ids_field(7, change.last_known_elr.as_deref()));
    }
    if let Some(directories) = change.directories.as_deref().filter(|_| version >= 1) {
        fields.push((8, field().uuids(directories)));
    }
    let head = Bytes::record(5, version).i32(number).raw(&id.0);
    head.tagged(fields).0
}

pub(super) fn broker(id: i32, version: u64, image: &BrokerImage) -> Vec<u8> {
    let mut bytes = Bytes::record(0, version).i32(id);
    if version >= 2 {
        bytes = bytes.bool(false);
    }
    bytes = bytes
        .raw(&image.incarnation.0)
        .raw(&image.epoch.to_be_bytes())
        .listeners(&image.listeners)
        .features()
        .text("rack")
        .bool(image.fenced);
    if version >= 1 {
        bytes = bytes.bool(image.in_controlled_shutdown);
    }
    let mut fields = Vec::new();
    if version >= 3 {
        fields.push((0, field().uuids(&image.log_dirs)));
    }
    if version >= 4 {
        fields.push((1, field().uuids(&[Uuid::LOST])));
    }
    bytes.tagged(fields).0
}

pub(super) fn broker_change(id: i32, version: u64, change: &BrokerChange) -> Vec<u8> {
    let mut fields = Vec::new();
    if let Some(fenced) = change.fenced {
        fields.push((0, field().raw(&[if fenced { 1 } else { 0xff }])));
    }
    if version >= 1 {
        fields.push((1, field().bool(change.in_controlled_shutdown)));
    }
    if version >= 2 {
        fields.push((2, field().uuids(&change.log_dirs)));
    }
    if version >= 3 {
        fields.push((3, field().uvarint(0)));
    }
    let head = Bytes::record(17, version).i32(id);
    head.raw(&change.epoch.to_be_bytes()).tagged(fields).0
}

/// `FenceBrokerRecord`, `UnfenceBrokerRecord`, `UnregisterBrokerRecord`.
pub(super) fn broker_epoch(api_key: u64, id: i32, epoch: i64) -> Vec<u8> {
    let head = Bytes::record(api_key, 0).i32(id);
    head.raw(&epoch.to_be_bytes()).tagged(vec![]).0
}

pub(super) fn controller(id: i32, image: &ControllerImage) -> Vec<u8> {
    Bytes::record(27, 0)
        .i32(id)
        .raw(&image.incarnation.0)
        .bool(true)
        .listeners(&image.listeners)
        .features()
        .tagged(vec![])
        .0
}

pub(super) fn config(of: u8, name: &str, key: &str, value: Option<&str>) -> Vec<u8> {
    let bytes = Bytes::record(4, 0).raw(&[of]).text(name).text(key);
    let bytes = match value {
        Some(value) => bytes.text(value),
        None => bytes.uvarint(0),
    };
    bytes.tagged(vec![]).0
}

pub(super) fn feature(name: &str, level: i16) -> Vec<u8> {
    let bytes = Bytes::record(12, 0).text(name);
    bytes.raw(&level.to_be_bytes()).tagged(vec![]).0
}

pub(super) fn clear_elr(name: &str) -> Vec<u8> {
    Bytes::record(28, 0).text(name).tagged(vec![]).0
}

pub(super) fn begin() -> Vec<u8> {
    let name = field().text("why");
    Bytes::record(23, 0).tagged(vec![(0, name)]).0
}

pub(super) fn end() -> Vec<u8> {
    Bytes::record(24, 0).tagged(vec![]).0
}

pub(super) fn abort() -> Vec<u8> {
    Bytes::record(25, 0).tagged(vec![(0, field().uvarint(0))]).0
}
