//! Reflinks on a real XFS, in an image file of its own.
//!
//! Mounting takes root: without it the test fails, or is left out by name.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use slackwater_ports::VolumeFlush as _;
use slackwater_volumes::{
    CopyDriver, Driver, Flush, FlushHandles, RunName, Snapshots, Volume, VolumeError, Volumes,
};

const ROLE: &str = "SLACKWATER_REFLINK_TEST_DIR";
const NAME: &str = "needs_root::a_reflink_takes_no_space_and_a_plain_copy_must_be_allowed";

/// Of the file that is cloned.
const BIG: usize = 64 << 20;

fn run(program: &str, arguments: &[&OsStr]) {
    let status = Command::new(program).args(arguments).status();
    let status = status.unwrap_or_else(|error| panic!("{program} can't be started: {error}"));
    assert!(status.success(), "{program} {arguments:?}: {status}");
}

mod needs_root {
    use super::*;

    /// In two roles: as it is started it makes an image and starts itself again
    /// in a mount namespace of its own, whose mounts end with it whatever happens.
    #[test]
    fn a_reflink_takes_no_space_and_a_plain_copy_must_be_allowed() {
        if let Some(dir) = std::env::var_os(ROLE) {
            return in_its_own_namespace(Path::new(&dir));
        }
        let dir = tempfile::tempdir().unwrap();
        let status = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "--"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(ROLE, dir.path())
            .status()
            .unwrap();
        assert!(status.success());
    }
}

fn in_its_own_namespace(dir: &Path) {
    let image = dir.join("image");
    File::create(&image).unwrap().set_len(320 << 20).unwrap();
    let xfs = dir.join("xfs");
    fs::create_dir(&xfs).unwrap();
    run(
        "mkfs.xfs",
        &[
            "-q".as_ref(),
            "-m".as_ref(),
            "reflink=1".as_ref(),
            image.as_ref(),
        ],
    );
    run(
        "mount",
        &["-o".as_ref(), "loop".as_ref(), image.as_ref(), xfs.as_ref()],
    );
    let outcome = std::panic::catch_unwind(|| on_xfs(dir, &xfs));
    // Before the directory goes away, and while the device can still be freed.
    run("umount", &["-R".as_ref(), xfs.as_ref()]);
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

fn on_xfs(dir: &Path, xfs: &Path) {
    let data = xfs.join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("0.log"), vec![7; BIG]).unwrap();
    let volume = Volume::new("one", 1, &data, Flush::Syncfs).unwrap();
    let volumes = Volumes::new(vec![volume]).unwrap();
    let flushed = FlushHandles::open(&volumes).unwrap().flush().unwrap();
    assert_eq!(flushed[0].error, None);
    let run_1 = RunName::new("run-1").unwrap();
    let driver = |into: PathBuf, plain| Driver::Copy(CopyDriver::new(into, plain).unwrap());

    let before = free(xfs);
    let snapshots = Snapshots::new(driver(xfs.join("snapshots"), false), volumes.clone()).unwrap();
    let rows = snapshots.take(&run_1).unwrap();
    assert_eq!(
        (rows[0].method.as_str(), &rows[0].error),
        ("reflink", &None)
    );
    assert!(before - free(xfs) < BIG as u64 / 4, "blocks are not shared");

    // Another file system can't share them.
    let elsewhere = Snapshots::new(driver(dir.join("far"), false), volumes.clone()).unwrap();
    let rows = elsewhere.take(&run_1).unwrap();
    assert!(
        rows[0]
            .error
            .as_ref()
            .unwrap()
            .contains("--allow-plain-copy")
    );
    assert!(elsewhere.list().unwrap().is_empty());
    let elsewhere = Snapshots::new(driver(dir.join("far"), true), volumes).unwrap();
    assert_eq!(elsewhere.take(&run_1).unwrap()[0].method, "plain-copy");

    // A target that is a mount point, which nothing can be renamed over.
    let target = xfs.join("mounted");
    fs::create_dir(&target).unwrap();
    run(
        "mount",
        &[
            "-t".as_ref(),
            "tmpfs".as_ref(),
            "none".as_ref(),
            target.as_ref(),
        ],
    );
    let targets = BTreeMap::from([("one".to_owned(), target.clone())]);
    snapshots.restore(&run_1, &targets).unwrap();
    assert_eq!(fs::read(target.join("0.log")).unwrap(), vec![7; BIG]);
    assert_eq!(fs::read_dir(&target).unwrap().count(), 1);
    let again = snapshots.restore(&run_1, &targets);
    assert!(matches!(again, Err(VolumeError::NotEmpty { .. })));
}

/// Free bytes, once all that was written has its place.
fn free(at: &Path) -> u64 {
    rustix::fs::syncfs(File::open(at).unwrap()).unwrap();
    let stat = rustix::fs::statvfs(at).unwrap();
    stat.f_bfree * stat.f_frsize
}
