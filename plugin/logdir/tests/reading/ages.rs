//! How old segments are, as a broker's retention sees it.

use crate::log;

use std::fs::{File, FileTimes};
use std::time::{Duration, SystemTime};

use crate::log::{Batch, PARTITION, Rec, disk_with, plain};
use slackwater_logdir::{Replica, SegmentReader, ages};

fn newest(replica: &Replica) -> Vec<i64> {
    let ages = ages(&mut SegmentReader::default(), replica).unwrap();
    ages.iter().map(|age| age.newest_ms).collect()
}

#[test]
fn a_closed_segment_is_as_old_as_the_last_entry_of_its_time_index() {
    let batches = plain(12);
    let (disk, replica) = disk_with(&[&batches[..5], &batches[5..7], &batches[7..]]);
    let of = |at: usize| batches[at].records.last().unwrap().timestamp;
    assert_eq!(newest(&replica), [of(4), of(6), of(11)]);

    let write = |base, entries: &[i64], more: &[u8]| {
        let mut bytes = Vec::new();
        for timestamp in entries {
            bytes.extend(timestamp.to_be_bytes());
            bytes.extend([0; 4]);
        }
        bytes.extend(more);
        let name = log::disk::segment_name(base).replace(".log", ".timeindex");
        disk.write(&format!("{PARTITION}/{name}"), &bytes);
    };
    write(0, &[1_000, 2_000], &[]);
    // The last one's is what a broker makes anew.
    write(21, &[3_000], &[]);
    assert_eq!(newest(&replica), [2_000, of(6), of(11)]);
    // What is no index, and what still is as it was preallocated.
    write(0, &[1_000, 2_000], &[7]);
    write(15, &[4_000, 0], &[]);
    assert_eq!(newest(&replica), [of(4), of(6), of(11)]);
    write(0, &[], &[]);
    assert_eq!(newest(&replica)[0], of(4));

    let sizes = ages(&mut SegmentReader::default(), &replica).unwrap();
    let sum: u64 = sizes.iter().map(|age| age.bytes).sum();
    assert_eq!(sum, replica.bytes());
    assert_eq!(
        sizes.iter().map(|age| age.base).collect::<Vec<_>>(),
        [0, 15, 21]
    );
}

#[test]
fn records_without_a_timestamp_are_as_old_as_their_file() {
    let mut record = Rec::numbered(0);
    record.timestamp = -1;
    let (_disk, replica) = disk_with(&[&[Batch::of(vec![record])]]);
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let file = File::options().write(true).open(&replica.segments[0].path);
    file.unwrap()
        .set_times(FileTimes::new().set_modified(then))
        .unwrap();
    assert_eq!(newest(&replica), [1_700_000_000_000]);
}
