//! VolumeSnapshots that others make of the mirror's claims, on a real API server. What
//! a snapshot controller and its driver do is played by hand.

use std::collections::BTreeSet;

use slackwater_kubernetes::{BoundSnapshots, ClaimVolume, OthersSnapshots, Stored};
use slackwater_ports::{OtherSnapshot, VolumeSnapshot};

use crate::common::{namespace, plane, server};

/// Two brokers' claims. Nobody looks for the claims themselves here.
fn volumes() -> Vec<ClaimVolume> {
    (0..2)
        .map(|broker| ClaimVolume {
            claim: format!("data-{broker}"),
            broker,
        })
        .collect()
}

/// What others made, as it is now.
fn others(space: &str) -> Vec<OtherSnapshot> {
    others_asked(space, Stored::OfAllBut(BTreeSet::new()))
}

fn others_asked(space: &str, asked: Stored) -> Vec<OtherSnapshot> {
    let all = OthersSnapshots::new(server(), space, volumes(), asked);
    all.others().unwrap()
}

fn names(found: &[OtherSnapshot]) -> Vec<&str> {
    found.iter().map(|one| one.seen.handle.as_str()).collect()
}

/// `source` is what it is made of: a field and its value.
fn make(space: &str, name: &str, source: &str, more: &str) {
    let snapshot = format!(
        "
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata: {{name: {name}, namespace: {space}{more}}}
spec: {{source: {{{source}}}}}
"
    );
    plane().apply(&snapshot).unwrap();
}

fn of_claim(claim: &str) -> String {
    format!("persistentVolumeClaimName: {claim}")
}

fn kubectl(space: &str, args: &[&str]) -> String {
    plane().kubectl(&[&["-n", space], args].concat()).unwrap()
}

