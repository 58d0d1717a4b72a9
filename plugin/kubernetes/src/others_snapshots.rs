//! VolumeSnapshots that others make of the mirror's claims: seen, never asked for. And
//! those of them that a cut names, to be read.
//!
//! Which count is decided in snapshotPartitions. Names and labels say nothing here:
//! whoever makes them chooses them. One that was made for what lies in the storage
//! already (`source.volumeSnapshotContentName`) is of no claim, and left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use slackwater_ports::{
    OtherSnapshot, PortError, PortErrorKind, Seen, SnapshotIdentity, SnapshotSeen, VolumeSnapshot,
};

use jiff::Timestamp;

use crate::place::{Place, Resource};
use crate::{ApiError, ApiServer, ClaimVolume};

/// Of which it is asked what the storage calls them, by their uids. A namespace may have
/// hundreds of earlier backups, each is one request, and the mirror stands still meanwhile.
#[derive(Debug, Clone)]
pub enum Stored {
    /// Of none: those that are there before a seal are known by their uids alone.
    OfNone,
    /// Of all but those that were there before the seal.
    OfAllBut(BTreeSet<String>),
    /// Of those that a cut names.
    Of(BTreeSet<String>),
}

impl Stored {
    fn is_asked(&self, uid: &str) -> bool {
        match self {
            Self::OfNone => false,
            Self::OfAllBut(before) => !before.contains(uid),
            Self::Of(bound) => bound.contains(uid),
        }
    }
}

/// All that there are of some claims.
#[derive(Clone)]
pub struct OthersSnapshots {
    server: ApiServer,
    namespace: String,
    volumes: Vec<ClaimVolume>,
    asked: Stored,
    /// What the storage calls each, by its uid: that does not change.
    stored: Arc<Mutex<BTreeMap<String, String>>>,
}

impl OthersSnapshots {
    /// Nothing is asked yet.
    pub fn new(
        server: ApiServer,
        namespace: &str,
        volumes: Vec<ClaimVolume>,
        asked: Stored,
    ) -> Self {
        Self {
            server,
            namespace: namespace.to_owned(),
            volumes,
            asked,
            stored: Arc::default(),
        }
    }

    fn all(&self) -> Result<Vec<OtherSnapshot>, ApiError> {
        let found = self
            .server
            .list(&Resource::snapshots(), &self.namespace, "")?;
        let mut seen = Vec::new();
        for object in &found {
            let claim = text(&object["spec"]["source"]["persistentVolumeClaimName"]);
            let mut of = self.volumes.iter();
            if let Some(volume) = of.find(|one| Some(&one.claim) == claim.as_ref()) {
                seen.push(self.seen(object, volume)?);
            }
        }
        let key = |one: &OtherSnapshot| (one.seen.volume.clone(), one.seen.handle.clone());
        seen.sort_by_key(key);
        Ok(seen)
    }

    fn seen(&self, object: &Value, volume: &ClaimVolume) -> Result<OtherSnapshot, ApiError> {
        let (metadata, status) = (&object["metadata"], &object["status"]);
        let name = text(&metadata["name"]).unwrap_or_default();
        let malformed = |said: &str| ApiError::Malformed {
            what: format!("read VolumeSnapshot {}/{name}", self.namespace),
            said: said.to_owned(),
        };
        let time = |value: &Value| -> Result<Option<u64>, ApiError> {
            let text = value.as_str().map(str::parse::<Timestamp>).transpose();
            let at = text.map_err(|_| malformed("a time of it is none"))?;
            Ok(at.and_then(|at| u64::try_from(at.as_millisecond()).ok()))
        };
        let uid = text(&metadata["uid"]).ok_or_else(|| malformed("it has no uid"))?;
        let content = text(&status["boundVolumeSnapshotContentName"]);
        let ready = status["readyToUse"] == true;
        let error = match (&metadata["deletionTimestamp"], is_of_a_group(object)) {
            (Value::Null, false) => None,
            (Value::Null, true) => Some(
                "it is a part of a VolumeGroupSnapshot, which is cut before its parts are made"
                    .to_owned(),
            ),
            _ => Some("it is being deleted: see who does so".to_owned()),
        };
        let seen = SnapshotSeen {
            volume: volume.claim.clone(),
            broker: volume.broker,
            driver: "csi".to_owned(),
            method: text(&object["spec"]["volumeSnapshotClassName"]).unwrap_or_default(),
            handle: format!("{}/{name}", self.namespace),
            started_ms: time(&metadata["creationTimestamp"])?.unwrap_or(0),
            // Whole seconds: it was cut by the end of that second.
            cut_ms: time(&status["creationTime"])?.map(|at| at.saturating_add(999)),
            ready,
            error,
        };
        let stored_as = match &content {
            Some(content) if self.asked.is_asked(&uid) => self.stored_as(content, &uid)?,
            _ => None,
        };
        let identity = SnapshotIdentity {
            uid,
            content,
            stored_as,
        };
        Ok(OtherSnapshot { seen, identity })
    }

