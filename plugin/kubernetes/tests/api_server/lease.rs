//! Leases on a real API server.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use slackwater_kubernetes::{Attempt, LeaseError, MirrorLease};

use crate::common::{account, namespace, plane, server};

/// Long enough for a renewal on a slow machine.
const LONG: Duration = Duration::from_secs(60);

/// The shortest that the API knows.
const SHORT: Duration = Duration::from_secs(1);

fn lease(namespace: &str, holder: &str, duration: Duration) -> MirrorLease {
    let mirror = "mirror".parse().unwrap();
    let notes = BTreeMap::from([("slackwater.io/resume".to_owned(), "kubectl …".to_owned())]);
    MirrorLease::new(server(), namespace, &mirror, holder, duration, notes).unwrap()
}

fn token(attempt: Attempt) -> String {
    match attempt {
        Attempt::Taken { token, .. } => token,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_holds_a_mirror_until_it_lets_it_go_and_each_time_has_another_token() {
    let space = namespace("one-holds");
    let (one, two) = (lease(&space, "one", LONG), lease(&space, "two", LONG));
    let first = token(one.take().unwrap());
    assert!(one.is_held() && !two.is_held());
    assert_eq!(two.take().unwrap(), Attempt::HeldBy("one".to_owned()));
    one.renew().unwrap();
    two.release(&[]).unwrap();
    assert_eq!(two.take().unwrap(), Attempt::HeldBy("one".to_owned()));
    one.release(&[]).unwrap();
    assert!(!one.is_held());
    let second = token(two.take().unwrap());
    assert_ne!(first, second);
    let lost = one.renew().unwrap_err().to_string();
    assert!(lost.ends_with("is not held any more: two"), "{lost}");
    one.release(&[]).unwrap();
    two.renew().unwrap();
}

#[test]
fn of_many_who_want_it_at_once_one_gets_it() {
    let space = namespace("many");
    let taken = thread::scope(|scope| {
        let each: Vec<_> = (0..8)
            .map(|n| {
                let lease = lease(&space, &format!("holder-{n}"), LONG);
                scope.spawn(move || matches!(lease.take().unwrap(), Attempt::Taken { .. }))
            })
            .collect();
        let taken = each.into_iter().map(|one| usize::from(one.join().unwrap()));
        taken.sum::<usize>()
    });
    assert_eq!(taken, 1);
}

#[test]
fn a_lease_that_nobody_renews_is_taken_over_and_its_old_holder_knows() {
    let space = namespace("over");
    let (one, two) = (lease(&space, "one", SHORT), lease(&space, "two", SHORT));
    one.take().unwrap();
    assert_eq!(two.take().unwrap(), Attempt::HeldBy("one".to_owned()));
    thread::sleep(SHORT * 2);
    // Nobody could have taken it from one who renews.
    assert!(!one.is_held());
    let over = two.take().unwrap();
    assert!(
        matches!(&over, Attempt::Taken { over_from: Some(holder), .. } if holder == "one"),
        "{over:?}"
    );
    assert!(matches!(one.renew(), Err(LeaseError::Lost { .. })));
    assert!(!one.is_held());
}

#[test]
fn whoever_waits_waits_no_less_than_the_holder_counts_on() {
    let space = namespace("fraction");
    let duration = SHORT + SHORT / 2;
    lease(&space, "one", duration).take().unwrap();
    let args = ["get", "lease", "slackwater-mirror", "-n", &space];
    let rest = ["-o", "jsonpath={.spec.leaseDurationSeconds}"];
    let written = plane().kubectl(&[&args[..], &rest].concat()).unwrap();
    let written: u64 = written.parse().unwrap();
    assert!(Duration::from_secs(written) >= duration, "{written}");
}

#[test]
fn one_who_finds_another_in_his_place_holds_it_no_more() {
    let space = namespace("displaced");
    let one = lease(&space, "one", LONG);
    one.take().unwrap();
    let patch = r#"{"spec": {"holderIdentity": "two", "leaseTransitions": 7}}"#;
    let args = [
        "patch",
        "lease",
        "slackwater-mirror",
        "-n",
        &space,
        "-p",
        patch,
    ];
    plane().kubectl(&args).unwrap();
    assert_eq!(one.take().unwrap(), Attempt::HeldBy("two".to_owned()));
    assert!(!one.is_held());
}

#[test]
fn a_name_that_cant_be_one_is_told_before_anything_is_asked() {
    let new = |namespace: &str, mirror: &str| {
        let mirror = mirror.parse().unwrap();
        let made = MirrorLease::new(server(), namespace, &mirror, "one", LONG, BTreeMap::new());
        made.err().unwrap().to_string()
    };
    let error = new("A", "mirror");
    assert!(error.contains("the name of namespaces"), "{error}");
    let error = new("a", "Mirror");
    assert!(
        error.contains("\"slackwater-Mirror\" can't be the name of leases"),
        "{error}"
    );
}

#[test]
fn one_who_renews_is_not_taken_over_however_long_somebody_waits() {
    let space = namespace("renewed");
    let (one, two) = (
        lease(&space, "one", SHORT * 2),
        lease(&space, "two", SHORT * 2),
    );
    one.take().unwrap();
    for _ in 0..6 {
        thread::sleep(SHORT / 2);
        one.renew().unwrap();
        assert_eq!(two.take().unwrap(), Attempt::HeldBy("one".to_owned()));
    }
}

#[test]
fn one_who_does_not_know_whether_he_took_it_takes_it_again() {
    let space = namespace("again");
    let first = token(lease(&space, "one", LONG).take().unwrap());
    let second = token(lease(&space, "one", LONG).take().unwrap());
    assert_ne!(first, second);
}

#[test]
fn whoever_finds_it_reads_what_stands_on_it() {
    let space = namespace("notes");
    let one = lease(&space, "one", LONG);
    one.take().unwrap();
    let args = [
        "annotate",
        "lease",
        "slackwater-mirror",
        "-n",
        &space,
        "other=kept",
    ];
    plane().kubectl(&args).unwrap();
    one.renew().unwrap();
    one.release(&[]).unwrap();
    lease(&space, "two", LONG).take().unwrap();
    let args = [
        "get",
        "lease",
        "slackwater-mirror",
        "-n",
        &space,
        "-o",
        "yaml",
    ];
    let found = plane().kubectl(&args).unwrap();
    assert!(found.contains("slackwater.io/resume: kubectl …"), "{found}");
    assert!(
        found.contains("other: kept") && found.contains("holderIdentity: two"),
        "{found}"
    );
}

#[test]
fn for_each_verb_that_is_missing_one_line_names_it_and_the_resource() {
    let space = namespace("rights");
    let work = |verbs: &[&str], name: &str| -> Result<(), LeaseError> {
        let server = account(&space, name, "coordination.k8s.io", &["leases"], verbs);
        let mirror = name.parse().unwrap();
        let one = MirrorLease::new(server, &space, &mirror, "one", LONG, BTreeMap::new())?;
        one.take()?;
        one.renew()?;
        one.release(&[])
    };
    let all = ["get", "create", "update"];
    work(&all, "whole").unwrap();
    for verb in all {
        let verbs: Vec<&str> = all.iter().copied().filter(|one| *one != verb).collect();
        let error = work(&verbs, &format!("no-{verb}")).unwrap_err().to_string();
        let says = format!("may not {verb} leases.coordination.k8s.io ");
        assert!(error.starts_with(&says) && !error.contains('\n'), "{error}");
    }
}
