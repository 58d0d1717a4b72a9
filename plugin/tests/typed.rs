//! What is typed at the program without a cluster: what comes by standard input, what lies
//! beside recordings, and what is missing.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod common;

use std::fs;
use std::path::Path;

use common::{text, typed};

const CUT: &str = include_str!("../../wasm-actions/cut/tests/fixtures/exactly-once.json");

#[test]
fn a_cut_is_judged_as_it_comes_by_standard_input() {
    let done = typed(&["cut", "verify", "-"], CUT);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    // One whose digest is not that of what it says.
    let changed = CUT.replacen("\"proven\"", "\"refuted\"", 1);
    assert_ne!(changed, CUT);
    let done = typed(&["cut", "verify", "-"], &changed);
    assert_ne!(done.status.code(), Some(0));
    assert!(
        text(&done.stderr).contains("digest"),
        "{}",
        text(&done.stderr)
    );
    let done = typed(&["cut", "show", "-"], "");
    assert_eq!(done.status.code(), Some(2));
}

#[test]
fn what_is_to_be_done_is_asked_for_by_the_names_of_what_there_is() {
    for (words, names) in [
        (&["cut"][..], "show, verify, export, import, diff"),
        (&["snapshot"], "list, verify, delete"),
    ] {
        let done = typed(words, "");
        let last = text(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{last}");
        assert_eq!(last.lines().count(), 1, "{last}");
        assert!(last.contains(names), "{last}");
    }
}

#[test]
fn components_may_lie_beside_the_recordings_of_a_run() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/recordings");
    let run = fs::read_dir(kept).unwrap().next().unwrap().unwrap().path();
    let folder = tempfile::tempdir().unwrap();
    let mut words = vec!["replay".to_owned(), folder.path().display().to_string()];
    for entry in fs::read_dir(run).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_owned();
        // Of one phase: each is translated for this machine, which takes seconds.
        if !name.to_string_lossy().starts_with("await-drain") {
            continue;
        }
        let bytes = zstd::decode_all(fs::File::open(&path).unwrap()).unwrap();
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        if file.extension().is_some_and(|end| end == "wasm") {
            words.extend(["--component".to_owned(), file.display().to_string()]);
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = typed(&words, "");
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let equal = text(&done.stdout).matches(": equal in ").count();
    assert_eq!(equal, 1, "{}", text(&done.stdout));
}
