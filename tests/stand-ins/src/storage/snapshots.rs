//! VolumeSnapshots get contents, contents are cut, and both say so.
//!
//! As external-snapshotter does: pkg/common-controller/snapshot_controller.go (469-607,
//! `syncUnreadySnapshot`; 722-822, `createSnapshotContent`; 1106-1143,
//! `checkandBindSnapshotContent`; 1212-1348, `updateSnapshotStatus`) and
//! pkg/sidecar-controller/snapshot_controller.go (58-109, `syncContent`; 338-406,
//! `createSnapshotWrapper`; 458-533, `updateSnapshotContentStatus`), with its name for
//! contents (pkg/utils/util.go:283-285, `GetDynamicSnapshotContentNameForSnapshot`).
//!
//! Not played: finalizers; that an attempt that failed, or hangs, has a content that is
//! bound already and says so first (the sidecar's 123-130 and 166-224).

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use slackwater_kubernetes::{ApiServer, Place};

use super::images::Images;
use super::object::{claims, contents, make, need, snapshots, text, volumes};
use super::{DRIVER, SNAPSHOT_CLASS, Whim, Whims};
use crate::StandInError;

/// Each VolumeSnapshot of the class, one step further.
pub(super) fn take(server: &ApiServer, images: &Images, whims: &Whims) -> Result<(), StandInError> {
    for snapshot in server.list(&snapshots(), "", "")? {
        let of_class = text(&snapshot, "/spec/volumeSnapshotClassName") == SNAPSHOT_CLASS;
        let going = !text(&snapshot, "/metadata/deletionTimestamp").is_empty();
        let ready = snapshot["status"]["readyToUse"] == true;
        if of_class && !going && !ready {
            let claim = text(&snapshot, "/spec/source/persistentVolumeClaimName");
            let whim = whims.get(claim).copied();
            let whim = whim.unwrap_or(Whim::ReadyAfter(Duration::ZERO));
            step(server, images, whim, &snapshot)?;
        }
    }
    Ok(())
}

fn step(
    server: &ApiServer,
    images: &Images,
    whim: Whim,
    snapshot: &Value,
) -> Result<(), StandInError> {
    let failed_before = !text(snapshot, "/status/error/message").is_empty();
    let ready_after = match whim {
        Whim::ReadyAfter(time) => time,
        Whim::FailsOnce if failed_before => Duration::ZERO,
        Whim::FailsOnce | Whim::FailsAlways => {
            let why = "Failed to create snapshot: the storage is busy";
            return fail(server, snapshot, why);
        }
        Whim::Hangs => return Ok(()),
    };
    let Some(content) = content_of(server, snapshot)? else {
        return Ok(());
    };
    let cut = match content
        .pointer("/status/creationTime")
        .and_then(Value::as_i64)
    {
        Some(cut) => cut,
        None => cut_now(server, images, &content)?,
    };
    let cut = Timestamp::from_nanosecond(i128::from(cut)).unwrap_or_default();
    let ready = Timestamp::now().duration_since(cut) >= ready_after.try_into().unwrap_or_default();
    let name = need(&content, "/metadata/name")?;
    if ready {
        let place = Place::cluster(contents(), &name)?;
        server.merge_status(&place, &json!({"readyToUse": true, "error": null}))?;
    }
    // A time of the API has no fraction.
    let seconds = cut.as_second();
    let whole = Timestamp::from_second(seconds).unwrap_or_default();
    let status = json!({
        "boundVolumeSnapshotContentName": name,
        "creationTime": whole.to_string(),
        "readyToUse": ready,
        "restoreSize": "4Gi",
        "error": null,
    });
    server.merge_status(&place_of(snapshot)?, &status)?;
    Ok(())
}

/// (The common controller's 876-916, `updateSnapshotErrorStatusWithEvent`.)
fn fail(server: &ApiServer, snapshot: &Value, why: &str) -> Result<(), StandInError> {
    let status = json!({
        "readyToUse": false,
        "error": {
            "message": why,
            "time": Timestamp::now().to_string(),
        },
    });
    server.merge_status(&place_of(snapshot)?, &status)?;
    Ok(())
}

