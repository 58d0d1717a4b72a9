//! Run documents in the ConfigMaps of a real API server.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use slackwater_kubernetes::{ApiServer, ConfigMapRun, ConfigMapRuns, Marks, PART_BYTES, RunsError};
use slackwater_ports::{PortErrorKind, RunStore};
use slackwater_store::RunId;

use crate::common::{account, namespace, plane, server};

/// Shows the first word.
fn describe(document: &str) -> Marks {
    let word = document.split(' ').next().unwrap_or_default();
    let mut marks = Marks::default();
    let short: String = word.chars().take(20).collect();
    marks.annotations.insert("first".to_owned(), short.clone());
    marks.labels.insert("slackwater.io/state".to_owned(), short);
    marks
}

fn runs(server: ApiServer, namespace: &str) -> ConfigMapRuns {
    ConfigMapRuns::new(server, namespace, describe)
}

fn run(name: &str) -> RunId {
    name.parse().unwrap()
}

fn config_maps(namespace: &str) -> String {
    let args = [
        "get",
        "cm",
        "-n",
        namespace,
        "-l",
        "app.kubernetes.io/name=slackwater",
    ];
    plane()
        .kubectl(&[&args[..], &["--show-labels"]].concat())
        .unwrap()
}

/// More than one ConfigMap takes, and not the same in any part.
fn large(seed: &str) -> String {
    let line = |n: usize| format!("{seed} ä {n}\n");
    let lines = (0..).map(line);
    let mut text = String::new();
    for line in lines {
        text += &line;
        if text.len() > 2 * PART_BYTES {
            break;
        }
    }
    text
}

#[test]
fn what_a_document_was_is_kept_beside_it_and_goes_with_it() {
    let space = namespace("supersede");
    let runs = runs(server(), &space);
    let (one, two) = (run("one"), run("two"));
    let first = large("closed");
    runs.create_run(&one, &first).unwrap();
    assert_eq!(runs.supersede(&one, 1, "closed again").unwrap(), 2);
    // A try that was cut short after it had kept what was.
    let conflict = runs.supersede(&one, 1, "closed late").unwrap_err();
    assert!(matches!(conflict, RunsError::Conflict { .. }), "{conflict}");
    assert_eq!(runs.load(&run("one-was-1")).unwrap().document, first);
    assert_eq!(runs.load(&one).unwrap().document, "closed again");
    runs.create_run(&two, "open").unwrap();
    assert_eq!(runs.list().unwrap(), [one.clone(), two.clone()]);
    let mut last = runs.last(10, |_| true).unwrap();
    last.sort();
    assert_eq!(last, [one.clone(), two.clone()]);
    assert_eq!(runs.last(1, |_| true).unwrap().len(), 1);
    // The other one, begun before or after it, takes no place.
    let open = runs.last(1, |marks| marks["first"] == "open");
    assert_eq!(open.unwrap(), std::slice::from_ref(&two));
    runs.delete(&one).unwrap();
    let left = config_maps(&space);
    assert!(!left.contains("one"), "{left}");
    assert_eq!(runs.load(&two).unwrap().document, "open");
}

#[test]
fn a_document_comes_back_whatever_its_size_and_nothing_of_it_is_left() {
    let space = namespace("sizes");
    let runs = runs(server(), &space);
    let one = run("one");
    assert_eq!(runs.create_run(&one, "open x").unwrap(), 1);
    let again = runs.create_run(&one, "open x").unwrap_err().to_string();
    assert!(again.contains("there is one already"), "{again}");

    let documents = [large("a"), large("b"), "sealed ".repeat(3), String::new()];
    for (revision, document) in (1..).zip(&documents) {
        assert_eq!(runs.save(&one, revision, document).unwrap(), revision + 1);
        let stored = runs.load(&one).unwrap();
        assert_eq!(stored.revision, revision + 1);
        assert!(stored.document == *document);
        let parts = config_maps(&space).matches("slackwater.io/part=").count();
        assert_eq!(parts, if document.len() > PART_BYTES { 3 } else { 0 });
    }
    runs.save(&one, 5, &large("c")).unwrap();
    assert_eq!(runs.list().unwrap(), std::slice::from_ref(&one));
    runs.delete(&one).unwrap();
    runs.delete(&one).unwrap();
    assert!(!config_maps(&space).contains("slackwater-one"));
    let gone = runs.load(&one).unwrap_err().to_string();
    assert!(gone.contains("no run one in namespace sizes"), "{gone}");
}

#[test]
fn kubectl_shows_what_a_run_is() {
    let space = namespace("marks");
    let runs = runs(server(), &space);
    runs.create_run(&run("one"), "open x").unwrap();
    runs.save(&run("one"), 1, "sealed x").unwrap();
    let args = [
        "get",
        "cm",
        "-n",
        &space,
        "-l",
        "slackwater.io/state=sealed",
        "-o",
        "name",
    ];
    let found = plane().kubectl(&args).unwrap();
    assert_eq!(found.trim(), "configmap/slackwater-one-run");
}

