//! What is not planned, and not trimmed; what is named then.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;

use crate::brokers::{brokers, paths, plain, plan_of, three, trim};
use crate::log::batch::bytes_of;
use crate::log::{Batch, Rec, abort, commit};
use crate::world::{no_cut, nodes, options, planned, tree};
use slackwater_point::{Plan, Refused};
use slackwater_trim::{Disk, Held, Piece, RealDisk, TrimError};

#[test]
fn a_plan_for_other_data_is_refused_and_nothing_is_changed() {
    let root = brokers(&[plain(4), plain(5), plain(6)]);
    let plan = plan_of(&root).unwrap();
    let log = nodes(root.path())[0].join("src.t-0/00000000000000000000.log");
    let before = fs::read(&log).unwrap();
    let longer = [before.clone(), bytes_of(&[Batch::numbered(12, 1)])].concat();
    fs::write(&log, &longer).unwrap();
    let all = tree(root.path());
    let refused = trim(&root, &plan).unwrap_err();
    assert!(
        matches!(&refused, TrimError::OtherData { path, .. } if path.ends_with("node-1/src.t-0")),
        "{refused}"
    );
    assert!(tree(root.path()) == all);
    // Not one byte of it may differ, nor a size of what was not read.
    let mut flipped = before.clone();
    flipped[80] ^= 1;
    fs::write(&log, &flipped).unwrap();
    assert!(matches!(
        trim(&root, &plan),
        Err(TrimError::OtherData { .. })
    ));
    fs::write(&log, &before).unwrap();
    trim(&root, &plan).unwrap();
}

#[test]
fn a_copy_or_a_partition_that_the_plan_does_not_know_is_refused() {
    let root = three(&plain(4));
    let two = planned(&paths(&root, 2), &no_cut(), &options(0)).unwrap();
    let refused = trim(&root, &two).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("the plan does not know this copy"),
        "{refused}"
    );
    let plan = plan_of(&root).unwrap();
    let refused = Held::take(&paths(&root, 2), &RealDisk)
        .unwrap()
        .trim(&plan)
        .unwrap_err();
    assert!(matches!(refused, TrimError::NodeMissing(3)), "{refused}");
    fs::create_dir(nodes(root.path())[0].join("new-0")).unwrap();
    let refused = trim(&root, &plan).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("the plan does not know this partition"),
        "{refused}"
    );
}

/// Another process holds it, as a broker would: fcntl(2)'s locks are a
/// process's own.
#[test]
fn a_directory_that_a_broker_holds_locked_is_refused() {
    let root = brokers(&[plain(4), plain(5), plain(6)]);
    let plan = plan_of(&root).unwrap();
    let lock = nodes(root.path())[1].join(".lock");
    fs::write(&lock, "").unwrap();
    let held = "import fcntl, sys\nf = open(sys.argv[1], 'r+')\nfcntl.lockf(f, fcntl.LOCK_EX)\nprint('held', flush=True)\nsys.stdin.read()";
    let mut broker = Command::new("python3")
        .args(["-c", held])
        .arg(&lock)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = [0; 5];
    std::io::Read::read_exact(broker.stdout.as_mut().unwrap(), &mut line).unwrap();
    let all = tree(root.path());
    let refused = trim(&root, &plan).unwrap_err();
    assert!(
        refused.to_string().contains("locked by a running broker"),
        "{refused}"
    );
    assert!(tree(root.path()) == all);
    drop(broker.stdin.take());
    broker.wait().unwrap();
    trim(&root, &plan).unwrap();
}

#[test]
fn an_untrim_is_refused_where_a_broker_has_written_since() {
    let root = brokers(&[plain(4), plain(5), plain(6)]);
    let plan = plan_of(&root).unwrap();
    trim(&root, &plan).unwrap();
    let log = nodes(root.path())[2].join("src.t-0/00000000000000000000.log");
    let mut file = OpenOptions::new().append(true).open(&log).unwrap();
    let end = plan.partitions[0].cut;
    std::io::Write::write_all(&mut file, &bytes_of(&[Batch::numbered(end, 1)])).unwrap();
    let refused = Held::take(&nodes(root.path()), &RealDisk)
        .unwrap()
        .untrim()
        .unwrap_err();
    assert!(
        refused.to_string().contains("is not as its trim left it"),
        "{refused}"
    );
}

