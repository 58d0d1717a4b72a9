//! What kernels have told of a Kafka's volumes, kept beside it: each error is told
//! once, to whoever flushes first, and the run that met it fails.
//!
//! A ConfigMap, as long as there is one: of each volume that a claim has had. Against another
//! one nothing is known; and a claim that was made anew may have the one of before, as when a
//! restore is taken back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::labels::{APP, SLACKWATER};
use crate::place::{Place, Resource};
use crate::{ApiError, ApiServer};

/// One line a volume; a disk that fails says more than this helps with.
const MOST_CHARS: usize = 1_000;

/// How often it is written anew because somebody else has written meanwhile.
const MOST_TRIES: usize = 5;

/// See the module.
pub struct FlushErrors {
    server: ApiServer,
    namespace: String,
    kafka: String,
}

/// What stands there of one.
#[derive(Debug, Serialize, Deserialize)]
struct Noted {
    /// By its name; in notes from before there was this field that is their key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claim: Option<String>,
    /// The claim's.
    uid: String,
    /// The PersistentVolume's name; nothing in notes from before there was this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    volume: Option<String>,
    told: String,
}

/// Which claim there is, and with which volume.
#[derive(Debug, Default)]
struct Bound {
    uid: Option<String>,
    volume: Option<String>,
}

impl Noted {
    /// Under which it stands: one volume's beside another's that the claim had before.
    fn key(&self, claim: &str) -> String {
        let volume = self.volume.as_ref();
        volume.map_or_else(|| claim.to_owned(), |volume| format!("{claim}.{volume}"))
    }

    /// Whether it is of what is there: where that is not known it may be.
    fn is_of(&self, there: &Bound) -> bool {
        match (&self.volume, &there.volume, &there.uid) {
            (Some(noted), Some(there), _) => noted == there,
            (_, _, Some(there)) => self.uid.is_empty() || *there == self.uid,
            (_, _, None) => true,
        }
    }
}

impl FlushErrors {
    /// Nothing is asked yet.
    pub fn new(server: ApiServer, namespace: &str, kafka: &str) -> Self {
        Self {
            server,
            namespace: namespace.to_owned(),
            kafka: kafka.to_owned(),
        }
    }

    /// What was told, by the claims' names.
    ///
    /// # Errors
    /// A refusal; no answer; what stands there can't be read.
    pub fn known(&self) -> Result<BTreeMap<String, String>, ApiError> {
        let Some(found) = self.server.get(&self.place()?)? else {
            return Ok(BTreeMap::new());
        };
        let mut known = BTreeMap::new();
        for (key, noted) in self.read(&found)? {
            let claim = noted.claim.clone().unwrap_or(key);
            if noted.is_of(&self.bound(&claim)?) {
                known.insert(claim, noted.told);
            }
        }
        Ok(known)
    }

    /// Keeps what was told of a claim's volume: the first of it.
    ///
    /// # Errors
    /// A refusal; no answer; somebody else writes all the time.
    pub fn note(&self, claim: &str, told: &str) -> Result<(), ApiError> {
        let bound = self.bound(claim)?;
        let noted = Noted {
            claim: Some(claim.to_owned()),
            uid: bound.uid.unwrap_or_default(),
            volume: bound.volume,
            told: told.chars().take(MOST_CHARS).collect(),
        };
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_note(&noted.key(claim), &noted) {
                Err(ApiError::Conflict { .. } | ApiError::Exists { .. }) if tries < MOST_TRIES => {}
                done => return done,
            }
        }
    }

    /// The line by which a person takes all of it away.
    pub fn taken_away_by(&self) -> String {
        let Self {
            namespace, kafka, ..
        } = self;
        format!(
            "kubectl delete configmap {} --namespace {namespace}",
            name(kafka)
        )
    }

    fn try_note(&self, key: &str, noted: &Noted) -> Result<(), ApiError> {
        let place = self.place()?;
        let text = serde_json::to_string(noted).unwrap_or_default();
        match self.server.get(&place)? {
            None => {
                let object = json!({
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {
                        "namespace": place.namespace,
                        "name": place.name,
                        "labels": {APP: SLACKWATER},
                    },
                    "data": {key: text},
                });
                self.server.create(&place, &object)?;
            }
            Some(found) => {
                let before = self.read(&found)?;
                // Its first word stays, and one of another claim without a volume does not.
                let same = |one: &Noted| one.volume.is_some() || one.uid == noted.uid;
                let stands = before.get(key).is_some_and(same);
                if !stands {
                    let mut object = found;
                    object["data"][key] = text.into();
                    self.server.update(&place, &object)?;
                }
            }
        }
        // Read back: the next run has nothing else to go by.
        let stored = self.server.get(&place)?.unwrap_or_default();
        match self.read(&stored)?.contains_key(key) {
            true => Ok(()),
            false => Err(ApiError::Conflict {
                what: format!("keep what was told of {key}"),
            }),
        }
    }

    fn read(&self, found: &Value) -> Result<BTreeMap<String, Noted>, ApiError> {
        let none = Map::new();
        let data = found["data"].as_object().unwrap_or(&none);
        let each = data.iter().map(|(key, text)| {
            let noted = serde_json::from_str(text.as_str().unwrap_or_default());
            let noted = noted.map_err(|error| ApiError::Malformed {
                what: format!("read {key} of ConfigMap {}", name(&self.kafka)),
                said: error.to_string(),
            })?;
            Ok((key.clone(), noted))
        });
        each.collect()
    }

    /// Of a claim that is gone nothing is known: what was told may be of what is there.
    fn bound(&self, claim: &str) -> Result<Bound, ApiError> {
        let place = Place::new(Resource::claims(), &self.namespace, claim)?;
        let found = self.server.get(&place)?.unwrap_or_default();
        let text = |text: &Value| text.as_str().map(str::to_owned);
        Ok(Bound {
            uid: text(&found["metadata"]["uid"]),
            volume: text(&found["spec"]["volumeName"]),
        })
    }

    fn place(&self) -> Result<Place, ApiError> {
        Place::new(Resource::config_maps(), &self.namespace, &name(&self.kafka))
    }
}

fn name(kafka: &str) -> String {
    format!("slackwater-{kafka}-flush-errors")
}
