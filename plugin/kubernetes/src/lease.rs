//! Who holds a mirror, in a Lease (`coordination.k8s.io`).
//!
//! Times of other machines are not compared: one who waits takes a lease over
//! when it has not changed for its whole duration on his own clock, as
//! client-go's leader election does (`leaderelection.go`,
//! `tryAcquireOrRenew`). And one who holds it must think it lost when he could
//! not renew it for so long.
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: a lease is a matter of time"
)]

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use slackwater_store::MirrorName;

use crate::clock::micro_time;
use crate::labels::{APP, SLACKWATER};
use crate::place::{Place, Resource};
use crate::{ApiError, ApiServer};

/// Why it can't be told who holds it.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// The API server has no answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// No name for an object.
    #[error("mirror {0} is no name for an object: use a-z, 0-9 and -")]
    Name(MirrorName),
    /// It can't be read.
    #[error("{place} can't be read ({why})")]
    Malformed {
        /// Which.
        place: Box<Place>,
        /// Why not.
        why: String,
    },
    /// Somebody took it, or it was deleted.
    #[error("{place} is not held any more: {now}")]
    Lost {
        /// Which.
        place: Box<Place>,
        /// Who has it.
        now: String,
    },
}

/// What came of an attempt to take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It is held. Another token for each time that it is taken.
    Taken {
        /// Who held it and did not let it go, if it was taken over.
        over_from: Option<String>,
        /// The lease's own.
        token: String,
    },
    /// Somebody else holds it, for all that can be seen yet.
    HeldBy(String),
}

/// A lease on one mirror, for one who wants to hold it.
pub struct MirrorLease {
    server: ApiServer,
    place: Place,
    holder: String,
    duration: Duration,
    annotations: BTreeMap<String, String>,
    state: Mutex<State>,
}

/// What is known of it.
#[derive(Default)]
struct State {
    /// What stood there last, and since when it has stood so for us.
    seen: Option<(String, Instant)>,
    /// The token that we took, and when it was last known to be ours.
    ours: Option<(String, Instant)>,
}

