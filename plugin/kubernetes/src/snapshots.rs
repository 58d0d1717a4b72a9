//! VolumeSnapshots of a mirror's claims, as the port that cuts volumes.
//!
//! All are asked for at once. One is cut when it has a `creationTime`; that it
//! is ready to be restored from comes later, with some drivers much later. A
//! `creationTime` has no fraction of a second (the API's `Time`), so what is
//! given is the end of its second: nothing that was written after is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use slackwater_ports::{PortError, PortErrorKind, Seen, SnapshotSeen, VolumeSnapshot};
use slackwater_store::RunId;

use crate::clock::{Moment, now_ms};
use crate::contents::{self, Outcome, Owner, Policy};
use crate::labels::{APP, RUN, SLACKWATER, runs_of};
use crate::place::{Place, Resource, label_value};
use crate::{ApiError, ApiServer, ClaimVolume, VolumesError, snapshot_classes};

/// How long an error may stand in a snapshot's status before it counts: the
/// snapshotter writes one for each attempt that fails, and tries again (one was
/// seen to be ready two seconds later).
pub const LASTING: Duration = Duration::from_secs(20);

/// The node whose data it is of.
pub(crate) const BROKER: &str = "slackwater.io/broker";
const ASKED: &str = "slackwater.io/asked-ms";

/// Why there are none.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotsError {
    /// The API server has no answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// No snapshot of a claim can be made.
    #[error(transparent)]
    Volumes(#[from] VolumesError),
    /// It was there.
    #[error("{0} was asked for and is gone: see who deletes it")]
    Vanished(Box<Place>),
    /// Somebody else's.
    #[error("{0} is there already, and not of this run: delete it, or take another run id")]
    Foreign(Box<Place>),
    /// It names what is another's.
    #[error("{content} is not of {snapshot}, which names it: it is left alone")]
    Others {
        /// What it stands for.
        content: Box<Place>,
        /// Which names it.
        snapshot: Box<Place>,
    },
    /// There are none to ask for.
    #[error("the mirror has no claims: there is nothing to cut")]
    NoClaims,
    /// It can't be read.
    #[error("{place} can't be read ({why})")]
    Malformed {
        /// Which.
        place: Box<Place>,
        /// Why not.
        why: String,
    },
}

impl From<SnapshotsError> for PortError {
    fn from(error: SnapshotsError) -> Self {
        match error {
            SnapshotsError::Api(error) | SnapshotsError::Volumes(VolumesError::Api(error)) => {
                error.into()
            }
            SnapshotsError::Malformed { .. } => {
                PortError::new(PortErrorKind::Malformed, error.to_string())
            }
            error => PortError::new(PortErrorKind::Refused, error.to_string()),
        }
    }
}

/// The snapshots of one run.
#[derive(Clone)]
pub struct ClaimSnapshots {
    server: ApiServer,
    namespace: String,
    run: RunId,
    /// With the class of each.
    volumes: Vec<(ClaimVolume, String)>,
    lasting: Duration,
    /// Since when each has had an error.
    failing: Arc<Mutex<BTreeMap<String, Moment>>>,
}