    /// Of a content that is this snapshot's, by its uid.
    fn stored_as(&self, content: &str, uid: &str) -> Result<Option<String>, ApiError> {
        let known = self.stored().get(uid).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let place = Place::cluster(Resource::snapshot_contents(), content)?;
        let found = self.server.get(&place)?.unwrap_or_default();
        let is_its = found["spec"]["volumeSnapshotRef"]["uid"] == uid;
        let stored = text(&found["status"]["snapshotHandle"]).filter(|_| is_its);
        if let Some(stored) = &stored {
            self.stored().insert(uid.to_owned(), stored.clone());
        }
        Ok(stored)
    }

    fn stored(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Members are made by the controller when the driver has cut the group already
/// (external-snapshotter, `status.volumeGroupSnapshotName`).
fn is_of_a_group(object: &Value) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array();
    let mut owners = owners.into_iter().flatten();
    owners.any(|owner| owner["kind"] == "VolumeGroupSnapshot")
        || object["status"]["volumeGroupSnapshotName"].is_string()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

impl VolumeSnapshot for OthersSnapshots {
    /// Others ask.
    fn request(&self) -> Seen<()> {
        Ok(())
    }

    /// The run has none of its own.
    fn snapshots(&self) -> Seen<Vec<SnapshotSeen>> {
        Ok(Vec::new())
    }

    fn others(&self) -> Seen<Vec<OtherSnapshot>> {
        Ok(self.all()?)
    }
}

/// Those that a cut names, as they are now.
pub struct BoundSnapshots {
    all: OthersSnapshots,
    bound: Vec<OtherSnapshot>,
}

impl BoundSnapshots {
    /// Of a cut's volumes, in this namespace.
    pub fn new(server: ApiServer, namespace: &str, bound: Vec<OtherSnapshot>) -> Self {
        let uids = bound.iter().map(|one| one.identity.uid.clone()).collect();
        let volumes = bound.iter().map(|one| ClaimVolume {
            claim: one.seen.volume.clone(),
            broker: one.seen.broker,
        });
        Self {
            all: OthersSnapshots::new(server, namespace, volumes.collect(), Stored::Of(uids)),
            bound,
        }
    }
}

impl VolumeSnapshot for BoundSnapshots {
    fn request(&self) -> Seen<()> {
        let why = "others make the snapshots of this run";
        Err(PortError::new(PortErrorKind::Unsupported, why))
    }

    /// One that is gone, or another by now, is an error of its row.
    fn snapshots(&self) -> Seen<Vec<SnapshotSeen>> {
        let found = self.all.all()?;
        let each = self.bound.iter().map(|one| {
            let mut same = found.iter();
            let same =
                same.find(|now| now.seen.handle == one.seen.handle && now.identity == one.identity);
            let gone = SnapshotSeen {
                ready: false,
                error: Some("it is gone, or another one by now: who made it retired it".to_owned()),
                ..one.seen.clone()
            };
            same.map_or(gone, |now| now.seen.clone())
        });
        Ok(each.collect())
    }

    fn others(&self) -> Seen<Vec<OtherSnapshot>> {
        Ok(self.all.all()?)
    }
}
