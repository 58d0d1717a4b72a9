//! A stand-in for Kasten K10 around the blueprint runner: its order, what it snapshots,
//! what it captures and what it restores.
//!
//! K10 is closed. Its order is that of its documentation (kanister/reference/
//! phase-lifecycle and kanister/hooks): the preHook; manifests and claims are found;
//! snapshots, a few at a time (`limiter.csiSnapshotsPerCluster`); then onSuccess, or
//! onFailure. A hook that failed may be run again, and one that succeeded is not. Its
//! ActionSets have the namespace as their subject, and no options. Of restores: what is
//! missing is made, and other resources that are there stay as they are (usage, Restore);
//! filters and transforms are those of its API (api, RestoreAction).

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};
use slackwater_cut::{Cut, State, Verdict};
use slackwater_stand_ins::{Ask, Runner};

use crate::ground::{kubectl, names};
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
    let kubectl = teller(place);
    let runner = Runner::new(&kubectl, "kanister", &blueprint()).unwrap();
    let ask = Ask {
        object: json!({"kind": "Namespace", "metadata": {"name": namespace}}),
        artifacts: Map::new(),
        ..Ask::default()
    };
    let done = runner.run(action, &ask, |_| ()).unwrap();
    println!("{action}: {:?}", done.error());
    done.error().map_or(Ok(()), Err)
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

/// Kinds whose manifests are captured, in the order in which they are restored, and the
/// group and the resource by which a filter knows each.
const KINDS: [(&str, &str, &str); 9] = [
    ("persistentvolumeclaim", "", "persistentvolumeclaims"),
    ("secret", "", "secrets"),
    ("configmap", "", "configmaps"),
    ("lease", "coordination.k8s.io", "leases"),
    ("strimzipodset", "core.strimzi.io", "strimzipodsets"),
    ("kafkanodepool", "kafka.strimzi.io", "kafkanodepools"),
    ("kafkauser", "kafka.strimzi.io", "kafkausers"),
    ("kafka", "kafka.strimzi.io", "kafkas"),
    (
        "kafkamirrormaker2",
        "kafka.strimzi.io",
        "kafkamirrormaker2s",
    ),
];

/// A restore point: manifests as they were found, by their place in [`KINDS`].
pub(crate) struct RestorePoint(Vec<(usize, Value)>);

/// What is there of the namespace.
pub(crate) fn capture(place: &Place) -> RestorePoint {
    let mut all = Vec::new();
    for (at, (kind, ..)) in KINDS.iter().enumerate() {
        all.extend(place.list(kind).into_iter().map(|object| (at, object)));
    }
    RestorePoint(all)
}

/// How a restore is made.
pub(crate) struct How<'a> {
    /// In which namespace.
    pub(crate) into: &'a str,
    /// The VolumeSnapshot that a claim is made from.
    pub(crate) snapshot_of: &'a dyn Fn(&str) -> String,
    /// Another class for claims, as on another cluster.
    pub(crate) class: Option<&'a str>,
    /// Whether the status of custom resources comes with them.
    pub(crate) with_status: bool,
}

impl RestorePoint {
    /// Takes an object along as it is now, in the place of what was captured of it.
    #[allow(dead_code, reason = "of hooks that are bound to resources")]
    pub(crate) fn late(&mut self, place: &Place, group: &str, resource: &str, name: &str) {
        let mut kinds = KINDS.iter();
        let at = kinds.position(|one| (one.1, one.2) == (group, resource));
        let at = at.unwrap_or_else(|| panic!("{resource}.{group} is not captured"));
        let object = place.object(&format!("{}/{name}", KINDS[at].0));
        self.0
            .retain(|(kind, one)| *kind != at || one["metadata"]["name"] != name);
        self.0.push((at, object));
        self.0.sort_by_key(|(kind, _)| *kind);
    }

    /// One object of it in the place of what is there: with `overwriteExisting`.
    pub(crate) fn restore_over(&self, place: &Place, kind: &str, name: &str) {
        let mut all = self.0.iter();
        let found = all.find(|(at, one)| KINDS[*at].0 == kind && one["metadata"]["name"] == name);
        let mut object = found.unwrap().1.clone();
        for key in ["uid", "resourceVersion", "creationTimestamp"] {
            object["metadata"].as_object_mut().unwrap().remove(key);
        }
        let words = place.ground.kubectl_words();
        kubectl(&words, &["replace", "-f", "-"], Some(&object.to_string())).unwrap();
    }

