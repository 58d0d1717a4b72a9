//! A KafkaNodePool resource: which nodes there are, and the claims that their
//! data lies on.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::meta::RawMeta;
use crate::read::{Raw, read};
use crate::{Meta, StrimziError};

/// The label that says which Kafka it is of (`ResourceLabels`).
const CLUSTER: &str = "strimzi.io/cluster";

#[derive(Debug, Deserialize)]
struct RawPool {
    #[serde(default)]
    metadata: RawMeta,
    spec: RawSpec,
    #[serde(default)]
    status: RawStatus,
}

#[derive(Debug, Deserialize)]
struct RawSpec {
    #[serde(default)]
    roles: Vec<Role>,
    replicas: Option<i32>,
    storage: RawStorage,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStatus {
    #[serde(default)]
    node_ids: Vec<i32>,
}

#[derive(Debug, Deserialize)]
struct RawStorage {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    volumes: Vec<RawVolume>,
}

#[derive(Debug, Deserialize)]
struct RawVolume {
    #[serde(rename = "type")]
    kind: String,
    id: Option<u32>,
}

impl Raw for RawPool {
    const KIND: &'static str = "KafkaNodePool";
    type Checked = NodePool;

    fn metadata(&self) -> &RawMeta {
        &self.metadata
    }

    fn check(self) -> Result<NodePool, String> {
        let meta = self.metadata.check()?;
        let cluster = meta
            .label(CLUSTER)
            .ok_or_else(|| format!("label {CLUSTER} is missing: it is of no Kafka"))?
            .to_owned();
        let mut roles = self.spec.roles;
        roles.sort();
        // A pool of none is what is left of one that was moved from.
        if self.status.node_ids.is_empty() && self.spec.replicas != Some(0) {
            return Err(
                "status.nodeIds is empty: the operator has made no node of it yet".to_owned(),
            );
        }
        Ok(NodePool {
            meta,
            cluster,
            roles,
            node_ids: self.status.node_ids,
            volumes: volumes(self.spec.storage)?,
        })
    }
}

/// What a node does. A pool may have both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// One of KRaft's voters.
    Controller,
    /// Holds partitions.
    Broker,
}

/// A claim that a node's data lies on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// The node's `node.id`.
    pub node: i32,
    /// The PersistentVolumeClaim's name.
    pub name: String,
    /// The node's pod.
    pub pod: String,
    /// Where a pod mounts it (`VolumeUtils`).
    pub mount: String,
    /// The node's KafkaNodePool.
    pub pool: String,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePool {
    /// Who it is.
    pub meta: Meta,
    /// The Kafka that it is of.
    pub cluster: String,
    /// Sorted.
    pub roles: Vec<Role>,
    /// As the operator gave them out: `node.id` of each. They are kept for a
    /// restore, where without them others might be given.
    pub node_ids: Vec<i32>,
    /// The `id`s of its volumes, which are arbitrary; `None` for the one volume
    /// of a node that is no JBOD.
    volumes: Vec<Option<u32>>,
}

impl NodePool {
    /// Reads one as the API server gave it.
    ///
    /// # Errors
    /// Another shape; storage that is gone when a pod is.
    pub fn read(object: &Value) -> Result<Self, StrimziError> {
        read::<RawPool>(object)
    }

    /// The claims of all its nodes, controllers' too: without the metadata log
    /// of a majority of voters nothing comes up again.
    pub fn claims(&self) -> Vec<Claim> {
        let mut claims = Vec::new();
        for node in &self.node_ids {
            let pod = format!("{}-{}-{node}", self.cluster, self.meta.name);
            claims.extend(self.volumes.iter().map(|volume| match volume {
                None => Claim {
                    node: *node,
                    name: format!("data-{pod}"),
                    pod: pod.clone(),
                    mount: "/var/lib/kafka/data".to_owned(),
                    pool: self.meta.name.clone(),
                },
                Some(id) => Claim {
                    node: *node,
                    name: format!("data-{id}-{pod}"),
                    pod: pod.clone(),
                    mount: format!("/var/lib/kafka/data-{id}"),
                    pool: self.meta.name.clone(),
                },
            }));
        }
        claims.sort();
        claims
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Controller => "controller",
            Self::Broker => "broker",
        })
    }
}

fn volumes(storage: RawStorage) -> Result<Vec<Option<u32>>, String> {
    let lasting = |kind: &str, key: &str| match kind {
        "persistent-claim" => Ok(()),
        "ephemeral" => Err(format!(
            "{key} is ephemeral: there is nothing that can be cut"
        )),
        other => Err(format!("{key} is of the unknown type {other:?}")),
    };
    if storage.kind != "jbod" {
        lasting(&storage.kind, "spec.storage")?;
        return Ok(vec![None]);
    }
    if storage.volumes.is_empty() {
        return Err("spec.storage.volumes is empty".to_owned());
    }
    let each = storage.volumes.into_iter().enumerate().map(|(at, volume)| {
        let key = format!("spec.storage.volumes[{at}]");
        lasting(&volume.kind, &key)?;
        volume
            .id
            .map(Some)
            .ok_or_else(|| format!("{key} has no id"))
    });
    each.collect()
}
