//! Configurations and cuts that are not what they should be: an error in one
//! line that names the thing, never a panic. No lab: nothing here is reached.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use slackwater::config;
use slackwater_cut::{Cut, CutError, State, verify};

/// A configuration that can be used, in every part that has one.
const CONFIG: &str = r#"
apiVersion: slackwater/v1beta1
kind: Mirror
metadata: {name: orders}
store: /var/lib/slackwater
mirror:
  bootstrap: "127.0.0.1:9092,127.0.0.1:9093"
  properties: {security.protocol: PLAINTEXT, socket.timeout.ms: 4000}
sources:
  - {alias: source, bootstrap: "127.0.0.1:9094"}
connect:
  - url: http://127.0.0.1:8083
    topics: {config: mm2-configs, offset: mm2-offsets, status: mm2-status}
    ignore: [other]
    timeout: 10s
volumes:
  - {name: volume-1, broker: 1, path: /var/lib/kafka-1}
snapshot:
  command:
    create: [snap, "{path}", "{snapshot}"]
    delete: [drop, "{snapshot}"]
    list: [list]
    restore: [put, "{snapshot}", "{target}"]
    timeout: 30s
protect: {include: ["*"], exclude: ["tmp-*"], own: [audit]}
limits: {window: 60s, coverWait: 15s, retentionFactor: 2, tailRecords: 64}
require: [still, covers, resumable]
"#;

/// Cuts of real runs.
fn real_cuts() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wasm-actions/cut/tests/fixtures");
    let mut files: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there are fixtures");
    files
}

fn real_cut() -> String {
    fs::read_to_string(&real_cuts()[0]).unwrap()
}

/// Reads a text as a configuration; an error is one line.
fn load(text: &[u8]) -> Result<config::Mirror, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    config::load(file.path()).map_err(|error| {
        let shown = error.to_string();
        assert_eq!(shown.lines().count(), 1, "more than a line: {shown}");
        shown
    })
}

/// Reads and judges a text as a cut, as `cut verify` does.
fn judge(text: &str) -> Result<bool, String> {
    verify(text)
        .map(|verified| verified.holds())
        .map_err(|error| error.to_string())
}

/// A text that says something else than the real cut is no cut, or one that
/// does not hold. (To leave an empty field out says nothing else.)
fn is_noticed(text: &str) -> Result<(), TestCaseError> {
    let Ok(cut) = Cut::parse(text) else {
        return Ok(());
    };
    prop_assume!(cut != Cut::parse(&real_cut()).unwrap());
    prop_assert!(!verify(text).is_ok_and(|verified| verified.holds()));
    Ok(())
}

#[test]
fn what_is_quoted_of_a_configuration_does_not_break_its_line() {
    let text = CONFIG.replacen("{snapshot}", "{snap\n\nshot}", 1);
    let error = load(text.as_bytes()).unwrap_err();
    assert!(
        error.contains("{snap shot}") || error.contains("{snap  shot}"),
        "{error}"
    );
}

/// One thing done to a text: bytes taken out, repeated, or replaced.
#[derive(Debug, Clone)]
enum Edit {
    Remove(Index, usize),
    Repeat(Index, usize),
    Replace(Index, String),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<Index>(), 1..40_usize).prop_map(|(at, length)| Edit::Remove(at, length)),
        (any::<Index>(), 1..40_usize).prop_map(|(at, length)| Edit::Repeat(at, length)),
        (any::<Index>(), "[ -~\\n\u{e4}\u{2192}]{0,6}")
            .prop_map(|(at, with)| Edit::Replace(at, with)),
    ]
}

impl Edit {
    fn apply(&self, text: &str) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        if chars.is_empty() {
            return text.to_owned();
        }
        match self {
            Edit::Remove(at, length) => {
                let at = at.index(chars.len());
                chars.drain(at..(at + length).min(chars.len()));
            }
            Edit::Repeat(at, length) => {
                let at = at.index(chars.len());
                let run = chars[at..(at + length).min(chars.len())].to_vec();
                chars.splice(at..at, run);
            }
            Edit::Replace(at, with) => {
                let at = at.index(chars.len());
                chars.splice(at..=at, with.chars());
            }
        }
        chars.into_iter().collect()
    }
}

/// What a leaf of a document is replaced by.
fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
        Just(Value::Array(Vec::new())),
    ]
}

/// Paths of all values in a document, as JSON pointers.
fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                pointers(item, &format!("{at}/{n}"), into);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                pointers(field, &format!("{at}/{key}"), into);
            }
        }
        _ => {}
    }
}

#[test]
fn the_configuration_that_is_mutated_here_can_be_used() {
    load(CONFIG.as_bytes()).unwrap();
}

