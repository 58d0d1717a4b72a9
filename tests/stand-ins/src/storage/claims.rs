//! Claims get volumes: empty ones, or clones of snapshots; and volumes go with
//! their claims where their class says so.
//!
//! As sig-storage-lib-external-provisioner does (external-provisioner's
//! vendor/sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller/controller.go:
//! 1241-1280, `shouldProvision`; 1421-1528, `provisionClaimOperation`; 1284-1318,
//! `shouldDelete`), with csi-provisioner's names (pkg/controller/controller.go:483-498,
//! `makeVolumeName`: `pvc-<uid>`) and its `getSnapshotSource` (1289-1388) for claims that
//! name a VolumeSnapshot. Not played: that a claim is no smaller than its snapshot
//! (1345-1356).

use serde_json::{Value, json};
use slackwater_kubernetes::{ApiServer, Place};

use super::images::Images;
use super::object::{claims, contents, make, need, snapshots, text, volumes};
use super::{CLASS, DRIVER, LATE_CLASS};
use crate::StandInError;

/// Every claim of the class that has no volume gets one; one whose snapshot is
/// not ready waits for it.
pub(super) fn provision(server: &ApiServer, images: &Images) -> Result<(), StandInError> {
    for claim in server.list(&claims(), "", "")? {
        // The scheduler says which node it is to be on (`annSelectedNode`; 83 and 1264-1274 of
        // the library's).
        let node = claim["metadata"]["annotations"]["volume.kubernetes.io/selected-node"].as_str();
        let ours = match text(&claim, "/spec/storageClassName") {
            CLASS => true,
            LATE_CLASS => node.is_some(),
            _ => false,
        };
        let wants = text(&claim, "/spec/volumeName").is_empty()
            && text(&claim, "/metadata/deletionTimestamp").is_empty();
        if ours && wants {
            provision_one(server, images, &claim, node)?;
        }
    }
    Ok(())
}

/// (pkg/controller/controller.go:962-1014, `Provision`)
fn provision_one(
    server: &ApiServer,
    images: &Images,
    claim: &Value,
    node: Option<&str>,
) -> Result<(), StandInError> {
    let uid = need(claim, "/metadata/uid")?;
    let handle = format!("pvc-{uid}");
    match text(claim, "/spec/dataSource/kind") {
        "" => images.make(&handle)?,
        _ => match handle_of_snapshot(server, claim)? {
            Some(snapshot) => images.clone_of(&snapshot, &handle)?,
            None => return Ok(()),
        },
    }
    let mut volume = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": handle,
            "annotations": {"pv.kubernetes.io/provisioned-by": DRIVER},
        },
        "spec": {
            "accessModes": claim["spec"]["accessModes"],
            "capacity": claim["spec"]["resources"]["requests"],
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": need(claim, "/metadata/namespace")?,
                "name": need(claim, "/metadata/name")?,
                "uid": uid,
            },
            "csi": {"driver": DRIVER, "volumeHandle": handle, "fsType": "ext4"},
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": claim["spec"]["storageClassName"],
            "volumeMode": "Filesystem",
        },
    });
    if let Some(node) = node {
        let on_it = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": [node]});
        volume["spec"]["nodeAffinity"] =
            json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [on_it]}]}});
    }
    let place = Place::cluster(volumes(), &handle)?;
    Ok(make(server, &place, &volume)?)
}

/// `None` while it is not ready (pkg/controller/controller.go:1289-1342).
fn handle_of_snapshot(server: &ApiServer, claim: &Value) -> Result<Option<String>, StandInError> {
    let namespace = need(claim, "/metadata/namespace")?;
    let name = need(claim, "/spec/dataSource/name")?;
    let place = Place::new(snapshots(), &namespace, &name)?;
    let Some(snapshot) = server.get(&place)? else {
        return Ok(None);
    };
    let content = text(&snapshot, "/status/boundVolumeSnapshotContentName");
    if content.is_empty() || snapshot["status"]["readyToUse"] != true {
        return Ok(None);
    }
    let content = server.get(&Place::cluster(contents(), content)?)?;
    content
        .map(|content| need(&content, "/status/snapshotHandle"))
        .transpose()
}

/// Volumes whose claims are gone go with their images (the library's 1284-1318 and
/// 1621-1683, `deleteVolumeOperation`).
pub(super) fn reclaim(server: &ApiServer, images: &Images) -> Result<(), StandInError> {
    for volume in server.list(&volumes(), "", "")? {
        let ours = text(&volume, "/spec/csi/driver") == DRIVER;
        let released = text(&volume, "/status/phase") == "Released";
        let delete = text(&volume, "/spec/persistentVolumeReclaimPolicy") == "Delete";
        if ours && released && delete {
            images.remove(&need(&volume, "/spec/csi/volumeHandle")?);
            let name = need(&volume, "/metadata/name")?;
            server.delete(&Place::cluster(volumes(), &name)?)?;
        }
    }
    Ok(())
}
