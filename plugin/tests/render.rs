//! `slackwater render` as it is typed.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::process::Output;

use common::{text, typed};

const KAFKA: &str = "
apiVersion: kafka.strimzi.io/v1
kind: Kafka
metadata: {name: other, namespace: east}
";
const NAMESPACE: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: east}}";
const OURS: &str = "blueprints/kanister.yaml";
const HOOKS: &str = "blueprints/k10-policy-hooks.yaml";

fn render(words: &[&str], object: &str) -> Output {
    typed(&[&["render"], words].concat(), object)
}

#[test]
fn every_action_of_our_blueprints_is_shown_for_its_object() {
    let cut = ["--options", "cut=run-1,kafka=east/other"];
    for (blueprint, action, object, options) in [
        (OURS, "backup", KAFKA, &[][..]),
        (OURS, "restore", NAMESPACE, &cut[..]),
        (OURS, "verify", NAMESPACE, &cut[..]),
        (OURS, "delete", NAMESPACE, &cut[..]),
        (HOOKS, "beforeBackup", NAMESPACE, &[][..]),
        (HOOKS, "afterBackup", NAMESPACE, &[][..]),
        (HOOKS, "afterFailure", NAMESPACE, &[][..]),
        (HOOKS, "beforeRestore", NAMESPACE, &[][..]),
        (HOOKS, "afterRestore", NAMESPACE, &[][..]),
    ] {
        let words = [&[blueprint, "--action", action, "-f", "-"], options].concat();
        let done = render(&words, object);
        let said = text(&done.stdout);
        assert_eq!(
            done.status.code(),
            Some(0),
            "{action}: {}",
            text(&done.stderr)
        );
        let parsed: serde_json::Value = serde_yaml::from_str(&said).unwrap();
        assert!(!parsed["phases"].as_array().unwrap().is_empty(), "{said}");
        assert!(!said.contains("{{"), "{said}");
        assert!(said.contains("east"), "{said}");
    }
}

#[test]
fn what_a_phase_puts_out_is_marked_and_named_and_may_be_said() {
    let words = [OURS, "-a", "backup", "-f", "-"];
    let said = text(&render(&words, KAFKA).stdout);
    assert!(said.starts_with("# Action backup of Blueprint slackwater for Kafka east/other\n"));
    let open = "<<.Phases.quiesceMirror.Output.runId>>";
    assert!(
        said.contains(&format!("# not there before it runs: {open}\n")),
        "{said}"
    );
    assert!(said.contains(&format!("    - {open}\n")), "{said}");
    let (phases, rest) = said.split_once("\ndeferPhase:\n").unwrap();
    assert!(
        phases.contains("- name: quiesceMirror\n  func: KubeTask\n  args:\n"),
        "{said}"
    );
    assert!(rest.contains("\noutputArtifacts:\n"), "{said}");
    let run = ["--output-of", "quiesceMirror.runId=run-1"];
    let said = text(&render(&[&words[..], &run].concat(), KAFKA).stdout);
    assert!(
        !said.contains(open) && said.contains("    - run-1\n"),
        "{said}"
    );
}

#[test]
fn artifacts_of_a_backup_are_given_to_what_takes_them() {
    let artifacts = [
        "--artifact",
        "mirrorCut.cut=run-1",
        "--artifact",
        "mirrorCut.kafka=e/o",
    ];
    let words = [
        &[OURS, "-a", "verify", "-f", "-", "-o", "json"],
        &artifacts[..],
    ]
    .concat();
    let done = render(&words, NAMESPACE);
    let all: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    let command = &all["rendered"]["phases"][0]["args"]["command"];
    assert_eq!(command[2], "run-1");
    assert_eq!(command[4], "e/o");
    assert_eq!(all["unknown"], serde_json::json!([]));
}

