//! Records that are refused, and how that is said.

use proptest::prelude::*;

use super::encode::{self, Bytes};
use super::{after, refused};
use crate::kraft::partition::PartitionChange;
use crate::kraft::{Contradiction, Malformed, MetadataError, MetadataImage, PartitionImage, Uuid};

const ID: Uuid = Uuid([7; 16]);

fn malformed(record: Vec<u8>) -> Malformed {
    match refused([record]) {
        MetadataError::Malformed { why, .. } => why,
        other => panic!("{other}"),
    }
}

fn contradiction(records: impl IntoIterator<Item = Vec<u8>>) -> Contradiction {
    match refused(records) {
        MetadataError::Contradiction { why, .. } => why,
        other => panic!("{other}"),
    }
}

fn partition() -> [Vec<u8>; 2] {
    let image = PartitionImage {
        replicas: [1, 2].into(),
        directories: [ID, ID].into(),
        ..PartitionImage::default()
    };
    [encode::topic(ID, "t"), encode::partition(ID, 0, 1, &image)]
}

#[test]
fn a_message_names_the_offset_and_the_type() {
    let short = encode::topic(ID, "t")[..8].to_vec();
    assert_eq!(
        refused([vec![1, 20, 0, 0], short]).to_string(),
        "TopicRecord (2) at offset 1 ends in the middle of a field"
    );
    assert_eq!(
        refused([vec![2, 2, 0]]).to_string(),
        "metadata record at offset 0 has frame version 2, and this reads 1 only"
    );
    assert_eq!(
        refused([encode::clear_elr("t")]).to_string(),
        "ClearElrRecord (28) at offset 0 is about topic \"t\", which there is not"
    );
}

#[test]
fn a_version_of_a_later_kafka_is_refused_and_not_guessed_at() {
    for (api_key, version) in [(0, 5), (3, 3), (5, 3), (17, 4), (2, 1), (25, 1)] {
        let error = refused([Bytes::record(api_key, version).0]);
        assert!(matches!(error, MetadataError::Version { .. }), "{error}");
    }
}

#[test]
fn a_record_without_a_type_is_refused() {
    for value in [&[][..], &[1], &[1, 2], &[1, 0x80, 0x80, 2, 0]] {
        let error = refused([value.to_vec()]);
        assert!(matches!(error, MetadataError::NoType { .. }), "{error}");
    }
}

#[test]
fn bytes_after_a_record_are_refused() {
    let longer = [encode::end(), vec![0]].concat();
    assert_eq!(malformed(longer), Malformed::After(1));
}

#[test]
fn numbers_that_mean_nothing_are_refused() {
    let image = PartitionImage::default();
    let negative = encode::partition(ID, -1, 0, &image);
    let leader = Bytes::record(5, 0).i32(0).raw(&ID.0);
    let leader = leader.raw(&[1, 1, 4]).i32(-3).0;
    let recovery = Bytes::record(5, 0).i32(0).raw(&ID.0);
    let recovery = recovery.raw(&[1, 5, 1, 2]).0;
    let fencing = Bytes::record(17, 0)
        .i32(1)
        .raw(&[0; 8])
        .raw(&[1, 0, 1, 2])
        .0;
    let shutdown = Bytes::record(17, 1)
        .i32(1)
        .raw(&[0; 8])
        .raw(&[1, 1, 1, 2])
        .0;
    for (record, value) in [
        (negative, -1),
        (leader, -3),
        (recovery, 2),
        (fencing, 2),
        (shutdown, 2),
    ] {
        let why = malformed(record);
        assert!(
            matches!(why, Malformed::Value { value: found, .. } if found == value),
            "{why}"
        );
    }
}

#[test]
fn fields_that_a_version_does_not_have_are_refused() {
    let head = |api_key, version| Bytes::record(api_key, version).i32(0).raw(&ID.0);
    let directories = head(5, 0).raw(&[1, 8, 1, 1]).0;
    let elr = head(5, 1).raw(&[1, 6, 1, 1]).0;
    assert_eq!(malformed(directories), Malformed::Tag(8));
    assert_eq!(malformed(elr), Malformed::Tag(6));
}

#[test]
fn null_where_there_must_be_something_is_refused() {
    let name = Bytes::record(2, 0).uvarint(0).raw(&ID.0).uvarint(0).0;
    assert_eq!(malformed(name), Malformed::Null("name"));
    let replicas = Bytes::record(3, 0).i32(0).raw(&ID.0).uvarint(0).0;
    assert_eq!(malformed(replicas), Malformed::Null("replicas"));
}

