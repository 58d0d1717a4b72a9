//! A batch that can't be read, in what others are concluded from: nothing is.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use slackwater_content::{Folder, Folders};
use slackwater_ports::VolumeContent as _;
use tempfile::TempDir;

/// Of a real broker.
const KILLED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../logdir/tests/fixtures/killed/data"
);

/// A copy of its volume, in which some byte of a log's first batch, or of its last one, is
/// another.
fn changed(log: &str, place: Option<Place>) -> (TempDir, Folders) {
    let root = tempfile::tempdir().unwrap();
    copy(Path::new(KILLED), root.path());
    let file = root.path().join(log).join(format!("{:020}.log", 0));
    let mut bytes = fs::read(&file).unwrap();
    match place {
        Some(Place::First) => bytes[70] ^= 1,
        Some(Place::Last) => *bytes.last_mut().unwrap() ^= 1,
        None => {}
    }
    fs::write(file, bytes).unwrap();
    let folders = Folders::new(vec![Folder {
        volume: "killed".to_owned(),
        broker: 2,
        path: root.path().to_owned(),
        opened_from: "snapshot".to_owned(),
    }]);
    folders.survey().unwrap();
    (root, folders)
}

enum Place {
    First,
    Last,
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(fs::copy(&path, &target).unwrap()),
        }
    }
}

#[test]
fn a_coordinators_log_with_a_damaged_batch_is_not_read() {
    let seen = |place| {
        let (_root, folders) = changed("__transaction_state-0", place);
        folders.transactions().unwrap()
    };
    let whole = seen(None);
    assert_eq!((whole.replicas, whole.unread.len()), (1, 0));
    assert!(whole.records > 1);
    let damaged = seen(Some(Place::First));
    assert_eq!((damaged.replicas, damaged.records), (0, 0));
    assert!(
        damaged.unread[0].contains("__transaction_state-0: from offset 0 on a batch is damaged"),
        "{:?}",
        damaged.unread
    );
    // A crash may have left that, and a broker takes it away.
    let torn = seen(Some(Place::Last));
    assert_eq!((torn.replicas, torn.unread.len()), (1, 0));
    assert!(torn.records < whole.records);
}

#[test]
fn of_a_metadata_log_with_a_damaged_batch_nothing_is_concluded() {
    let seen = |place| {
        let (_root, folders) = changed("__cluster_metadata-0", place);
        folders.metadata().unwrap().remove(0)
    };
    let whole = seen(None);
    assert_eq!((whole.error, whole.topics > 0), (None, true));
    let damaged = seen(Some(Place::First));
    let says = damaged.error.unwrap_or_default();
    assert!(
        says.contains("from offset 0 on a batch is damaged"),
        "{says}"
    );
}
