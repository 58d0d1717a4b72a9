//! Which files of a replica's directory are its log: those that a broker would
//! load. Source: Kafka's `LogLoader`.

use std::os::unix::fs::symlink;

use crate::log::batch::bytes_of;
use crate::log::cleaner::Cleaning;
use crate::log::disk::segment_name;
use crate::log::{Batch, Disk, PARTITION, plain, scan_full};
use slackwater_logdir::Replica;

/// A log of four segments of three batches, nine offsets each.
fn four_segments() -> (Disk, Vec<Batch>) {
    let batches = plain(12);
    let disk = Disk::new();
    let segments: Vec<&[Batch]> = batches.chunks(3).collect();
    disk.segments(PARTITION, &segments);
    (disk, batches)
}

fn put(disk: &Disk, base: u64, ending: &str, bytes: &[u8]) {
    let name = segment_name(base).replace(".log", ending);
    disk.write(&format!("{PARTITION}/{name}"), bytes);
}

fn names(replica: &Replica) -> Vec<String> {
    let name = |path: &std::path::Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    replica.segments.iter().map(|one| name(&one.path)).collect()
}

fn logs(bases: &[u64]) -> Vec<String> {
    bases.iter().map(|base| segment_name(*base)).collect()
}

#[test]
fn only_logs_are_segments() {
    let (disk, _) = four_segments();
    for ending in [".index", ".timeindex", ".txnindex", ".snapshot"] {
        put(&disk, 9, ending, b"x");
        put(&disk, 99, ending, b"x");
    }
    put(&disk, 9, ".log.deleted", b"x");
    put(&disk, 18, ".index.deleted", b"x");
    disk.write("t-0/leader-epoch-checkpoint", b"0\n1\n0 0\n");
    let replica = disk.replica(PARTITION);
    assert_eq!(names(&replica), logs(&[0, 9, 18, 27]));
    assert_eq!((replica.unfinished_swaps, replica.epochs.len()), (0, 1));
}

#[test]
fn a_complete_swap_takes_the_place_of_all_that_it_covers() {
    let (disk, batches) = four_segments();
    let cleaned = Cleaning::first(27).of(&batches[..9]);
    put(&disk, 0, ".log.swap", &bytes_of(&cleaned));
    let replica = disk.replica(PARTITION);
    let expected = [format!("{}.swap", segment_name(0)), segment_name(27)];
    assert_eq!(names(&replica), expected);
    assert_eq!(replica.unfinished_swaps, 1);
    let found = scan_full(&replica);
    assert_eq!((found.bad, found.end), (0, 36));
}

#[test]
fn several_swaps_cover_what_lies_between_them_too() {
    // A segment split in two; the batches before offset 9 were compacted away.
    let (disk, batches) = four_segments();
    put(&disk, 0, ".log.swap", &bytes_of(&batches[..1]));
    put(&disk, 18, ".log.swap", &bytes_of(&batches[6..8]));
    let replica = disk.replica(PARTITION);
    let swap = |base| format!("{}.swap", segment_name(base));
    assert_eq!(names(&replica), [swap(0), swap(18), segment_name(27)]);
    assert_eq!(replica.unfinished_swaps, 2);
}

#[test]
fn an_empty_swap_takes_the_place_of_its_own_segment_only() {
    let (disk, _) = four_segments();
    put(&disk, 9, ".log.swap", b"");
    let replica = disk.replica(PARTITION);
    let swap = format!("{}.swap", segment_name(9));
    let expected = [segment_name(0), swap, segment_name(18), segment_name(27)];
    assert_eq!(names(&replica), expected);
}

#[test]
fn a_swap_of_an_index_alone_is_no_swap() {
    let (disk, _) = four_segments();
    put(&disk, 0, ".index.swap", b"");
    let replica = disk.replica(PARTITION);
    assert_eq!(names(&replica), logs(&[0, 9, 18, 27]));
    assert_eq!(replica.unfinished_swaps, 0);
}

#[test]
fn what_was_being_cleaned_is_dropped() {
    let (disk, batches) = four_segments();
    put(&disk, 0, ".log.cleaned", &bytes_of(&batches[..2]));
    assert_eq!(names(&disk.replica(PARTITION)), logs(&[0, 9, 18, 27]));
}

#[test]
fn a_swap_at_or_past_what_was_being_cleaned_is_dropped_with_it() {
    for ending in [".log.cleaned", ".timeindex.cleaned"] {
        let (disk, batches) = four_segments();
        put(&disk, 0, ".log.swap", &bytes_of(&batches[..1]));
        put(&disk, 9, ".log.swap", &bytes_of(&batches[3..4]));
        put(&disk, 9, ending, b"");
        let replica = disk.replica(PARTITION);
        let mut expected = logs(&[0, 9, 18, 27]);
        expected[0].push_str(".swap");
        assert_eq!(names(&replica), expected, "{ending}");
        assert_eq!(replica.unfinished_swaps, 1);
    }
}

#[test]
fn directories_and_pipes_that_are_called_like_segments_are_none() {
    let (disk, _) = four_segments();
    let dir = disk.path().join(PARTITION);
    std::fs::create_dir(dir.join(segment_name(5))).unwrap();
    let pipe = dir.join(segment_name(6));
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    assert_eq!(names(&disk.replica(PARTITION)), logs(&[0, 9, 18, 27]));
}

#[test]
fn a_symbolic_link_to_a_segment_is_one() {
    let (disk, batches) = four_segments();
    let elsewhere = disk.write("elsewhere", &bytes_of(&[Batch::numbered(36, 1)]));
    symlink(
        elsewhere,
        disk.path().join(PARTITION).join(segment_name(36)),
    )
    .unwrap();
    let found = scan_full(&disk.replica(PARTITION));
    assert_eq!((found.end, found.batches), (37, batches.len() as u64 + 1));
}