#[test]
fn of_writers_that_know_the_same_revision_one_wins_and_the_others_know() {
    let space = namespace("writers");
    let runs = runs(server(), &space);
    let one = run("one");
    runs.create_run(&one, "start").unwrap();
    for revision in 1..5 {
        let saved: Vec<(String, Result<u64, RunsError>)> = thread::scope(|scope| {
            let writers: Vec<_> = (0..4)
                .map(|n| {
                    let (runs, one) = (&runs, &one);
                    let document = large(&format!("{revision}-{n}"));
                    scope.spawn(move || {
                        let saved = runs.save(one, revision, &document);
                        (document, saved)
                    })
                })
                .collect();
            writers.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let (won, lost): (Vec<_>, Vec<_>) = saved.into_iter().partition(|(_, one)| one.is_ok());
        assert_eq!(
            won.len(),
            1,
            "{lost:?}",
            lost = lost.iter().map(|l| &l.1).collect::<Vec<_>>()
        );
        for (_, error) in lost {
            assert!(
                matches!(error, Err(RunsError::Conflict { .. })),
                "{error:?}"
            );
        }
        assert!(runs.load(&one).unwrap().document == won[0].0);
    }
    // What the losers wrote is gone.
    let parts = config_maps(&space).matches("slackwater.io/part=").count();
    assert_eq!(parts, 3);
}

#[test]
fn writers_of_the_same_text_dont_take_away_each_others_parts() {
    let space = namespace("same-text");
    let runs = runs(server(), &space);
    let one = run("one");
    let text = large("same");
    runs.create_run(&one, &text).unwrap();
    for revision in 1..5 {
        let won: Vec<bool> = thread::scope(|scope| {
            let save = || runs.save(&one, revision, &text).is_ok();
            let writers: Vec<_> = (0..4).map(|_| scope.spawn(save)).collect();
            writers.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1);
        assert!(runs.load(&one).unwrap().document == text);
    }
    let parts = config_maps(&space).matches("slackwater.io/part=").count();
    assert_eq!(parts, 3);
}

#[test]
fn one_who_reads_beside_a_busy_writer_reads_what_was_whole_at_some_time() {
    let space = namespace("busy");
    let runs = runs(server(), &space);
    let one = run("one");
    runs.create_run(&one, &large("1")).unwrap();
    let over = AtomicBool::new(false);
    let reads = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let written: Vec<_> = (1..6)
                .map(|revision| runs.save(&one, revision, &large(&revision.to_string())))
                .collect();
            over.store(true, Ordering::Relaxed);
            written
        });
        let mut reads = 0;
        while !over.load(Ordering::Relaxed) && reads < 10_000 {
            runs.load(&one).unwrap();
            reads += 1;
        }
        for saved in writer.join().unwrap() {
            saved.unwrap();
        }
        reads
    });
    assert!(reads > 0);
    assert_eq!(runs.load(&one).unwrap().revision, 6);
}

#[test]
fn a_run_whose_name_no_object_can_have_is_refused_before_anything_is_written() {
    let space = namespace("names");
    let runs = runs(server(), &space);
    for name in ["a".repeat(64), "-a".to_owned(), "a-".to_owned()] {
        let error = runs
            .create_run(&run(&name), "text")
            .unwrap_err()
            .to_string();
        assert!(error.contains("can't be the name of a label"), "{error}");
    }
    assert!(!config_maps(&space).contains("slackwater"));
}

#[test]
fn what_somebody_changed_is_not_taken_for_what_was_written() {
    let space = namespace("damage");
    let runs = runs(server(), &space);
    let one = run("one");
    runs.create_run(&one, "text").unwrap();
    let patch = r#"{"data": {"document": "other"}}"#;
    let args = [
        "patch",
        "cm",
        "slackwater-one-run",
        "-n",
        &space,
        "-p",
        patch,
    ];
    plane().kubectl(&args).unwrap();
    let error = ConfigMapRun::new(runs.clone(), one.clone())
        .load()
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Malformed);
    assert!(error.message.contains("another sha256"), "{error}");

    let two = run("two");
    runs.create_run(&two, &large("a")).unwrap();
    let found = config_maps(&space);
    let part = found
        .split_whitespace()
        .find(|word| word.ends_with("-1"))
        .unwrap();
    plane()
        .kubectl(&["delete", "cm", part, "-n", &space])
        .unwrap();
    let error = runs.load(&two).unwrap_err().to_string();
    assert!(
        error.contains(&format!("its part {part} is missing")),
        "{error}"
    );
}

#[test]
fn for_each_verb_that_is_missing_one_line_names_it_and_the_resource() {
    let space = namespace("verbs");
    let all = ["get", "list", "create", "update", "delete"];
    let work = |server: ApiServer, one: &RunId| -> Result<(), RunsError> {
        let runs = runs(server, &space);
        runs.create_run(one, "start")?;
        runs.save(one, 1, "next")?;
        runs.list()?;
        runs.delete(one)
    };
    let server = account(&space, "whole", "", &["configmaps"], &all);
    work(server, &run("whole")).unwrap();
    for verb in all {
        let verbs: Vec<&str> = all.iter().copied().filter(|one| *one != verb).collect();
        let name = format!("no-{verb}");
        let server = account(&space, &name, "", &["configmaps"], &verbs);
        let error = work(server, &run(&name)).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("may not {verb} configmaps ")),
            "{error}"
        );
        let account = format!("system:serviceaccount:verbs:{name}");
        assert!(error.contains(&account) && !error.contains('\n'), "{error}");
    }
}
