//! The command driver with `cp`, `ls` and `rm` as a user's own programs.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use slackwater_volumes::{
    CommandDriver, Driver, Flush, RawCommandDriver, RunName, Snapshots, Volume, VolumeError,
    Volumes,
};

fn line(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn run() -> RunName {
    RunName::new("run-1").unwrap()
}

/// Two volumes, and a store of snapshots named by `{snapshot}`.
struct Scene {
    dir: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let scene = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(scene.at("array")).unwrap();
        for name in ["one", "two"] {
            fs::create_dir(scene.at(name)).unwrap();
            fs::write(scene.at(name).join("0.log"), name).unwrap();
        }
        scene
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn raw(&self) -> RawCommandDriver {
        let array = self.at("array").display().to_string();
        let snapshot = format!("{array}/{{snapshot}}");
        RawCommandDriver {
            snapshot: "{run}-{volume}-{broker}".into(),
            create: line(&["cp", "-rT", "--", "{path}", &snapshot]),
            delete: line(&["rm", "-r", "--", &snapshot]),
            list: Some(line(&["ls", &array])),
            open: Some(line(&["ln", "-s", &snapshot, "{target}"])),
            close: Some(line(&["rm", "{target}"])),
            restore: Some(line(&["cp", "-rT", "--", &snapshot, "{target}"])),
            timeout: Duration::from_secs(30),
            state: self.at("state"),
        }
    }

    fn snapshots(&self, raw: RawCommandDriver) -> Snapshots {
        let driver = Driver::Command(Box::new(CommandDriver::new(raw).unwrap()));
        let volume = |name, broker| Volume::new(name, broker, self.at(name), Flush::Syncfs);
        let volumes = vec![volume("one", 1).unwrap(), volume("two", 2).unwrap()];
        Snapshots::new(driver, Volumes::new(volumes).unwrap()).unwrap()
    }

    fn in_array(&self) -> usize {
        fs::read_dir(self.at("array")).unwrap().count()
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn snapshots_are_made_found_opened_restored_and_deleted() {
    let scene = Scene::new();
    let snapshots = scene.snapshots(scene.raw());
    let rows = snapshots.take(&run()).unwrap();
    assert_eq!(rows[1].handle, "run-1-two-2");
    assert!(rows.iter().all(|row| row.error.is_none()));
    fs::write(scene.at("two/0.log"), "later").unwrap();
    assert_eq!(snapshots.take(&run()).unwrap(), rows);
    assert_eq!(snapshots.list().unwrap(), [run()]);
    snapshots.verify(&run()).unwrap();

    let at = snapshots.open(&run(), "two", &scene.at("open")).unwrap();
    assert_eq!(read(&at.join("0.log")), "two");
    snapshots.close(&run(), "two", &at).unwrap();
    assert!(!at.exists());

    let target = |name: &str| (name.to_owned(), scene.at(&format!("restored-{name}")));
    let targets = BTreeMap::from([target("one"), target("two")]);
    snapshots.restore(&run(), &targets).unwrap();
    assert_eq!(read(&scene.at("restored-two/0.log")), "two");
    let again = snapshots.restore(&run(), &targets);
    assert!(matches!(again, Err(VolumeError::NotEmpty { .. })));

    snapshots.delete(&run()).unwrap();
    assert_eq!(scene.in_array(), 0);
    assert!(snapshots.find(&run()).unwrap().is_empty());
    assert_eq!(fs::read_dir(scene.at("state")).unwrap().count(), 0);
}

#[test]
fn where_one_volume_fails_nothing_is_finished_and_the_others_are_taken_back() {
    let scene = Scene::new();
    fs::remove_dir_all(scene.at("two")).unwrap();
    let snapshots = scene.snapshots(scene.raw());
    let rows = snapshots.take(&run()).unwrap();
    assert_eq!(rows[0].error, None);
    let error = rows[1].error.as_ref().unwrap();
    assert!(error.starts_with("cp (create) failed") && error.contains("two"));
    assert!(snapshots.list().unwrap().is_empty());
    assert_eq!(scene.in_array(), 0);

    fs::create_dir(scene.at("two")).unwrap();
    let rows = snapshots.take(&run()).unwrap();
    assert!(rows.iter().all(|row| row.error.is_none()));
}

#[test]
fn what_a_crash_left_in_the_middle_is_not_listed_and_made_anew() {
    let scene = Scene::new();
    let snapshots = scene.snapshots(scene.raw());
    fs::create_dir(scene.at("state")).unwrap();
    fs::write(scene.at("state/run-1.partial"), "").unwrap();
    fs::create_dir(scene.at("array/run-1-one-1")).unwrap();
    fs::write(scene.at("array/run-1-one-1/half"), "").unwrap();
    assert!(snapshots.list().unwrap().is_empty());
    assert!(snapshots.find(&run()).unwrap().is_empty());

    let rows = snapshots.take(&run()).unwrap();
    assert!(rows.iter().all(|row| row.error.is_none()));
    assert!(!scene.at("array/run-1-one-1/half").exists());
    assert!(!scene.at("state/run-1.partial").exists());
}

#[test]
fn an_unfinished_snapshot_can_be_deleted() {
    let scene = Scene::new();
    let snapshots = scene.snapshots(scene.raw());
    fs::create_dir(scene.at("state")).unwrap();
    fs::write(scene.at("state/run-1.partial"), "").unwrap();
    fs::create_dir(scene.at("array/run-1-one-1")).unwrap();
    snapshots.delete(&run()).unwrap();
    assert_eq!(scene.in_array(), 0);
    assert!(matches!(
        snapshots.delete(&run()),
        Err(VolumeError::Missing { .. })
    ));
}

#[test]
fn a_snapshot_that_somebody_removed_is_told_by_its_list() {
    let scene = Scene::new();
    let snapshots = scene.snapshots(scene.raw());
    snapshots.take(&run()).unwrap();
    fs::remove_dir_all(scene.at("array/run-1-one-1")).unwrap();
    let rows = snapshots.find(&run()).unwrap();
    assert!(rows[0].error.as_ref().unwrap().contains("run-1-one-1"));
    assert_eq!(rows[1].error, None);
    assert!(matches!(
        snapshots.verify(&run()),
        Err(VolumeError::Damaged { .. })
    ));
}

#[test]
fn a_create_that_hangs_is_an_error_at_its_limit() {
    let scene = Scene::new();
    let mut raw = scene.raw();
    raw.create = line(&["sleep", "1000"]);
    raw.timeout = Duration::from_millis(300);
    let snapshots = scene.snapshots(raw);
    let rows = snapshots.take(&run()).unwrap();
    assert!(rows[0].error.as_ref().unwrap().contains("limit"));
    assert!(snapshots.list().unwrap().is_empty());
}

#[test]
fn a_command_that_is_not_configured_is_named() {
    let scene = Scene::new();
    let mut raw = scene.raw();
    raw.restore = None;
    let snapshots = scene.snapshots(raw);
    snapshots.take(&run()).unwrap();
    let target = |name: &str| (name.to_owned(), scene.at(&format!("restored-{name}")));
    let targets = BTreeMap::from([target("one"), target("two")]);
    let error = snapshots.restore(&run(), &targets).unwrap_err();
    assert!(error.to_string().contains("no restore command"));
}

#[test]
fn settings_that_could_mix_up_snapshots_are_refused() {
    let scene = Scene::new();
    for snapshot in ["{run}", "{volume}", "-{run}{volume}", "{run}{volume}{path}"] {
        let mut raw = scene.raw();
        raw.snapshot = snapshot.into();
        assert!(CommandDriver::new(raw).is_err(), "{snapshot}");
    }
    let mut raw = scene.raw();
    raw.state = "relative".into();
    assert!(CommandDriver::new(raw).is_err());
}
