//! A clone as one is made without Slackwater: all of it as it was, its authorities too.

use serde_json::{Value, json};
use slackwater_kubernetes::Kept;

use crate::ground::names;
use crate::place::Place;

/// Makes it in this namespace, from what is kept beside a run, and waits until its
/// operator says that it is ready.
pub(crate) fn clone_by_hand(place: &Place, run: &str, space: &str) {
    let kept = kept(place, run);
    for one in &kept.contents {
        let name = format!("{space}-{}", one.claim);
        stand_for(place, space, &name, &json!(one));
    }
    for claim in &kept.claims {
        let claim_name = claim["metadata"]["name"].as_str().unwrap();
        let mut claim = claim.clone();
        claim["spec"]["dataSource"] = json!({
            "apiGroup": "snapshot.storage.k8s.io",
            "kind": "VolumeSnapshot",
            "name": format!("{space}-{claim_name}"),
        });
        make(place, space, claim);
    }
    for end in ["cluster", "clients"] {
        for end in [format!("{end}-ca"), format!("{end}-ca-cert")] {
            make(place, space, place.object(&format!("secret/mirror-{end}")));
        }
    }
    for pool in &kept.pools {
        make(place, space, pool.object.clone());
    }
    let mut kafka = kept.kafka.clone();
    kafka["metadata"]["annotations"]["strimzi.io/pause-reconciliation"] = "true".into();
    kafka.as_object_mut().unwrap().remove("status");
    make(place, space, kafka);
    let there = |args: &[&str]| place.kubectl(&[&["-n", space], args].concat()).unwrap();
    // Not by the condition alone: of a new one the operator says that it has observed none.
    let paused = "--for=jsonpath={.status.conditions[0].type}=ReconciliationPaused";
    there(&["wait", paused, "kafka/mirror", "--timeout=600s"]);
    let status = |what: &str, status: Value| {
        let patch = json!({"status": status}).to_string();
        let words = ["patch", what, "--subresource=status", "--type=merge", "-p"];
        there(&[&words[..], &[&patch]].concat());
    };
    for pool in &kept.pools {
        let name = pool.object["metadata"]["name"].as_str().unwrap();
        let ids = json!({"nodeIds": pool.node_ids});
        status(&format!("kafkanodepool/{name}"), ids);
    }
    let id = place.object("kafka/mirror")["status"]["clusterId"].clone();
    status("kafka/mirror", json!({"clusterId": id}));
    let unpause = "strimzi.io/pause-reconciliation-";
    there(&["annotate", "kafka/mirror", unpause]);
    there(&[
        "wait",
        "--for=condition=Ready",
        "kafka/mirror",
        "--timeout=900s",
    ]);
}

/// A VolumeSnapshot in a namespace that stands for what the storage has.
pub(crate) fn stand_for(place: &Place, space: &str, name: &str, content: &Value) {
    let snapshots = "snapshot.storage.k8s.io/v1";
    let made = json!({
        "apiVersion": snapshots,
        "kind": "VolumeSnapshotContent",
        "metadata": {"name": name},
        "spec": {
            "deletionPolicy": "Retain",
            "driver": content["driver"],
            "source": {"snapshotHandle": content["handle"]},
            "volumeSnapshotClassName": content["class"],
            "volumeSnapshotRef": {"namespace": space, "name": name},
        },
    });
    place.ground.apply(&made.to_string());
    let made = json!({
        "apiVersion": snapshots,
        "kind": "VolumeSnapshot",
        "metadata": {"namespace": space, "name": name},
        "spec": {
            "source": {"volumeSnapshotContentName": name},
            "volumeSnapshotClassName": content["class"],
        },
    });
    place.ground.apply(&made.to_string());
}

/// What is kept beside a run.
pub(crate) fn kept(place: &Place, run: &str) -> Kept {
    let name = format!("configmap/slackwater-{run}-kept");
    let text = place.own(&["get", &name, "-o", "jsonpath={.data.resources}"]);
    serde_json::from_str(&text.unwrap()).unwrap()
}

/// As it was, in another namespace.
pub(crate) fn make(place: &Place, space: &str, mut object: Value) {
    let metadata = object["metadata"].as_object_mut().unwrap();
    for key in [
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "ownerReferences",
    ] {
        metadata.remove(key);
    }
    assert_eq!(metadata["namespace"], names().space);
    metadata.insert("namespace".to_owned(), space.into());
    place.ground.apply(&object.to_string());
}
