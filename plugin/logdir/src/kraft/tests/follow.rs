//! How an image follows a log: transactions, snapshots, offsets.

use super::{after, encode, feed};
use crate::kraft::partition::PartitionChange;
use crate::kraft::{ConfigOf, MetadataError, MetadataImage, PartitionImage, Snapshot};
use crate::kraft::{SnapshotId, Uuid};

const ID: Uuid = Uuid([7; 16]);
const OTHER: Uuid = Uuid([8; 16]);
const NO_OP: &[u8] = &[1, 20, 0, 0];

fn on(replicas: &[i32]) -> PartitionImage {
    PartitionImage {
        replicas: replicas.into(),
        isr: replicas.into(),
        leader: replicas.first().copied(),
        ..PartitionImage::default()
    }
}

fn topic() -> [Vec<u8>; 2] {
    [
        encode::topic(ID, "t"),
        encode::partition(ID, 0, 2, &on(&[1, 2])),
    ]
}

#[test]
fn a_topic_is_known_by_id_and_by_name_until_it_is_removed() {
    let mut image = after(topic());
    assert!(image.assigns(ID, 0, 2));
    assert!(!image.assigns(ID, 0, 3) && !image.assigns(ID, 1, 2) && !image.assigns(OTHER, 0, 2));
    let (id, found) = image.topics.named("t").unwrap();
    assert_eq!((id, found.partitions.len()), (ID, 1));
    feed(&mut image, [encode::remove_topic(ID)]).unwrap();
    assert!(image.topics.is_empty() && image.topics.named("t").is_none());
}

#[test]
fn a_topic_that_is_created_again_has_another_id_and_no_old_partitions() {
    let again = [encode::remove_topic(ID), encode::topic(OTHER, "t")];
    let image = after(topic().into_iter().chain(again));
    let (id, found) = image.topics.named("t").unwrap();
    assert_eq!((id, found.partitions.len()), (OTHER, 0));
    assert!(image.topics.get(ID).is_none());
}

#[test]
fn a_topic_with_a_known_id_takes_its_place_under_another_name() {
    let image = after(topic().into_iter().chain([encode::topic(ID, "u")]));
    assert!(image.topics.named("t").is_none());
    let (id, found) = image.topics.named("u").unwrap();
    assert_eq!((id, found.partitions.len()), (ID, 0));
}

#[test]
fn eligible_leaders_that_a_change_brought_are_given_up_too() {
    let change = PartitionChange {
        elr: Some([2].into()),
        ..PartitionChange::default()
    };
    let records = topic().into_iter();
    let mut image = after(records.chain([encode::change(ID, 0, 2, &change)]));
    let elr = |image: &MetadataImage| image.topics.partition(ID, 0).unwrap().elr.len();
    assert_eq!(elr(&image), 1);
    feed(&mut image, [encode::clear_elr("")]).unwrap();
    assert_eq!(elr(&image), 0);
}

#[test]
fn a_change_leaves_what_it_does_not_name() {
    let change = PartitionChange {
        isr: Some([1].into()),
        ..PartitionChange::default()
    };
    let image = after(
        topic()
            .into_iter()
            .chain([encode::change(ID, 0, 2, &change)]),
    );
    let expected = PartitionImage {
        isr: [1].into(),
        partition_epoch: 1,
        ..on(&[1, 2])
    };
    assert_eq!(image.topics.partition(ID, 0), Some(&expected));
}

#[test]
fn a_directory_is_found_by_the_broker() {
    let mut placed = on(&[1, 2]);
    placed.directories = [ID, Uuid::UNASSIGNED].into();
    let image = after([
        encode::topic(ID, "t"),
        encode::partition(ID, 0, 1, &placed),
        encode::partition(ID, 1, 1, &on(&[1])),
    ]);
    let directory = |partition, broker| {
        let partition = image.topics.partition(ID, partition).unwrap();
        partition.directory(broker)
    };
    assert_eq!(directory(0, 1), Some(ID));
    assert_eq!(directory(0, 2), Some(Uuid::UNASSIGNED));
    assert_eq!((directory(0, 3), directory(1, 1)), (None, None));
}