#[test]
fn directories_and_replicas_belong_together() {
    let two = |directories: &[Uuid]| PartitionImage {
        replicas: [1, 2].into(),
        directories: directories.into(),
        ..PartitionImage::default()
    };
    let both = Malformed::Directories {
        directories: 1,
        replicas: 2,
    };
    assert_eq!(malformed(encode::partition(ID, 0, 1, &two(&[ID]))), both);
    let change = PartitionChange {
        replicas: Some([1].into()),
        ..PartitionChange::default()
    };
    let records = partition().into_iter();
    let why = contradiction(records.chain([encode::change(ID, 0, 1, &change)]));
    let left = Contradiction::Directories {
        directories: 2,
        replicas: 1,
    };
    assert_eq!(why, left);
}

#[test]
fn records_about_what_is_not_there_are_refused() {
    let nothing = PartitionChange::default();
    let no_topic = Contradiction::NoTopic(ID);
    assert_eq!(contradiction([encode::remove_topic(ID)]), no_topic);
    assert_eq!(
        contradiction([encode::change(ID, 0, 0, &nothing)]),
        no_topic
    );
    let image = PartitionImage::default();
    assert_eq!(
        contradiction([encode::partition(ID, 0, 0, &image)]),
        no_topic
    );
    let change = encode::change(ID, 4, 0, &nothing);
    assert_eq!(
        contradiction([encode::topic(ID, "t"), change]),
        Contradiction::NoPartition {
            topic: ID,
            partition: 4
        }
    );
    let fence = encode::broker_epoch(7, 1, 5);
    assert_eq!(contradiction([fence]), Contradiction::NoBroker(1));
}

#[test]
fn a_change_of_an_earlier_registration_is_refused() {
    let broker = crate::kraft::BrokerImage {
        epoch: 6,
        incarnation: ID,
        fenced: true,
        in_controlled_shutdown: false,
        log_dirs: [].into(),
        listeners: [].into(),
    };
    let records = [encode::broker(1, 3, &broker), encode::broker_epoch(8, 1, 5)];
    let why = Contradiction::BrokerEpoch {
        broker: 1,
        has: 6,
        named: 5,
    };
    assert_eq!(contradiction(records), why);
}

#[test]
fn transactions_don_t_nest_and_end_once() {
    let nested = contradiction([encode::begin(), encode::begin()]);
    assert_eq!(nested, Contradiction::Begun(0));
    assert_eq!(contradiction([encode::end()]), Contradiction::NotBegun);
    assert_eq!(contradiction([encode::abort()]), Contradiction::NotBegun);
}

#[test]
fn a_record_of_a_transaction_is_named_by_its_own_offset() {
    let records = [encode::begin(), encode::remove_topic(ID), encode::end()];
    let error = refused(records);
    assert!(
        matches!(error, MetadataError::Contradiction { offset: 1, .. }),
        "{error}"
    );
}

#[test]
fn a_malformed_record_is_refused_before_its_transaction_ends() {
    let short = encode::topic(ID, "t")[..8].to_vec();
    let error = refused([encode::begin(), short]);
    assert!(
        matches!(error, MetadataError::Malformed { offset: 1, .. }),
        "{error}"
    );
}

#[test]
fn records_out_of_order_are_refused() {
    let mut image = after([encode::begin(), encode::topic(ID, "t")]);
    let error = image.apply(1, &encode::end()).unwrap_err();
    let order = MetadataError::Order {
        offset: 1,
        after: 1,
    };
    assert_eq!(error, order);
}

/// Bytes that get past the frame more often than not.
fn values() -> impl Strategy<Value = Vec<u8>> {
    let framed = (0u8..30, 0u8..5, any::<Vec<u8>>())
        .prop_map(|(api_key, version, rest)| [vec![1, api_key, version], rest].concat());
    prop_oneof![1 => any::<Vec<u8>>(), 9 => framed]
}

proptest! {
    #[test]
    fn any_bytes_are_applied_or_refused(values in prop::collection::vec(values(), 0..32)) {
        let mut image = MetadataImage::default();
        for (offset, value) in (0..).zip(&values) {
            let _ = image.apply(offset, value);
        }
    }

    #[test]
    fn a_record_with_one_byte_changed_or_cut_is_applied_or_refused(
        which in 0usize..4, at in any::<prop::sample::Index>(), byte: u8, cut: bool,
    ) {
        let broker = crate::kraft::BrokerImage {
            epoch: 6,
            incarnation: ID,
            fenced: true,
            in_controlled_shutdown: false,
            log_dirs: [ID].into(),
            listeners: [].into(),
        };
        let change = PartitionChange {
            isr: Some([1].into()),
            directories: Some([ID, ID].into()),
            ..PartitionChange::default()
        };
        let [topic, partition] = partition();
        let mut records = [topic, partition, encode::change(ID, 0, 2, &change), encode::broker(1, 4, &broker)];
        let at = at.index(records[which].len());
        if cut {
            records[which].truncate(at);
        } else {
            records[which][at] = byte;
        }
        let mut image = MetadataImage::default();
        for (offset, value) in (0..).zip(&records) {
            let applied = image.apply(offset, value);
            prop_assert!(!cut || offset != which as u64 || applied.is_err());
        }
    }
}