#[test]
fn what_is_said_comes_before_what_a_parent_has_and_a_parent_fills_in_the_rest() {
    let parent = [
        "--artifact",
        "mirrorCut.cut=run-1",
        "--artifact",
        "mirrorCut.kafka=e/o",
    ];
    // Where the run stands, and the Kafka.
    for (action, cut, kafka) in [("restore", 2, 4), ("verify", 2, 4), ("delete", 3, 6)] {
        for (options, run, of) in [
            ("cut=run-2,kafka=f/p", "run-2", "f/p"),
            ("cut=run-2", "run-2", "e/o"),
            ("kafka=f/p", "run-1", "f/p"),
            ("cut=,kafka=", "run-1", "e/o"),
            ("image=i", "run-1", "e/o"),
        ] {
            let words = [
                OURS,
                "-a",
                action,
                "-f",
                "-",
                "-o",
                "json",
                "--options",
                options,
            ];
            let done = render(&[&words[..], &parent[..]].concat(), NAMESPACE);
            let all: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
            let command = &all["rendered"]["phases"][0]["args"]["command"];
            let said = (&command[cut], &command[kafka]);
            assert_eq!(said, (&run.into(), &of.into()), "{action} {options}");
        }
    }
}

#[test]
fn an_option_that_an_action_says_nothing_of_is_named() {
    let warned = |options: &str| {
        let words = [OURS, "-a", "restore", "-f", "-", "--options", options];
        let done = render(&words, NAMESPACE);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        text(&done.stderr)
    };
    assert_eq!(warned("cut=run-1,kafka=east/other,order=source"), "");
    let said = warned("cut=run-1,kafka=east/other,orders=source");
    assert!(said.contains("says nothing of an option orders"), "{said}");
}

#[test]
fn an_option_with_a_comma_stands_in_quotes_as_for_kanctl() {
    let options = r#""cut=run-1","kafka=east/other","maxJettison=120s,5%","excludeOrder=a,b""#;
    let words = [OURS, "-a", "restore", "-f", "-", "--options", options];
    let done = render(&words, NAMESPACE);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let said = text(&done.stdout);
    for word in ["120s,5%", "a,b"] {
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn what_kanister_would_fail_at_ends_in_a_refusal_that_names_the_place() {
    let done = render(&[OURS, "-a", "restore", "-f", "-"], NAMESPACE);
    assert_eq!(done.status.code(), Some(2));
    let said = text(&done.stdout);
    let place =
        "# can't be rendered: phases[0].args.command[2]: map has no entry for key \"cut\"\n";
    assert!(said.contains(place), "{said}");
    let last = text(&done.stderr);
    assert!(
        last.contains("2 texts of action restore can't be rendered"),
        "{last}"
    );
}

#[test]
fn what_is_typed_wrong_is_named_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let two = folder.path().join("two.yaml");
    std::fs::write(&two, format!("{KAFKA}---{KAFKA}")).unwrap();
    let two = two.display().to_string();
    for (words, says) in [
        (
            &[OURS, "-a", "back", "-f", "-"][..],
            "has no action back; it has backup, delete",
        ),
        (
            &["examples/mirror.yaml", "-a", "x", "-f", "-"],
            "there is no such Blueprint",
        ),
        (
            &[OURS, "-a", "backup", "--name", "x", "-f", "-"],
            "there is no such Blueprint",
        ),
        (
            &["-", "-a", "backup", "-f", "-"],
            "can't both come by standard input",
        ),
        (
            &[OURS, "-a", "backup", "-f", &two],
            "there are several objects",
        ),
        (
            &[OURS, "-a", "backup", "-f", "-", "--options", "image"],
            "is not KEY=VALUE",
        ),
        (
            &[OURS, "-a", "backup", "-f", "-", "--artifact", "cut=x"],
            "is not NAME.KEY",
        ),
        (
            &[OURS, "-a", "backup", "--object", "kafka/mirror"],
            "nor namespace/NAME",
        ),
        (
            &[OURS, "-a", "backup", "--object", "thing/a/b"],
            "known are namespace, pvc",
        ),
    ] {
        let done = render(words, KAFKA);
        let said = text(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{words:?}: {said}");
        assert!(said.contains(says), "{words:?}: {said}");
    }
}
