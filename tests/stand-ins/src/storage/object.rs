//! The objects that storage is about, and how they are written.

use serde_json::json;
use slackwater_kubernetes::{ApiServer, Place, Resource};

use super::{CLASS, DRIVER, LATE_CLASS, SNAPSHOT_CLASS};
use crate::StandInError;
pub(super) use crate::json::{make, need, text};

const SNAPSHOTS: &str = "snapshot.storage.k8s.io";

pub(super) fn claims() -> Resource {
    Resource::of("", "v1", "persistentvolumeclaims")
}

pub(super) fn volumes() -> Resource {
    Resource::of("", "v1", "persistentvolumes")
}

pub(super) fn snapshots() -> Resource {
    Resource::of(SNAPSHOTS, "v1", "volumesnapshots")
}

pub(super) fn contents() -> Resource {
    Resource::of(SNAPSHOTS, "v1", "volumesnapshotcontents")
}

/// The driver, and both classes.
pub(super) fn make_classes(server: &ApiServer) -> Result<(), StandInError> {
    let storage = |plural| Resource::of("storage.k8s.io", "v1", plural);
    let snapshots = Resource::of(SNAPSHOTS, "v1", "volumesnapshotclasses");
    let classes: [_; 4] = [
        (
            Place::cluster(storage("csidrivers"), DRIVER)?,
            json!({
                "apiVersion": "storage.k8s.io/v1",
                "kind": "CSIDriver",
                "metadata": {"name": DRIVER},
                "spec": {"attachRequired": false, "podInfoOnMount": false},
            }),
        ),
        (
            Place::cluster(storage("storageclasses"), CLASS)?,
            json!({
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": CLASS},
                "provisioner": DRIVER,
                "reclaimPolicy": "Delete",
                "volumeBindingMode": "Immediate",
            }),
        ),
        (
            Place::cluster(storage("storageclasses"), LATE_CLASS)?,
            json!({
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {
                    "name": LATE_CLASS,
                    "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
                },
                "provisioner": DRIVER,
                "reclaimPolicy": "Delete",
                "volumeBindingMode": "WaitForFirstConsumer",
            }),
        ),
        (
            Place::cluster(snapshots, SNAPSHOT_CLASS)?,
            json!({
                "apiVersion": "snapshot.storage.k8s.io/v1",
                "kind": "VolumeSnapshotClass",
                "metadata": {"name": SNAPSHOT_CLASS},
                "driver": DRIVER,
                "deletionPolicy": "Delete",
            }),
        ),
    ];
    for (place, object) in &classes {
        make(server, place, object)?;
    }
    Ok(())
}
