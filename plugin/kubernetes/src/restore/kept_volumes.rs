//! Volumes from before a restore: told to outlive their claims, with a note of
//! whose they were and how the claim was. They are the way back.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slackwater_store::RunId;

use super::RestoreError;
use crate::ApiServer;
use crate::labels::{APP, SLACKWATER};
use crate::place::{Place, Resource, label_value, name};

/// The label by which they are found; its value is the run that was restored.
const LABEL: &str = "slackwater.io/kept-before";

/// The note on a volume.
const NOTE: &str = "slackwater.io/kept";

/// What is noted on a volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct VolumeNote {
    /// Of which run the restore was.
    pub(super) run: RunId,
    /// Of which Kafka: `NAMESPACE/NAME`.
    pub(super) kafka: String,
    /// How its claim was.
    pub(super) claim: Value,
    /// What became of it when the claim went.
    pub(super) policy: String,
}

impl VolumeNote {
    /// Its claim's name.
    pub(super) fn claim_name(&self) -> String {
        name(&self.claim)
    }
}

/// A volume that is kept.
pub(super) struct KeptVolume {
    pub(super) name: String,
    pub(super) note: VolumeNote,
}

/// Those of one Kafka.
#[derive(Clone)]
pub struct KeptVolumes {
    server: ApiServer,
    kafka: String,
}

impl KeptVolumes {
    /// Of this Kafka: `NAMESPACE/NAME`.
    pub fn new(server: ApiServer, kafka: impl Into<String>) -> Self {
        Self {
            server,
            kafka: kafka.into(),
        }
    }

    /// The runs whose restores they are from before of.
    ///
    /// # Errors
    /// No answer.
    pub fn runs(&self) -> Result<BTreeSet<RunId>, RestoreError> {
        let all = self.all()?.into_iter();
        Ok(all.map(|one| one.note.run).collect())
    }

    /// All of them. One whose note can't be read is nobody's.
    pub(super) fn all(&self) -> Result<Vec<KeptVolume>, RestoreError> {
        let labels = format!("{APP}={SLACKWATER},{LABEL}");
        let found = self.server.list(&Resource::volumes(), "", &labels)?;
        let read = |volume: &Value| {
            // One that is told to go is no way back any more.
            let stays = volume["metadata"]["deletionTimestamp"].is_null()
                && volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain";
            if !stays {
                return None;
            }
            let note = volume["metadata"]["annotations"][NOTE].as_str()?;
            let note = serde_json::from_str::<VolumeNote>(note).ok()?;
            (note.kafka == self.kafka).then(|| KeptVolume {
                name: name(volume),
                note,
            })
        };
        Ok(found.iter().filter_map(read).collect())
    }

    /// Whether there are any from before a restore of this run.
    ///
    /// # Errors
    /// No answer.
    pub fn any_of(&self, run: &RunId) -> Result<bool, RestoreError> {
        Ok(self.all()?.iter().any(|one| one.note.run == *run))
    }

    /// What they are called.
    ///
    /// # Errors
    /// No answer.
    pub fn names(&self) -> Result<Vec<String>, RestoreError> {
        Ok(self.all()?.into_iter().map(|one| one.name).collect())
    }

    /// Deletes them, with what the storage has of them, and gives their names. There
    /// is no way back then.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn delete(&self) -> Result<Vec<String>, RestoreError> {
        let mut deleted = Vec::new();
        for one in self.all()? {
            let place = Place::cluster(Resource::volumes(), &one.name)?;
            let Some(volume) = self.server.get(&place)? else {
                continue;
            };
            if volume["status"]["phase"] == "Bound" {
                // A claim has it again.
                continue;
            }
            // What is released, and says so, is deleted by its driver; and where that
            // takes its time, or is refused, nobody takes it for a way back.
            let change = json!({
                "metadata": {
                    "labels": {APP: null, LABEL: null},
                    "annotations": {NOTE: null},
                },
                "spec": {"persistentVolumeReclaimPolicy": "Delete"},
            });
            self.server.merge(&place, &change)?;
            deleted.push(one.name);
        }
        Ok(deleted)
    }
}

/// Has it outlive its claim.
pub(super) fn keep(
    server: &ApiServer,
    volume: &Value,
    run: &RunId,
    kafka: &str,
    claim: Value,
) -> Result<(), RestoreError> {
    let policy = volume["spec"]["persistentVolumeReclaimPolicy"].as_str();
    let note = VolumeNote {
        run: run.clone(),
        kafka: kafka.to_owned(),
        claim,
        policy: policy.unwrap_or("Delete").to_owned(),
    };
    annotate(server, &name(volume), &note)
}

/// Has it kept for a restore of this run.
pub(super) fn hand_over(
    server: &ApiServer,
    kept: &KeptVolume,
    run: &RunId,
) -> Result<(), RestoreError> {
    let note = VolumeNote {
        run: run.clone(),
        ..kept.note.clone()
    };
    annotate(server, &kept.name, &note)
}

fn annotate(server: &ApiServer, volume: &str, note: &VolumeNote) -> Result<(), RestoreError> {
    let place = Place::cluster(Resource::volumes(), volume)?;
    let run = label_value(note.run.as_str())?;
    let note = serde_json::to_string(&note).unwrap_or_default();
    let change = json!({
        "metadata": {
            "labels": {APP: SLACKWATER, LABEL: run},
            "annotations": {NOTE: note},
        },
        "spec": {"persistentVolumeReclaimPolicy": "Retain"},
    });
    let stored = server.merge(&place, &change)?;
    let kept = stored["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
        && stored["metadata"]["annotations"][NOTE] == note;
    match kept {
        true => Ok(()),
        false => Err(RestoreError::ReadBack(Box::new(place))),
    }
}

/// It is kept no more: its claim has it, as before.
pub(super) fn forget(server: &ApiServer, kept: &KeptVolume) -> Result<(), RestoreError> {
    let place = Place::cluster(Resource::volumes(), &kept.name)?;
    let change = json!({
        "metadata": {
            "labels": {APP: null, LABEL: null},
            "annotations": {NOTE: null},
        },
        "spec": {"persistentVolumeReclaimPolicy": kept.note.policy},
    });
    server.merge(&place, &change)?;
    Ok(())
}
