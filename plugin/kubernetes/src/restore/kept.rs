//! What is kept of a mirror beside its cut, in Slackwater's own namespace: its
//! resources, how its claims were, what its snapshots stand for, and, unless that
//! is not wanted, the Secrets that go with it. So a restore works where the Kafka,
//! or its whole namespace, is gone.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slackwater_store::RunId;

use super::RestoreError;
use crate::document::PART_BYTES;
use crate::labels::{APP, SLACKWATER};
use crate::place::{Place, Resource, label_value};
use crate::{ApiError, ApiServer};

/// Which run's it is.
const KEPT: &str = "slackwater.io/kept";

const RESOURCES: &str = "resources";

/// Most bytes of either object: what a ConfigMap and a Secret may have, less what
/// the rest of them needs.
const MOST: usize = PART_BYTES;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kept {
    /// Of which run.
    pub run: RunId,
    /// The Kafka's `status.kafkaVersion`.
    pub kafka_version: Option<String>,
    /// The Kafka; with its listeners' addresses, by which what feeds it is known.
    pub kafka: Value,
    /// Its KafkaNodePools.
    pub pools: Vec<KeptPool>,
    /// What feeds it.
    pub feeders: Vec<Value>,
    /// Its KafkaUsers and KafkaTopics.
    pub others: Vec<Value>,
    /// Its claims.
    pub claims: Vec<Value>,
    /// What its snapshots stand for.
    pub contents: Vec<KeptContent>,
    /// Which Secrets are kept, as `NAMESPACE/NAME`.
    pub secrets: Vec<String>,
}

/// A KafkaNodePool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeptPool {
    /// As it can be made again.
    pub object: Value,
    /// Its `status.nodeIds`: the operator might give out others.
    pub node_ids: Vec<i32>,
}

/// A VolumeSnapshotContent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeptContent {
    /// Of which claim.
    pub claim: String,
    /// Its name.
    pub name: String,
    /// `spec.driver`
    pub driver: String,
    /// `status.snapshotHandle`: what the storage calls it.
    pub handle: String,
    /// `spec.volumeSnapshotClassName`
    pub class: Option<String>,
    /// `spec.sourceVolumeMode`
    pub mode: Option<String>,
    /// Where the volume could be, as a `NodeSelector`: one that is made again has to be
    /// where its broker may run.
    #[serde(default)]
    pub nodes: Option<Value>,
}

/// Where it is kept.
#[derive(Clone)]
pub struct Keeper {
    server: ApiServer,
    namespace: String,
}

impl Keeper {
    /// In this namespace.
    pub fn new(server: ApiServer, namespace: impl Into<String>) -> Self {
        Self {
            server,
            namespace: namespace.into(),
        }
    }

    /// Keeps it, in the place of what may be kept of the same run.
    ///
    /// # Errors
    /// It is too large; a refusal; no answer.
    pub fn keep(&self, kept: &Kept, secrets: &[Value]) -> Result<(), RestoreError> {
        let text = serde_json::to_string(kept).map_err(|error| self.malformed(kept, &error))?;
        fits("the resources", text.len())?;
        let mut data = BTreeMap::new();
        for (name, secret) in kept.secrets.iter().zip(secrets) {
            let text = secret.to_string();
            data.insert(key(name), STANDARD.encode(text));
        }
        fits("the Secrets", data.values().map(String::len).sum())?;
        let run = label_value(kept.run.as_str())?;
        let object = |kind: &str, place: &Place, data: Value| {
            json!({
                "apiVersion": "v1",
                "kind": kind,
                "metadata": {
                    "namespace": place.namespace,
                    "name": place.name,
                    "labels": {APP: SLACKWATER, KEPT: run},
                },
                "data": data,
            })
        };
        let [resources, held] = self.places(&kept.run)?;
        if !data.is_empty() {
            self.put(&held, &object("Secret", &held, json!(data)))?;
        }
        let data = json!({RESOURCES: text});
        self.put(&resources, &object("ConfigMap", &resources, data))
    }

    /// What is kept of a run, if anything is.
    ///
    /// # Errors
    /// It can't be read; no answer.
    pub fn kept(&self, run: &RunId) -> Result<Option<Kept>, RestoreError> {
        let [place, _] = self.places(run)?;
        let Some(object) = self.server.get(&place)? else {
            return Ok(None);
        };
        let text = object["data"][RESOURCES].as_str().unwrap_or_default();
        let kept = serde_json::from_str::<Kept>(text).map_err(|error| RestoreError::Kept {
            run: run.to_string(),
            why: error.to_string(),
        })?;
        match kept.run == *run {
            true => Ok(Some(kept)),
            false => Err(RestoreError::Kept {
                run: run.to_string(),
                why: format!("it is of run {}", kept.run),
            }),
        }
    }

    /// A Secret that is kept, as it can be made again.
    ///
    /// # Errors
    /// It is not; no answer.
    pub fn secret(&self, run: &RunId, name: &str) -> Result<Value, RestoreError> {
        let [_, place] = self.places(run)?;
        let object = self.server.get(&place)?.unwrap_or_default();
        let text = object["data"][key(name)].as_str();
        let text = text.and_then(|text| STANDARD.decode(text).ok());
        let secret = text.and_then(|text| serde_json::from_slice(&text).ok());
        secret.ok_or_else(|| RestoreError::NotKept(format!("Secret {name}")))
    }

    /// Deletes what is kept of a run.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn delete(&self, run: &RunId) -> Result<(), RestoreError> {
        for place in self.places(run)? {
            self.server.delete(&place)?;
        }
        Ok(())
    }

    fn places(&self, run: &RunId) -> Result<[Place; 2], RestoreError> {
        let name = format!("slackwater-{run}-kept");
        Ok([
            Place::new(Resource::config_maps(), &self.namespace, &name)?,
            Place::new(Resource::secrets(), &self.namespace, &name)?,
        ])
    }

    /// Ours are replaced whole.
    fn put(&self, place: &Place, object: &Value) -> Result<(), RestoreError> {
        match self.server.create(place, object) {
            Err(ApiError::Exists { .. }) => {
                self.server.delete(place)?;
                self.server.create(place, object)?;
            }
            made => drop(made?),
        }
        let stored = self.server.get(place)?.unwrap_or_default();
        match stored["data"] == object["data"] {
            true => Ok(()),
            false => Err(RestoreError::ReadBack(Box::new(place.clone()))),
        }
    }

    fn malformed(&self, kept: &Kept, error: &serde_json::Error) -> RestoreError {
        RestoreError::Kept {
            run: kept.run.to_string(),
            why: error.to_string(),
        }
    }
}

/// A key of a Secret has no slash, and a namespace no dot.
fn key(name: &str) -> String {
    name.replacen('/', ".", 1)
}

fn fits(what: &'static str, bytes: usize) -> Result<(), RestoreError> {
    match bytes <= MOST {
        true => Ok(()),
        false => Err(RestoreError::TooLarge {
            what,
            bytes,
            most: MOST,
        }),
    }
}
