//! What feeds a mirror in Kubernetes: KafkaMirrorMaker2 resources, found by
//! their target, stopped and put back by their connectors' `state`, or left
//! alone by the operator while somebody else stops them.
//!
//! That a resource says `stopped` proves nothing: only Connect does. This says
//! what was asked for, and that the API server has it so.

use std::collections::BTreeSet;

use serde_json::Value;
use slackwater_strimzi::{
    Address, ApiVersion, Desired, Kafka, MirrorMaker, PAUSE, PAUSED, PRIOR, PatchOp, StrimziError,
    pause, put_back, put_back_copying, stop, unpause,
};

use crate::mirror::Way;
use crate::operator::MOST_TRIES;
use crate::place::{Place, Resource, STRIMZI};
use crate::{ApiError, ApiServer};

/// Why they can't be found or told.
#[derive(Debug, thiserror::Error)]
pub enum MakersError {
    /// The API server has no answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A resource can't be worked with.
    #[error(transparent)]
    Strimzi(#[from] StrimziError),
    /// There is no such resource.
    #[error("there is no {0}")]
    Missing(Box<Place>),
    /// Another one of the same name is there now.
    #[error("{0} was deleted and made anew while it was worked on: it is left alone")]
    Another(Box<Place>),
    /// Others change it all the time.
    #[error("{0} changed {MOST_TRIES} times while it was worked on: see who else writes it")]
    Restless(Box<Place>),
    /// Somebody has told the operator to leave the Kafka alone.
    #[error(
        "Kafka {0} is paused by its user: take its annotation strimzi.io/pause-reconciliation away, \
         so that its operator says how it is reached"
    )]
    KafkaPaused(String),
    /// More than annotations can hold.
    #[error(
        "Kafka {0} has more in status.listeners than can be noted on it while it is paused: say \
         `pauseKafka: false`"
    )]
    MuchToNote(String),
    /// Somebody else has told the operator to look after it.
    #[error(
        "Kafka {0} is not paused any more, while its mirror is held: see who took its annotation \
         strimzi.io/pause-reconciliation away"
    )]
    PauseEnded(String),
    /// Nobody does what it is told.
    #[error(
        "the operator does not leave Kafka {kafka} alone within {seconds} s: see whether it runs, \
         and what it is doing to it"
    )]
    Deaf {
        /// Which.
        kafka: String,
        /// How long was waited.
        seconds: u64,
    },
    /// It is not at rest.
    #[error("Kafka {kafka} is not at rest after {seconds} s: {why}")]
    Unsettled {
        /// Which.
        kafka: String,
        /// Why.
        why: String,
        /// How long was waited.
        seconds: u64,
    },
    /// What was written does not stand there.
    #[error("{place} does not say what was just written ({what}): see who puts it back")]
    ReadBack {
        /// Which.
        place: Box<Place>,
        /// What.
        what: String,
    },
}

/// Strimzi's resources in the version that is served.
#[derive(Clone)]
pub struct Makers {
    pub(crate) server: ApiServer,
    version: ApiVersion,
}

impl Makers {
    /// Asks which version of Strimzi's resources is served.
    ///
    /// # Errors
    /// None that is known; no answer.
    pub fn discover(server: ApiServer) -> Result<Self, MakersError> {
        let served = server.versions(STRIMZI)?;
        let version = ApiVersion::choose(served.iter().map(String::as_str))?;
        Ok(Self { server, version })
    }

    /// The version that is spoken.
    pub fn version(&self) -> ApiVersion {
        self.version
    }

    /// The mirror.
    ///
    /// # Errors
    /// There is none; it can't be read.
    pub fn kafka(&self, namespace: &str, name: &str) -> Result<Kafka, MakersError> {
        let place = self.place(Resource::kafkas(self.version), namespace, name)?;
        let object = self.server.get(&place)?;
        let object = object.ok_or_else(|| MakersError::Missing(Box::new(place)))?;
        Ok(Kafka::read(&object)?)
    }

    /// Those in these namespaces whose target is this cluster by its address.
    /// An address may lie: Connect has to say the same.
    ///
    /// # Errors
    /// A resource that can't be read and names an address of it; no answer.
    pub fn candidates(
        &self,
        kafka: &Kafka,
        namespaces: &[String],
    ) -> Result<Vec<MirrorMaker>, MakersError> {
        let mut found = Vec::new();
        for object in self.listed(namespaces)? {
            match MirrorMaker::read(&object) {
                Ok(maker) if kafka.is_at(&maker.target, &maker.meta.namespace) => {
                    found.push(maker);
                }
                Ok(_) => {}
                Err(error) if may_feed(kafka, &object) => return Err(error.into()),
                Err(error) => tracing::warn!("{error}; it names no address of {}", kafka.meta),
            }
        }
        Ok(found)
    }

