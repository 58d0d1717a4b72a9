//! Pods of runs, on a real API server: nobody runs them here.

use std::collections::BTreeMap;
use std::time::Duration;

use slackwater_kubernetes::{Job, Program, Workers};

use crate::common::{namespace, plane, server};

fn job(role: &'static str) -> Job {
    Job {
        role,
        suffix: role.to_owned(),
        args: vec!["version".to_owned()],
        account: None,
        claims: BTreeMap::new(),
        writes: false,
        run_as: None,
        nodes: None,
        most: Duration::from_secs(60),
        leaves_at_once: true,
    }
}

/// As a kubelet that has seen it end.
fn ended(space: &str, pod: &str) {
    let patch = r#"{"status": {"phase": "Succeeded"}}"#;
    let words = ["patch", "pod", pod, "-n", space, "--subresource=status"];
    let how = ["--type=merge", "-p", patch];
    plane().kubectl(&[&words[..], &how].concat()).unwrap();
}

#[test]
fn what_lives_of_a_run_is_told_by_its_role_until_it_has_ended() {
    let space = namespace("workers");
    let account = "kind: ServiceAccount\nmetadata: {name: default, namespace: workers}\n";
    plane()
        .apply(&format!("apiVersion: v1\n{account}"))
        .unwrap();
    let program = Program {
        image: "none/slackwater:test".to_owned(),
        pull: "Never".to_owned(),
        pull_secrets: Vec::new(),
    };
    let of = |run: &str| Workers::new(server(), &space, run.parse().unwrap(), program.clone());
    let (one, other) = (of("run-1"), of("run-2"));
    one.make(&job("prover")).unwrap();
    one.make(&job("reader")).unwrap();
    assert!(one.any_lives().unwrap() && one.any_lives_as("prover").unwrap());
    assert!(!one.any_lives_as("restorer").unwrap());
    assert!(!other.any_lives().unwrap() && !other.any_lives_as("prover").unwrap());

    ended(&space, "slackwater-run-1-prover");
    assert!(!one.any_lives_as("prover").unwrap());
    assert!(one.any_lives().unwrap(), "the reader does");
    assert_eq!(one.names().unwrap().len(), 2);
}
