//! An API server, or somebody before it, that does not say what happened.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use slackwater_kubernetes::{
    ApiError, Attempt, ConfigMapRuns, Marks, MirrorLease, PART_BYTES, Resource, RunsError,
};
use slackwater_ports::{PortError, PortErrorKind};
use slackwater_store::RunId;

use crate::common::between::{Between, Fault, status};
use crate::common::{namespace, plane};

fn between() -> Between {
    Between::start(plane())
}

/// An etcd that took its time, as the API server says it.
fn slow() -> String {
    status(504, "Timeout", "request did not complete within 10s")
}

fn runs(between: &Between, namespace: &str) -> ConfigMapRuns {
    ConfigMapRuns::new(between.server(), namespace, |_| Marks::default())
}

const HEAD: &str = "/slackwater-run-run";

fn run() -> RunId {
    "run".parse().unwrap()
}

#[test]
fn a_write_that_may_have_happened_is_sent_once_and_looked_for() {
    let space = namespace("looked-for");
    let between = between();
    let runs = runs(&between, &space);
    between.next("POST", "/configmaps", Fault::After(504, slow()));
    assert_eq!(runs.create_run(&run(), "first").unwrap(), 1);
    assert_eq!(between.count("POST", "/configmaps"), 1);
    // A load balancer's own words, and an answer that breaks off.
    for (revision, code, text) in [(1, 503, "<html>"), (2, 200, "{\"kind\":")] {
        between.next("PUT", HEAD, Fault::After(code, text.to_owned()));
        assert_eq!(runs.save(&run(), revision, "next").unwrap(), revision + 1);
    }
    assert_eq!(between.count("PUT", HEAD), 2);

    between.next("PUT", HEAD, Fault::Instead(503, slow()));
    let error = runs.save(&run(), 3, &"x".repeat(PART_BYTES + 1));
    let error = PortError::from(error.unwrap_err());
    assert_eq!(error.kind, PortErrorKind::Unreachable, "{error}");
    assert_eq!(runs.load(&run()).unwrap().revision, 3);
    // What it left goes with the next one.
    assert_eq!(
        runs.save(&run(), 3, &"y".repeat(PART_BYTES + 1)).unwrap(),
        4
    );
    let left = plane().kubectl(&["get", "cm", "-n", &space, "-o", "name"]);
    let left = left.unwrap().matches("slackwater-run-run-").count();
    assert_eq!(left, 2);
}

#[test]
fn a_refusal_is_told_as_it_is_and_leaves_nothing_behind() {
    let space = namespace("refusals");
    let between = between();
    let runs = runs(&between, &space);
    runs.create_run(&run(), "first").unwrap();
    let conflict = status(409, "Conflict", "the object has been modified");
    between.next("PUT", HEAD, Fault::Instead(409, conflict));
    let lost = runs.save(&run(), 1, &"x".repeat(PART_BYTES + 1));
    assert!(matches!(lost, Err(RunsError::Conflict { .. })), "{lost:?}");
    let left = plane().kubectl(&["get", "cm", "-n", &space, "-o", "name"]);
    assert!(!left.unwrap().contains("slackwater-run-run-"));

    let quota = [
        "create",
        "quota",
        "none",
        "--hard=count/configmaps=0",
        "-n",
        &space,
    ];
    plane().kubectl(&quota).unwrap();
    // Admission hears of it in its own time.
    let mut tries = (0..100).filter_map(|n| {
        let other: RunId = format!("other-{n}").parse().unwrap();
        thread::sleep(Duration::from_millis(100));
        runs.create_run(&other, "first").err()
    });
    let error = tries.next().unwrap().to_string();
    assert!(
        error.contains("quota") && !error.contains("Role"),
        "{error}"
    );

    let nowhere = ConfigMapRuns::new(between.server(), "nowhere", |_| Marks::default());
    let error = nowhere.create_run(&run(), "first").unwrap_err().to_string();
    assert!(
        error.contains("namespaces \"nowhere\" not found"),
        "{error}"
    );
}