#[derive(Debug, Deserialize)]
struct RawLease {
    metadata: RawMeta,
    #[serde(default)]
    spec: RawSpec,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMeta {
    uid: String,
    resource_version: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSpec {
    holder_identity: Option<String>,
    lease_duration_seconds: Option<u64>,
    lease_transitions: Option<u64>,
}

impl RawLease {
    fn holder(&self) -> Option<&str> {
        let holder = self.spec.holder_identity.as_deref();
        holder.filter(|holder| !holder.is_empty())
    }

    fn transitions(&self) -> u64 {
        self.spec.lease_transitions.unwrap_or(0)
    }

    fn token(&self) -> String {
        format!("{}/{}", self.metadata.uid, self.transitions())
    }
}

impl MirrorLease {
    /// Nothing is taken yet. `holder` tells one who wants it from all others.
    /// `annotations` are put on it: what somebody should know who finds it.
    ///
    /// # Errors
    /// A name that an object can't have.
    pub fn new(
        server: ApiServer,
        namespace: &str,
        mirror: &MirrorName,
        holder: impl Into<String>,
        duration: Duration,
        annotations: BTreeMap<String, String>,
    ) -> Result<Self, LeaseError> {
        let name = format!("slackwater-{mirror}");
        let place = Place::new(Resource::leases(), namespace, &name);
        Ok(Self {
            server,
            place: place.ok_or_else(|| LeaseError::Name(mirror.clone()))?,
            holder: holder.into(),
            duration,
            annotations,
            state: Mutex::default(),
        })
    }

    /// Takes it where nobody holds it, or where its holder has not renewed it
    /// for its duration while this was called again and again. To take what one
    /// holds already makes another token of it.
    ///
    /// # Errors
    /// No answer: it may have been taken all the same, and another call tells.
    pub fn take(&self) -> Result<Attempt, LeaseError> {
        // Others may see it from the write on, and the answer may take its time.
        let before = Instant::now();
        let Some((object, raw)) = self.look()? else {
            return match self.server.create(&self.place, &self.object(0, None)) {
                Ok(object) => self.taken(&object, None, before),
                Err(ApiError::Exists { .. }) => self.held_by_whoever_is_there(),
                Err(error) => Err(error.into()),
            };
        };
        let over_from = match raw.holder() {
            Some(holder) if holder == self.holder => {
                // Ours: of a write without an answer, or of a start before this.
                None
            }
            Some(holder) if !self.has_stood_still(&raw) => {
                return Ok(Attempt::HeldBy(holder.to_owned()));
            }
            Some(holder) => Some(holder.to_owned()),
            None => None,
        };
        let transitions = raw.transitions().saturating_add(1);
        let mut ours = self.object(transitions, Some(&raw.metadata.resource_version));
        // A lease that others made keeps what they put on it.
        merge(&mut ours["metadata"], &object["metadata"]);
        match self.server.update(&self.place, &ours) {
            Ok(object) => self.taken(&object, over_from, before),
            Err(ApiError::Conflict { .. }) => self.held_by_whoever_is_there(),
            Err(error) => Err(error.into()),
        }
    }

    /// Says that it is still held. To be called several times within its
    /// duration.
    ///
    /// # Errors
    /// It is not; or no answer, and then [`MirrorLease::is_held`] counts.
    pub fn renew(&self) -> Result<(), LeaseError> {
        let token = self.state().ours.as_ref().map(|(token, _)| token.clone());
        let Some((mut object, raw)) = self.look()? else {
            return Err(self.lost("it was deleted".to_owned()));
        };
        if token != Some(raw.token()) || raw.holder() != Some(&self.holder) {
            let now = raw.holder().unwrap_or("nobody holds it");
            return Err(self.lost(now.to_owned()));
        }
        let before = Instant::now();
        object["spec"]["renewTime"] = micro_time().into();
        self.server.update(&self.place, &object)?;
        if let Some((_, known)) = &mut self.state().ours {
            *known = before;
        }
        Ok(())
    }

    /// Whether nobody else can have taken it yet.
    pub fn is_held(&self) -> bool {
        let state = self.state();
        let known = state.ours.as_ref().map(|(_, known)| known.elapsed());
        known.is_some_and(|elapsed| elapsed < self.duration)
    }

    /// Lets it go. That somebody else has it is success.
    ///
    /// # Errors
    /// No answer.
    pub fn release(&self) -> Result<(), LeaseError> {
        let token = self.state().ours.take().map(|(token, _)| token);
        let Some((mut object, raw)) = self.look()? else {
            return Ok(());
        };
        if token != Some(raw.token()) || raw.holder() != Some(&self.holder) {
            return Ok(());
        }
        object["spec"]["holderIdentity"] = "".into();
        match self.server.update(&self.place, &object) {
            Ok(_) | Err(ApiError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn taken(
        &self,
        object: &Value,
        over_from: Option<String>,
        before: Instant,
    ) -> Result<Attempt, LeaseError> {
        let raw = self.read(object)?;
        let token = raw.token();
        self.state().ours = Some((token.clone(), before));
        Ok(Attempt::Taken { over_from, token })
    }

    fn held_by_whoever_is_there(&self) -> Result<Attempt, LeaseError> {
        let found = self.look()?;
        let holder = found.as_ref().and_then(|(_, raw)| raw.holder());
        let word = holder.unwrap_or("somebody who came and went");
        Ok(Attempt::HeldBy(word.to_owned()))
    }

    /// For the duration that its holder gave it, or ours where he gave none.
    fn has_stood_still(&self, raw: &RawLease) -> bool {
        let given = raw.spec.lease_duration_seconds.map(Duration::from_secs);
        let version = &raw.metadata.resource_version;
        let mut state = self.state();
        match &state.seen {
            Some((seen, since)) if seen == version => {
                since.elapsed() >= given.unwrap_or(self.duration)
            }
            _ => {
                state.seen = Some((version.clone(), Instant::now()));
                false
            }
        }
    }

    fn lost(&self, now: String) -> LeaseError {
        self.state().ours = None;
        LeaseError::Lost {
            place: Box::new(self.place.clone()),
            now,
        }
    }

    fn object(&self, transitions: u64, version: Option<&str>) -> Value {
        json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {
                "namespace": self.place.namespace,
                "name": self.place.name,
                "labels": {APP: SLACKWATER},
                "annotations": self.annotations,
                "resourceVersion": version,
            },
            "spec": {
                "holderIdentity": self.holder,
                // Whole seconds; one that is shorter would be no lease.
                "leaseDurationSeconds": self.duration.as_secs().max(1),
                "leaseTransitions": transitions,
                "acquireTime": micro_time(),
                "renewTime": micro_time(),
            },
        })
    }

    /// What stands there: as it is, and what of it is read.
    fn look(&self) -> Result<Option<(Value, RawLease)>, LeaseError> {
        let Some(object) = self.server.get(&self.place)? else {
            return Ok(None);
        };
        let raw = self.read(&object)?;
        Ok(Some((object, raw)))
    }

    fn read(&self, object: &Value) -> Result<RawLease, LeaseError> {
        RawLease::deserialize(object).map_err(|error| LeaseError::Malformed {
            place: Box::new(self.place.clone()),
            why: error.to_string(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Labels and annotations that are not in `ours` already.
fn merge(ours: &mut Value, theirs: &Value) {
    for key in ["labels", "annotations"] {
        let Some(found) = theirs[key].as_object() else {
            continue;
        };
        for (name, value) in found {
            if ours[key].get(name).is_none() {
                ours[key][name] = value.clone();
            }
        }
    }
}
