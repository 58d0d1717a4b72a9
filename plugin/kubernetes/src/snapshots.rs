//! VolumeSnapshots of a mirror's claims, as the port that cuts volumes.
//!
//! All are asked for at once. One is cut when it has a `creationTime`; that it
//! is ready to be restored from comes later, with some drivers much later. The
//! times in the cut have seconds: the API has no more.
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: an error counts when it lasts"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use slackwater_ports::{PortError, PortErrorKind, Seen, SnapshotSeen, VolumeSnapshot};
use slackwater_store::RunId;

use crate::clock::now_ms;
use crate::labels::{APP, RUN, SLACKWATER};
use crate::place::{Place, Resource};
use crate::{ApiError, ApiServer, ClaimVolume, VolumesError, snapshot_classes};

/// How long an error may stand in a snapshot's status before it counts: the
/// snapshotter writes one for each attempt that fails, and tries again (one was
/// seen to be ready two seconds later).
pub const LASTING: Duration = Duration::from_secs(20);

const BROKER: &str = "slackwater.io/broker";
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
    /// No name for an object.
    #[error("{0} is no name for an object: use a-z, 0-9, - and .")]
    Name(String),
    /// Somebody else's.
    #[error("{0} is there already, and not of this run: delete it, or take another run id")]
    Foreign(Box<Place>),
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
    failing: Arc<Mutex<BTreeMap<String, Instant>>>,
}

#[derive(Debug, Deserialize)]
struct RawSnapshot {
    metadata: RawMeta,
    spec: RawSpec,
    #[serde(default)]
    status: RawStatus,
}

#[derive(Debug, Deserialize)]
struct RawMeta {
    name: String,
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

    /// The same with another limit for an error.
    #[must_use]
    pub fn lasting(mut self, lasting: Duration) -> Self {
        self.lasting = lasting;
        self
    }

    /// Has the contents of all that are bound outlive their VolumeSnapshots: they
    /// go with a namespace, and a backup must not. Gives how many are kept so.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn retain(&self) -> Result<usize, SnapshotsError> {
        self.policy("Retain")
    }

    /// Deletes the snapshots of this run, with what they stand for.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn delete(&self) -> Result<(), SnapshotsError> {
        self.policy("Delete")?;
        for raw in self.of_this_run()? {
            self.server.delete(&self.place(&raw.metadata.name)?)?;
        }
        Ok(())
    }

    fn policy(&self, policy: &str) -> Result<usize, SnapshotsError> {
        let mut kept = 0;
        for raw in self.of_this_run()? {
            let Some(content) = raw.status.bound_volume_snapshot_content_name else {
                continue;
            };
            let place = Place::of_cluster(Resource::snapshot_contents(), &content)
                .ok_or(SnapshotsError::Name(content))?;
            let change = json!({"spec": {"deletionPolicy": policy}});
            let stored = self.server.merge(&place, &change)?;
            kept += usize::from(stored["spec"]["deletionPolicy"] == policy);
        }
        Ok(kept)
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
        let place = self.place(&format!("slackwater-{}-{}", self.run, volume.claim))?;
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
        let stored = self.server.get(&place)?;
        let ours = stored.is_some_and(|stored| {
            let read = RawSnapshot::deserialize(&stored).ok();
            read.is_some_and(|raw| {
                raw.metadata.labels.get(RUN).map(String::as_str) == Some(self.run.as_str())
                    && raw.spec.source.persistent_volume_claim_name.as_ref() == Some(&volume.claim)
            })
        });
        match ours {
            true => Ok(()),
            false => Err(SnapshotsError::Foreign(Box::new(place))),
        }
    }

    fn of_this_run(&self) -> Result<Vec<RawSnapshot>, SnapshotsError> {
        let labels = format!("{APP}={SLACKWATER},{RUN}={}", self.run);
        let found = self
            .server
            .list(&Resource::snapshots(), &self.namespace, &labels)?;
        found.iter().map(|object| self.read(object)).collect()
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
        let claim = raw.spec.source.persistent_volume_claim_name;
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
            cut_ms: cut.and_then(|at| u64::try_from(at.as_millisecond()).ok()),
            ready,
            error: self.lasting_error(&raw.metadata.name, raw.status.error.filter(|_| !ready)),
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
            Instant::now()
        });
        (since.elapsed() >= self.lasting).then_some(message)
    }

    fn place(&self, name: &str) -> Result<Place, SnapshotsError> {
        Place::new(Resource::snapshots(), &self.namespace, name)
            .ok_or_else(|| SnapshotsError::Name(name.to_owned()))
    }
}

impl VolumeSnapshot for ClaimSnapshots {
    fn request(&self) -> Seen<()> {
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
        seen.retain(|one| claims.contains(one.volume.as_str()));
        seen.sort_by(|one, other| one.volume.cmp(&other.volume));
        Ok(seen)
    }
}