/// Makes it where there is none (the common controller's 722-856). `None` where the claim has
/// no volume of ours.
fn content_of(server: &ApiServer, snapshot: &Value) -> Result<Option<Value>, StandInError> {
    let uid = need(snapshot, "/metadata/uid")?;
    let given = text(snapshot, "/spec/source/volumeSnapshotContentName");
    if !given.is_empty() {
        let place = Place::cluster(contents(), given)?;
        let Some(content) = server.get(&place)? else {
            return Ok(None);
        };
        // `checkandBindSnapshotContent` (1106-1143), which leaves one that is bound to another
        // (621-651, `getPreprovisionedContentFromStore`).
        let bound = json!({"spec": {"volumeSnapshotRef": {"uid": uid}}});
        let of = text(&content, "/spec/volumeSnapshotRef/uid");
        return match (of == uid, of.is_empty()) {
            (true, _) => Ok(Some(content)),
            (false, true) => Ok(Some(server.merge(&place, &bound)?)),
            (false, false) => {
                let why = format!("VolumeSnapshotContent [{given}] is bound to another snapshot");
                fail(server, snapshot, &why)?;
                Ok(None)
            }
        };
    }
    let name = format!("snapcontent-{uid}");
    let place = Place::cluster(contents(), &name)?;
    if let Some(content) = server.get(&place)? {
        return Ok(Some(content));
    }
    let namespace = need(snapshot, "/metadata/namespace")?;
    let claim = need(snapshot, "/spec/source/persistentVolumeClaimName")?;
    let claim = server.get(&Place::new(claims(), &namespace, &claim)?)?;
    let volume = claim
        .as_ref()
        .map_or("", |one| text(one, "/spec/volumeName"));
    if volume.is_empty() {
        return Ok(None);
    }
    let Some(volume) = server.get(&Place::cluster(volumes(), volume)?)? else {
        return Ok(None);
    };
    let content = json!({
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshotContent",
        "metadata": {"name": name},
        "spec": {
            "deletionPolicy": "Delete",
            "driver": DRIVER,
            "source": {"volumeHandle": need(&volume, "/spec/csi/volumeHandle")?},
            "volumeSnapshotClassName": SNAPSHOT_CLASS,
            "volumeSnapshotRef": {
                "apiVersion": "snapshot.storage.k8s.io/v1",
                "kind": "VolumeSnapshot",
                "namespace": namespace,
                "name": need(snapshot, "/metadata/name")?,
                "uid": uid,
            },
        },
    });
    make(server, &place, &content)?;
    Ok(server.get(&place)?)
}

/// Cuts it (the sidecar's 338-406, `createSnapshotWrapper`); a content that has a handle
/// already was cut elsewhere (258-327, `checkandUpdateContentStatusOperation`).
fn cut_now(server: &ApiServer, images: &Images, content: &Value) -> Result<i64, StandInError> {
    let given = text(content, "/spec/source/snapshotHandle");
    let handle = match given {
        "" => {
            let handle = format!("snapshot-{}", need(content, "/metadata/uid")?);
            images.clone_of(&need(content, "/spec/source/volumeHandle")?, &handle)?;
            handle
        }
        given => given.to_owned(),
    };
    let cut = Timestamp::now().as_nanosecond();
    let cut = i64::try_from(cut).unwrap_or_default();
    let status = json!({
        "snapshotHandle": handle,
        "creationTime": cut,
        "readyToUse": false,
        "restoreSize": 4_u64 << 30,
    });
    let place = Place::cluster(contents(), &need(content, "/metadata/name")?)?;
    server.merge_status(&place, &status)?;
    Ok(cut)
}

/// Contents whose VolumeSnapshots are gone go with their images, where they say so (the
/// common controller's 223-354, `processSnapshotWithDeletionTimestamp`; the sidecar's 58-86
/// and 409-432, `deleteCSISnapshotOperation`). There, they go while their VolumeSnapshot is
/// being deleted, and those that never had one stay (the common controller's 106-109 and
/// 144-168).
pub(super) fn reclaim(server: &ApiServer, images: &Images) -> Result<(), StandInError> {
    for content in server.list(&contents(), "", "")? {
        let ours = text(&content, "/spec/driver") == DRIVER;
        let delete = text(&content, "/spec/deletionPolicy") == "Delete";
        if !ours || !delete {
            continue;
        }
        let namespace = need(&content, "/spec/volumeSnapshotRef/namespace")?;
        let name = need(&content, "/spec/volumeSnapshotRef/name")?;
        let uid = text(&content, "/spec/volumeSnapshotRef/uid");
        let snapshot = server.get(&Place::new(snapshots(), &namespace, &name)?)?;
        let is_there =
            snapshot.is_some_and(|one| uid.is_empty() || text(&one, "/metadata/uid") == uid);
        if !is_there {
            images.remove(text(&content, "/status/snapshotHandle"));
            let name = need(&content, "/metadata/name")?;
            server.delete(&Place::cluster(contents(), &name)?)?;
        }
    }
    Ok(())
}

fn place_of(snapshot: &Value) -> Result<Place, StandInError> {
    let namespace = need(snapshot, "/metadata/namespace")?;
    let name = need(snapshot, "/metadata/name")?;
    Ok(Place::new(snapshots(), &namespace, &name)?)
}
