//! The copy driver on whatever file system the tests run on.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use slackwater_ports::VolumeSnapshot as _;
use slackwater_volumes::{
    CopyDriver, Driver, Flush, RunName, Snapshots, Volume, VolumeError, Volumes,
};

struct Scene {
    dir: tempfile::TempDir,
}

impl Scene {
    /// Two volumes of two brokers.
    fn new() -> Self {
        let scene = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        for name in ["one", "two"] {
            let partition = scene.at(name).join("blogs-0");
            fs::create_dir_all(&partition).unwrap();
            fs::write(partition.join("0.log"), format!("records of {name}")).unwrap();
            fs::write(scene.at(name).join("meta.properties"), "x").unwrap();
            fs::create_dir(scene.at(name).join("lost+found")).unwrap();
        }
        scene
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn snapshots(&self, allow_plain: bool) -> Snapshots {
        let driver = CopyDriver::new(self.at("snapshots"), allow_plain).unwrap();
        Snapshots::new(Driver::Copy(driver), self.volumes()).unwrap()
    }

    fn volumes(&self) -> Volumes {
        let volume = |name, broker| Volume::new(name, broker, self.at(name), Flush::Syncfs);
        Volumes::new(vec![volume("one", 1).unwrap(), volume("two", 2).unwrap()]).unwrap()
    }

    fn targets(&self) -> BTreeMap<String, PathBuf> {
        ["one", "two"]
            .map(|name| (name.to_owned(), self.at(&format!("restored-{name}"))))
            .into()
    }
}

fn run() -> RunName {
    RunName::new("run-1").unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_snapshot_holds_what_the_volumes_held_and_is_restored_as_it_was() {
    let scene = Scene::new();
    let log = scene.at("one/blogs-0/0.log");
    fs::set_permissions(&log, fs::Permissions::from_mode(0o640)).unwrap();
    let before = fs::metadata(&log).unwrap();
    let snapshots = scene.snapshots(true);
    let port = snapshots.clone().of_run(run());
    port.request().unwrap();
    let rows = port.snapshots().unwrap();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        assert_eq!(row.error, None);
        assert!(Some(row.started_ms) <= row.cut_ms && row.ready);
    }
    fs::write(&log, "written after the cut").unwrap();

    let manifest = snapshots.verify(&run()).unwrap();
    let files: Vec<_> = manifest.volumes[0].files.iter().map(|f| &f.path).collect();
    assert_eq!(files, ["blogs-0/0.log", "meta.properties"]);
    let restored = snapshots.restore(&run(), &scene.targets()).unwrap();
    assert_eq!(restored.len(), 2);
    let back = scene.at("restored-one/blogs-0/0.log");
    assert_eq!(read(&back), "records of one");
    let after = fs::metadata(&back).unwrap();
    assert_eq!((after.mode(), after.uid()), (before.mode(), before.uid()));
    assert_eq!(after.modified().unwrap(), before.modified().unwrap());
    assert!(!scene.at("restored-one/lost+found").exists());
    assert!(!scene.at("restored-one.slackwater-restore").exists());
}

#[test]
fn a_second_call_for_the_same_run_gives_what_the_first_one_made() {
    let scene = Scene::new();
    let port = scene.snapshots(true).of_run(run());
    port.request().unwrap();
    let first = port.snapshots().unwrap();
    fs::write(scene.at("one/blogs-0/0.log"), "later").unwrap();
    port.request().unwrap();
    assert_eq!(port.snapshots().unwrap(), first);
    let kept = scene.at("snapshots/run-1/one/blogs-0/0.log");
    assert_eq!(read(&kept), "records of one");
}

#[test]
fn what_a_crash_leaves_in_the_middle_is_no_snapshot_and_no_hindrance() {
    let scene = Scene::new();
    let snapshots = scene.snapshots(true);
    let partial = scene.at("snapshots/run-1.partial/one");
    fs::create_dir_all(&partial).unwrap();
    fs::write(partial.join("half"), "half").unwrap();
    // Even a folder with the right name is none without its manifest.
    fs::create_dir_all(scene.at("snapshots/run-2/one")).unwrap();
    assert!(snapshots.list().unwrap().is_empty());
    assert!(snapshots.find(&run()).unwrap().is_empty());
    let missing = snapshots.restore(&run(), &scene.targets());
    assert!(matches!(missing, Err(VolumeError::Missing { .. })));

    let rows = snapshots.take(&run()).unwrap();
    assert!(rows.iter().all(|row| row.error.is_none()));
    assert!(!scene.at("snapshots/run-1/one/half").exists());
    assert_eq!(snapshots.list().unwrap(), [run()]);
}

#[test]
fn a_snapshot_that_lost_or_gained_anything_is_damaged() {
    for harm in ["lose", "shorten", "gain"] {
        let scene = Scene::new();
        let snapshots = scene.snapshots(true);
        snapshots.take(&run()).unwrap();
        let file = scene.at("snapshots/run-1/two/blogs-0/0.log");
        match harm {
            "lose" => fs::remove_file(&file).unwrap(),
            "shorten" => fs::write(&file, "rec").unwrap(),
            _ => fs::write(file.with_file_name("1.log"), "new").unwrap(),
        }
        let error = snapshots.verify(&run()).unwrap_err();
        assert!(matches!(error, VolumeError::Damaged { .. }), "{harm}");
        let rows = snapshots.find(&run()).unwrap();
        assert!(rows[0].error.is_none() && rows[1].error.is_some(), "{harm}");
        assert!(snapshots.restore(&run(), &scene.targets()).is_err());
        assert!(!scene.at("restored-one").exists(), "{harm}");
    }
}

#[test]
fn a_torn_manifest_is_an_error_that_names_it() {
    let scene = Scene::new();
    let snapshots = scene.snapshots(true);
    snapshots.take(&run()).unwrap();
    let manifest = scene.at("snapshots/run-1/manifest.json");
    let bytes = fs::read(&manifest).unwrap();
    fs::write(&manifest, &bytes[..bytes.len() / 2]).unwrap();
    let error = snapshots.find(&run()).unwrap_err();
    assert!(error.to_string().contains("manifest.json"));
}

#[test]
fn a_restore_overwrites_nothing() {
    let scene = Scene::new();
    let snapshots = scene.snapshots(true);
    snapshots.take(&run()).unwrap();
    let targets = scene.targets();
    fs::create_dir(&targets["one"]).unwrap();
    fs::create_dir(&targets["two"]).unwrap();
    let precious = targets["two"].join("precious");
    fs::write(&precious, "mine").unwrap();
    let error = snapshots.restore(&run(), &targets).unwrap_err();
    assert!(matches!(error, VolumeError::NotEmpty { .. }));
    assert_eq!(read(&precious), "mine");
    // Nor is the other, which was empty, begun.
    assert_eq!(fs::read_dir(&targets["one"]).unwrap().count(), 0);

    fs::remove_file(&precious).unwrap();
    snapshots.restore(&run(), &targets).unwrap();
    assert_eq!(read(&targets["two"].join("meta.properties")), "x");
}

#[test]
fn a_mirror_is_restored_as_a_whole_or_not_at_all() {
    let scene = Scene::new();
    let snapshots = scene.snapshots(true);
    snapshots.take(&run()).unwrap();
    let mut targets = scene.targets();
    let two = targets.remove("two").unwrap();
    let error = snapshots.restore(&run(), &targets).unwrap_err();
    assert!(error.to_string().contains("volume two"));
    targets.insert("two".into(), targets["one"].clone());
    assert!(snapshots.restore(&run(), &targets).is_err());
    targets.insert("two".into(), two);
    targets.insert("three".into(), scene.at("three"));
    assert!(snapshots.restore(&run(), &targets).is_err());
}

#[test]
fn a_deleted_snapshot_is_gone_and_so_is_what_a_crash_left_of_one() {
    let scene = Scene::new();
    let snapshots = scene.snapshots(true);
    assert!(matches!(
        snapshots.delete(&run()),
        Err(VolumeError::Missing { .. })
    ));
    snapshots.take(&run()).unwrap();
    fs::create_dir_all(scene.at("snapshots/run-1.deleted/x")).unwrap();
    fs::create_dir_all(scene.at("snapshots/run-1.partial/x")).unwrap();
    snapshots.delete(&run()).unwrap();
    assert_eq!(fs::read_dir(scene.at("snapshots")).unwrap().count(), 0);
}

#[test]
fn a_link_on_a_volume_is_named_and_leaves_no_snapshot() {
    let scene = Scene::new();
    symlink("/elsewhere", scene.at("two/blogs-0/link")).unwrap();
    let snapshots = scene.snapshots(true);
    let rows = snapshots.take(&run()).unwrap();
    assert_eq!(rows[0].error, None);
    assert!(rows[1].error.as_ref().unwrap().contains("blogs-0/link"));
    assert!(snapshots.find(&run()).unwrap().is_empty());
    assert!(!scene.at("snapshots/run-1.partial").exists());
}

#[test]
fn snapshots_inside_of_a_volume_or_around_one_are_refused() {
    let scene = Scene::new();
    for into in [scene.at("one/snapshots"), scene.dir.path().to_owned()] {
        let driver = Driver::Copy(CopyDriver::new(into, true).unwrap());
        let refused = Snapshots::new(driver, scene.volumes());
        assert!(matches!(refused, Err(VolumeError::Settings(_))));
    }
}
