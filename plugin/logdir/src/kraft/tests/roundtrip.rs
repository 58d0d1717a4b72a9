//! What is written is what is read, whatever it is.

use proptest::prelude::*;

use super::{after, encode, feed};
use crate::kraft::node::BrokerChange;
use crate::kraft::partition::PartitionChange;
use crate::kraft::{BrokerImage, ConfigOf, ControllerImage, Listener, PartitionImage, Uuid};

const ID: Uuid = Uuid([7; 16]);

fn ids() -> impl Strategy<Value = Box<[i32]>> {
    prop::collection::vec(any::<i32>(), 0..5).prop_map(Into::into)
}

fn uuids() -> impl Strategy<Value = Box<[Uuid]>> {
    let one = any::<[u8; 16]>().prop_map(Uuid);
    prop::collection::vec(one, 0..4).prop_map(Into::into)
}

fn leader() -> impl Strategy<Value = Option<i32>> {
    prop::option::of(0..=i32::MAX)
}

fn partition() -> impl Strategy<Value = PartitionImage> {
    let lists = (ids(), ids(), ids(), ids(), ids(), ids());
    let numbers = (leader(), any::<bool>(), any::<i32>(), any::<i32>());
    (lists, numbers, any::<bool>()).prop_map(|(lists, numbers, placed)| {
        let directories = (1..).map(|at| Uuid([at; 16])).take(lists.0.len());
        PartitionImage {
            directories: directories.filter(|_| placed).collect(),
            replicas: lists.0,
            isr: lists.1,
            removing: lists.2,
            adding: lists.3,
            elr: lists.4,
            last_known_elr: lists.5,
            leader: numbers.0,
            recovering: numbers.1,
            leader_epoch: numbers.2,
            partition_epoch: numbers.3,
        }
    })
}

fn listeners() -> impl Strategy<Value = Box<[Listener]>> {
    let one = (".{0,200}", ".{0,9}", any::<u16>(), any::<i16>());
    let one = one.prop_map(|(name, host, port, protocol)| Listener {
        name: name.into(),
        host: host.into(),
        port,
        protocol,
    });
    prop::collection::vec(one, 0..4).prop_map(Into::into)
}

fn broker() -> impl Strategy<Value = BrokerImage> {
    let flags = (any::<bool>(), any::<bool>());
    (any::<i64>(), any::<[u8; 16]>(), flags, uuids(), listeners()).prop_map(
        |(epoch, incarnation, flags, log_dirs, listeners)| BrokerImage {
            epoch,
            incarnation: Uuid(incarnation),
            fenced: flags.0,
            in_controlled_shutdown: flags.1,
            log_dirs,
            listeners,
        },
    )
}

proptest! {
    #[test]
    fn a_partition(mut image in partition(), number in 0..=i32::MAX, version in 0u64..=2) {
        let record = encode::partition(ID, number, version, &image);
        let read = after([encode::topic(ID, "t"), record]);
        if version < 2 {
            (image.elr, image.last_known_elr) = Default::default();
        }
        if version < 1 {
            image.directories = Box::default();
        }
        prop_assert_eq!(read.topics.partition(ID, number as u32), Some(&image));
    }

    #[test]
    fn a_change_of_all_fields(
        before in partition(),
        then in partition(),
        version in 1u64..=2,
    ) {
        let change = PartitionChange {
            replicas: Some(then.replicas.clone()),
            directories: Some(then.directories.clone()),
            isr: Some(then.isr.clone()),
            removing: Some(then.removing.clone()),
            adding: Some(then.adding.clone()),
            elr: Some(then.elr.clone()),
            last_known_elr: Some(then.last_known_elr.clone()),
            leader: Some(then.leader),
            recovering: Some(then.recovering),
        };
        let read = after([
            encode::topic(ID, "t"),
            encode::partition(ID, 0, 2, &before),
            encode::change(ID, 0, version, &change),
        ]);
        let expected = PartitionImage {
            elr: if version < 2 { before.elr } else { then.elr.clone() },
            last_known_elr: match version {
                2.. => then.last_known_elr.clone(),
                _ => before.last_known_elr,
            },
            leader_epoch: before.leader_epoch.wrapping_add(1),
            partition_epoch: before.partition_epoch.wrapping_add(1),
            ..then
        };
        prop_assert_eq!(read.topics.partition(ID, 0), Some(&expected));
    }

    #[test]
    fn a_broker(mut image in broker(), id: i32, version in 0u64..=4) {
        let read = after([encode::broker(id, version, &image)]);
        image.in_controlled_shutdown &= version >= 1;
        if version < 3 {
            image.log_dirs = Box::default();
        }
        prop_assert_eq!(read.brokers.get(&id), Some(&image));
    }

    #[test]
    fn a_change_of_a_broker(
        before in broker(),
        fenced: Option<bool>,
        shutdown: bool,
        log_dirs in uuids(),
        version in 0u64..=3,
    ) {
        let change = BrokerChange {
            epoch: before.epoch,
            fenced,
            in_controlled_shutdown: shutdown,
            log_dirs: log_dirs.clone(),
        };
        let read = after([
            encode::broker(1, 4, &before),
            encode::broker_change(1, version, &change),
        ]);
        let moved = version >= 2 && !log_dirs.is_empty();
        let expected = BrokerImage {
            fenced: fenced.unwrap_or(before.fenced),
            in_controlled_shutdown: before.in_controlled_shutdown || (shutdown && version >= 1),
            log_dirs: if moved { log_dirs } else { before.log_dirs.clone() },
            ..before
        };
        prop_assert_eq!(read.brokers.get(&1), Some(&expected));
    }

    #[test]
    fn a_controller(id: i32, incarnation: [u8; 16], listeners in listeners()) {
        let image = ControllerImage { incarnation: Uuid(incarnation), listeners };
        let read = after([encode::controller(id, &image)]);
        prop_assert_eq!(read.controllers.get(&id), Some(&image));
    }

    #[test]
    fn topics_configurations_and_features(
        topic: [u8; 16], name in ".{1,200}", key in ".{0,9}", value in ".*", level in 1i16..,
    ) {
        let mut read = after([
            encode::topic(Uuid(topic), &name),
            encode::config(2, &name, &key, Some(&value)),
            encode::config(4, "", &key, Some(&value)),
            encode::feature(&name, level),
        ]);
        let id = read.topics.named(&name).map(|(id, _)| id);
        prop_assert_eq!(id, Some(Uuid(topic)));
        let all: Vec<_> = read.configs.iter().collect();
        let of = |of, name| (of, name, key.as_str(), value.as_str());
        let expected = [of(ConfigOf::Topic, name.as_str()), of(ConfigOf::Broker, "")];
        prop_assert_eq!(all, expected);
        prop_assert_eq!(read.features.get(name.as_str()), Some(&level));
        feed(&mut read, [encode::config(4, "", &key, None)]).unwrap();
        prop_assert_eq!(read.configs.len(), 1);
    }

    #[test]
    fn a_transaction_that_ends_is_the_same_as_none(
        partitions in prop::collection::vec(partition(), 0..9), cut in 0usize..9,
    ) {
        let mut records = vec![encode::topic(ID, "t")];
        for (number, image) in (0..).zip(&partitions) {
            records.push(encode::partition(ID, number, 2, image));
        }
        let plain = after(records.clone());
        records.insert(cut.min(records.len()), encode::begin());
        records.push(encode::end());
        let in_one = after(records);
        prop_assert_eq!(in_one.topics, plain.topics);
    }
}