    /// Those in these namespaces that are held for this Kafka (`NAMESPACE/NAME`)
    /// by the notes on them, whatever else is to be said of them. One that can't
    /// be read is left out.
    ///
    /// # Errors
    /// No answer.
    pub fn held_for(
        &self,
        kafka: &str,
        namespaces: &[String],
    ) -> Result<Vec<MirrorMaker>, MakersError> {
        let mut found = Vec::new();
        for object in self.listed(namespaces)? {
            match MirrorMaker::read(&object) {
                Ok(maker) if maker.meta.held().is_some_and(|held| held.kafka == kafka) => {
                    found.push(maker);
                }
                Ok(_) => {}
                Err(error) => tracing::warn!("{error}; it is left alone"),
            }
        }
        Ok(found)
    }

    /// Each once, though a namespace be named twice.
    fn listed(&self, namespaces: &[String]) -> Result<Vec<Value>, MakersError> {
        let named: BTreeSet<&String> = namespaces.iter().collect();
        let resource = Resource::mirror_makers(self.version);
        let mut found = Vec::new();
        for namespace in named {
            found.extend(self.server.list(&resource, namespace, "")?);
        }
        Ok(found)
    }

    /// Asks for all of its connectors to be stopped for a Kafka
    /// (`NAMESPACE/NAME`), and gives it as it then stands there.
    ///
    /// # Errors
    /// It is another one, or changes all the time; a refusal; no answer.
    pub fn stop(&self, before: &MirrorMaker, kafka: &str) -> Result<MirrorMaker, MakersError> {
        let held = self.change(before, |now| Ok(stop(now, kafka)?))?;
        let going = held
            .connectors()
            .find(|one| one.desired() != Desired::Stopped);
        match going {
            None => Ok(held),
            Some(one) => Err(MakersError::ReadBack {
                place: Box::new(self.place_of(before)?),
                what: format!("{} is not to be stopped", one.name),
            }),
        }
    }

    /// Puts its connectors back to what stood there before [`Makers::stop`], but
    /// for those that somebody has told something else since.
    ///
    /// # Errors
    /// As for [`Makers::stop`]; a connector that is gone, and then the others
    /// are put back all the same.
    pub fn put_back(&self, maker: &MirrorMaker) -> Result<MirrorMaker, MakersError> {
        let mut gone = Vec::new();
        let now = self.change(maker, |now| {
            let back = put_back(now)?;
            // The note goes with the patch, and with it what it named.
            gone.extend(back.gone);
            Ok(back.ops)
        })?;
        if now.meta.annotation(PRIOR).is_some() {
            return Err(MakersError::ReadBack {
                place: Box::new(self.place_of(maker)?),
                what: format!("its annotation {PRIOR} is there still"),
            });
        }
        gone.sort();
        gone.dedup();
        match gone.is_empty() {
            true => Ok(now),
            false => Err(MakersError::Strimzi(StrimziError::Gone {
                name: maker.meta.to_string(),
                connectors: gone,
            })),
        }
    }

    /// The same for those that copy alone: the others stay stopped, and noted.
    ///
    /// # Errors
    /// As for [`Makers::put_back`]; of one that is gone nothing is said.
    pub fn put_back_copying(&self, maker: &MirrorMaker) -> Result<MirrorMaker, MakersError> {
        self.change(maker, |now| Ok(put_back_copying(now)?))
    }

    /// Has the operator leave it alone, and gives it as it then stands there. One
    /// that it leaves alone already is left so for good.
    ///
    /// # Errors
    /// It is another one; a refusal; no answer.
    pub fn pause(&self, maker: &MirrorMaker, kafka: &str) -> Result<MirrorMaker, MakersError> {
        let now = self.change(maker, |now| Ok(pause(&now.meta, kafka)))?;
        self.must_be_paused(&now, true)?;
        Ok(now)
    }