#[test]
fn what_was_discarded_can_not_be_put_back_and_what_was_not_trimmed_neither() {
    let root = brokers(&[plain(4), plain(5), plain(6)]);
    let hold = || Held::take(&nodes(root.path()), &RealDisk).unwrap();
    let refused = hold().untrim().unwrap_err();
    assert!(refused.to_string().contains("was not trimmed"), "{refused}");
    assert!(hold().discard().is_err());
    trim(&root, &plan_of(&root).unwrap()).unwrap();
    hold().discard().unwrap();
    assert!(hold().untrim().is_err());
}

#[test]
fn some_of_the_directories_of_a_trim_are_not_gone_on_with_without_the_others() {
    let root = three(&plain(6));
    fs::write(
        nodes(root.path())[0].join("src.t-0/00000000000000000000.log"),
        "",
    )
    .unwrap();
    let plan = plan_of(&root).unwrap();
    trim(&root, &plan).unwrap();
    let before = tree(root.path());
    let some = paths(&root, 2);
    let refused = [
        Held::take(&some, &RealDisk).unwrap().trim(&plan),
        Held::take(&some, &RealDisk).unwrap().untrim(),
        Held::take(&some, &RealDisk).unwrap().discard(),
    ];
    for refused in refused {
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("together with others"), "{refused}");
    }
    assert_eq!(tree(root.path()), before);
    Held::take(&nodes(root.path()), &RealDisk)
        .unwrap()
        .untrim()
        .unwrap();
}

#[test]
fn another_plan_is_refused_until_the_first_one_is_taken_back() {
    let root = brokers(&[plain(4), plain(5), plain(6)]);
    let (one, other) = (
        plan_of(&root).unwrap(),
        planned(&nodes(root.path()), &no_cut(), &options(6)).unwrap(),
    );
    trim(&root, &one).unwrap();
    let refused = trim(&root, &other).unwrap_err();
    assert!(matches!(refused, TrimError::OtherPlan { .. }), "{refused}");
    // The same one finds all done.
    let before = tree(root.path());
    trim(&root, &one).unwrap();
    assert!(tree(root.path()) == before);
}

#[test]
fn a_plan_that_was_changed_is_none() {
    let root = three(&plain(4));
    let mut plan = plan_of(&root).unwrap();
    let text = plan.to_canonical().unwrap();
    assert_eq!(Plan::parse(&text).unwrap(), plan);
    plan.partitions[0].cut -= 1;
    assert!(Plan::parse(&plan.to_canonical().unwrap()).is_err());
    plan.digest = None;
    assert!(Plan::parse(&plan.to_canonical().unwrap()).is_err());
}

#[test]
fn timestamps_that_the_broker_set_are_no_order() {
    let mut batches = plain(3);
    batches[1].append_time = Some(1_700_000_000_500);
    let refused = plan_of(&three(&batches)).unwrap_err();
    assert!(
        matches!(refused, TrimError::Refused(Refused::AppendTime(_))),
        "{refused}"
    );
    assert!(refused.to_string().contains("--exclude-order"), "{refused}");
}

#[test]
fn a_point_in_what_was_compacted_is_refused() {
    let mut batches = plain(6);
    // A record was taken out of the third batch, and its last one is far ahead.
    batches[2].records.remove(1);
    batches[3].records[0].timestamp = 1_800_000_000_000;
    let root = three(&batches);
    for dir in nodes(root.path()) {
        fs::write(dir.join("cleaner-offset-checkpoint"), "0\n1\nsrc.t 0 12\n").unwrap();
    }
    let refused = plan_of(&root).unwrap_err();
    assert!(
        matches!(
            refused,
            TrimError::Compacted {
                cut: 9,
                cleaned_to: 12,
                ..
            }
        ),
        "{refused}"
    );
}

