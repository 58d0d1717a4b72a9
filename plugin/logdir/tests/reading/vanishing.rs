//! A disk that changes while it is read, as a running broker's does.

use crate::log;

use std::fs;
use std::os::unix::fs::symlink;

use crate::log::disk::segment_name;
use crate::log::{Disk, PARTITION, disk_with, options, plain, scan_with};
use slackwater_logdir::{Depth, Locked, SegmentReader, on_all_cores, range, scan, survey};

#[test]
fn a_segment_that_went_after_it_was_listed_is_an_error_that_names_it() {
    let batches = plain(6);
    let (_disk, replica) = disk_with(&[&batches[..2], &batches[2..4], &batches[4..]]);
    fs::remove_file(&replica.segments[1].path).unwrap();
    let mut reader = SegmentReader::default();
    for depth in [Depth::Full, Depth::Deep] {
        let error = scan(&mut reader, &replica, &options(depth), &|_| ()).unwrap_err();
        assert!(error.to_string().contains(&segment_name(6)), "{error}");
    }
    let error = range(&mut reader, &replica, 0, 100, true).unwrap_err();
    assert!(error.to_string().contains(&segment_name(6)), "{error}");
    // The reader is as good as before.
    let found = scan(&mut reader, &replica, &options(Depth::Tail), &|_| ());
    assert!(found.is_err(), "eight records reach into the lost segment");
    let (_disk, replica) = disk_with(&[&batches]);
    let found = scan(&mut reader, &replica, &options(Depth::Full), &|_| ()).unwrap();
    assert_eq!((found.bad, found.end), (0, 18));
}

#[test]
fn a_segment_that_went_while_it_was_listed_is_named_and_other_replicas_are_read() {
    let disk = Disk::new();
    disk.segments(PARTITION, &[&plain(1)]);
    disk.segments("t-1", &[&plain(1)]);
    // In the directory, and not to be found: what a listing shows of a file
    // that is removed just then.
    let gone = disk.path().join(PARTITION).join(segment_name(3));
    symlink("nowhere", gone).unwrap();
    let dir = disk.survey();
    assert_eq!(dir.replicas.len(), 1);
    assert!(dir.unread[0].contains(&segment_name(3)), "{:?}", dir.unread);
}

#[test]
fn a_segment_that_was_cut_after_it_was_listed_ends_where_it_ends() {
    let batches = plain(4);
    let (_disk, replica) = disk_with(&[&batches]);
    let first = batches[0].bytes().len() as u64;
    let file = fs::File::options()
        .write(true)
        .open(&replica.segments[0].path)
        .unwrap();
    file.set_len(first + 7).unwrap();
    let found = scan_with(&replica, &options(Depth::Full));
    assert_eq!(
        (found.end, found.torn_bytes, found.bytes),
        (3, 7, first + 7)
    );
}

#[test]
fn a_directory_where_files_come_and_go_is_listed_or_said_to_be_unreadable() {
    let disk = Disk::new();
    let batches = plain(40);
    disk.segments(PARTITION, &[&batches]);
    let dir = disk.path().join(PARTITION);
    let segment = log::batch::bytes_of(&batches[39..]);
    std::thread::scope(|scope| {
        let broker = scope.spawn(|| {
            for base in 200..3_000 {
                let path = dir.join(segment_name(base));
                let deleted = path.with_extension("log.deleted");
                fs::write(&path, &segment).unwrap();
                fs::rename(&path, &deleted).unwrap();
                fs::remove_file(&deleted).unwrap();
            }
        });
        while !broker.is_finished() {
            let found = survey(disk.path(), Locked::Allow).unwrap().remove(0);
            assert_eq!(found.replicas.len() + found.unread.len(), 1);
            let replicas: Vec<_> = found.replicas.iter().collect();
            on_all_cores(&replicas, |reader, _, replica| {
                match scan(reader, replica, &options(Depth::Full), &|_| ()) {
                    Ok(found) => assert!(found.end >= 120),
                    Err(error) => assert!(error.to_string().contains("No such file")),
                }
            });
        }
    });
}
