//! The Kafka of a mirror that is held: its operator leaves it alone meanwhile, so
//! that no broker is rolled in the middle of a backup.
//!
//! It begins before anything is stopped, which also shows that there is an operator
//! that does what it is told; and it ends after what feeds the mirror was let go,
//! by what is noted on the Kafka alone.
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: it waits for an operator"
)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use slackwater_strimzi::{
    Condition, Kafka, Meta, PAUSED, PatchOp, RECONCILIATION_PAUSED, component, pause_kafka,
    unpause, unpause_line,
};

use crate::operator::BETWEEN;
use crate::place::{POD_SETS, Place, Resource};
use crate::restore::RESTORING;
use crate::{ApiError, Makers, MakersError};

/// For its operator to take up the pause. It may be in the middle of a
/// reconciliation, of some seconds where nothing is to be done; where it is in the
/// middle of more, this is no time for a backup.
const TAKEN_UP: Duration = Duration::from_secs(20);

/// For the condition of a pause to clear (28 to 43 s were seen), and for nodes to be
/// ready that nobody restarts.
const SETTLES: Duration = Duration::from_secs(120);

/// Until its operator has done what it says now, of which after a pause it says nothing
/// before: it may have all nodes to restart, one after another. (No longer: the
/// blueprint's pod has 900 s for all of the phase.)
const ROLLS: Duration = Duration::from_secs(480);

/// Most of what is noted of its listeners: all annotations together may be 256 KiB
/// (`TotalAnnotationSizeLimitB`).
const MOST_LISTENERS: usize = 128 << 10;

/// See the module.
pub(crate) struct Window {
    makers: Makers,
    namespace: String,
    name: String,
    /// Whether it pauses at all.
    pauses: AtomicBool,
}

impl Window {
    /// Of the Kafka of this name, `NAMESPACE/NAME`.
    pub(crate) fn new(makers: Makers, kafka: &str) -> Self {
        let (namespace, name) = kafka.split_once('/').unwrap_or(("", kafka));
        Self {
            makers,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            pauses: AtomicBool::new(true),
        }
    }

    /// Leaves the Kafka to its operator.
    pub(crate) fn leave_it(&self) {
        self.pauses.store(false, Ordering::Relaxed);
    }

    /// Has its operator leave it alone, and sees that it does. Where it is so
    /// already that is all.
    pub(crate) fn begin(&self) -> Result<(), MakersError> {
        if !self.pauses.load(Ordering::Relaxed) {
            return Ok(());
        }
        let kafka = self.kafka();
        // Of a pause before this one: it would be taken for an answer to this.
        self.wait_until(SETTLES, |object| {
            Ok(Meta::read("Kafka", object)?.is_paused()
                || !Condition::is_said(object, RECONCILIATION_PAUSED))
        })?;
        self.change(|object, now| {
            if now.is_paused() && now.annotation(PAUSED).is_none() {
                return Err(MakersError::KafkaPaused(kafka.clone()));
            }
            let listeners = object["status"]["listeners"].to_string();
            if listeners.len() > MOST_LISTENERS {
                return Err(MakersError::MuchToNote(kafka.clone()));
            }
            Ok(pause_kafka(now, &kafka, &listeners))
        })?;
        self.wait_until(TAKEN_UP, |object| {
            Ok(Condition::is_said(object, RECONCILIATION_PAUSED))
        })
    }

    /// That its operator leaves it alone still, once [`Window::begin`] had it do so: by one
    /// look, which waits for nobody.
    pub(crate) fn must_last(&self) -> Result<(), MakersError> {
        if !self.pauses.load(Ordering::Relaxed) {
            return Ok(());
        }
        let object = self.object()?.ok_or_else(|| self.missing())?;
        let lasts = Meta::read("Kafka", &object)?.is_paused()
            && Condition::is_said(&object, RECONCILIATION_PAUSED);
        match lasts {
            true => Ok(()),
            false => Err(MakersError::PauseEnded(self.kafka())),
        }
    }

    /// Waits for its operator.
    fn wait_until(
        &self,
        within: Duration,
        is_so: impl Fn(&Value) -> Result<bool, MakersError>,
    ) -> Result<(), MakersError> {
        let place = self.place()?;
        let look = || is_so(&self.object()?.ok_or_else(|| self.missing())?);
        match self.makers.await_operator(&place, within, look)? {
            true => Ok(()),
            false => Err(MakersError::Deaf {
                kafka: self.kafka(),
                seconds: within.as_secs(),
            }),
        }
    }

