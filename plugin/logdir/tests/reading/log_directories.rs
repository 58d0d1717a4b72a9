//! What lies in a log directory beside the logs.

use std::fs;

use crate::log::{Disk, plain};
use slackwater_logdir::{Locked, LogdirError, survey};

#[test]
fn replicas_are_listed_with_what_their_broker_knows_of_them() {
    let disk = Disk::new();
    disk.segments("b-c-10", &[&plain(1)]);
    disk.segments("b-c-9", &[&plain(2), &plain(3)[2..]]);
    disk.segments("a-0", &[&plain(4)[2..]]);
    disk.checkpoint("log-start-offset-checkpoint", &[("b-c", 9, 4)]);
    disk.checkpoint(
        "replication-offset-checkpoint",
        &[("b-c", 9, 6), ("a", 0, 12)],
    );
    disk.checkpoint("recovery-point-offset-checkpoint", &[("b-c", 9, 5)]);
    disk.checkpoint("cleaner-offset-checkpoint", &[("b-c", 10, 3)]);
    disk.write("b-c-9/leader-epoch-checkpoint", b"0\n2\n0 0\n3 4\n");
    disk.write(".kafka_cleanshutdown", b"{\"version\":0,\"brokerEpoch\":7}");
    let dir = disk.survey();
    assert_eq!(dir.unread, Vec::<String>::new());
    assert!(dir.clean_shutdown);
    assert_eq!(dir.meta.node_id, Some(1));
    assert_eq!(dir.meta.cluster_id.unwrap(), "kVSgfurUQFGGpHMTBqBPiw");
    assert_eq!(dir.meta.directory_id.unwrap(), "6WIBsTTm7wzXXoJYKTsyHw");
    let [a, nine, ten] = dir.replicas.as_slice() else {
        panic!("{:?}", dir.replicas);
    };
    assert_eq!(
        (a.partition.topic.as_str(), a.start, a.high_watermark),
        ("a", 6, Some(12))
    );
    assert_eq!(
        (nine.partition.topic.as_str(), nine.partition.partition),
        ("b-c", 9)
    );
    assert_eq!((nine.start, nine.high_watermark), (4, Some(6)));
    assert_eq!((nine.recovery_point, nine.cleaner_offset), (Some(5), None));
    assert_eq!(nine.epochs, [(0, 0), (3, 4)]);
    assert_eq!(nine.topic_id.as_deref(), Some("4Fi6pGugSI6936nrTTy4_w"));
    assert_eq!((ten.start, ten.cleaner_offset), (0, Some(3)));
}

#[test]
fn future_stray_and_deleted_logs_are_no_replicas() {
    let disk = Disk::new();
    let id = "0123456789abcdef0123456789abcdef";
    disk.segments("t-0", &[&plain(1)]);
    for name in [
        format!("t-1.{id}-future"),
        format!("t-2.{id}-stray"),
        format!("t-3.{id}-delete"),
    ] {
        disk.segments(&name, &[&plain(1)]);
    }
    disk.write("remote-log-index-cache/x", b"");
    disk.write("lost+found/x", b"");
    disk.write("t-9", b"a file, not a directory");
    let dir = disk.survey();
    assert_eq!(dir.replicas.len(), 1);
    assert_eq!(
        dir.set_aside,
        [format!("t-1.{id}-future"), format!("t-2.{id}-stray")]
    );
    assert_eq!(dir.deleted, 1);
    assert_eq!(dir.unread, Vec::<String>::new());
}

#[test]
fn a_checkpoint_that_cant_be_read_is_as_good_as_none_and_is_named() {
    let disk = Disk::new();
    disk.segments("t-0", &[&plain(2)[1..]]);
    disk.write("log-start-offset-checkpoint", b"0\n2\nt 0 5\n");
    disk.write("recovery-point-offset-checkpoint", b"\xff\xfe");
    fs::create_dir(disk.path().join("cleaner-offset-checkpoint")).unwrap();
    let dir = disk.survey();
    assert_eq!(dir.replicas[0].start, 3);
    assert_eq!(dir.unread.len(), 3, "{:?}", dir.unread);
    for (line, name) in dir.unread.iter().zip(["start", "recovery", "cleaner"]) {
        assert!(line.contains(name), "{line}");
    }
}

#[test]
fn a_pipe_in_place_of_a_small_file_hangs_nobody() {
    let disk = Disk::new();
    disk.segments("t-0", &[&plain(1)]);
    for name in ["log-start-offset-checkpoint", "t-0/leader-epoch-checkpoint"] {
        let made = std::process::Command::new("mkfifo")
            .arg(disk.path().join(name))
            .status();
        assert!(made.unwrap().success());
    }
    let dir = disk.survey();
    assert_eq!(
        (dir.unread.len(), dir.replicas.len()),
        (2, 0),
        "{:?}",
        dir.unread
    );
}

#[test]
fn a_replica_whose_small_files_are_broken_is_named_and_the_others_are_listed() {
    let disk = Disk::new();
    disk.segments("t-0", &[&plain(1)]);
    disk.segments("t-1", &[&plain(1)]);
    disk.write("t-0/partition.metadata", b"");
    let dir = disk.survey();
    assert_eq!((dir.replicas.len(), dir.unread.len()), (1, 1));
    assert!(
        dir.unread[0].contains("t-0/partition.metadata"),
        "{:?}",
        dir.unread
    );
}

#[test]
fn log_directories_are_found_below_a_volumes_mount_point() {
    let volume = tempfile::tempdir().unwrap();
    let deep = volume.path().join("data-0/kafka-log0");
    fs::create_dir_all(volume.path().join("kafka-log1/t-0")).unwrap();
    fs::create_dir_all(&deep).unwrap();
    for dir in [&deep, &volume.path().join("kafka-log1")] {
        fs::write(dir.join("meta.properties"), "node.id=3\n").unwrap();
    }
    let dirs = survey(volume.path(), Locked::Refuse).unwrap();
    let paths: Vec<_> = dirs.iter().map(|dir| dir.path.clone()).collect();
    assert_eq!(paths, [deep, volume.path().join("kafka-log1")]);
    assert_eq!(dirs[1].replicas.len(), 1);
}

#[test]
fn a_path_without_a_log_directory_is_an_error_that_says_what_to_name() {
    let nothing = tempfile::tempdir().unwrap();
    let error = survey(nothing.path(), Locked::Refuse).unwrap_err();
    assert!(matches!(error, LogdirError::NoLogDir(_)), "{error}");
    assert!(error.to_string().contains("log.dirs"), "{error}");
    let error = survey(&nothing.path().join("x"), Locked::Refuse).unwrap_err();
    assert!(matches!(error, LogdirError::Io { .. }), "{error}");
}

#[test]
fn what_lies_in_lost_and_found_is_no_log_directory() {
    let disk = Disk::new();
    disk.segments("a-0", &[&plain(1)]);
    let volume = tempfile::tempdir().unwrap();
    let copy = |to: &str| {
        let at = volume.path().join(to);
        fs::create_dir_all(&at).unwrap();
        let from = disk.path().join("meta.properties");
        fs::copy(from, at.join("meta.properties")).unwrap();
    };
    copy("lost+found/#12");
    assert!(survey(volume.path(), Locked::Refuse).is_err());
    copy("kafka-log1");
    let found = survey(volume.path(), Locked::Refuse).unwrap();
    assert_eq!(found.len(), 1);
}
