//! What kernels have told of a Kafka's volumes, kept beside it: each error is told
//! once, to whoever flushes first, and the run that met it fails.
//!
//! A ConfigMap, as long as there is one: by the claim's name, with the claim's uid. A
//! claim that was made anew has another volume, and nothing is known against that.

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
    uid: String,
    told: String,
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
        for (claim, noted) in self.read(&found)? {
            // Of which one it was told may not have been known.
            let there = self.uid(&claim)?;
            if noted.uid.is_empty() || there.is_none_or(|uid| uid == noted.uid) {
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
        let noted = Noted {
            uid: self.uid(claim)?.unwrap_or_default(),
            told: told.chars().take(MOST_CHARS).collect(),
        };
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_note(claim, &noted) {
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

    fn try_note(&self, claim: &str, noted: &Noted) -> Result<(), ApiError> {
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
                    "data": {claim: text},
                });
                self.server.create(&place, &object)?;
            }
            Some(found) => {
                let before = self.read(&found)?;
                let stands = before.get(claim).is_some_and(|one| one.uid == noted.uid);
                if !stands {
                    let mut object = found;
                    object["data"][claim] = text.into();
                    self.server.update(&place, &object)?;
                }
            }
        }
        // Read back: the next run has nothing else to go by.
        let stored = self.server.get(&place)?.unwrap_or_default();
        match self.read(&stored)?.contains_key(claim) {
            true => Ok(()),
            false => Err(ApiError::Conflict {
                what: format!("keep what was told of claim {claim}"),
            }),
        }
    }

    fn read(&self, found: &Value) -> Result<BTreeMap<String, Noted>, ApiError> {
        let none = Map::new();
        let data = found["data"].as_object().unwrap_or(&none);
        let each = data.iter().map(|(claim, text)| {
            let noted = serde_json::from_str(text.as_str().unwrap_or_default());
            let noted = noted.map_err(|error| ApiError::Malformed {
                what: format!("read {claim} of ConfigMap {}", name(&self.kafka)),
                said: error.to_string(),
            })?;
            Ok((claim.clone(), noted))
        });
        each.collect()
    }

    /// Of a claim that is gone nothing is known: what was told may be of what is there.
    fn uid(&self, claim: &str) -> Result<Option<String>, ApiError> {
        let place = Place::new(Resource::claims(), &self.namespace, claim)?;
        let found = self.server.get(&place)?;
        Ok(found.and_then(|found| found["metadata"]["uid"].as_str().map(str::to_owned)))
    }

    fn place(&self) -> Result<Place, ApiError> {
        Place::new(Resource::config_maps(), &self.namespace, &name(&self.kafka))
    }
}

fn name(kafka: &str) -> String {
    format!("slackwater-{kafka}-flush-errors")
}
