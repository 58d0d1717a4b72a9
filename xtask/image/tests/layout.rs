//! Images as they lie in a folder.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use slackwater_image::{Config, Layout, Written};
use tempfile::TempDir;

fn write(scene: &TempDir, name: &str) -> Written {
    let files = scene.path().join("files");
    fs::create_dir_all(files.join("bin")).unwrap();
    let program = files.join("bin/program");
    fs::write(&program, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o700)).unwrap();
    let link = files.join("bin/other");
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink("program", link).unwrap();

    let mut layout = Layout::create(&scene.path().join(name)).unwrap();
    layout
        .layer(|layer| {
            layer.folder(Path::new("/opt"), &files)?;
            layer.open_directory(Path::new("/tmp"))
        })
        .unwrap();
    layout
        .layer(|layer| layer.text(Path::new("/etc/name"), "two\n"))
        .unwrap();
    let config = Config {
        entrypoint: vec!["/opt/bin/program".to_owned()],
        user: "1000:0".to_owned(),
        ..Config::default()
    };
    layout
        .finish(&config, &["local/one:1", "local/one:2"])
        .unwrap()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn blob(folder: &Path, digest: &Value) -> PathBuf {
    let digest = digest.as_str().unwrap().strip_prefix("sha256:").unwrap();
    folder.join("blobs/sha256").join(digest)
}

/// Path, mode and owner of all that is in a layer.
fn entries(layer: &Path) -> BTreeMap<String, (u32, u64, u64)> {
    let mut archive = tar::Archive::new(File::open(layer).unwrap());
    let each = archive.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        let header = entry.header();
        let path = entry.path().unwrap().display().to_string();
        let what = (
            header.mode().unwrap(),
            header.uid().unwrap(),
            header.mtime().unwrap(),
        );
        (path, what)
    });
    each.collect()
}

#[test]
fn every_name_leads_to_blobs_that_are_what_their_digests_say() {
    let scene = tempfile::tempdir().unwrap();
    let written = write(&scene, "one");
    let folder = written.folder();
    let index = json(&folder.join("index.json"));
    let manifests = index["manifests"].as_array().unwrap();
    assert_eq!(manifests.len(), 2);
    assert_eq!(manifests[1]["digest"].as_str().unwrap(), written.digest);
    let name = &manifests[1]["annotations"]["io.containerd.image.name"];
    assert_eq!(name, "local/one:2");
    for file in fs::read_dir(folder.join("blobs/sha256")).unwrap() {
        let path = file.unwrap().path();
        let digest = Sha256::digest(fs::read(&path).unwrap());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(path.file_name().unwrap().to_str(), Some(digest.as_str()));
    }
    let manifest = json(&blob(folder, &manifests[0]["digest"]));
    let config = json(&blob(folder, &manifest["config"]["digest"]));
    assert_eq!(config["config"]["User"], "1000:0");
    let layers = manifest["layers"].as_array().unwrap();
    let contents: Vec<&Value> = layers.iter().map(|layer| &layer["digest"]).collect();
    let said: Vec<&Value> = config["rootfs"]["diff_ids"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert_eq!(contents, said);
}

#[test]
fn a_layer_has_what_it_was_given_for_everybody_and_of_no_time() {
    let scene = tempfile::tempdir().unwrap();
    let written = write(&scene, "one");
    let folder = written.folder();
    let index = json(&folder.join("index.json"));
    let manifest = json(&blob(folder, &index["manifests"][0]["digest"]));
    let found = entries(&blob(folder, &manifest["layers"][0]["digest"]));
    let expected = [
        ("opt", 0o755),
        ("opt/bin", 0o755),
        ("opt/bin/other", 0o777),
        ("opt/bin/program", 0o755),
        ("tmp", 0o1777),
    ];
    let expected = expected.map(|(path, mode)| (path.to_owned(), (mode, 0, 0)));
    assert_eq!(found, BTreeMap::from(expected));
}

#[test]
fn the_same_files_give_the_same_image() {
    let scene = tempfile::tempdir().unwrap();
    assert_eq!(write(&scene, "one").digest, write(&scene, "two").digest);
}

#[test]
fn an_archive_has_all_of_it() {
    let scene = tempfile::tempdir().unwrap();
    let written = write(&scene, "one");
    let path = scene.path().join("one.tar");
    written.archive(&path).unwrap();
    let found = entries(&path);
    let blobs = found
        .keys()
        .filter(|path| path.starts_with("blobs/sha256/"));
    // Two layers, configuration, manifest.
    assert_eq!(blobs.count(), 4);
    assert!(found.contains_key("index.json") && found.contains_key("oci-layout"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let scene = tempfile::tempdir().unwrap();
    let mut layout = Layout::create(&scene.path().join("one")).unwrap();
    let missing = scene.path().join("missing");
    let error = layout.layer(|layer| layer.file(Path::new("/a"), &missing));
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("can't read") && error.contains("missing"),
        "{error}"
    );
}
