//! Objects as they can be made again: without what the API server and controllers
//! have put into them. Does no I/O.

use serde_json::{Map, Value};

/// What of an object is its own.
const PARTS: [&str; 5] = ["spec", "data", "type", "immutable", "binaryData"];

/// Annotations that are not taken along: ours, those of a claim's binding
/// (`pv.kubernetes.io/bound-by-controller`, `volume.kubernetes.io/storage-provisioner`,
/// …), the pause, and what the operator notes of a claim's owner.
const DROPPED: [&str; 6] = [
    "slackwater.io/",
    "pv.kubernetes.io/",
    "volume.kubernetes.io/",
    "volume.beta.kubernetes.io/",
    "strimzi.io/pause-reconciliation",
    "kubectl.kubernetes.io/last-applied-configuration",
];

/// The object, of this kind: lists leave the kind out.
pub(super) fn bare(object: &Value, api_version: &str, kind: &str) -> Value {
    let metadata = &object["metadata"];
    let mut kept = Map::new();
    for key in ["namespace", "name", "labels"] {
        if let Some(value) = metadata.get(key) {
            kept.insert(key.to_owned(), value.clone());
        }
    }
    let annotations = metadata["annotations"].as_object().into_iter().flatten();
    let annotations: Map<String, Value> = annotations
        .filter(|(key, _)| !DROPPED.iter().any(|one| key.starts_with(one)))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    kept.insert("annotations".to_owned(), annotations.into());
    let mut made = Map::new();
    made.insert("apiVersion".to_owned(), api_version.into());
    made.insert("kind".to_owned(), kind.into());
    made.insert("metadata".to_owned(), kept.into());
    for key in PARTS {
        if let Some(value) = object.get(key) {
            made.insert(key.to_owned(), value.clone());
        }
    }
    made.into()
}

/// A claim, without the volume that it has and what that was made from.
pub(super) fn bare_claim(object: &Value) -> Value {
    let mut claim = bare(object, "v1", "PersistentVolumeClaim");
    // No smaller than it is by now: a driver refuses a volume that is smaller than
    // its snapshot, and one may have been grown.
    let size = object["status"]["capacity"]["storage"].clone();
    if let Some(spec) = claim["spec"].as_object_mut() {
        for key in ["volumeName", "dataSource", "dataSourceRef"] {
            spec.remove(key);
        }
        if size.is_string() {
            spec["resources"]["requests"]["storage"] = size;
        }
    }
    if let Some(labels) = claim["metadata"]["labels"].as_object_mut() {
        labels.retain(|key, _| !key.starts_with("slackwater.io/"));
    }
    claim
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_made_again_has_nothing_of_what_was_put_into_it() {
        let found = json!({
            "metadata": {
                "namespace": "kafka", "name": "mirror", "uid": "u", "resourceVersion": "1",
                "generation": 3, "ownerReferences": [{}], "finalizers": ["f"],
                "labels": {"app": "a"},
                "annotations": {
                    "own": "1", "strimzi.io/pause-reconciliation": "true",
                    "slackwater.io/held": "state kafka/mirror",
                },
            },
            "spec": {"kafka": {}},
            "status": {"clusterId": "c"},
        });
        assert_eq!(
            bare(&found, "kafka.strimzi.io/v1", "Kafka"),
            json!({
                "apiVersion": "kafka.strimzi.io/v1",
                "kind": "Kafka",
                "metadata": {
                    "namespace": "kafka", "name": "mirror",
                    "labels": {"app": "a"}, "annotations": {"own": "1"},
                },
                "spec": {"kafka": {}},
            })
        );
    }

    #[test]
    fn a_claim_is_as_large_as_it_has_become_and_of_no_volume() {
        let found = json!({
            "metadata": {
                "namespace": "kafka", "name": "data-0",
                "labels": {"strimzi.io/cluster": "mirror", "slackwater.io/restoring": "r"},
                "annotations": {"pv.kubernetes.io/bind-completed": "yes"},
            },
            "spec": {
                "volumeName": "pv", "dataSource": {"name": "s"}, "storageClassName": "fast",
                "resources": {"requests": {"storage": "1Gi"}},
            },
            "status": {"capacity": {"storage": "2Gi"}},
        });
        let claim = bare_claim(&found);
        assert_eq!(
            claim["spec"],
            json!({"storageClassName": "fast", "resources": {"requests": {"storage": "2Gi"}}})
        );
        assert_eq!(
            claim["metadata"]["labels"],
            json!({"strimzi.io/cluster": "mirror"})
        );
        assert_eq!(claim["metadata"]["annotations"], json!({}));
    }
}
