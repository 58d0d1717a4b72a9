//! Flushes of real folders and with real commands.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::path::PathBuf;

use slackwater_ports::VolumeFlush as _;
use slackwater_volumes::{Flush, FlushHandles, Purpose, Template, Volume, Volumes};
use tempfile::TempDir;

fn command(items: &[&str]) -> Flush {
    let items: Vec<_> = items.iter().map(|item| (*item).to_owned()).collect();
    Flush::Command(Template::new(Purpose::Flush, &items).unwrap())
}

#[test]
fn each_volume_has_its_row_and_a_failed_command_shows_its_error() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        std::fs::create_dir(dir.path().join(name)).unwrap();
    }
    let volumes = Volumes::new(vec![
        Volume::new("a", 1, dir.path().join("a"), Flush::Syncfs).unwrap(),
        Volume::new("b", 2, dir.path().join("b"), Flush::Syncfs).unwrap(),
        Volume::new(
            "far",
            3,
            "/far",
            command(&["test", "{path}{broker}", "=", "/far3"]),
        )
        .unwrap(),
        Volume::new("bad", 4, "/bad", command(&["ls", "/no/such/folder"])).unwrap(),
    ])
    .unwrap();
    let handles = FlushHandles::open(&volumes).unwrap();
    let mut opened = Vec::new();
    // What it was told before must not hide what it is told again.
    for _ in 0..2 {
        let rows = handles.flush().unwrap();
        let methods: Vec<_> = rows.iter().map(|row| row.method.as_str()).collect();
        assert_eq!(methods, ["syncfs", "syncfs", "command", "command"]);
        let brokers: Vec<_> = rows.iter().map(|row| row.broker).collect();
        assert_eq!(brokers, [1, 2, 3, 4]);
        assert!(rows[..3].iter().all(|row| row.error.is_none()), "{rows:?}");
        assert!(rows[3].error.as_ref().unwrap().contains("/no/such/folder"));
        assert!(rows.iter().all(|row| row.started_ms <= row.ended_ms));
        // The same each time: errors since then are told. A command has none.
        opened.push(rows.iter().map(|row| row.opened_ms).collect::<Vec<_>>());
    }
    assert_eq!(opened[0], opened[1]);
    assert_eq!(opened[0][2..], [None, None]);
    assert!(opened[0][0].is_some() && opened[0][0] == opened[0][1]);
}

#[test]
fn a_volume_that_is_not_there_is_named_when_it_is_opened() {
    let volume = Volume::new("a", 1, "/no/such/volume", Flush::Syncfs).unwrap();
    let volumes = Volumes::new(vec![volume]).unwrap();
    let error = FlushHandles::open(&volumes).err().unwrap();
    assert!(error.to_string().contains("/no/such/volume"));
}

/// A volume in `dir`, opened.
fn one_folder(dir: &TempDir) -> (PathBuf, FlushHandles) {
    let path = dir.path().join("a");
    std::fs::create_dir(&path).unwrap();
    let volume = Volume::new("a", 1, &path, Flush::Syncfs).unwrap();
    let handles = FlushHandles::open(&Volumes::new(vec![volume]).unwrap()).unwrap();
    (path, handles)
}

#[test]
fn a_folder_that_is_gone_at_the_flush_is_an_error_and_stays_one() {
    let dir = tempfile::tempdir().unwrap();
    let (path, handles) = one_folder(&dir);
    std::fs::remove_dir(&path).unwrap();
    assert!(handles.flush().unwrap()[0].error.is_some());
    std::fs::create_dir(&path).unwrap();
    assert!(handles.flush().unwrap()[0].error.is_some());
}

#[test]
fn an_error_that_is_met_ahead_is_told_by_the_flush_that_counts() {
    let dir = tempfile::tempdir().unwrap();
    let (path, handles) = one_folder(&dir);
    std::fs::remove_dir(&path).unwrap();
    handles.write_ahead();
    std::fs::create_dir(&path).unwrap();
    assert!(handles.flush().unwrap()[0].error.is_some());
}