#[test]
fn transactions_that_bear_one_epoch_are_refused_where_one_of_them_would_go() {
    let data = |base: u64| Batch::of(vec![Rec::numbered(base)]).in_transaction(7);
    let batches = [
        data(0),
        commit(1, 7),
        data(2),
        commit(3, 7),
        data(4),
        commit(5, 7),
    ];
    let root = three(&batches);
    let mut all = options(0);
    planned(&nodes(root.path()), &no_cut(), &all).unwrap();
    // Both of the last two would go.
    all.order = slackwater_trim::OrderAsked::Timestamp { epsilon_ms: 4 };
    let refused = planned(&nodes(root.path()), &no_cut(), &all).unwrap_err();
    let names = |refused: &TrimError| {
        matches!(
            refused,
            TrimError::Refused(Refused::Undistinguished { producer: 7, .. })
        )
    };
    assert!(names(&refused), "{refused}");
    let alone = [data(0), abort(1, 7)];
    planned(&nodes(three(&alone).path()), &no_cut(), &options(0)).unwrap_err();
}

/// A disk that says that it has written, and has not all of it.
struct Lying;

impl Disk for Lying {
    fn write(&self, path: &Path, pieces: &[Piece]) -> io::Result<()> {
        RealDisk.write(path, pieces)?;
        let is_log = path.to_string_lossy().contains(".log.ready");
        match is_log {
            true => {
                let file = OpenOptions::new().write(true).open(path)?;
                let bytes = file.metadata()?.len();
                file.write_all_at(&[0xAB], bytes - 1)
            }
            false => Ok(()),
        }
    }

    fn end_with(&self, path: &Path, from: u64, piece: &Piece) -> io::Result<()> {
        RealDisk.end_with(path, from, piece)
    }

    fn truncate(&self, path: &Path, bytes: u64) -> io::Result<()> {
        RealDisk.truncate(path, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        RealDisk.sync_directory(path)
    }
}

#[test]
fn what_was_written_and_does_not_come_back_is_named() {
    let root = brokers(&[plain(4), plain(5), plain(6)]);
    let plan = plan_of(&root).unwrap();
    let mut held = Held::take(&nodes(root.path()), &Lying).unwrap();
    let refused = held.trim(&plan).unwrap_err();
    assert!(matches!(&refused, TrimError::ReadBack { .. }), "{refused}");
    drop(held);
    // And it can be put back.
    let mut held = Held::take(&nodes(root.path()), &RealDisk).unwrap();
    held.untrim().unwrap();
    drop(held);
    trim(&root, &plan).unwrap();
}

mod needs_root {
    use super::*;

    #[test]
    fn a_disk_without_room_is_refused_and_nothing_is_changed() {
        let root = brokers(&[plain(4), plain(5), plain(6)]);
        let plan = plan_of(&root).unwrap();
        // The directory of one broker is a file system of its own, and full.
        let dir = nodes(root.path())[0].clone();
        let full = tempfile::tempdir().unwrap();
        let mount = |args: &[&str]| {
            let status = Command::new(args[0]).args(&args[1..]).status().unwrap();
            assert!(status.success(), "{args:?}");
        };
        let at = full.path().to_str().unwrap();
        mount(&["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", at]);
        let mounted = Mounted(at.to_owned());
        mount(&["cp", "-a", &format!("{}/.", dir.display()), at]);
        let paths = [&[full.path().to_owned()][..], &nodes(root.path())[1..]].concat();
        let before = tree(full.path());
        let refused = Held::take(&paths, &RealDisk)
            .unwrap()
            .trim(&plan)
            .unwrap_err();
        assert!(matches!(refused, TrimError::NoRoom { .. }), "{refused}");
        assert!(tree(full.path()) == before);
        drop(mounted);
    }

    struct Mounted(String);

    impl Drop for Mounted {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg(&self.0).status();
        }
    }
}