#[test]
fn an_answer_that_is_not_the_api_servers_is_never_taken_for_none() {
    let space = namespace("not-none");
    let between = between();
    let runs = runs(&between, &space);
    runs.create_run(&run(), "first").unwrap();
    between.next(
        "GET",
        HEAD,
        Fault::Instead(404, "404 page not found".to_owned()),
    );
    let error = runs.load(&run()).unwrap_err();
    assert!(
        matches!(error, RunsError::Api(ApiError::NotServed { .. })),
        "{error}"
    );
    between.next("GET", "/configmaps", Fault::Instead(200, "{}".to_owned()));
    let error = runs.list().unwrap_err().to_string();
    assert!(error.contains("it has no items"), "{error}");
    assert_eq!(runs.list().unwrap(), [run()]);
}

#[test]
fn a_list_that_never_ends_is_ended() {
    let space = namespace("endless");
    let between = between();
    let page = r#"{"items": [], "metadata": {"continue": "on"}}"#;
    for _ in 0..1_000 {
        between.next("GET", "/configmaps", Fault::Instead(200, page.to_owned()));
    }
    let list = between.server().list(&Resource::config_maps(), &space, "");
    let error = list.unwrap_err().to_string();
    assert!(error.contains("does not end"), "{error}");
    let elsewhere = between.server().list(&Resource::config_maps(), "a/b", "");
    assert!(matches!(elsewhere, Err(ApiError::Name { .. })));
}

const LEASE: &str = "/slackwater-mirror";

fn lease(between: &Between, namespace: &str, holder: &str) -> MirrorLease {
    let mirror = "mirror".parse().unwrap();
    let minute = Duration::from_secs(60);
    let notes = BTreeMap::new();
    MirrorLease::new(between.server(), namespace, &mirror, holder, minute, notes).unwrap()
}

fn is_taken(attempt: &Attempt) -> bool {
    matches!(attempt, Attempt::Taken { .. })
}

#[test]
fn a_lease_that_was_not_let_go_for_certain_can_be_let_go_again() {
    let between = between();
    for (name, fault) in [
        ("let-go-1", Fault::Instead(503, slow())),
        ("let-go-2", Fault::After(503, slow())),
    ] {
        let space = namespace(name);
        let one = lease(&between, &space, "one");
        let two = lease(&between, &space, "two");
        assert!(is_taken(&one.take().unwrap()));
        between.next("PUT", LEASE, fault);
        one.release(&[]).unwrap_err();
        one.release(&[]).unwrap();
        assert!(!one.is_held());
        assert!(is_taken(&two.take().unwrap()));
    }
}

#[test]
fn what_changes_a_lease_but_not_its_holder_is_no_loss() {
    let space = namespace("noted-runs");
    let between = between();
    let one = lease(&between, &space, "one");
    let two = lease(&between, &space, "two");
    let conflict = || Fault::Instead(409, status(409, "Conflict", "the object has been modified"));
    assert!(is_taken(&one.take().unwrap()));
    for _ in 0..2 {
        between.next("PUT", LEASE, conflict());
        one.renew().unwrap();
    }
    between.next("PUT", LEASE, conflict());
    one.release(&[]).unwrap();
    between.next("PUT", LEASE, conflict());
    assert!(is_taken(&two.take().unwrap()));
}

#[test]
fn a_lease_that_was_taken_without_an_answer_is_taken_by_the_next_call() {
    let space = namespace("unanswered");
    let between = between();
    let one = lease(&between, &space, "one");
    between.next("POST", "/leases", Fault::After(504, slow()));
    one.take().unwrap_err();
    assert!(!one.is_held());
    let two = lease(&between, &space, "two");
    assert_eq!(two.take().unwrap(), Attempt::HeldBy("one".to_owned()));
    assert!(is_taken(&one.take().unwrap()) && one.is_held());
}
