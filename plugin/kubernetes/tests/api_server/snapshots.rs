//! VolumeSnapshots on a real API server. What a CSI driver does is played by
//! hand: it writes the status (external-snapshotter's snapshot_controller.go,
//! `updateSnapshotStatus`).

use std::thread;
use std::time::Duration;

use slackwater_kubernetes::{ClaimSnapshots, ClaimVolume, SnapshotsError};
use slackwater_ports::{PortErrorKind, VolumeSnapshot};
use slackwater_store::RunId;

use crate::common::{account_of, namespace, plane, server};

const RUN: &str = "run-1";

fn run() -> RunId {
    RUN.parse().unwrap()
}

/// A claim with a volume of this driver, bound by hand.
fn claim(namespace: &str, name: &str, driver: &str) -> String {
    format!(
        "
apiVersion: v1
kind: PersistentVolume
metadata: {{name: {namespace}-{name}}}
spec:
  accessModes: [ReadWriteOnce]
  capacity: {{storage: 1Gi}}
  claimRef: {{namespace: {namespace}, name: {name}}}
  csi: {{driver: {driver}, volumeHandle: {name}}}
  persistentVolumeReclaimPolicy: Retain
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  accessModes: [ReadWriteOnce]
  resources: {{requests: {{storage: 1Gi}}}}
  storageClassName: ''
  volumeName: {namespace}-{name}
"
    )
}

fn class(name: &str, driver: &str) -> String {
    format!(
        "
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshotClass
metadata: {{name: {name}}}
driver: {driver}
deletionPolicy: Delete
"
    )
}

fn volumes() -> Vec<ClaimVolume> {
    (0..3)
        .map(|broker| ClaimVolume {
            claim: format!("data-mirror-dual-{broker}"),
            broker,
        })
        .collect()
}

/// Three claims of a driver that has one class.
fn scene(name: &str) -> (String, Vec<ClaimVolume>) {
    let space = namespace(name);
    let driver = format!("{name}.csi.example");
    plane()
        .apply(&class(&format!("{name}-class"), &driver))
        .unwrap();
    for volume in volumes() {
        plane()
            .apply(&claim(&space, &volume.claim, &driver))
            .unwrap();
    }
    (space, volumes())
}

fn snapshots(namespace: &str, volumes: Vec<ClaimVolume>) -> ClaimSnapshots {
    ClaimSnapshots::new(server(), namespace, run(), volumes, None).unwrap()
}

fn snapshot_of(claim: &str) -> String {
    format!("slackwater-{RUN}-{claim}")
}

