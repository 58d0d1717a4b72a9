//! A bad Blueprint for each rule, in `tests/bad`: its first two lines say where the
//! one fault is and what is said of it. And good ones that come near to one, in `tests/good`.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;

use serde_json::Value;
use slackwater_lint::{Runs, faults, is_blueprint};

fn read(path: &Path) -> (String, Value) {
    let text = fs::read_to_string(path).unwrap();
    let document = serde_yaml::from_str(&text).unwrap();
    (text, document)
}

#[test]
fn each_bad_blueprint_has_the_one_fault_that_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let mut seen = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let (text, document) = read(&path);
        let mut lines = text.lines().map(|line| line.trim_start_matches("# "));
        let (place, says) = (lines.next().unwrap(), lines.next().unwrap());
        let found = faults(&document, None);
        let [fault] = found.as_slice() else {
            panic!("{}: {found:?}", path.display());
        };
        assert_eq!(fault.place, place, "{}", path.display());
        assert!(fault.says.contains(says), "{}: {fault}", path.display());
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}

#[test]
fn no_good_blueprint_has_a_fault() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good");
    let mut seen = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let (_, document) = read(&path);
        assert_eq!(faults(&document, None), [], "{}", path.display());
        seen += 1;
    }
    assert!(seen > 2, "{seen}");
}

#[test]
fn what_is_wrong_for_one_is_right_for_another() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad/ignored-action.yaml");
    let (_, document) = read(&path);
    assert_eq!(faults(&document, Some(Runs::Kanister)), []);
    assert_eq!(faults(&document, Some(Runs::K10Policy)), []);
    assert_eq!(faults(&document, None).len(), 1);
}

#[test]
fn the_blueprints_of_this_project_have_no_fault() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints");
    let mut seen = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|end| end != "yaml") {
            continue;
        }
        for part in fs::read_to_string(&path).unwrap().split("\n---\n") {
            let document: Value = serde_yaml::from_str(part).unwrap();
            if is_blueprint(&document) {
                assert_eq!(faults(&document, None), [], "{}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 0);
}