    /// Has it look after the Kafka again, where [`Window::begin`] told it not to. One
    /// that is gone needs nobody.
    pub(crate) fn end(&self) -> Result<(), MakersError> {
        let now = self.change(|_, now| {
            Ok(match waits(now) {
                true => Vec::new(),
                false => unpause(now),
            })
        })?;
        let meta = now.as_ref().map(|object| Meta::read("Kafka", object));
        match meta.transpose()? {
            Some(now) if now.annotation(PAUSED).is_some() && !waits(&now) => {
                Err(MakersError::ReadBack {
                    place: Box::new(self.place()?),
                    what: format!("its annotation {PAUSED} is there still"),
                })
            }
            _ => Ok(()),
        }
    }

    /// Whether it is paused for a hold.
    pub(crate) fn is_open(&self) -> Result<bool, MakersError> {
        let now = self.meta()?;
        Ok(now.is_some_and(|now| now.annotation(PAUSED).is_some() && !waits(&now)))
    }

    /// The line by which a person ends it.
    pub(crate) fn by_hand(&self) -> Result<Option<String>, MakersError> {
        let now = self.meta()?;
        let ours = now.filter(|now| now.annotation(PAUSED).is_some());
        let kind = self.makers.version().kind("kafka");
        Ok(ours.map(|now| unpause_line(&kind, &now)))
    }

    /// That a pause could be taken back: read as it is then, and asked of the API
    /// server, and not done.
    pub(crate) fn may_end(&self) -> Result<(), MakersError> {
        self.meta()?;
        match self.pauses.load(Ordering::Relaxed) {
            true => Ok(self.makers.server.may_patch(&self.place()?)?),
            false => Ok(()),
        }
    }

    /// Waits until its operator has done what it says now, and all pods of all its
    /// StrimziPodSets are current and ready: between two pods that are rolled all are.
    pub(crate) fn await_rest(&self) -> Result<(), MakersError> {
        let sets = self.makers.pod_sets()?;
        let (cluster, namespace) = (&self.name, &self.namespace);
        let labels = component(cluster, "Kafka", &format!("{cluster}-kafka"));
        until_settled(&self.kafka(), ROLLS, || {
            let behind = self.object()?.is_some_and(|object| is_behind(&object));
            Ok(match behind {
                true => Err("its operator has not done yet what it says now".to_owned()),
                false => Ok(()),
            })
        })?;
        until_settled(&self.kafka(), SETTLES, || {
            let found = self.makers.server.list(&sets, namespace, &labels)?;
            if found.is_empty() {
                return Ok(Err("it has no StrimziPodSets".to_owned()));
            }
            Ok(found.iter().find_map(unrest).map_or(Ok(()), Err))
        })
    }

    fn meta(&self) -> Result<Option<Meta>, MakersError> {
        let object = self.object()?;
        let read = object.map(|object| Meta::read("Kafka", &object));
        Ok(read.transpose()?)
    }

    /// Patches it until the patch is of what stands there; gives it as it then does.
    fn change(
        &self,
        patch: impl Fn(&Value, &Meta) -> Result<Vec<PatchOp>, MakersError>,
    ) -> Result<Option<Value>, MakersError> {
        let read = |object: &Value| patch(object, &Meta::read("Kafka", object)?);
        match self.makers.patched(&self.place()?, read) {
            // It went after it was read.
            Err(MakersError::Api(ApiError::Missing { .. })) => Ok(None),
            patched => patched,
        }
    }

