//! The VolumeSnapshots that are restored from, and new ones for what is left of
//! those that went with their namespace: their contents stay, or at least what the
//! storage has.

use std::time::Duration;

use serde_json::{Value, json};
use slackwater_restore::Snapshot;

use super::{InPlace, KeptContent, RestoreError};
use crate::labels::{APP, CLONE, RUN, SLACKWATER};
use crate::place::{Place, Resource, label_value};
use crate::snapshots::BROKER;

/// Until a snapshot can be restored from: hours, where a driver uploads; a restore
/// is not begun meanwhile.
const READY: Duration = Duration::from_secs(3 * 3_600);

/// A content goes when its controller has seen that its VolumeSnapshot is gone.
const SOON: Duration = Duration::from_secs(120);

impl InPlace {
    pub(super) fn snapshot_name(&self, claim: &str) -> String {
        format!("slackwater-{}-{claim}", self.target.run)
    }

    /// What its snapshot stands for. Of what others made a clone alone is made: whoever made
    /// it restores in place, and deletes it.
    pub(super) fn content_kept(&self, claim: &str) -> Option<&KeptContent> {
        let kept = self.kept()?;
        let others = self
            .target
            .origin
            .as_ref()
            .map(|_| &kept.contents_of_others);
        let mut all = kept.contents.iter().chain(others.into_iter().flatten());
        all.find(|one| one.claim == claim)
    }

