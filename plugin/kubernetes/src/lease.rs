//! Who holds a mirror, in a Lease (`coordination.k8s.io`).
//!
//! Times of other machines are not compared: one who waits takes a lease over
//! when it has not changed for its whole duration on his own clock, as
//! client-go's leader election does (`leaderelection.go`,
//! `tryAcquireOrRenew`). And one who holds it must think it lost when he could
//! not renew it for so long.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use slackwater_store::MirrorName;

use crate::clock::{Moment, micro_time};
use crate::labels::{APP, SLACKWATER};
use crate::place::{Place, Resource};
use crate::{ApiError, ApiServer};

/// How often a write is made anew because something changed meanwhile that does
/// not change who holds it: a label, a note.
const MOST_TRIES: usize = 10;

/// Why it can't be told who holds it.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// The API server has no answer.
    #[error(transparent)]
    Api(#[from] ApiError),
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
    /// Others change it all the time.
    #[error("{0} changed {MOST_TRIES} times while it was written: see who else writes it")]
    Restless(Box<Place>),
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
    /// It could have been taken, and what is noted on it spoke against it.
    Declined,
}

/// Of what is noted on a lease that can be taken, what is to be noted on it in the
/// same write; `None` where it is not to be taken then.
pub type Notes<'a> = dyn Fn(&BTreeMap<String, String>) -> Option<BTreeMap<String, String>> + 'a;

/// A lease, as somebody sees it who does not hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenLease {
    /// Who holds it by his own word.
    pub holder: Option<String>,
    /// Its `resourceVersion`: another one after each renewal.
    pub version: String,
    /// For how long a renewal counts.
    pub duration: Option<Duration>,
    /// When it was renewed, by the clock of whoever did.
    pub renewed: Option<String>,
    /// For how long it has stood so, as far as this was called again and again.
    pub still_for: Duration,
    /// What is noted on it.
    pub annotations: BTreeMap<String, String>,
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
    seen: Option<(String, Moment)>,
    /// The token that we took, and when it was last known to be ours.
    ours: Option<(String, Moment)>,
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

