//! Claims, exchanged one by one: kept, removed, made from a snapshot; and back.

use std::time::Duration;

use serde_json::{Value, json};
use slackwater_store::sha256;

use super::bare::bare_claim;
use super::kept_volumes::{self, KeptVolume, KeptVolumes};
use super::{InPlace, RestoreError};
use crate::labels::{APP, SLACKWATER};
use crate::place::{Place, Resource, label_value, name};

/// That a claim was made by a restore that is not over, and of which run.
pub(super) const RESTORING: &str = "slackwater.io/restoring";

/// A claim goes when no pod has it any more (`kubernetes.io/pvc-protection`), and
/// they are gone; one that gets a volume that is there gets it in seconds.
const SOON: Duration = Duration::from_secs(120);

/// So many hexadecimal digits of a digest are noted: people read that note, too.
const DIGITS: usize = 16;

impl InPlace {
    /// Which claims the volumes of the cut have, by their uids: another text where one was
    /// made anew.
    ///
    /// # Errors
    /// No answer.
    pub fn which_claims(&self) -> Result<String, RestoreError> {
        let mut uids = String::new();
        for claim in self.claims() {
            let found = self.server.get(&self.claim_place(claim)?)?;
            let uid = found
                .as_ref()
                .and_then(|one| one["metadata"]["uid"].as_str());
            uids += uid.unwrap_or("none");
            uids.push(' ');
        }
        Ok(sha256(&uids).chars().take(DIGITS).collect())
    }

    pub(super) fn kept_volumes(&self) -> Result<Vec<KeptVolume>, RestoreError> {
        KeptVolumes::new(self.server.clone(), self.kafka_name()).all()
    }

    /// That of a claim, kept before this restore.
    fn kept_of(&self, claim: &str) -> Result<Option<KeptVolume>, RestoreError> {
        let run = &self.target.run;
        let mut all = self.kept_volumes()?.into_iter();
        Ok(all.find(|one| one.note.run == *run && one.note.claim_name() == claim))
    }

    /// Makes those that are kept of its claims this run's. There is one of each.
    pub(super) fn hand_over_kept_volumes(&self) -> Result<(), RestoreError> {
        let claims = self.claims();
        let ours = |one: &KeptVolume| claims.contains(one.note.claim_name().as_str());
        for one in self.kept_volumes()?.into_iter().filter(ours) {
            if one.note.run != self.target.run {
                kept_volumes::hand_over(&self.server, &one, &self.target.run)?;
            }
        }
        Ok(())
    }

    /// The volume that a claim has now.
    ///
    /// # Errors
    /// No answer.
    pub fn volume_of(&self, claim: &str) -> Result<Option<String>, RestoreError> {
        let found = self.server.get(&self.claim_place(claim)?)?;
        Ok(found.and_then(|found| Some(found["spec"]["volumeName"].as_str()?.to_owned())))
    }

    pub(super) fn keep_volume(&self, claim: &str) -> Result<(), RestoreError> {
        let place = self.claim_place(claim)?;
        let Some(found) = self.server.get(&place)? else {
            return Ok(());
        };
        let unfit = |why: &str| RestoreError::Unfit {
            place: Box::new(place.clone()),
            why: why.to_owned(),
        };
        let volume = found["spec"]["volumeName"].as_str();
        let volume = volume.ok_or_else(|| unfit("has no volume: delete it"))?;
        let volume = Place::cluster(Resource::volumes(), volume)?;
        let volume = self.server.get(&volume)?;
        let volume = volume.ok_or_else(|| unfit("has lost its volume: delete it"))?;
        if volume["spec"]["claimRef"]["uid"] != found["metadata"]["uid"] {
            return Err(unfit("has a volume that is another's: delete it"));
        }
        let (run, kafka) = (&self.target.run, self.kafka_name());
        kept_volumes::keep(&self.server, &volume, run, &kafka, bare_claim(&found))
    }

    /// Never one whose volume is not kept.
    pub(super) fn remove_claim(&self, claim: &str) -> Result<(), RestoreError> {
        let place = self.claim_place(claim)?;
        let Some(found) = self.server.get(&place)? else {
            return Ok(());
        };
        let kept = self.kept_of(claim)?;
        let volume = found["spec"]["volumeName"].as_str();
        if kept.is_none_or(|kept| Some(kept.name.as_str()) != volume) {
            return Err(RestoreError::Unfit {
                place: Box::new(place),
                why: "has a volume that is not kept: it is left alone".to_owned(),
            });
        }
        self.remove_readers()?;
        self.server.delete(&place)?;
        self.until_claim_is_gone(&place)
    }

    fn until_claim_is_gone(&self, place: &Place) -> Result<(), RestoreError> {
        self.until(
            || format!("{place} is not gone"),
            SOON,
            "see which pod has it, and do it again",
            || Ok(self.server.get(place)?.is_none()),
        )
    }

    /// How a claim was, as far as anybody knows.
    fn claim_before(&self, claim: &str) -> Result<Option<Value>, RestoreError> {
        if let Some(kept) = self.kept_of(claim)? {
            return Ok(Some(kept.note.claim));
        }
        Ok(self.kept_claim(claim).cloned())
    }

    /// How it was, by what is kept beside the cut.
    pub(super) fn kept_claim(&self, claim: &str) -> Option<&Value> {
        let mut kept = self.kept().into_iter().flat_map(|kept| &kept.claims);
        kept.find(|one| name(one) == claim)
    }