/// The snapshot controller writes.
fn status(space: &str, name: &str, status: &str) {
    let patch = format!(r#"{{"status": {status}}}"#);
    let what = ["patch", "volumesnapshot", name, "--subresource=status"];
    let how = ["--type=merge", "-p", &patch];
    kubectl(space, &[&what[..], &how].concat());
}

fn uid_of(space: &str, name: &str) -> String {
    let uid = ["-o", "jsonpath={.metadata.uid}"];
    kubectl(
        space,
        &[&["get", "volumesnapshot", name][..], &uid].concat(),
    )
}

/// A content for the snapshot with this uid, and that the storage calls it `stored`.
fn bind(space: &str, name: &str, uid: &str, stored: &str) {
    let content = format!("{space}-{name}");
    plane()
        .apply(&format!(
            "
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshotContent
metadata: {{name: {content}}}
spec:
  deletionPolicy: Delete
  driver: csi.example
  source: {{volumeHandle: {name}}}
  volumeSnapshotRef: {{namespace: {space}, name: {name}, uid: {uid}}}
"
        ))
        .unwrap();
    let patch = format!(r#"{{"status": {{"snapshotHandle": "{stored}"}}}}"#);
    let what = ["patch", "volumesnapshotcontent", &content];
    let how = ["--subresource=status", "--type=merge", "-p", &patch];
    plane().kubectl(&[&what[..], &how].concat()).unwrap();
    let bound = format!(r#"{{"boundVolumeSnapshotContentName": "{content}"}}"#);
    status(space, name, &bound);
}

#[test]
fn snapshots_of_the_mirrors_claims_count_by_any_name_and_those_of_stored_ones_do_not() {
    let space = namespace("others-which");
    make(&space, "nightly", &of_claim("data-1"), "");
    make(&space, "k10-csi-snap-x", &of_claim("data-0"), "");
    make(
        &space,
        "elsewhere",
        &of_claim("data-of-another-cluster"),
        "",
    );
    // What K10 makes of an export that it imports: there is no claim that it was cut of.
    let provisioned = "volumeSnapshotContentName: imported";
    make(&space, "k10-csi-snap-of-data-0", provisioned, "");
    let found = others(&space);
    let expected = [
        format!("{space}/k10-csi-snap-x"),
        format!("{space}/nightly"),
    ];
    assert_eq!(names(&found), expected);
    let cut = |one: &OtherSnapshot| (one.seen.cut_ms, one.seen.ready, one.seen.error.clone());
    assert_eq!(cut(&found[0]), (None, false, None));
    let ready = r#"{"creationTime": "2026-11-22T13:27:13Z", "readyToUse": true}"#;
    status(&space, "k10-csi-snap-x", ready);
    let cut_by = Some(1_795_354_033_999);
    assert_eq!(cut(&others(&space)[0]), (cut_by, true, None));
}

#[test]
fn a_part_of_a_group_is_told_from_one_that_was_cut_by_itself() {
    let space = namespace("others-group");
    let owner = ", ownerReferences: [{apiVersion: groupsnapshot.storage.k8s.io/v1beta1, kind: \
                 VolumeGroupSnapshot, name: nightly, uid: 6a3f1f0e-0000-4000-8000-000000000000}]";
    make(&space, "owned", &of_claim("data-0"), owner);
    make(&space, "named", &of_claim("data-1"), "");
    make(&space, "single", &of_claim("data-1"), "");
    status(&space, "named", r#"{"volumeGroupSnapshotName": "nightly"}"#);
    let whole = r#"{"creationTime": "2026-11-22T13:27:13Z", "readyToUse": true}"#;
    for name in ["owned", "named", "single"] {
        status(&space, name, whole);
    }
    for one in others(&space) {
        let is_whole = one.seen.handle.ends_with("/single");
        let error = one.seen.error.unwrap_or_default();
        assert_eq!(error.is_empty(), is_whole, "{}: {error}", one.seen.handle);
        assert!(is_whole || error.contains("VolumeGroupSnapshot"), "{error}");
    }
}

#[test]
fn what_the_storage_calls_it_is_taken_of_a_content_that_is_its_own_alone() {
    let space = namespace("others-stored");
    make(&space, "own", &of_claim("data-0"), "");
    make(&space, "foreign", &of_claim("data-1"), "");
    let identities = || -> Vec<_> {
        let found = others(&space).into_iter();
        found
            .map(|one| (one.identity.content, one.identity.stored_as))
            .collect()
    };
    assert_eq!(identities(), [(None, None), (None, None)]);
    bind(&space, "own", &uid_of(&space, "own"), "snap-1");
    bind(&space, "foreign", &uid_of(&space, "own"), "snap-1");
    let content = |name: &str| Some(format!("{space}-{name}"));
    let expected = [
        (content("own"), Some("snap-1".to_owned())),
        (content("foreign"), None),
    ];
    assert_eq!(identities(), expected);
    // Those that were there before a seal are known by their uids, and nothing is asked.
    let own = BTreeSet::from([uid_of(&space, "own")]);
    for (asked, stored) in [
        (Stored::OfNone, None),
        (Stored::OfAllBut(own.clone()), None),
        (Stored::Of(own), Some("snap-1".to_owned())),
    ] {
        let found = others_asked(&space, asked);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].identity.stored_as, stored);
    }
}

#[test]
fn a_snapshot_of_a_cut_that_is_another_one_by_now_is_an_error_under_the_same_name_too() {
    let space = namespace("others-bound");
    for (claim, name) in [("data-0", "kept"), ("data-1", "made-again")] {
        make(&space, name, &of_claim(claim), "");
        let ready = r#"{"creationTime": "2026-11-22T13:27:13Z", "readyToUse": true}"#;
        status(&space, name, ready);
    }
    let bound = BoundSnapshots::new(server(), &space, others(&space));
    let errors = || -> Vec<Option<String>> {
        let found = bound.snapshots().unwrap().into_iter();
        found.map(|one| one.error).collect()
    };
    assert_eq!(errors(), [None, None]);
    kubectl(&space, &["delete", "volumesnapshot", "made-again"]);
    let gone = |at: usize| errors()[at].clone().unwrap_or_default();
    assert!(gone(1).starts_with("it is gone"), "{}", gone(1));
    make(&space, "made-again", &of_claim("data-1"), "");
    assert!(gone(1).contains("another one by now"), "{}", gone(1));
    assert_eq!(errors()[0], None);
}