    /// Has it look after it again, where [`Makers::pause`] told it not to.
    ///
    /// # Errors
    /// As for [`Makers::pause`].
    pub fn unpause(&self, maker: &MirrorMaker) -> Result<MirrorMaker, MakersError> {
        let mut ours = false;
        let now = self.change(maker, |now| {
            ours |= now.meta.annotation(PAUSED).is_some();
            Ok(unpause(&now.meta))
        })?;
        if ours {
            self.must_be_paused(&now, false)?;
        }
        Ok(now)
    }

    fn must_be_paused(&self, now: &MirrorMaker, paused: bool) -> Result<(), MakersError> {
        match now.meta.is_paused() == paused {
            true => Ok(()),
            false => Err(MakersError::ReadBack {
                place: Box::new(self.place_of(now)?),
                what: PAUSE.to_owned(),
            }),
        }
    }

    /// It, as it stands there now.
    ///
    /// # Errors
    /// It is another one; no answer.
    pub fn again(&self, maker: &MirrorMaker) -> Result<MirrorMaker, MakersError> {
        let place = self.place_of(maker)?;
        let object = self.server.get(&place)?;
        let object = object.ok_or_else(|| MakersError::Missing(Box::new(place.clone())))?;
        the_same(maker, &object, &place)
    }

    /// Has the operator look at it, by an annotation that it does not know (any
    /// event of a resource is one to reconcile: `AbstractOperator`).
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn poke(&self, maker: &MirrorMaker) -> Result<(), MakersError> {
        self.poke_at(&self.place_of(maker)?)
    }

    /// Names of the Kafkas of a namespace that have these labels.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn kafkas_labelled(
        &self,
        namespace: &str,
        labels: &str,
    ) -> Result<Vec<String>, MakersError> {
        let kafkas = Resource::kafkas(self.version);
        let found = self.server.list_metadata(&kafkas, namespace, labels)?;
        let names = found
            .iter()
            .filter_map(|one| one["metadata"]["name"].as_str());
        Ok(names.map(str::to_owned).collect())
    }

    /// That its connectors may be told by this way: asked of the API server and of what
    /// admits for it, by what would be written; nothing is changed.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub(crate) fn may_tell(
        &self,
        maker: &MirrorMaker,
        way: Way,
        kafka: &str,
    ) -> Result<(), MakersError> {
        let now = self.again(maker)?;
        let place = self.place_of(maker)?;
        let ops = match way {
            Way::State => stop(&now, kafka)?,
            Way::Pause => pause(&now.meta, kafka),
        };
        match ops.is_empty() {
            true => Ok(self.server.may_patch(&place)?),
            false => Ok(self.server.would_take(&place, &ops)?),
        }
    }

    /// Patches it until the patch is of what stands there, and reads it again.
    fn change(
        &self,
        before: &MirrorMaker,
        mut patch: impl FnMut(&MirrorMaker) -> Result<Vec<PatchOp>, MakersError>,
    ) -> Result<MirrorMaker, MakersError> {
        let place = self.place_of(before)?;
        let stored = self.patched(&place, |object| patch(&the_same(before, object, &place)?))?;
        let object = stored.ok_or_else(|| MakersError::Missing(Box::new(place.clone())))?;
        the_same(before, &object, &place)
    }

    pub(crate) fn place_of(&self, maker: &MirrorMaker) -> Result<Place, MakersError> {
        let resource = Resource::mirror_makers(self.version);
        self.place(resource, &maker.meta.namespace, &maker.meta.name)
    }

    fn place(&self, resource: Resource, namespace: &str, name: &str) -> Result<Place, MakersError> {
        Ok(Place::new(resource, namespace, name)?)
    }
}

/// What was read anew, if it is the one that was read before.
fn the_same(
    before: &MirrorMaker,
    object: &Value,
    place: &Place,
) -> Result<MirrorMaker, MakersError> {
    let now = MirrorMaker::read(object)?;
    match now.meta.uid == before.meta.uid {
        true => Ok(now),
        false => Err(MakersError::Another(Box::new(place.clone()))),
    }
}

/// Whether any address in it is one of this cluster's.
fn may_feed(kafka: &Kafka, object: &Value) -> bool {
    let from = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let at = |text: &str| {
        let addresses = Address::list(text).unwrap_or_default();
        kafka.is_at(&addresses, from)
    };
    in_any(object, &at)
}

fn in_any(value: &Value, at: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, value)| match value {
            Value::String(text) if key == "bootstrapServers" => at(text),
            value => in_any(value, at),
        }),
        Value::Array(all) => all.iter().any(|one| in_any(one, at)),
        _ => false,
    }
}