    /// Where its volume could be before, as a `NodeSelector`: whoever has it first says
    /// where it is, and its broker has to get there.
    ///
    /// # Errors
    /// No answer.
    pub fn nodes_of(&self, claim: &str) -> Result<Option<Value>, RestoreError> {
        // One that has its volume says it itself.
        let there = self.server.get(&self.claim_place(claim)?)?;
        if there.is_some_and(|claim| claim["spec"]["volumeName"].is_string()) {
            return Ok(None);
        }
        if let Some(kept) = self.kept_of(claim)? {
            let place = Place::cluster(Resource::volumes(), &kept.name)?;
            let volume = self.server.get(&place)?.unwrap_or_default();
            let required = volume["spec"]["nodeAffinity"]["required"].clone();
            return Ok(Some(required).filter(Value::is_object));
        }
        let kept = self.content_kept(claim);
        Ok(kept.and_then(|one| one.nodes.clone()))
    }

    /// From its snapshot, with the name and the labels that it had: the operator
    /// takes it as it is. It gets its volume when a pod mounts it, or before.
    pub(super) fn make_claim(&self, claim: &str) -> Result<(), RestoreError> {
        let place = self.claim_place(claim)?;
        let before = self.claim_before(claim)?;
        let mut object = before.ok_or_else(|| RestoreError::NotKept(place.to_string()))?;
        let run = label_value(self.target.run.as_str())?;
        object["metadata"]["labels"][APP] = match &object["metadata"]["labels"][APP] {
            Value::Null => SLACKWATER.into(),
            theirs => theirs.clone(),
        };
        object["metadata"]["labels"][RESTORING] = run.into();
        let snapshot = self.snapshot_name(claim);
        object["spec"]["dataSource"] = json!({
            "apiGroup": "snapshot.storage.k8s.io",
            "kind": "VolumeSnapshot",
            "name": snapshot,
        });
        self.make(&place, &object)?;
        let stored = self.server.get(&place)?.unwrap_or_default();
        let of_it = stored["spec"]["dataSource"]["name"] == snapshot.as_str()
            && stored["metadata"]["labels"][RESTORING] == run;
        match of_it {
            true => Ok(()),
            false => Err(RestoreError::ReadBack(Box::new(place))),
        }
    }

    pub(super) fn forget_claim(&self, claim: &str) -> Result<(), RestoreError> {
        let place = self.claim_place(claim)?;
        let Some(found) = self.server.get(&place)? else {
            return Ok(());
        };
        if found["metadata"]["labels"][RESTORING].is_string() {
            let change = json!({"metadata": {"labels": {RESTORING: null}}});
            self.server.merge(&place, &change)?;
        }
        Ok(())
    }

    /// With its volume: it is a copy of a snapshot, or what came of one. Never the
    /// one that is kept.
    pub(super) fn drop_claim(&self, claim: &str) -> Result<(), RestoreError> {
        let place = self.claim_place(claim)?;
        let Some(found) = self.server.get(&place)? else {
            return Ok(());
        };
        let kept = self.kept_of(claim)?;
        let kept = kept.ok_or_else(|| RestoreError::NotKept(format!("the volume of {claim}")))?;
        if let Some(volume) = found["spec"]["volumeName"].as_str() {
            if volume == kept.name {
                return Ok(());
            }
            let volume = Place::cluster(Resource::volumes(), volume)?;
            let change = json!({"spec": {"persistentVolumeReclaimPolicy": "Delete"}});
            self.server.merge(&volume, &change)?;
        }
        self.remove_readers()?;
        self.server.delete(&place)?;
        self.until_claim_is_gone(&place)
    }

    /// A volume that was released is free for a claim of that name once it names no
    /// other by its uid (persistentvolume's `syncVolume`).
    pub(super) fn put_back_claim(&self, claim: &str) -> Result<(), RestoreError> {
        let kept = self.kept_of(claim)?;
        let kept = kept.ok_or_else(|| RestoreError::NotKept(format!("the volume of {claim}")))?;
        let volume = Place::cluster(Resource::volumes(), &kept.name)?;
        let place = self.claim_place(claim)?;
        if self.server.get(&place)?.is_none() {
            let reference = json!({
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": place.namespace,
                "name": place.name,
                "uid": null,
                "resourceVersion": null,
            });
            self.server
                .merge(&volume, &json!({"spec": {"claimRef": reference}}))?;
            let mut object = kept.note.claim.clone();
            object["spec"]["volumeName"] = kept.name.as_str().into();
            self.make(&place, &object)?;
        }
        self.until(
            || format!("{place} does not get {volume}"),
            SOON,
            "see what is said of both (kubectl describe)",
            || {
                let now = self.server.get(&place)?.unwrap_or_default();
                let bound = now["status"]["phase"] == "Bound";
                Ok(bound && now["spec"]["volumeName"] == kept.name.as_str())
            },
        )
    }

    pub(super) fn forget_kept_volumes(&self) -> Result<(), RestoreError> {
        let claims = self.claims();
        for one in self.kept_volumes()? {
            let ours = one.note.run == self.target.run;
            if ours && claims.contains(one.note.claim_name().as_str()) {
                kept_volumes::forget(&self.server, &one)?;
            }
        }
        Ok(())
    }
}