    /// As messages name it.
    fn kafka(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    fn object(&self) -> Result<Option<Value>, MakersError> {
        Ok(self.makers.server.get(&self.place()?)?)
    }

    fn place(&self) -> Result<Place, MakersError> {
        let resource = Resource::kafkas(self.makers.version());
        Ok(Place::new(resource, &self.namespace, &self.name)?)
    }

    fn missing(&self) -> MakersError {
        match self.place() {
            Ok(place) => MakersError::Missing(Box::new(place)),
            Err(error) => error,
        }
    }
}

/// Whether others have restored it with the notes of a hold: what is on its volumes was
/// not looked at yet, and nobody lets it go by these.
fn waits(kafka: &Meta) -> bool {
    kafka.annotation(RESTORING).is_some()
}

impl Makers {
    /// The Kafka, when its operator has looked again after a pause: it says for a
    /// while yet that it is paused, and names no listeners. One that is paused is given
    /// as it is.
    ///
    /// # Errors
    /// As for [`Makers::kafka`]; it does not look.
    pub fn kafka_after_a_pause(&self, namespace: &str, name: &str) -> Result<Kafka, MakersError> {
        until_settled(&format!("{namespace}/{name}"), ROLLS, || {
            let kafka = self.kafka(namespace, name)?;
            let says = Condition::any(&kafka.conditions, RECONCILIATION_PAUSED);
            Ok(match says && !kafka.meta.is_paused() {
                true => Err("its operator has not looked again after a pause".to_owned()),
                false => Ok(kafka),
            })
        })
    }

    /// StrimziPodSets, in the version that is served.
    ///
    /// # Errors
    /// None is; no answer.
    pub(crate) fn pod_sets(&self) -> Result<Resource, MakersError> {
        let served = self.server.versions(POD_SETS)?;
        let mut known = ["v1", "v1beta2"].into_iter();
        let version = known.find(|one| served.iter().any(|there| there == one));
        let version = version.ok_or_else(|| ApiError::NotServed {
            what: format!("list strimzipodsets.{POD_SETS}"),
        })?;
        Ok(Resource::pod_sets(version))
    }
}

/// Looks again until there is nothing that is waited for.
fn until_settled<T>(
    kafka: &str,
    within: Duration,
    look: impl Fn() -> Result<Result<T, String>, MakersError>,
) -> Result<T, MakersError> {
    let began = Instant::now();
    let mut told = false;
    loop {
        let why = match look()? {
            Ok(found) => return Ok(found),
            Err(why) => why,
        };
        if began.elapsed() >= within {
            return Err(MakersError::Unsettled {
                kafka: kafka.to_owned(),
                why,
                seconds: within.as_secs(),
            });
        }
        if !told {
            tracing::info!("waiting for Kafka {kafka}: {why}");
            told = true;
        }
        thread::sleep(BETWEEN);
    }
}

/// Whether its operator has a change of it before itself, or is in the middle of one.
/// Of one that is paused it says nothing: what it does is over.
fn is_behind(kafka: &Value) -> bool {
    let paused = Meta::read("Kafka", kafka).is_ok_and(|meta| meta.is_paused());
    let seen = kafka["status"]["observedGeneration"].as_i64();
    !paused && seen.is_some() && seen < kafka["metadata"]["generation"].as_i64()
}

/// Why the pods of a StrimziPodSet are not at rest.
fn unrest(set: &Value) -> Option<String> {
    let status = &set["status"];
    let wanted = set["spec"]["pods"].as_array().map_or(0, Vec::len) as u64;
    let [pods, current, ready] =
        ["pods", "currentPods", "readyPods"].map(|key| status[key].as_u64().unwrap_or(0));
    let at_rest = [pods, current, ready].iter().all(|count| *count == wanted);
    let set = set["metadata"]["name"].as_str().unwrap_or_default();
    (!at_rest).then(|| {
        format!(
            "of {wanted} pods of StrimziPodSet {set} {pods} are there, {current} current and \
             {ready} ready"
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kafka(generation: i64, seen: Value, pause: &str) -> Value {
        json!({
            "kind": "Kafka",
            "metadata": {
                "name": "mirror",
                "namespace": "kafka",
                "uid": "1",
                "resourceVersion": "1",
                "generation": generation,
                "annotations": {"strimzi.io/pause-reconciliation": pause},
            },
            "status": {"observedGeneration": seen},
        })
    }

    #[test]
    fn a_change_that_the_operator_has_not_done_yet_is_waited_for_unless_it_is_told_to_wait() {
        assert!(is_behind(&kafka(3, json!(2), "false")));
        assert!(!is_behind(&kafka(3, json!(3), "false")));
        assert!(!is_behind(&kafka(3, json!(2), "true")));
        // One that its operator has said nothing of is told by its pods.
        assert!(!is_behind(&kafka(3, Value::Null, "false")));
    }
}