/// The snapshotter writes.
fn status(namespace: &str, claim: &str, status: &str) {
    let name = snapshot_of(claim);
    let patch = format!(r#"{{"status": {status}}}"#);
    let args = [
        "patch",
        "volumesnapshot",
        &name,
        "-n",
        namespace,
        "--subresource=status",
    ];
    let rest = ["--type=merge", "-p", &patch];
    plane().kubectl(&[&args[..], &rest].concat()).unwrap();
}

fn uid_of(namespace: &str, claim: &str) -> String {
    let name = snapshot_of(claim);
    let args = ["get", "volumesnapshot", &name, "-n", namespace];
    let rest = ["-o", "jsonpath={.metadata.uid}"];
    plane().kubectl(&[&args[..], &rest].concat()).unwrap()
}

fn content_of(namespace: &str, claim: &str, name: &str, policy: &str) -> String {
    format!(
        "
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshotContent
metadata: {{name: {name}}}
spec:
  deletionPolicy: {policy}
  driver: {namespace}.csi.example
  source: {{volumeHandle: {claim}}}
  volumeSnapshotRef: {{namespace: {namespace}, name: {}, uid: {}}}
",
        snapshot_of(claim),
        uid_of(namespace, claim)
    )
}

/// And makes what a snapshot stands for.
fn content(namespace: &str, claim: &str) -> String {
    let name = format!("content-{}", uid_of(namespace, claim));
    plane()
        .apply(&content_of(namespace, claim, &name, "Delete"))
        .unwrap();
    let bound = format!(r#"{{"boundVolumeSnapshotContentName": "{name}"}}"#);
    status(namespace, claim, &bound);
    name
}

#[test]
fn all_claims_are_asked_for_at_once_and_each_is_cut_when_the_driver_says_when() {
    let (space, volumes) = scene("cut");
    let cut = snapshots(&space, volumes.clone());
    assert_eq!(cut.snapshots().unwrap(), []);
    cut.request().unwrap();
    cut.request().unwrap();
    let seen = cut.snapshots().unwrap();
    let names: Vec<_> = seen
        .iter()
        .map(|one| (one.volume.as_str(), one.broker))
        .collect();
    let expected: Vec<_> = volumes
        .iter()
        .map(|one| (one.claim.as_str(), one.broker))
        .collect();
    assert_eq!(names, expected);
    assert!(
        seen.iter()
            .all(|one| one.cut_ms.is_none() && !one.ready && one.error.is_none())
    );
    assert!(
        seen.iter()
            .all(|one| one.method == "cut-class" && one.started_ms > 0)
    );

    let claim = &volumes[1].claim;
    status(
        &space,
        claim,
        r#"{"creationTime": "2026-11-22T13:27:13Z", "readyToUse": false}"#,
    );
    let seen = cut.snapshots().unwrap();
    assert_eq!(seen[1].cut_ms, Some(1_795_354_033_999));
    assert!(!seen[1].ready && seen[0].cut_ms.is_none());
    status(&space, claim, r#"{"readyToUse": true}"#);
    assert!(cut.snapshots().unwrap()[1].ready);
}

#[test]
fn an_error_that_passes_is_none_and_one_that_lasts_is_told() {
    let (space, volumes) = scene("errors");
    let lasting = Duration::from_secs(2);
    let cut = snapshots(&space, volumes.clone()).lasting(lasting);
    cut.request().unwrap();
    let claim = &volumes[0].claim;
    let fail = || {
        let failed = r#"{"error": {"message": "attempt\nfailed", "time": "2026-11-22T13:27:13Z"}}"#;
        status(&space, claim, failed);
    };
    let error = || cut.snapshots().unwrap().remove(0).error;
    // One that goes, and comes again: its time begins anew.
    fail();
    assert_eq!(error(), None);
    thread::sleep(lasting / 2);
    status(&space, claim, r#"{"error": null}"#);
    assert_eq!(error(), None);
    thread::sleep(lasting / 2);
    fail();
    assert_eq!(error(), None);
    thread::sleep(lasting);
    assert_eq!(error().as_deref(), Some("attempt failed"));
    status(
        &space,
        claim,
        r#"{"creationTime": "2026-11-22T13:27:15Z", "readyToUse": true}"#,
    );
    assert_eq!(error(), None);
}

#[test]
fn a_snapshot_that_is_being_deleted_is_none_that_a_backup_may_have() {
    let (space, volumes) = scene("going");
    let cut = snapshots(&space, volumes.clone());
    cut.request().unwrap();
    let name = snapshot_of(&volumes[0].claim);
    let kept = r#"{"metadata": {"finalizers": ["example.com/kept"]}}"#;
    let args = [
        "patch",
        "volumesnapshot",
        &name,
        "-n",
        &space,
        "--type=merge",
        "-p",
        kept,
    ];
    plane().kubectl(&args).unwrap();
    let ready = r#"{"creationTime": "2026-11-22T13:27:15Z", "readyToUse": true}"#;
    status(&space, &volumes[0].claim, ready);
    let args = [
        "delete",
        "volumesnapshot",
        &name,
        "-n",
        &space,
        "--wait=false",
    ];
    plane().kubectl(&args).unwrap();
    let seen = cut.snapshots().unwrap();
    let error = seen[0].error.as_deref().unwrap();
    assert!(error.starts_with("it is being deleted"), "{error}");
    assert_eq!(seen[1].error, None);
}

#[test]
fn what_a_snapshot_stands_for_outlives_it_until_the_run_is_deleted() {
    let (space, volumes) = scene("retain");
    let cut = snapshots(&space, volumes.clone());
    cut.request().unwrap();
    assert_eq!(cut.retain().unwrap(), 0);
    let name = content(&space, &volumes[0].claim);
    assert_eq!(cut.retain().unwrap(), 1);
    let policy = || {
        let args = [
            "get",
            "volumesnapshotcontent",
            &name,
            "-o",
            "jsonpath={.spec.deletionPolicy}",
        ];
        plane().kubectl(&args).unwrap()
    };
    assert_eq!(policy(), "Retain");
    cut.delete().unwrap();
    assert_eq!(policy(), "Delete");
    assert_eq!(cut.snapshots().unwrap(), []);
    cut.delete().unwrap();
}

#[test]
fn a_snapshot_of_that_name_which_is_not_this_runs_is_no_snapshot_of_it() {
    let (space, volumes) = scene("foreign");
    let foreign = format!(
        "
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata: {{name: {}, namespace: {space}}}
spec: {{source: {{persistentVolumeClaimName: other}}, volumeSnapshotClassName: foreign-class}}
",
        snapshot_of(&volumes[2].claim)
    );
    plane().apply(&foreign).unwrap();
    let cut = snapshots(&space, volumes);
    let error = cut.request().unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Refused);
    assert!(error.message.contains("not of this run"), "{error}");
    assert_eq!(cut.snapshots().unwrap().len(), 2);
}

#[test]
fn a_snapshot_that_only_has_this_runs_labels_is_no_snapshot_of_it() {
    let (space, volumes) = scene("labelled");
    let cut = snapshots(&space, volumes.clone());
    cut.request().unwrap();
    let labels = format!(
        "{{app.kubernetes.io/name: slackwater, slackwater.io/run: {RUN}, slackwater.io/broker: '0'}}"
    );
    // A copy of one, and one of no claim at all.
    let sources = [
        format!("{{persistentVolumeClaimName: {}}}", volumes[0].claim),
        "{volumeSnapshotContentName: other}".to_owned(),
    ];
    for (n, source) in sources.iter().enumerate() {
        let object = format!(
            "
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata: {{name: copy-{n}, namespace: {space}, labels: {labels}}}
spec: {{source: {source}}}
"
        );
        plane().apply(&object).unwrap();
    }
    assert_eq!(cut.snapshots().unwrap().len(), 3);
    cut.delete().unwrap();
    let args = ["get", "volumesnapshot", "-n", &space, "-o", "name"];
    let left = plane().kubectl(&args).unwrap();
    assert_eq!(left.lines().count(), 2, "{left}");
}

#[test]
fn what_another_snapshot_stands_for_is_neither_kept_nor_deleted() {
    let (space, volumes) = scene("others");
    let cut = snapshots(&space, volumes.clone());
    cut.request().unwrap();
    let name = content(&space, &volumes[0].claim);
    // It is said to stand for another one, too.
    let bound = format!(r#"{{"boundVolumeSnapshotContentName": "{name}"}}"#);
    status(&space, &volumes[1].claim, &bound);
    let error = cut.retain().unwrap_err().to_string();
    assert!(
        error.contains("is not of") && error.contains(&name),
        "{error}"
    );
}

#[test]
fn what_a_snapshot_stands_for_goes_with_it_before_its_status_names_it_and_after_it_is_gone() {
    let (space, volumes) = scene("unbound");
    let cut = snapshots(&space, volumes.clone());
    cut.request().unwrap();
    let uid = uid_of(&space, &volumes[0].claim);
    let name = format!("snapcontent-{uid}");
    plane()
        .apply(&content_of(&space, &volumes[0].claim, &name, "Retain"))
        .unwrap();
    status(
        &space,
        &volumes[1].claim,
        r#"{"boundVolumeSnapshotContentName": "gone"}"#,
    );
    cut.delete().unwrap();
    let args = [
        "get",
        "volumesnapshotcontent",
        &name,
        "-o",
        "jsonpath={.spec.deletionPolicy}",
    ];
    assert_eq!(plane().kubectl(&args).unwrap(), "Delete");
    assert_eq!(cut.snapshots().unwrap(), []);
}

#[test]
fn a_mirror_that_cant_be_snapped_is_refused_before_anything_is_made() {
    let space = namespace("refused");
    let new = |volumes: Vec<ClaimVolume>| {
        let made = ClaimSnapshots::new(server(), &space, run(), volumes, None);
        made.err().unwrap().to_string()
    };
    assert!(new(Vec::new()).contains("no claims"));
    let volume = volumes().remove(0);
    assert!(new(vec![volume.clone()]).contains("there is no claim refused/data-mirror-dual-0"));
    let driver = "refused.csi.example";
    plane()
        .apply(&claim(&space, &volume.claim, driver))
        .unwrap();
    assert!(new(vec![volume.clone()]).contains("no VolumeSnapshotClass is of the driver"));
    let long = ClaimVolume {
        claim: "a".repeat(250),
        broker: 0,
    };
    assert!(new(vec![long]).contains("can't be the name of volumesnapshots"));
    plane().apply(&class("refused-1", driver)).unwrap();
    plane().apply(&class("refused-2", driver)).unwrap();
    assert!(new(vec![volume]).contains("refused-1, refused-2 are all of the driver"));
}

#[test]
fn for_each_verb_that_is_missing_one_line_names_it_and_the_resource() {
    let (space, volumes) = scene("snapshot-rights");
    let work = |missing: &str| -> Result<(), String> {
        let rules = [
            ("", "persistentvolumeclaims", "get"),
            ("", "persistentvolumes", "get"),
            ("snapshot.storage.k8s.io", "volumesnapshotclasses", "list"),
            ("snapshot.storage.k8s.io", "volumesnapshots", "create"),
            ("snapshot.storage.k8s.io", "volumesnapshots", "get"),
            ("snapshot.storage.k8s.io", "volumesnapshots", "list"),
            ("snapshot.storage.k8s.io", "volumesnapshotcontents", "get"),
            ("snapshot.storage.k8s.io", "volumesnapshotcontents", "patch"),
            ("snapshot.storage.k8s.io", "volumesnapshots", "delete"),
        ];
        let granted = rules
            .iter()
            .filter(|(_, what, verb)| missing != format!("{verb} {what}"));
        let granted: Vec<_> = granted.copied().collect();
        let name = format!("no-{}", missing.replace(' ', "-"));
        let server = account_of(&space, &name, &granted);
        let text = |error: SnapshotsError| error.to_string();
        let cut = ClaimSnapshots::new(server, &space, run(), volumes.clone(), None);
        let cut = cut.map_err(text)?;
        cut.request().map_err(|error| error.message)?;
        content(&space, &volumes[0].claim);
        cut.snapshots().map_err(|error| error.message)?;
        cut.retain().map_err(text)?;
        cut.delete().map_err(text)
    };
    work("nothing").unwrap();
    for missing in [
        "get persistentvolumeclaims",
        "get persistentvolumes",
        "list volumesnapshotclasses",
        "create volumesnapshots",
        "get volumesnapshots",
        "list volumesnapshots",
        "get volumesnapshotcontents",
        "patch volumesnapshotcontents",
        "delete volumesnapshots",
    ] {
        let error = work(missing).unwrap_err();
        assert!(
            error.starts_with(&format!("may not {missing}")),
            "{missing}: {error}"
        );
        assert!(!error.contains('\n'), "{error}");
    }
}