#[test]
fn cuts_of_real_runs_hold_as_they_were_written() {
    for file in real_cuts() {
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(judge(&text), Ok(true), "{}", file.display());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_no_configuration(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(load(&bytes).is_err());
    }

    #[test]
    fn a_configuration_with_slips_of_the_pen_is_read_or_refused_in_one_line(
        edits in prop::collection::vec(edit(), 1..4)
    ) {
        let text = edits.iter().fold(CONFIG.to_owned(), |text, edit| edit.apply(&text));
        let _ = load(text.as_bytes());
    }

    #[test]
    fn a_configuration_with_a_line_in_another_place_is_read_or_refused_in_one_line(
        from in any::<Index>(), to in any::<Index>(), deeper in 0..4_usize
    ) {
        let mut lines: Vec<String> = CONFIG.lines().map(str::to_owned).collect();
        let line = lines.remove(from.index(lines.len()));
        let at = to.index(lines.len());
        lines.insert(at, " ".repeat(deeper) + &line);
        let _ = load(lines.join("\n").as_bytes());
    }

    #[test]
    fn arbitrary_text_is_no_cut(text in "\\PC{0,200}") {
        prop_assert!(judge(&text).is_err());
    }
}

proptest! {
    // Each case reads and judges a whole cut.
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cut_with_torn_text_is_refused_or_no_longer_holds(edits in prop::collection::vec(edit(), 1..3)) {
        is_noticed(&edits.iter().fold(real_cut(), |text, edit| edit.apply(&text)))?;
    }

    #[test]
    fn a_cut_with_another_value_anywhere_is_refused_or_no_longer_holds(
        places in prop::collection::vec((any::<Index>(), leaf()), 1..4)
    ) {
        let mut document: Value = serde_json::from_str(&real_cut()).unwrap();
        for (place, value) in places {
            let mut all = Vec::new();
            pointers(&document, "", &mut all);
            let pointer = &all[place.index(all.len())];
            *document.pointer_mut(pointer).unwrap() = value;
        }
        is_noticed(&document.to_string())?;
    }

    #[test]
    fn a_cut_that_lacks_a_part_is_refused_or_no_longer_holds(place in any::<Index>()) {
        let mut document: Value = serde_json::from_str(&real_cut()).unwrap();
        let mut all = Vec::new();
        pointers(&document, "", &mut all);
        all.retain(|pointer| !pointer.is_empty());
        let (parent, last) = all[place.index(all.len())].rsplit_once('/').unwrap();
        match document.pointer_mut(parent).unwrap() {
            Value::Object(fields) => drop(fields.remove(&last.replace("~1", "/").replace("~0", "~"))),
            Value::Array(items) => drop(items.remove(last.parse().unwrap())),
            _ => unreachable!("only these have parts"),
        }
        is_noticed(&document.to_string())?;
    }
}

#[test]
fn a_row_that_refers_to_nothing_is_an_error_that_names_it() {
    let mut document: Value = serde_json::from_str(&real_cut()).unwrap();
    document["rows"]["partitions"][3]["topic"] = 9999.into();
    let error = Cut::parse(&document.to_string()).unwrap_err();
    assert!(
        matches!(
            error,
            CutError::Row {
                row: 3,
                topic: 9999,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_cut_that_was_never_closed_is_no_proof() {
    let mut cut = Cut::parse(&real_cut()).unwrap();
    cut.state = State::Sealed;
    let verified = verify(&cut.to_canonical().unwrap()).unwrap();
    assert!(verified.not_closed.is_some() && !verified.holds());
}

/// Runs the program; gives its exit code and what it said.
fn program(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(slackwater_e2e::program().unwrap())
        .args(args)
        .env_remove("SLACKWATER_CONFIG")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.stdout.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// It ends with 2 and says one line, which holds all of `named`.
fn is_bad_input(args: &[&str], named: &[&str]) {
    let (code, said) = program(args);
    assert_eq!((code, said.lines().count()), (Some(2), 1), "{said}");
    for word in named {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
}

#[test]
fn a_missing_configuration_is_bad_input_in_one_line() {
    for command in [
        vec!["backup"],
        vec!["status"],
        vec!["phase", "quiesceMirror"],
    ] {
        let args = [command.as_slice(), &["--config", "/nowhere/mirror.yaml"]].concat();
        is_bad_input(&args, &["/nowhere/mirror.yaml", "No such file"]);
    }
}

#[test]
fn an_unknown_key_is_bad_input_and_the_right_one_is_suggested() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mirror.yaml");
    for (from, to, meant) in [
        ("\nvolumes:", "\nvolume:", "did you mean `volumes`?"),
        ("coverWait:", "coverwait:", "did you mean `coverWait`?"),
        ("[still,", "[stil,", "did you mean `still`?"),
    ] {
        fs::write(&file, CONFIG.replace(from, to)).unwrap();
        is_bad_input(
            &["backup", "--config", file.to_str().unwrap()],
            &["mirror.yaml", meant],
        );
    }
}

#[test]
fn garbage_in_the_place_of_a_cut_is_bad_input_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("cut.json");
    let name = file.to_str().unwrap();
    for garbage in [
        b"".as_slice(),
        b"{}",
        b"[1,\n2,\n3]",
        b"\xff\xfe\x00",
        b"{\"apiVersion\": \"other/v9\"}",
        &[b'['; 200_000],
    ] {
        fs::write(&file, garbage).unwrap();
        for verb in ["verify", "show"] {
            is_bad_input(&["cut", verb, name], &["cut.json"]);
        }
    }
    // The store's own file of a run is none, and says what to do.
    fs::write(&file, b"{\"version\":\"v1beta1\",\"revision\":3}").unwrap();
    is_bad_input(&["cut", "show", name], &["cut.json", "cut export"]);
    is_bad_input(
        &["cut", "verify", "/nowhere/cut.json"],
        &["/nowhere/cut.json"],
    );
}
