//! Nothing is ever written: a volume is evidence.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod log;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use log::batch::bytes_of;
use log::disk::segment_name;
use log::{Batch, Disk, PARTITION, options, plain, scan_with};
use slackwater_logdir::{Depth, Isolation, SegmentReader, range, records};

/// Of each entry: kind and permissions, size, times of its content and its
/// inode in nanoseconds; and the bytes.
type Entries = BTreeMap<PathBuf, (u32, u64, [i64; 4], Vec<u8>)>;

fn entries(dir: &Path, into: &mut Entries) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.symlink_metadata().unwrap();
        let times = [
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec(),
        ];
        let bytes = if metadata.is_file() {
            std::fs::read(&path).unwrap()
        } else {
            entries(&path, into);
            Vec::new()
        };
        into.insert(path, (metadata.mode(), metadata.size(), times, bytes));
    }
}

#[test]
fn a_log_directory_is_the_same_after_everything_was_read() {
    let disk = Disk::new();
    let batches = plain(12);
    disk.segments(PARTITION, &[&batches[..4], &batches[4..8]]);
    let mut torn = bytes_of(&batches[8..]);
    torn.truncate(torn.len() - 5);
    disk.segment(PARTITION, 24, &torn);
    let swap = format!("{PARTITION}/{}.swap", segment_name(12));
    disk.write(&swap, &bytes_of(&[Batch::numbered(12, 2)]));
    disk.write(&format!("{PARTITION}/{}.deleted", segment_name(0)), b"x");
    disk.write(".lock", b"");
    disk.write(".kafka_cleanshutdown", b"{}");
    disk.checkpoint("log-start-offset-checkpoint", &[("t", 0, 2)]);
    let mut before = Entries::new();
    entries(disk.path(), &mut before);

    let replica = disk.replica(PARTITION);
    for depth in [Depth::Tail, Depth::Full, Depth::Deep] {
        scan_with(&replica, &options(depth));
    }
    let mut reader = SegmentReader::default();
    range(&mut reader, &replica, 0, 100, true).unwrap();
    for isolation in [Isolation::ReadUncommitted, Isolation::ReadCommitted] {
        records(&mut reader, &replica, isolation, |_| {
            ControlFlow::Continue(())
        })
        .unwrap();
    }

    let mut after = Entries::new();
    entries(disk.path(), &mut after);
    assert!(before == after);
    assert!(before.len() > 8);
}