    fn run_label(&self) -> &'static str {
        match self.target.origin {
            Some(_) => CLONE,
            None => RUN,
        }
    }

    fn snapshot_place(&self, claim: &str) -> Result<Place, RestoreError> {
        let name = self.snapshot_name(claim);
        Ok(Place::new(
            Resource::snapshots(),
            &self.target.namespace,
            &name,
        )?)
    }

    pub(super) fn snapshot_of(&self, claim: &str) -> Result<Snapshot, RestoreError> {
        let place = self.snapshot_place(claim)?;
        let Some(found) = self.server.get(&place)? else {
            let is_kept = self.content_kept(claim).is_some();
            return Ok(Snapshot::Gone { is_kept });
        };
        let unfit = |why: &str| RestoreError::Unfit {
            place: Box::new(place.clone()),
            why: why.to_owned(),
        };
        if found["metadata"]["labels"][self.run_label()] != self.target.run.as_str() {
            return Err(unfit(
                "is not of this run, and has the name of its snapshot",
            ));
        }
        if found["metadata"]["deletionTimestamp"].is_string() {
            return Err(unfit("is being deleted: see who does so"));
        }
        match found["status"]["readyToUse"] == true {
            true => Ok(Snapshot::Ready),
            false => Ok(Snapshot::NotReady),
        }
    }

    pub(super) fn await_snapshot(&self, claim: &str) -> Result<(), RestoreError> {
        let place = self.snapshot_place(claim)?;
        let what = || {
            let found = self.server.get(&place).ok().flatten().unwrap_or_default();
            let said = found["status"]["error"]["message"].as_str();
            format!(
                "{place} is not ready to use ({})",
                said.unwrap_or("nobody says why")
            )
        };
        let remedy = "see what its driver says, and do it again";
        self.until(what, READY, remedy, || {
            Ok(self.snapshot_of(claim)? == Snapshot::Ready)
        })
    }

    /// As external-snapshotter has it for what is there before its snapshot
    /// (`spec.source.snapshotHandle`, `volumeSnapshotContentName`): a content of our
    /// own, for the one that stayed names another snapshot by its uid.
    pub(super) fn find_snapshot(&self, claim: &str) -> Result<(), RestoreError> {
        let kept = self.content_kept(claim);
        let kept = kept.ok_or_else(|| RestoreError::NotKept(self.snapshot_name(claim)))?;
        let place = self.snapshot_place(claim)?;
        let run = label_value(self.target.run.as_str())?;
        let mut volumes = self.target.volumes.iter();
        let node = volumes.find(|one| one.claim == claim).map(|one| one.broker);
        let node = node.unwrap_or_default().to_string();
        let mut labels = json!({APP: SLACKWATER, BROKER: node});
        labels[self.run_label()] = run.into();
        let content = self.content_place(&place)?;
        let mut object = json!({
            "apiVersion": "snapshot.storage.k8s.io/v1",
            "kind": "VolumeSnapshotContent",
            "metadata": {"name": content.name, "labels": labels},
            "spec": {
                // It outlives its snapshot, as the one before did.
                "deletionPolicy": "Retain",
                "driver": kept.driver,
                "source": {"snapshotHandle": kept.handle},
                "volumeSnapshotRef": {"namespace": place.namespace, "name": place.name},
            },
        });
        if let Some(class) = &kept.class {
            object["spec"]["volumeSnapshotClassName"] = class.as_str().into();
        }
        if let Some(mode) = &kept.mode {
            object["spec"]["sourceVolumeMode"] = mode.as_str().into();
        }
        self.forget_bound(&content)?;
        self.make(&content, &object)?;
        let stored = self.server.get(&content)?.unwrap_or_default();
        if stored["spec"]["source"]["snapshotHandle"] != kept.handle.as_str() {
            return Err(RestoreError::Unfit {
                place: Box::new(content),
                why: "stands for something else: delete it".to_owned(),
            });
        }
        let mut object = json!({
            "apiVersion": "snapshot.storage.k8s.io/v1",
            "kind": "VolumeSnapshot",
            "metadata": {"namespace": place.namespace, "name": place.name, "labels": labels},
            "spec": {"source": {"volumeSnapshotContentName": content.name}},
        });
        if let Some(class) = &kept.class {
            object["spec"]["volumeSnapshotClassName"] = class.as_str().into();
        }
        self.make(&place, &object)
    }

    /// Contents are in no namespace: a clone's has that in its name.
    fn content_place(&self, snapshot: &Place) -> Result<Place, RestoreError> {
        let name = match &self.target.origin {
            None => snapshot.name.clone(),
            Some(_) => format!("{}-{}", snapshot.name, snapshot.namespace),
        };
        Ok(Place::cluster(Resource::snapshot_contents(), &name)?)
    }

    /// A clone's own VolumeSnapshot, and its content; what these stand for stays.
    pub(super) fn forget_snapshot(&self, claim: &str) -> Result<(), RestoreError> {
        let place = self.snapshot_place(claim)?;
        let content = self.content_place(&place)?;
        let unfit = |place: &Place, why: &str| RestoreError::Unfit {
            place: Box::new(place.clone()),
            why: why.to_owned(),
        };
        if let Some(found) = self.server.get(&place)? {
            let bound = found["status"]["boundVolumeSnapshotContentName"].as_str();
            let ours = found["metadata"]["labels"][CLONE] == self.target.run.as_str();
            if !ours || bound.is_some_and(|bound| bound != content.name) {
                return Err(unfit(
                    &place,
                    "was not made for this clone: see whose it is",
                ));
            }
        }
        let found = self.server.get(&content)?;
        if !found.is_none_or(|found| found["spec"]["deletionPolicy"] == "Retain") {
            let why = "is not retained: what it stands for is the original's; see who changed that";
            return Err(unfit(&content, why));
        }
        self.server.delete(&place)?;
        Ok(self.server.delete(&content)?)
    }

    /// A content of ours whose VolumeSnapshot went, with a namespace that was lost once
    /// more, is bound to that by its uid, and to no other. Without it the storage has
    /// what it has, as it is retained.
    fn forget_bound(&self, content: &Place) -> Result<(), RestoreError> {
        let Some(found) = self.server.get(content)? else {
            return Ok(());
        };
        if !found["spec"]["volumeSnapshotRef"]["uid"].is_string() {
            return Ok(());
        }
        if found["spec"]["deletionPolicy"] != "Retain" {
            return Err(RestoreError::Unfit {
                place: Box::new(content.clone()),
                why: "is bound to a VolumeSnapshot that is gone, and not retained: see who \
                      changed that"
                    .to_owned(),
            });
        }
        self.server.delete(content)?;
        self.until(
            || format!("{content} is not gone"),
            SOON,
            "see what holds it, and do it again",
            || Ok(self.server.get(content)?.is_none()),
        )
    }

    /// One that is there is it: whoever asks looks at what it says.
    pub(super) fn make(&self, place: &Place, object: &Value) -> Result<(), RestoreError> {
        match self.server.create(place, object) {
            Ok(_) | Err(crate::ApiError::Exists { .. }) => Ok(()),
            Err(error) if error.is_silence() && self.server.get(place)?.is_some() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
