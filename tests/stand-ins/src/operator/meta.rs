//! What all of the operator's objects have, and how they are read and made.

use jiff::Timestamp;
use serde_json::{Value, json};
use slackwater_kubernetes::{ApiError, ApiServer, Place, Resource};

pub(super) use crate::json::{make, need, text};

pub(super) const STRIMZI: &str = "kafka.strimzi.io";
const VERSION: &str = "v1";

/// `ResourceLabels.java:35-53`, `Labels.java:53`, `ResourceAnnotations.java:31`.
pub(super) const CLUSTER: &str = "strimzi.io/cluster";
pub(super) const KIND: &str = "strimzi.io/kind";
pub(super) const NAME: &str = "strimzi.io/name";
pub(super) const POOL: &str = "strimzi.io/pool-name";
const PAUSE: &str = "strimzi.io/pause-reconciliation";

pub(super) fn strimzi(plural: &'static str) -> Resource {
    Resource::of(STRIMZI, VERSION, plural)
}

pub(super) fn podsets() -> Resource {
    Resource::of("core.strimzi.io", VERSION, "strimzipodsets")
}

pub(super) fn core(plural: &'static str) -> Resource {
    Resource::of("", "v1", plural)
}

/// `Annotations.java:267-269`, `isReconciliationPausedWithAnnotation`
pub(super) fn is_paused(object: &Value) -> bool {
    object["metadata"]["annotations"][PAUSE] == "true"
}

pub(super) fn is_going(object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
}

/// As `ownerReferences` name it: what it made goes with it (`ModelUtils.java:229-238`,
/// `createOwnerReference`). There, its deletion is held up, and of a pod it is the controller.
pub(super) fn owner(object: &Value) -> Value {
    json!([{
        "apiVersion": object["apiVersion"],
        "kind": object["kind"],
        "name": object["metadata"]["name"],
        "uid": object["metadata"]["uid"],
        "controller": false,
        "blockOwnerDeletion": false,
    }])
}

/// A Secret of a cluster's that goes with its owner (`ModelUtils.java:71-96`, `createSecret`).
pub(super) fn secret(place: &Place, cluster: &str, owner_of: &Value, data: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": place.name(),
            "labels": {CLUSTER: cluster},
            "ownerReferences": owner(owner_of),
        },
        "stringData": data,
    })
}

/// `StatusUtils.java:95-113`, `buildCondition`; 236-242, `getPausedCondition`
pub(super) fn condition(kind: &str) -> Value {
    json!([{
        "type": kind,
        "status": "True",
        "lastTransitionTime": Timestamp::now().to_string(),
    }])
}

/// Whether a status says it already: times aside, which change each time
/// (`StatusDiff.java:20-57`).
pub(super) fn says(object: &Value, status: &Value) -> bool {
    let without = |value: &Value| {
        let mut value = value.clone();
        for one in value["conditions"].as_array_mut().into_iter().flatten() {
            if let Some(one) = one.as_object_mut() {
                one.remove("lastTransitionTime");
            }
        }
        value
    };
    without(&object["status"]) == without(status)
}

/// Replaces its status, where it says something else (`AbstractOperator.java:305-343`,
/// `updateStatus`).
pub(super) fn put_status(
    server: &ApiServer,
    place: &Place,
    object: &Value,
    status: &Value,
) -> Result<(), ApiError> {
    if says(object, status) {
        return Ok(());
    }
    // A merge leaves what is not named: what goes is named.
    let mut merged = status.clone();
    for key in object["status"].as_object().into_iter().flatten() {
        if merged.get(key.0).is_none() {
            merged[key.0] = Value::Null;
        }
    }
    match server.merge_status(place, &merged) {
        Ok(_) | Err(ApiError::Missing { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