/// Of a mirror.
pub(crate) fn lease_name(mirror: &str) -> String {
    format!("slackwater-{mirror}")
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
        let name = lease_name(mirror.as_str());
        Ok(Self {
            server,
            place: Place::new(Resource::leases(), namespace, &name)?,
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
        self.take_noting(&|_| Some(BTreeMap::new()))
    }

    /// The same, with notes: nobody sees it taken and without them.
    ///
    /// # Errors
    /// The same.
    pub fn take_noting(&self, notes: &Notes<'_>) -> Result<Attempt, LeaseError> {
        for _ in 0..MOST_TRIES {
            if let Some(attempt) = self.try_to_take(notes)? {
                return Ok(attempt);
            }
        }
        Err(LeaseError::Restless(Box::new(self.place.clone())))
    }

    /// `None` where it changed meanwhile.
    fn try_to_take(&self, notes: &Notes<'_>) -> Result<Option<Attempt>, LeaseError> {
        // Others may see it from the write on, and the answer may take its time.
        let before = Moment::now();
        let Some((object, raw)) = self.look()? else {
            let Some(noted) = notes(&BTreeMap::new()) else {
                return Ok(Some(Attempt::Declined));
            };
            let mut ours = self.object(0, None);
            note(&mut ours, noted);
            return match self.server.create(&self.place, &ours) {
                Ok(object) => self.taken(&object, None, before).map(Some),
                Err(ApiError::Exists { .. }) => Ok(None),
                Err(error) => Err(error.into()),
            };
        };
        let over_from = match raw.holder() {
            Some(holder) if holder == self.holder => {
                // Ours: of a write without an answer, or of a start before this.
                None
            }
            Some(holder) if !self.has_stood_still(&raw) => {
                self.state().ours = None;
                return Ok(Some(Attempt::HeldBy(holder.to_owned())));
            }
            Some(holder) => Some(holder.to_owned()),
            None => None,
        };
        let Some(noted) = notes(&annotations(&object)) else {
            return Ok(Some(Attempt::Declined));
        };
        let transitions = raw.transitions().saturating_add(1);
        let mut ours = self.object(transitions, Some(&raw.metadata.resource_version));
        note(&mut ours, noted);
        // A lease that others made keeps what they put on it.
        merge(&mut ours["metadata"], &object["metadata"]);
        match self.server.update(&self.place, &ours) {
            Ok(object) => self.taken(&object, over_from, before).map(Some),
            Err(ApiError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Says that it is still held. To be called several times within its
    /// duration.
    ///
    /// # Errors
    /// It is not; or no answer, and then [`MirrorLease::is_held`] counts.
    pub fn renew(&self) -> Result<(), LeaseError> {
        let before = self.write_ours(|object| {
            object["spec"]["renewTime"] = micro_time().into();
        })?;
        if let Some((_, known)) = &mut self.state().ours {
            *known = before;
        }
        Ok(())
    }

    /// As it stands there, whoever holds it.
    ///
    /// # Errors
    /// No answer.
    pub fn seen(&self) -> Result<Option<SeenLease>, LeaseError> {
        let Some((object, raw)) = self.look()? else {
            return Ok(None);
        };
        Ok(Some(SeenLease {
            holder: raw.holder().map(str::to_owned),
            version: raw.metadata.resource_version.clone(),
            duration: raw.spec.lease_duration_seconds.map(Duration::from_secs),
            renewed: object["spec"]["renewTime"].as_str().map(str::to_owned),
            still_for: self.still_for(&raw.metadata.resource_version),
            annotations: annotations(&object),
        }))
    }

    /// Whether nobody else can have taken it yet.
    pub fn is_held(&self) -> bool {
        let state = self.state();
        let known = state.ours.as_ref().map(|(_, known)| known.elapsed());
        known.is_some_and(|elapsed| elapsed < self.duration)
    }

    /// Puts an annotation on it, as long as it is ours.
    ///
    /// # Errors
    /// It is not; no answer, and then it may have been put there all the same.
    pub fn annotate(&self, key: &str, value: &str) -> Result<(), LeaseError> {
        let before = self.write_ours(|object| {
            object["metadata"]["annotations"][key] = value.into();
            object["spec"]["renewTime"] = micro_time().into();
        })?;
        if let Some((_, known)) = &mut self.state().ours {
            *known = before;
        }
        Ok(())
    }

    /// Lets it go, and takes these annotations off. That somebody else has it is
    /// success.
    ///
    /// # Errors
    /// No answer: to be called again, and until it was, nobody else gets it
    /// before its duration is over.
    pub fn release(&self, without: &[&str]) -> Result<(), LeaseError> {
        let let_go = |object: &mut Value| {
            object["spec"]["holderIdentity"] = "".into();
            let annotations = object["metadata"]["annotations"].as_object_mut();
            if let Some(annotations) = annotations {
                annotations.retain(|key, _| !without.contains(&key.as_str()));
            }
        };
        match self.write_ours(let_go) {
            Ok(_) | Err(LeaseError::Lost { .. }) => {
                self.state().ours = None;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Changes it as long as it is ours, and gives the moment before the write.
    fn write_ours(&self, change: impl Fn(&mut Value)) -> Result<Moment, LeaseError> {
        let token = self.state().ours.as_ref().map(|(token, _)| token.clone());
        for _ in 0..MOST_TRIES {
            let Some((mut object, raw)) = self.look()? else {
                return Err(self.lost("it was deleted".to_owned()));
            };
            if token != Some(raw.token()) || raw.holder() != Some(&self.holder) {
                let now = raw.holder().unwrap_or("nobody holds it");
                return Err(self.lost(now.to_owned()));
            }
            let before = Moment::now();
            change(&mut object);
            match self.server.update(&self.place, &object) {
                Ok(_) => return Ok(before),
                Err(ApiError::Conflict { .. }) => {}
                // Deleted since the look.
                Err(ApiError::Missing { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(LeaseError::Restless(Box::new(self.place.clone())))
    }

    fn taken(
        &self,
        object: &Value,
        over_from: Option<String>,
        before: Moment,
    ) -> Result<Attempt, LeaseError> {
        let raw = self.read(object)?;
        let token = raw.token();
        self.state().ours = Some((token.clone(), before));
        Ok(Attempt::Taken { over_from, token })
    }

    /// For the duration that its holder gave it, or ours where he gave none.
    fn has_stood_still(&self, raw: &RawLease) -> bool {
        let given = raw.spec.lease_duration_seconds;
        let given = given.map(|seconds| Duration::from_secs(seconds.max(1)));
        self.still_for(&raw.metadata.resource_version) >= given.unwrap_or(self.duration)
    }

    /// Since it was first seen so.
    fn still_for(&self, version: &str) -> Duration {
        let mut state = self.state();
        match &state.seen {
            Some((seen, since)) if seen == version => since.elapsed(),
            _ => {
                state.seen = Some((version.to_owned(), Moment::now()));
                Duration::ZERO
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
                "leaseDurationSeconds": whole_seconds(self.duration),
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

fn annotations(object: &Value) -> BTreeMap<String, String> {
    let found = object["metadata"]["annotations"].as_object();
    let found = found.into_iter().flatten();
    found
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn note(object: &mut Value, notes: BTreeMap<String, String>) {
    for (key, value) in notes {
        object["metadata"]["annotations"][key] = value.into();
    }
}

/// What others wait for, which must be no less than the holder counts on: a
/// fraction of a second is a whole one.
fn whole_seconds(duration: Duration) -> u64 {
    let fraction = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(fraction).max(1)
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
