//! `slackwater resume --if-expired`, as a CronJob runs it each minute, while a restore keeps
//! what feeds a mirror stopped.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

#[path = "../kubernetes/tests/common/stub.rs"]
mod stub;

use std::process::Command;

use serde_json::json;
use slackwater_kubernetes::{HOLDER, RESTORE_NOTE};
use slackwater_store::Holder;

use stub::{Stub, feeder, held, kafka};

const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/kafka/leases/slackwater-mirror";

fn note(stub: &Stub) {
    stub.change(&kafka(), |object| {
        object["metadata"]["annotations"] =
            json!({RESTORE_NOTE: r#"{"run":"run-1","stage":"headsProven"}"#});
    });
}

/// What it ends with, and says; the feeder must be as it was.
fn resume(stub: &Stub, words: &[&str]) -> (Option<i32>, String) {
    let before = stub.get(&feeder());
    let done = run(stub, words);
    assert_eq!(stub.get(&feeder()), before, "{words:?}");
    done
}

fn run(stub: &Stub, words: &[&str]) -> (Option<i32>, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_slackwater"))
        .args(words)
        .args(["--kafka", "kafka/mirror", "--kubeconfig"])
        .arg(stub.kubeconfig())
        .output()
        .unwrap();
    let said = [done.stdout, done.stderr].concat();
    (
        done.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

const EACH: [&[&str]; 2] = [
    &["resume", "--if-expired"],
    &["phase", "resumeMirror", "--if-expired"],
];

#[test]
fn checkpoints_that_a_restore_keeps_stopped_until_the_mirror_has_caught_up_stay_so() {
    let stub = Stub::start();
    let (makers, held) = held(&stub);
    makers.put_back_copying(&held).unwrap();
    note(&stub);
    for words in EACH {
        let (code, said) = resume(&stub, words);
        assert_eq!(code, Some(0), "{said}");
        assert!(
            said.contains("a restore of this mirror is under way"),
            "{said}"
        );
        assert!(said.contains("nothing is started"), "{said}");
    }
    // Who asks for it by hand has them.
    let before = stub.get(&feeder());
    let (code, said) = run(&stub, &["resume"]);
    assert_eq!(code, Some(0), "{said}");
    assert_ne!(stub.get(&feeder()), before, "{said}");
}

#[test]
fn at_no_stage_of_a_restore_that_is_noted_does_a_job_fail_each_minute() {
    let stub = Stub::start();
    held(&stub);
    note(&stub);
    for words in EACH {
        let (code, said) = resume(&stub, words);
        assert_eq!(code, Some(0), "{said}");
    }
    // By hand it is told what is to be done.
    let (code, said) = resume(&stub, &["resume"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("tell it again"), "{said}");
}

#[test]
fn a_restore_of_a_kafka_that_is_gone_is_known_by_the_lease_that_it_has_signed() {
    let stub = Stub::start();
    held(&stub);
    stub.delete(&kafka());
    let holder = Holder {
        run_id: "restore-run-1".parse().unwrap(),
        pid: 1,
        token: "restore".to_owned(),
        deadline_ms: None,
        note: "a restore".to_owned(),
    };
    let signed = serde_json::to_string(&holder).unwrap();
    stub.put(
        LEASE,
        json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {
                "name": "slackwater-mirror", "namespace": "kafka", "uid": "1", "resourceVersion": "1",
                "annotations": {HOLDER: signed},
            },
            "spec": {"holderIdentity": ""},
        }),
    );
    for words in EACH {
        let (code, said) = resume(&stub, words);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("restore-run-1"), "{said}");
    }
    let (code, said) = resume(&stub, &["resume"]);
    assert_eq!(code, Some(4), "{said}");
}
