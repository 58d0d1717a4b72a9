//! A log with nothing wrong, and what is read of it.

use crate::log;

use crate::log::{Batch, PARTITION, Packing, Rec, disk_with, options, plain, scan_full, scan_with};
use slackwater_logdir::{Depth, ReplicaScan, ScanOptions};

#[test]
fn a_whole_log_scans_clean_and_every_number_is_right() {
    let mut batches = plain(12);
    batches[11].records[1].timestamp += 5_000;
    let newest = batches[11].records[1].timestamp;
    let (_disk, replica) = disk_with(&[&batches[..5], &batches[5..7], &batches[7..]]);
    for depth in [Depth::Full, Depth::Deep] {
        let found = scan_with(&replica, &options(depth));
        assert_clean(&found);
        assert_eq!((found.scanned_from, found.end), (0, 36));
        assert_eq!((found.segments, found.batches, found.records), (3, 12, 36));
        assert_eq!(found.bytes, replica.bytes());
        assert_eq!(found.last_epoch, Some(2));
        assert_eq!(found.last_timestamp_ms, Some(newest));
    }
}

fn assert_clean(found: &ReplicaScan) {
    assert_eq!((found.bad, &found.first_bad), (0, &None));
    assert_eq!((found.holes, found.first_hole), (0, None));
    assert_eq!((found.cleaned_to, found.torn_bytes), (0, 0));
    assert_eq!((found.beyond, found.open_transactions), (0, 0));
    assert_eq!(found.undecoded, 0);
}

#[test]
fn two_replicas_with_the_same_batches_have_the_same_digests_wherever_their_segments_end() {
    let batches = plain(10);
    let (_one, one) = disk_with(&[&batches]);
    let (_other, other) = disk_with(&[&batches[..3], &batches[3..4], &batches[4..]]);
    let (one, other) = (scan_full(&one), scan_full(&other));
    assert_eq!(one.whole, other.whole);
    assert_eq!(one.digest, other.digest);
    assert_eq!(one.tail, other.tail);
    assert_eq!(one.digest, one.whole);
}

#[test]
fn a_batch_of_another_leader_shows_in_the_digest() {
    let batches = plain(4);
    let mut elected = batches.clone();
    elected[3].epoch += 1;
    let (_one, one) = disk_with(&[&batches]);
    let (_other, other) = disk_with(&[&elected]);
    assert_ne!(scan_full(&one).whole, scan_full(&other).whole);
}

#[test]
fn the_digest_begins_with_the_batch_that_holds_its_offset() {
    let batches = plain(6);
    let (_all, all) = disk_with(&[&batches[..3], &batches[3..]]);
    // Retention took the first segment of this one.
    let (_late, late) = disk_with(&[&batches[3..]]);
    let from = |replica, digest_from| {
        let options = ScanOptions {
            digest_from,
            ..options(Depth::Full)
        };
        scan_with(replica, &options)
    };
    for offset in [9, 10, 11] {
        assert_eq!(from(&all, offset).digest, from(&late, offset).digest);
    }
    assert_ne!(from(&all, 8).digest, from(&late, 8).digest);
    assert_ne!(from(&all, 12).digest, from(&all, 11).digest);
    assert_ne!(from(&all, 9).whole, from(&late, 9).whole);
}

#[test]
fn the_brokers_timestamps_are_told_from_the_producers() {
    let mut stamped = Batch::numbered(0, 2);
    stamped.append_time = Some(1_900_000_000_000);
    let (_disk, replica) = disk_with(&[&[stamped]]);
    let found = scan_full(&replica);
    assert_eq!(found.last_timestamp_ms, Some(1_900_000_000_000));
    assert_eq!(found.tail.unwrap().last_timestamp_ms, 1_900_000_000_000);
}

#[test]
fn records_without_a_timestamp_give_none() {
    let mut record = Rec::numbered(0);
    record.timestamp = -1;
    let (_disk, replica) = disk_with(&[&[Batch::of(vec![record])]]);
    let found = scan_full(&replica);
    assert_eq!(found.last_timestamp_ms, None);
    assert_eq!(found.tail.unwrap().last_timestamp_ms, -1);
}

#[test]
fn an_empty_log_ends_where_its_name_says() {
    let disk = log::Disk::new();
    disk.segment(PARTITION, 2399, b"");
    let found = scan_full(&disk.replica(PARTITION));
    assert_clean(&found);
    assert_eq!(
        (found.end, found.batches, found.last_epoch),
        (2399, 0, None)
    );
    assert_eq!(found.tail.unwrap().count, 0);
}

#[test]
fn a_replica_without_a_segment_is_an_empty_log() {
    let disk = log::Disk::new();
    disk.partition(PARTITION);
    let found = scan_full(&disk.replica(PARTITION));
    assert_clean(&found);
    assert_eq!((found.end, found.segments), (0, 0));
}

#[test]
fn every_codec_is_decoded() {
    for packing in Packing::ALL {
        let batch = Batch::numbered(0, 200).packed(packing);
        let (_disk, replica) = disk_with(&[&[batch]]);
        let found = scan_with(&replica, &options(Depth::Deep));
        assert_clean(&found);
        assert_eq!((found.records, found.end), (200, 200), "{packing:?}");
        assert_eq!(found.tail.unwrap().count, 8, "{packing:?}");
    }
}