#[derive(Debug, Deserialize)]
struct RawSnapshot {
    metadata: RawMeta,
    spec: RawSpec,
    #[serde(default)]
    status: RawStatus,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMeta {
    name: String,
    uid: String,
    deletion_timestamp: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSpec {
    source: RawSource,
    volume_snapshot_class_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSource {
    persistent_volume_claim_name: Option<String>,
    /// Of one that was made again for what was left of another.
    volume_snapshot_content_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStatus {
    creation_time: Option<String>,
    ready_to_use: Option<bool>,
    bound_volume_snapshot_content_name: Option<String>,
    error: Option<RawError>,
}

#[derive(Debug, Deserialize)]
struct RawError {
    message: Option<String>,
}

impl ClaimSnapshots {
    /// Sees that a snapshot of each claim can be made. Nothing is made yet.
    ///
    /// # Errors
    /// One can't; no answer.
    pub fn new(
        server: ApiServer,
        namespace: &str,
        run: RunId,
        volumes: Vec<ClaimVolume>,
        class: Option<&str>,
    ) -> Result<Self, SnapshotsError> {
        if volumes.is_empty() {
            return Err(SnapshotsError::NoClaims);
        }
        // Names that can't be are told here, and not when the mirror is stopped.
        label_value(run.as_str())?;
        for volume in &volumes {
            place_of(namespace, &run, &volume.claim)?;
        }
        let classes = snapshot_classes(&server, namespace, &volumes, class)?;
        Ok(Self {
            server,
            namespace: namespace.to_owned(),
            run,
            volumes: volumes.into_iter().zip(classes).collect(),
            lasting: LASTING,
            failing: Arc::default(),
        })
    }

    /// Those that were made of a run, to look at them or delete them: nothing can be
    /// asked for, and no claim has to be there.
    ///
    /// # Errors
    /// A run that can't be a label.
    pub fn made(server: ApiServer, namespace: &str, run: RunId) -> Result<Self, SnapshotsError> {
        label_value(run.as_str())?;
        Ok(Self {
            server,
            namespace: namespace.to_owned(),
            run,
            volumes: Vec::new(),
            lasting: LASTING,
            failing: Arc::default(),
        })
    }

    /// The runs of which there are any in this namespace.
    ///
    /// # Errors
    /// No answer.
    pub fn runs(server: &ApiServer, namespace: &str) -> Result<Vec<String>, SnapshotsError> {
        let runs = runs_of(server, &Resource::snapshots(), namespace, &[])?;
        Ok(runs.into_iter().collect())
    }

    /// The same with another limit for an error.
    #[must_use]
    pub fn lasting(mut self, lasting: Duration) -> Self {
        self.lasting = lasting;
        self
    }

    /// Has the contents of all that have one outlive their VolumeSnapshots: they
    /// go with a namespace, and a backup must not. Gives how many are kept so.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn retain(&self) -> Result<usize, SnapshotsError> {
        self.policy(Policy::Retain)
    }

    /// How many there are of this run.
    ///
    /// # Errors
    /// No answer.
    pub fn count(&self) -> Result<usize, SnapshotsError> {
        Ok(self.of_this_run()?.len())
    }

    /// Deletes the snapshots of this run, with what they stand for.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn delete(&self) -> Result<(), SnapshotsError> {
        self.policy(Policy::Delete)?;
        for raw in self.of_this_run()? {
            self.server.delete(&self.place(&raw.metadata.name)?)?;
        }
        Ok(())
    }

    /// Deletes what was left, by the names of their contents, of snapshots that went
    /// with their namespace: each with the claim that it is of.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn delete_left(&self, contents: &[(String, String)]) -> Result<(), SnapshotsError> {
        for (claim, content) in contents {
            let place = place_of(&self.namespace, &self.run, claim)?;
            contents::delete_left(&self.server, content, &place)?;
        }
        Ok(())
    }

    fn policy(&self, policy: Policy) -> Result<usize, SnapshotsError> {
        let mut set = 0;
        for raw in self.of_this_run()? {
            let owner = Owner {
                place: &self.place(&raw.metadata.name)?,
                uid: &raw.metadata.uid,
                bound: raw.status.bound_volume_snapshot_content_name.as_deref(),
            };
            match contents::set(&self.server, &owner, policy)? {
                Outcome::Set => set += 1,
                Outcome::Gone => {}
                Outcome::Others(content) => {
                    return Err(SnapshotsError::Others {
                        content: Box::new(content),
                        snapshot: Box::new(owner.place.clone()),
                    });
                }
            }
        }
        Ok(set)
    }

    fn ask_for_all(&self) -> Result<(), SnapshotsError> {
        thread::scope(|scope| {
            let asked: Vec<_> = self
                .volumes
                .iter()
                .map(|(volume, class)| scope.spawn(|| self.ask_for(volume, class)))
                .collect();
            asked.into_iter().try_for_each(|one| match one.join() {
                Ok(asked) => asked,
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })
    }

    fn ask_for(&self, volume: &ClaimVolume, class: &str) -> Result<(), SnapshotsError> {
        let place = place_of(&self.namespace, &self.run, &volume.claim)?;
        let object = json!({
            "apiVersion": "snapshot.storage.k8s.io/v1",
            "kind": "VolumeSnapshot",
            "metadata": {
                "namespace": place.namespace,
                "name": place.name,
                "labels": {
                    APP: SLACKWATER,
                    RUN: self.run.as_str(),
                    BROKER: volume.broker.to_string(),
                },
                "annotations": {ASKED: now_ms().to_string()},
            },
            "spec": {
                "source": {"persistentVolumeClaimName": volume.claim},
                "volumeSnapshotClassName": class,
            },
        });
        match self.server.create(&place, &object) {
            Err(ApiError::Exists { .. }) => {}
            made => drop(made?),
        }
        // Read back: it may be one that was there, and ours or not.
        let Some(stored) = self.server.get(&place)? else {
            return Err(SnapshotsError::Vanished(Box::new(place)));
        };
        match self.is_ours(&self.read(&stored)?) {
            true => Ok(()),
            false => Err(SnapshotsError::Foreign(Box::new(place))),
        }
    }

    /// Labels alone say nothing: whoever copies an object copies them.
    fn is_ours(&self, raw: &RawSnapshot) -> bool {
        let labelled = raw.metadata.labels.get(RUN).map(String::as_str) == Some(self.run.as_str());
        let claim = self.claim_of(raw);
        let place = claim.and_then(|claim| place_of(&self.namespace, &self.run, &claim).ok());
        labelled && place.is_some_and(|place| place.name == raw.metadata.name)
    }

    /// Of which claim it is; one that was made again says so by its name alone.
    fn claim_of(&self, raw: &RawSnapshot) -> Option<String> {
        let source = &raw.spec.source;
        let again = source.volume_snapshot_content_name.as_deref();
        match (&source.persistent_volume_claim_name, again) {
            (Some(claim), _) => Some(claim.clone()),
            (None, Some(content)) if content == raw.metadata.name => {
                let begin = format!("slackwater-{}-", self.run);
                content.strip_prefix(&begin).map(str::to_owned)
            }
            _ => None,
        }
    }

    fn of_this_run(&self) -> Result<Vec<RawSnapshot>, SnapshotsError> {
        let labels = format!("{APP}={SLACKWATER},{RUN}={}", self.run);
        let found = self
            .server
            .list(&Resource::snapshots(), &self.namespace, &labels)?;
        let read = found.iter().map(|object| self.read(object));
        let all = read.collect::<Result<Vec<_>, _>>()?;
        Ok(all.into_iter().filter(|raw| self.is_ours(raw)).collect())
    }

    fn read(&self, object: &Value) -> Result<RawSnapshot, SnapshotsError> {
        RawSnapshot::deserialize(object).map_err(|error| {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            match self.place(name) {
                Ok(place) => SnapshotsError::Malformed {
                    place: Box::new(place),
                    why: error.to_string(),
                },
                Err(error) => error,
            }
        })
    }

    fn seen(&self, raw: RawSnapshot) -> Result<SnapshotSeen, SnapshotsError> {
        let place = self.place(&raw.metadata.name)?;
        let malformed = |why: &str| SnapshotsError::Malformed {
            place: Box::new(place.clone()),
            why: why.to_owned(),
        };
        let claim = self.claim_of(&raw);
        let claim = claim.ok_or_else(|| malformed("it is of no claim"))?;
        let label = raw.metadata.labels.get(BROKER);
        let broker = label.and_then(|text| text.parse().ok());
        let asked = raw.metadata.annotations.get(ASKED);
        let time = raw.status.creation_time.as_deref();
        let cut = time.map(str::parse::<Timestamp>).transpose();
        let cut = cut.map_err(|_| malformed("its creationTime is no time"))?;
        let ready = raw.status.ready_to_use == Some(true);
        Ok(SnapshotSeen {
            volume: claim,
            broker: broker.ok_or_else(|| malformed("it has no label of a broker"))?,
            driver: "csi".to_owned(),
            method: raw.spec.volume_snapshot_class_name.unwrap_or_default(),
            handle: format!("{}/{}", place.namespace, place.name),
            started_ms: asked.and_then(|text| text.parse().ok()).unwrap_or(0),
            cut_ms: cut
                .and_then(|at| u64::try_from(at.as_millisecond()).ok())
                .map(|at| at.saturating_add(999)),
            ready,
            error: match raw.metadata.deletion_timestamp {
                Some(_) => Some("it is being deleted: see who does so".to_owned()),
                None => self.lasting_error(&raw.metadata.name, raw.status.error.filter(|_| !ready)),
            },
        })
    }

    /// The error, where it has stood for so long that it counts.
    fn lasting_error(&self, name: &str, error: Option<RawError>) -> Option<String> {
        let failing = self.failing.lock();
        let mut failing = failing.unwrap_or_else(PoisonError::into_inner);
        let Some(error) = error else {
            failing.remove(name);
            return None;
        };
        let message = error
            .message
            .unwrap_or_else(|| "no reason is given".to_owned());
        let message = message.replace(['\n', '\r'], " ");
        let since = failing.entry(name.to_owned()).or_insert_with(|| {
            tracing::warn!(snapshot = name, "{message}");
            Moment::now()
        });
        (since.elapsed() >= self.lasting).then_some(message)
    }

    fn place(&self, name: &str) -> Result<Place, SnapshotsError> {
        Ok(Place::new(Resource::snapshots(), &self.namespace, name)?)
    }
}

/// Where the snapshot of a claim is.
fn place_of(namespace: &str, run: &RunId, claim: &str) -> Result<Place, ApiError> {
    let name = format!("slackwater-{run}-{claim}");
    Place::new(Resource::snapshots(), namespace, &name)
}

impl VolumeSnapshot for ClaimSnapshots {
    fn request(&self) -> Seen<()> {
        if self.volumes.is_empty() {
            return Err(SnapshotsError::NoClaims.into());
        }
        self.ask_for_all().map_err(PortError::from)
    }

    fn snapshots(&self) -> Seen<Vec<SnapshotSeen>> {
        let claims: BTreeSet<&str> = self
            .volumes
            .iter()
            .map(|(one, _)| one.claim.as_str())
            .collect();
        let raw = self.of_this_run()?;
        let each = raw.into_iter().map(|raw| self.seen(raw));
        let mut seen = each.collect::<Result<Vec<_>, _>>()?;
        seen.retain(|one| claims.is_empty() || claims.contains(one.volume.as_str()));
        seen.sort_by(|one, other| one.volume.cmp(&other.volume));
        Ok(seen)
    }
}
