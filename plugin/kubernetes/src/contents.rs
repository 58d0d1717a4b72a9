//! What VolumeSnapshots stand for: their VolumeSnapshotContents, and whether
//! these outlive them.

use serde_json::{Value, json};
use slackwater_strimzi::PatchOp;

use crate::place::{Place, Resource};
use crate::{ApiError, ApiServer};

/// What becomes of a content when its VolumeSnapshot goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// It stays, and with it what the storage has.
    Retain,
    /// It goes, too.
    Delete,
}

impl Policy {
    fn word(self) -> &'static str {
        match self {
            Self::Retain => "Retain",
            Self::Delete => "Delete",
        }
    }
}

/// The VolumeSnapshot that a content has to be of.
pub(crate) struct Owner<'a> {
    pub(crate) place: &'a Place,
    pub(crate) uid: &'a str,
    /// The content that its status names.
    pub(crate) bound: Option<&'a str>,
}

impl Owner<'_> {
    /// Where its content is. Before the status says so, it has the name that the
    /// snapshotter gives it (external-snapshotter's
    /// `GetDynamicSnapshotContentNameForSnapshot`).
    fn content(&self) -> Result<Place, ApiError> {
        let unbound = format!("snapcontent-{}", self.uid);
        let name = self.bound.unwrap_or(&unbound);
        Place::cluster(Resource::snapshot_contents(), name)
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The content says it.
    Set,
    /// There is no content.
    Gone,
    /// The content is of another VolumeSnapshot, and left alone: it is not ours
    /// to keep or to delete, whoever names it.
    Others(Place),
}

/// That a content goes with what it stands for though its VolumeSnapshot is gone
/// (external-snapshotter's `AnnVolumeSnapshotBeingDeleted`, which its sidecar asks
/// for: `shouldDelete`).
const GOING: &str = "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted";

/// Deletes one that was left by the VolumeSnapshot of this name, with what it stands
/// for. One whose VolumeSnapshot is there is that one's.
///
/// # Errors
/// A refusal; no answer.
pub(crate) fn delete_left(
    server: &ApiServer,
    name: &str,
    snapshot: &Place,
) -> Result<(), ApiError> {
    let place = Place::cluster(Resource::snapshot_contents(), name)?;
    let Some(content) = server.get(&place)? else {
        return Ok(());
    };
    let of = &content["spec"]["volumeSnapshotRef"];
    let ours =
        of["namespace"] == snapshot.namespace.as_str() && of["name"] == snapshot.name.as_str();
    let there = server.get(snapshot)?;
    let is_left = there.is_none_or(|there| there["metadata"]["uid"] != of["uid"]);
    if !(ours && is_left) {
        return Ok(());
    }
    let change = json!({
        "metadata": {"annotations": {GOING: "yes"}},
        "spec": {"deletionPolicy": Policy::Delete.word()},
    });
    match server.merge(&place, &change) {
        // Its snapshot was deleted just now, and whoever does so was faster.
        Err(ApiError::Missing { .. }) => Ok(()),
        merged => merged.and_then(|_| server.delete(&place)),
    }
}

/// Sets it.
///
/// # Errors
/// A refusal; no answer.
pub(crate) fn set(
    server: &ApiServer,
    owner: &Owner<'_>,
    policy: Policy,
) -> Result<Outcome, ApiError> {
    let place = owner.content()?;
    let Some(content) = server.get(&place)? else {
        return Ok(Outcome::Gone);
    };
    let of = &content["spec"]["volumeSnapshotRef"];
    let ours = of["namespace"] == owner.place.namespace.as_str()
        && of["name"] == owner.place.name.as_str()
        && of["uid"] == owner.uid;
    if !ours {
        return Ok(Outcome::Others(place));
    }
    if content["spec"]["deletionPolicy"] == policy.word() {
        return Ok(Outcome::Set);
    }
    let ops = [
        PatchOp::Test {
            path: "/spec/volumeSnapshotRef/uid".to_owned(),
            value: json!(owner.uid),
        },
        PatchOp::Add {
            path: "/spec/deletionPolicy".to_owned(),
            value: json!(policy.word()),
        },
    ];
    let stored: Value = match server.patch(&place, &ops) {
        Err(ApiError::Missing { .. }) => return Ok(Outcome::Gone),
        patched => patched?,
    };
    match stored["spec"]["deletionPolicy"] == policy.word() {
        true => Ok(Outcome::Set),
        false => Err(ApiError::Malformed {
            what: format!("patch {place}"),
            said: "it does not say what was just written".to_owned(),
        }),
    }
}