#[test]
fn directories_that_were_never_assigned_don_t_hinder_another_number_of_replicas() {
    let mut migrating = on(&[1, 2]);
    migrating.directories = [Uuid::MIGRATING; 2].into();
    let change = PartitionChange {
        replicas: Some([1, 2, 3].into()),
        ..PartitionChange::default()
    };
    let image = after([
        encode::topic(ID, "t"),
        encode::partition(ID, 0, 1, &migrating),
        encode::change(ID, 0, 0, &change),
    ]);
    assert!(image.assigns(ID, 0, 3));
}

#[test]
fn what_a_transaction_changes_counts_when_it_ends_and_not_before() {
    let mut image = after([NO_OP.to_vec(), encode::begin()]);
    let before = image.clone();
    for (offset, record) in (2..).zip(topic()) {
        image.apply(offset, &record).unwrap();
    }
    assert_eq!(image.topics, before.topics);
    assert_eq!(image.last_offset(), Some(0));
    assert_eq!(image.open_transaction(), Some(1));
    image.apply(4, &encode::end()).unwrap();
    assert!(image.assigns(ID, 0, 2));
    assert_eq!(
        (image.last_offset(), image.open_transaction()),
        (Some(4), None)
    );
}

#[test]
fn an_aborted_transaction_leaves_nothing_but_its_offset() {
    let mut image = after(topic());
    let before = image.clone();
    feed(
        &mut image,
        [
            encode::begin(),
            encode::remove_topic(ID),
            NO_OP.to_vec(),
            encode::abort(),
        ],
    )
    .unwrap();
    assert_eq!(image.topics, before.topics);
    assert!(image.skipped.is_empty());
    assert_eq!(image.last_offset(), Some(5));
}

#[test]
fn types_that_are_not_known_are_counted_whatever_their_version_and_form() {
    let image = after([
        NO_OP.to_vec(),
        NO_OP.to_vec(),
        vec![1, 99, 5],
        vec![1, 18, 0, 0xff, 0xff],
    ]);
    assert!(image.skipped.iter().eq([(&18, &1), (&20, &2), (&99, &1)]));
    assert_eq!(image.last_offset(), Some(3));
}

#[test]
fn a_feature_of_level_0_is_none() {
    let image = after([
        encode::feature("a", 3),
        encode::feature("b", 1),
        encode::feature("a", 0),
    ]);
    assert!(image.features.iter().eq([(&"b".into(), &1)]));
}

#[test]
fn a_snapshot_takes_the_place_of_what_was_before_and_the_log_goes_on_from_its_end() {
    let id = SnapshotId { end: 100, epoch: 3 };
    let mut snapshot = Snapshot::new(id);
    for (offset, record) in (1..).zip(topic()) {
        snapshot.apply(offset, &record).unwrap();
    }
    snapshot
        .apply(3, &encode::config(2, "t", "k", Some("v")))
        .unwrap();
    let mut image = snapshot.finish().unwrap();
    assert_eq!(image.last_offset(), Some(99));
    // The log's older records are in the snapshot.
    for offset in [0, 98, 99] {
        image.apply(offset, &encode::remove_topic(OTHER)).unwrap();
    }
    image.apply(100, &encode::topic(OTHER, "u")).unwrap();
    assert_eq!((image.topics.len(), image.last_offset()), (2, Some(100)));
    assert_eq!(image.configs.of(ConfigOf::Topic, "t").count(), 1);
}

#[test]
fn a_snapshot_of_an_empty_log_ends_at_its_start() {
    let mut image = Snapshot::new(SnapshotId::default()).finish().unwrap();
    assert_eq!(image, MetadataImage::default());
    image.apply(0, NO_OP).unwrap();
    assert_eq!(image.last_offset(), Some(0));
}

#[test]
fn a_snapshot_that_ends_in_a_transaction_is_none() {
    let mut snapshot = Snapshot::new(SnapshotId { end: 9, epoch: 1 });
    snapshot.apply(4, &encode::begin()).unwrap();
    let error = snapshot.finish().unwrap_err();
    assert_eq!(error, MetadataError::Unended { since: 4 });
}
