//! What is kept of a mirror beside its cut, in Slackwater's own namespace: its
//! resources, how its claims were, what its snapshots stand for, and, unless that
//! is not wanted, the Secrets that go with it. So a restore works where the Kafka,
//! or its whole namespace, is gone.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use slackwater_store::RunId;

use super::RestoreError;
use super::kept_parts::{KeptParts, Kind, cut, key, pack};
use crate::ApiServer;

const RESOURCES: &str = "resources";

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kept {
    /// Of which run.
    pub run: RunId,
    /// The Kafka's `status.kafkaVersion`.
    pub kafka_version: Option<String>,
    /// The Kafka; with its listeners' addresses, by which what feeds it is known, and
    /// its cluster id.
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
    /// What the snapshots of others (K10's) stand for, where the run has none of its own: a
    /// clone may be made of these. They are not the run's, which deletes none of them. Left out
    /// where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contents_of_others: Vec<KeptContent>,
    /// The Secrets of its KafkaUsers, as their operator named them (`KafkaUser.status.secret`):
    /// it makes them anew. Left out where none was named, as in what was kept before there
    /// was this field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub user_secrets: Vec<String>,
    /// Which Secrets are kept, as `NAMESPACE/NAME`.
    pub secrets: Vec<String>,
    /// The ConfigMap that says of it what its resources don't: how it is reached, what feeds
    /// it. Left out where there is none, as in what was kept before there was this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Value>,
}

/// How that ConfigMap of a Kafka is called.
pub fn about_name(kafka: &str) -> String {
    format!("{kafka}-slackwater")
}

impl Kept {
    /// The Kafka, as it is read.
    pub fn kafka_as_found(&self) -> Value {
        as_found(&self.kafka)
    }
}

/// As the API server gives an object: what is kept has no uid and no version there, and
/// nobody is asked for it by these.
pub(super) fn as_found(object: &Value) -> Value {
    let mut object = object.clone();
    object["metadata"]["uid"] = "kept".into();
    object["metadata"]["resourceVersion"] = "0".into();
    object["metadata"]["generation"] = 0.into();
    object
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

    /// Which namespace.
    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Keeps it, in the place of what may be kept of the same run. Meanwhile, and
    /// where that is cut short, nothing is.
    ///
    /// # Errors
    /// It is too large, and then what was kept before stays; a refusal; no answer.
    pub fn keep(&self, kept: &Kept, secrets: &[Value]) -> Result<(), RestoreError> {
        let resources = self.parts(&kept.run, Kind::ConfigMap);
        let text = serde_json::to_string(kept);
        let text = text.map_err(|error| resources.unreadable(error.to_string()))?;
        let texts = cut("the resources", RESOURCES, &text)?;
        let named = kept.secrets.iter().zip(secrets);
        let named = named.map(|(name, secret)| (name.as_str(), secret.to_string()));
        let held = pack("the Secrets", named)?;
        self.delete(&kept.run)?;
        self.parts(&kept.run, Kind::Secret).write(&held)?;
        resources.write(&texts)
    }

    /// What is kept of a run, if anything is.
    ///
    /// # Errors
    /// It can't be read, or a part of it is missing; no answer.
    pub fn kept(&self, run: &RunId) -> Result<Option<Kept>, RestoreError> {
        let parts = self.parts(run, Kind::ConfigMap);
        let mut texts = Vec::new();
        for piece in parts.read()? {
            let text = piece?.remove(RESOURCES);
            let missing = || parts.unreadable(format!("{RESOURCES} is missing"));
            texts.push(text.ok_or_else(missing)?);
        }
        if texts.is_empty() {
            return Ok(None);
        }
        let kept = serde_json::from_str::<Kept>(&texts.concat());
        let kept = kept.map_err(|error| parts.unreadable(error.to_string()))?;
        match kept.run == *run {
            true => Ok(Some(kept)),
            false => Err(parts.unreadable(format!("it is of run {}", kept.run))),
        }
    }

    /// A Secret that is kept, as it can be made again.
    ///
    /// # Errors
    /// It is not; a part in which it may be is missing; no answer.
    pub fn secret(&self, run: &RunId, name: &str) -> Result<Value, RestoreError> {
        let key = key(name);
        for piece in self.parts(run, Kind::Secret).read()? {
            let text = piece?.remove(&key);
            if let Some(secret) = text.and_then(|text| serde_json::from_str(&text).ok()) {
                return Ok(secret);
            }
        }
        Err(RestoreError::NotKept(format!("Secret {name}")))
    }

    /// Deletes what is kept of a run: first what says that anything is.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn delete(&self, run: &RunId) -> Result<(), RestoreError> {
        self.parts(run, Kind::ConfigMap).delete()?;
        self.parts(run, Kind::Secret).delete()
    }

    fn parts<'a>(&'a self, run: &'a RunId, kind: Kind) -> KeptParts<'a> {
        KeptParts {
            server: &self.server,
            namespace: &self.namespace,
            run,
            kind,
        }
    }
}