    /// Makes what is missing, by the filter and the transforms of the example. Claims
    /// first: K10 restores data before specifications.
    pub(crate) fn restore(&self, place: &Place, how: &How<'_>) {
        let example = documents("examples/k10-restore.yaml");
        let transforms = example[0]["spec"]["transforms"].as_array().unwrap();
        let excluded = example[1]["spec"]["filters"]["excludeResources"].as_array();
        let excluded = excluded.unwrap();
        for (at, object) in &self.0 {
            let (kind, group, resource) = KINDS[*at];
            let is_of = |what: &Value| {
                what["resource"] == resource && what["group"].as_str().unwrap_or_default() == group
            };
            let name = object["metadata"]["name"].as_str().unwrap();
            let what = format!("{kind}/{name}");
            let space = |args: &[&str]| place.kubectl(&[&["-n", how.into], args].concat());
            let there = space(&["get", &what, "--ignore-not-found", "-o", "name"]);
            if excluded.iter().any(&is_of) || !there.unwrap().trim().is_empty() {
                continue;
            }
            if kind == "persistentvolumeclaim" && (how.snapshot_of)(name).is_empty() {
                continue;
            }
            let mut object = object.clone();
            let status = object.as_object_mut().unwrap().remove("status");
            object["metadata"]["namespace"] = how.into.into();
            for key in ["uid", "resourceVersion", "creationTimestamp", "generation"] {
                object["metadata"].as_object_mut().unwrap().remove(key);
            }
            // What kubectl applied once; it would write all of it there anew.
            if let Some(notes) = object["metadata"]["annotations"].as_object_mut() {
                notes.remove("kubectl.kubernetes.io/last-applied-configuration");
            }
            for one in transforms.iter().filter(|one| is_of(&one["subject"])) {
                for change in one["json"].as_array().unwrap() {
                    add(&mut object, change);
                }
            }
            if kind == "persistentvolumeclaim" {
                fill(&mut object, how);
            }
            // Not applied: that writes all of it into an annotation.
            let create = ["create", "-f", "-"];
            let words = place.ground.kubectl_words();
            kubectl(&words, &create, Some(&object.to_string())).unwrap();
            if let (true, Some(status), "kafka.strimzi.io") = (how.with_status, status, group) {
                let patch = json!({"status": status}).to_string();
                let words = ["patch", &what, "--subresource=status", "--type=merge", "-p"];
                space(&[&words[..], &[&patch]].concat()).unwrap();
            }
        }
    }

    /// The claims alone, as the example for clones has it.
    pub(crate) fn restore_claims(&self, place: &Place, how: &How<'_>) {
        let example = &documents("examples/k10-clone.yaml")[0]["spec"];
        let included = &example["filters"]["includeResources"];
        assert_eq!(*included, json!([{"resource": "persistentvolumeclaims"}]));
        assert_eq!(example["targetNamespace"], how.into);
        for (at, object) in &self.0 {
            if KINDS[*at].2 != "persistentvolumeclaims" {
                continue;
            }
            let mut claim = object.clone();
            claim.as_object_mut().unwrap().remove("status");
            for key in ["uid", "resourceVersion", "creationTimestamp"] {
                claim["metadata"].as_object_mut().unwrap().remove(key);
            }
            claim["metadata"]["namespace"] = how.into.into();
            for change in example["transforms"][0]["json"].as_array().unwrap() {
                add(&mut claim, change);
            }
            fill(&mut claim, how);
            place.ground.apply(&claim.to_string());
        }
    }
}

/// RFC 6902's `add`, the only operation of ours: its parent has to be there.
fn add(object: &mut Value, change: &Value) {
    assert_eq!(change["op"], "add");
    let path = change["path"].as_str().unwrap();
    let (parent, key) = path.rsplit_once('/').unwrap();
    let parent = object.pointer_mut(parent);
    let parent = parent.unwrap_or_else(|| panic!("{path} has no parent"));
    parent[key.replace("~1", "/")] = change["value"].clone();
}

/// A claim that gets a volume made from its snapshot.
fn fill(claim: &mut Value, how: &How<'_>) {
    let name = claim["metadata"]["name"].as_str().unwrap().to_owned();
    let notes = claim["metadata"]["annotations"].as_object_mut().unwrap();
    notes.retain(|key, _| !key.contains("kubernetes.io/"));
    claim["metadata"]["finalizers"] = Value::Null;
    let spec = claim["spec"].as_object_mut().unwrap();
    spec.remove("volumeName");
    spec.remove("dataSourceRef");
    let snapshot = (how.snapshot_of)(&name);
    spec.insert(
        "dataSource".to_owned(),
        json!({"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": snapshot}),
    );
    if let Some(class) = how.class {
        spec.insert("storageClassName".to_owned(), class.into());
    }
}
