//! What the stand-in for Kasten K10 captures of a namespace, and how it restores it.
//!
//! What is missing is made, workloads are made in any case, and other resources that are
//! there stay as they are (K10's documentation: usage, Restore). Data is restored first,
//! then workloads, then custom resources (seen by others, 9.0.6). Between the latter two
//! workloads are waited for, which would never end: the example has that left out
//! (`skipWaitForWorkloadReady`), and so it is not played. Filters and transforms are those
//! of its API (api, RestoreAction).

use serde_json::{Value, json};

use crate::ground::kubectl;
use crate::k10_stand_in::documents;
use crate::place::Place;

/// Kinds whose manifests are captured, in the order in which they are restored, and the
/// group and the resource by which a filter knows each.
const KINDS: [(&str, &str, &str); 11] = [
    ("persistentvolumeclaim", "", "persistentvolumeclaims"),
    ("secret", "", "secrets"),
    ("configmap", "", "configmaps"),
    ("service", "", "services"),
    ("lease", "coordination.k8s.io", "leases"),
    (WORKLOAD, "apps", "deployments"),
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

/// Of the kinds that K10 waits for, the one that is played.
const WORKLOAD: &str = "deployment";

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
        let set = &documents("examples/k10-transforms.yaml")[0];
        let transforms = set["spec"]["transforms"].as_array().unwrap();
        let action = &documents("examples/k10-restore.yaml")[0]["spec"];
        let named = &action["transforms"][0]["transformSetRef"]["name"];
        assert_eq!(*named, set["metadata"]["name"]);
        let excluded = action["filters"]["excludeResources"].as_array().unwrap();
        assert_eq!(action["skipWaitForWorkloadReady"], true);
        for (at, object) in &self.0 {
            let (kind, group, resource) = KINDS[*at];
            let is_of = |what: &Value| {
                what["resource"] == resource && what["group"].as_str().unwrap_or_default() == group
            };
            let name = object["metadata"]["name"].as_str().unwrap();
            let what = format!("{kind}/{name}");
            let space = |args: &[&str]| place.kubectl(&[&["-n", how.into], args].concat());
            let is_excluded = |one: &Value| is_of(one) && is_selected(object, one);
            if excluded.iter().any(is_excluded) {
                continue;
            }
            if kind == WORKLOAD {
                let delete = ["delete", &what, "--ignore-not-found"];
                space(&[&delete[..], &["--cascade=foreground"]].concat()).unwrap();
            }
            let there = space(&["get", &what, "--ignore-not-found", "-o", "name"]);
            if !there.unwrap().trim().is_empty() {
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

/// By the labels that a filter's entry names. Of expressions, `In` is all that ours have.
fn is_selected(object: &Value, entry: &Value) -> bool {
    assert!(entry["matchLabels"].is_null() && entry["name"].is_null());
    let labels = &object["metadata"]["labels"];
    let mut expressions = entry["matchExpressions"].as_array().into_iter().flatten();
    expressions.all(|one| {
        assert_eq!(one["operator"], "In");
        let label = &labels[one["key"].as_str().unwrap()];
        one["values"].as_array().unwrap().contains(label)
    })
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
