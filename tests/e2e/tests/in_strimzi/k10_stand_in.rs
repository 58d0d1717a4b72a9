//! A stand-in for Kasten K10 around the blueprint runner: its order, what it snapshots,
//! what it captures and what it restores.
//!
//! K10 is closed. Its order is that of its documentation (kanister/reference/
//! phase-lifecycle and kanister/hooks): the preHook; manifests and claims are found;
//! snapshots, a few at a time (`limiter.csiSnapshotsPerCluster`); then onSuccess, or
//! onFailure. A hook that failed may be run again, and one that succeeded is not. Its
//! ActionSets have the namespace as their subject, and no options. Of restores: what is
//! missing is made, and other resources that are there stay as they are (usage, Restore):
//! see [`crate::k10_restore_point`].

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};
use slackwater_cut::{Cut, State, Verdict};
use slackwater_stand_ins::{Ask, Runner};

use crate::ground::names;
use crate::k10_restore_point::{RestorePoint, capture};
use crate::kanister::teller;
use crate::place::Place;

/// So many snapshots at a time.
const AT_A_TIME: usize = 2;

/// The image is in the blueprint: a policy gives no options.
pub(crate) fn blueprint() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints/k10-policy-hooks.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    text.replace("slackwater.io/slackwater:0.1.0", &names().image)
}

/// Runs a hook; what it failed by.
pub(crate) fn hook(place: &Place, action: &str) -> Result<(), String> {
    hook_of(place, &names().space, action)
}

/// The hook with a window of two minutes.
pub(crate) fn before() -> [&'static str; 6] {
    let space = names().space.as_str();
    [
        "hook",
        "beforeBackup",
        "--namespace",
        space,
        "--window",
        "120",
    ]
}

/// The same of another namespace.
pub(crate) fn hook_of(place: &Place, namespace: &str, action: &str) -> Result<(), String> {
    hook_by(place, &blueprint(), namespace, action).map(drop)
}

/// What stands in its ActionSet.
pub(crate) fn hook_status(place: &Place, action: &str) -> Result<Value, String> {
    hook_by(place, &blueprint(), &names().space, action)
}

/// The same with one more word in its command, as a person writes it there.
pub(crate) fn hook_told(place: &Place, action: &str, word: &str) -> Result<(), String> {
    let before = format!("- {action}\n");
    let blueprint = blueprint();
    assert_eq!(blueprint.matches(&before).count(), 1);
    let told = blueprint.replace(&before, &format!("{before}            - {word}\n"));
    hook_by(place, &told, &names().space, action).map(drop)
}

fn hook_by(place: &Place, blueprint: &str, namespace: &str, action: &str) -> Result<Value, String> {
    let kubectl = teller(place);
    let runner = Runner::new(&kubectl, "kanister", blueprint).unwrap();
    let ask = Ask {
        object: json!({"kind": "Namespace", "metadata": {"name": namespace}}),
        artifacts: Map::new(),
        ..Ask::default()
    };
    let done = runner.run(action, &ask, |_| ()).unwrap();
    println!("{action}: {:?}", done.error());
    done.error().map_or_else(|| Ok(done.status().clone()), Err)
}

pub(crate) fn claims(place: &Place) -> Vec<String> {
    let all = place.list("pvc");
    let names = all
        .iter()
        .filter_map(|one| one["metadata"]["name"].as_str());
    names.map(str::to_owned).collect()
}

/// A VolumeSnapshot of a claim, as K10 calls its own, or somebody else his.
pub(crate) fn snapshot(place: &Place, name: &str, claim: &str) {
    snapshot_of(place, &names().space, name, claim);
}

/// The same of another namespace.
pub(crate) fn snapshot_of(place: &Place, namespace: &str, name: &str, claim: &str) {
    let text = place
        .kubectl(&["get", "volumesnapshotclass", "-o", "json"])
        .unwrap();
    let classes: Value = serde_json::from_str(&text).unwrap();
    let class = &classes["items"][0]["metadata"]["name"];
    let object = json!({
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshot",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "volumeSnapshotClassName": class,
            "source": {"persistentVolumeClaimName": claim},
        },
    });
    place.ground.apply(&object.to_string());
}

pub(crate) fn is_ready(place: &Place, name: &str) -> bool {
    let object = place.object(&format!("volumesnapshot/{name}"));
    object["status"]["readyToUse"] == true
}

/// K10's snapshots of all claims of the namespace.
pub(crate) fn snapshots(place: &Place, of: &str) -> Vec<String> {
    let mut made = Vec::new();
    for claims in claims(place).chunks(AT_A_TIME) {
        let names: Vec<String> = claims
            .iter()
            .map(|claim| format!("k10-csi-snap-{of}-{claim}"))
            .collect();
        for (claim, name) in claims.iter().zip(&names) {
            snapshot(place, name, claim);
        }
        for name in &names {
            place.within(3, "a snapshot to be ready", || is_ready(place, name));
        }
        made.extend(names);
    }
    made
}

/// K10 asks for a snapshot of each claim, and nobody waits for them.
pub(crate) fn asked(place: &Place, of: &str) -> Vec<String> {
    let named = |claim: &String| format!("k10-csi-snap-{of}-{claim}");
    let claims = claims(place);
    for claim in &claims {
        snapshot(place, &named(claim), claim);
    }
    claims.iter().map(named).collect()
}

/// Waits until whoever reads the snapshots has closed the cut of a run.
pub(crate) fn until_closed(place: &Place, run: &str) {
    place.within(5, "the cut to be closed", || {
        thread::sleep(Duration::from_secs(1));
        matches!(place.cut(run).state, State::Closed { .. })
    });
}

/// A backup by a policy, once its cut is closed: its run, the restore point, and K10's
/// snapshots.
pub(crate) fn backed_up(place: &mut Place, of: &str) -> (String, RestorePoint, Vec<String>) {
    let feeder = place.feeder();
    hook(place, "beforeBackup").unwrap();
    let run = place.newest();
    let point = capture(place);
    let made = snapshots(place, of);
    place.must_be_let_go(&feeder);
    hook(place, "afterBackup").unwrap();
    until_closed(place, &run);
    (run, point, made)
}

/// All that the run required is proven.
pub(crate) fn must_have_what_it_requires(cut: &Cut) {
    for claim in &cut.claims {
        let required = cut.settings.require.contains(&claim.name);
        assert!(!required || claim.verdict == Verdict::Proven, "{claim:?}");
    }
}

/// The cut of a run, once it is closed: all that is required is proven. It is looked at
/// 120 times, with so long between.
pub(crate) fn proven(place: &Place, run: &str, between: Duration) -> Cut {
    place.until("the cut to be closed", || {
        thread::sleep(between);
        matches!(place.cut(run).state, State::Closed { .. })
    });
    place.show(run);
    let cut = place.cut(run);
    must_have_what_it_requires(&cut);
    cut
}

/// The storage's handles of snapshots, which stay: as what was exported.
pub(crate) fn exported(place: &Place, made: &[String]) -> Vec<Value> {
    let each = made.iter().map(|name| {
        let snapshot = place.object(&format!("volumesnapshot/{name}"));
        let content = &snapshot["status"]["boundVolumeSnapshotContentName"];
        let what = format!("volumesnapshotcontent/{}", content.as_str().unwrap());
        let retain = json!({"spec": {"deletionPolicy": "Retain"}}).to_string();
        let patch = ["patch", &what, "--type=merge", "-p", &retain];
        place.kubectl(&patch).unwrap();
        let content = place.object(&what);
        json!({
            "claim": snapshot["spec"]["source"]["persistentVolumeClaimName"],
            "handle": content["status"]["snapshotHandle"],
            "driver": content["spec"]["driver"],
            "class": content["spec"]["volumeSnapshotClassName"],
            "content": content["metadata"]["name"],
        })
    });
    each.collect()
}

/// As it retires a restore point.
pub(crate) fn retire(place: &Place, snapshots: &[String]) {
    for name in snapshots {
        place
            .space(&["delete", "volumesnapshot", name, "--ignore-not-found"])
            .unwrap();
    }
}

/// Opts the mirror in, with nothing of an earlier test's.
pub(crate) fn opted_in(place: &mut Place) {
    let label = ["label", "kafka", "mirror", "slackwater.io/mirror=true"];
    place
        .space(&[&label[..], &["--overwrite"]].concat())
        .unwrap();
    place.produce(100);
}

/// What the program prints on a person's own machine, by a kubeconfig; where it fails
/// with what it says of that.
pub(crate) fn person(place: &Place, args: &[&str]) -> Result<String, String> {
    let words = place.ground.kubectl_words();
    let how = words.iter().find(|word| word.starts_with("--kubeconfig="));
    let mut program = Command::new(slackwater_e2e::program().unwrap());
    let ended = program.args(args).arg(how.unwrap()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match ended.status.success() {
        true => Ok(text(&ended.stdout)),
        false => Err(text(&ended.stdout) + &text(&ended.stderr)),
    }
}

/// The documents of a file of the project's.
pub(crate) fn documents(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let each = text.split("\n---\n");
    each.map(|one| serde_yaml::from_str(one).unwrap()).collect()
}

/// Has the cluster know a kind of K10's or Kanister's, which takes anything.
pub(crate) fn define(place: &Place, group: &str, kind: &str, plural: &str) {
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
            "versions": [{
                "name": "v1alpha1",
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "x-kubernetes-preserve-unknown-fields": true,
                }},
            }],
        },
    });
    place.ground.apply(&definition.to_string());
    let crd = format!("crd/{plural}.{group}");
    let wait = ["wait", "--for=condition=Established", &crd];
    place.kubectl(&wait).unwrap();
}
