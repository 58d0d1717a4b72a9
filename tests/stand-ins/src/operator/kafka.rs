//! Kafka and its KafkaNodePools (`KafkaReconciler.java:254-288`, `reconcile`).
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: what it plays takes its time"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use slackwater_kubernetes::{ApiServer, Place};

use super::deafness::Deafness;
use super::kafka_pod::Node;
use super::listeners::{self, Listener};
use super::meta::{
    CLUSTER, KIND, NAME, condition, core, is_going, is_paused, make, need, owner, podsets,
    put_status, strimzi, text,
};
use super::roll::Rolls;
use super::secrets::{self, Authority};
use crate::StandInError;

/// What it says that it runs.
const KAFKA_VERSION: &str = "4.3.1";

/// Kafkas that were seen paused, by uid, and when they were last.
struct Paused {
    says_so_for: Duration,
    seen: BTreeMap<String, Instant>,
}

impl Paused {
    fn new(says_so_for: Duration) -> Self {
        Self {
            says_so_for,
            seen: BTreeMap::new(),
        }
    }

    /// Whether its status says so, now that it is, or is not any more.
    fn says(&mut self, kafka: &Value) -> bool {
        let uid = text(kafka, "/metadata/uid").to_owned();
        if is_paused(kafka) {
            self.seen.insert(uid, Instant::now());
            return true;
        }
        let seen = self.seen.get(&uid);
        seen.is_some_and(|at| at.elapsed() < self.says_so_for)
    }
}

/// What it knows of Kafkas from one look to the next.
pub(super) struct Memory {
    paused: Paused,
    rolls: Rolls,
    deafness: Deafness,
}

impl Memory {
    pub(super) fn new(says_so_for: Duration, deafness: Deafness) -> Self {
        Self {
            paused: Paused::new(says_so_for),
            rolls: Rolls::default(),
            deafness,
        }
    }
}

pub(super) fn reconcile(server: &ApiServer, memory: &mut Memory) -> Result<(), StandInError> {
    for kafka in server.list(&strimzi("kafkas"), "", "")? {
        let namespace = need(&kafka, "/metadata/namespace")?;
        let name = need(&kafka, "/metadata/name")?;
        let place = Place::new(strimzi("kafkas"), &namespace, &name)?;
        if is_going(&kafka) || memory.deafness.is_to(&name) {
            continue;
        }
        let read = memory.rolls.read(&kafka);
        let says_paused = memory.paused.says(&read);
        let mut status = match is_paused(&read) {
            true => Some(paused(&kafka)),
            false => run(server, &read, &namespace, &name, &mut memory.rolls)?,
        };
        if says_paused {
            status = Some(paused(&kafka));
        }
        // While it waits for pods it says what it said before.
        if let Some(status) = status {
            put_status(server, &place, &kafka, &status)?;
        }
    }
    Ok(())
}

/// `AbstractOperator.java:220-238`, `reconcileResource`. Of what it said before, the cluster
/// id alone is kept (`KafkaAssemblyOperator.java:711-726`, `createStatus`).
fn paused(kafka: &Value) -> Value {
    let mut status = json!({
        "conditions": condition("ReconciliationPaused"),
        "observedGeneration": kafka["status"]["observedGeneration"].as_i64().unwrap_or(0),
    });
    if let Some(id) = kafka["status"].get("clusterId") {
        status["clusterId"] = id.clone();
    }
    status
}

/// A pool as it is, and what it is to have.
struct Pool {
    object: Value,
    name: String,
    ids: Vec<i64>,
    roles: Vec<String>,
    volumes: Vec<Option<i64>>,
}

impl Pool {
    fn controls(&self) -> bool {
        self.roles.iter().any(|role| role == "controller")
    }

    /// Names of its pods.
    fn nodes(&self, cluster: &str) -> Vec<String> {
        let each = self.ids.iter();
        each.map(|id| format!("{cluster}-{}-{id}", self.name))
            .collect()
    }
}

/// What its status is then; `None` while something is waited for
/// (`KafkaAssemblyOperator.java:157-219`, `createOrUpdate`; `KafkaReconciler.java:1006-1031` and
/// 1243-1293; of a pool `KafkaPool.java:345-354`).
fn run(
    server: &ApiServer,
    kafka: &Value,
    namespace: &str,
    cluster: &str,
    rolls: &mut Rolls,
) -> Result<Option<Value>, StandInError> {
    let pools = pools(server, namespace, cluster)?;
    let cluster_id = cluster_id(kafka, &pools);
    secrets::ensure(server, kafka)?;
    let listeners = listeners::of(kafka)?;
    services(server, kafka, namespace, cluster, &listeners)?;
    let voters: Vec<(i64, String)> = pools
        .iter()
        .filter(|pool| pool.controls())
        .flat_map(|pool| {
            pool.ids
                .iter()
                .map(|id| (*id, format!("{cluster}-{}-{id}", pool.name)))
        })
        .collect();
    let mut ready = !pools.is_empty();
    for pool in &pools {
        let status = json!({
            "nodeIds": pool.ids,
            "clusterId": cluster_id,
            "roles": pool.roles,
            "replicas": pool.ids.len(),
            "observedGeneration": pool.object["metadata"]["generation"],
        });
        let place = Place::new(strimzi("kafkanodepools"), namespace, &pool.name)?;
        put_status(server, &place, &pool.object, &status)?;
        ready &= run_pool(server, kafka, pool, &cluster_id, &voters)?;
    }
    // Controllers are rolled first (`KafkaRoller.java:229-258`).
    let (first, then): (Vec<&Pool>, Vec<&Pool>) = pools.iter().partition(|one| one.controls());
    let nodes = first.into_iter().chain(then);
    let nodes: Vec<String> = nodes.flat_map(|one| one.nodes(cluster)).collect();
    if !ready || !rolls.is_done(server, kafka, &nodes)? {
        return Ok(None);
    }
    let host = format!("{cluster}-kafka-bootstrap.{namespace}.svc");
    let authority = Authority::Cluster.certificate(server, namespace, cluster)?;
    let told = listeners.iter().map(|one| one.status(&host, &authority));
    Ok(Some(json!({
        "conditions": condition("Ready"),
        "observedGeneration": kafka["metadata"]["generation"],
        "clusterId": cluster_id,
        "kafkaVersion": KAFKA_VERSION,
        "kafkaMetadataVersion": "4.3-IV0",
        "operatorLastSuccessfulVersion": "1.2.0",
        "kafkaNodePools": pools.iter().map(|one| json!({"name": one.name})).collect::<Vec<_>>(),
        "listeners": told.collect::<Vec<_>>(),
    })))
}

/// `NodePoolUtils.java:219-253`, `getOrGenerateKRaftClusterId`: the Kafka's, the first pool's,
/// or a new one; nobody looks at the volumes.
fn cluster_id(kafka: &Value, pools: &[Pool]) -> String {
    let of_kafka = text(kafka, "/status/clusterId");
    let of_pools = pools
        .iter()
        .map(|one| text(&one.object, "/status/clusterId"));
    let known = std::iter::once(of_kafka)
        .chain(of_pools)
        .find(|id| !id.is_empty());
    known.map_or_else(new_cluster_id, str::to_owned)
}

/// 22 characters of Base64, as Kafka's `Uuid.randomUuid` prints 16 bytes.
fn new_cluster_id() -> String {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut id: String = (0..21)
        .map(|_| char::from(digits[fastrand::usize(..digits.len())]))
        .collect();
    // The last character has two bits.
    id.push('Q');
    id
}

/// In the order of their names; with node ids, which stay once they were given
/// (`NodeIdAssignor.java:46-119` and 151-203: else the lowest that are free, pool by pool; the
/// highest go).
fn pools(server: &ApiServer, namespace: &str, cluster: &str) -> Result<Vec<Pool>, StandInError> {
    let labels = format!("{CLUSTER}={cluster}");
    let mut found = server.list(&strimzi("kafkanodepools"), namespace, &labels)?;
    found.sort_by_key(|one| text(one, "/metadata/name").to_owned());
    let given = |pool: &Value| -> Vec<i64> {
        let ids = pool.pointer("/status/nodeIds").and_then(Value::as_array);
        ids.into_iter()
            .flatten()
            .filter_map(Value::as_i64)
            .collect()
    };
    let mut taken: BTreeSet<i64> = found.iter().flat_map(given).collect();
    let mut pools = Vec::new();
    for object in found {
        let replicas = object["spec"]["replicas"].as_u64().unwrap_or(0) as usize;
        let mut ids = given(&object);
        ids.truncate(replicas);
        while ids.len() < replicas {
            let free = (0..).find(|id| !taken.contains(id)).unwrap_or_default();
            taken.insert(free);
            ids.push(free);
        }
        let roles = object["spec"]["roles"].as_array().into_iter().flatten();
        let storage = &object["spec"]["storage"];
        let volumes = match text(storage, "/type") {
            "jbod" => {
                let each = storage["volumes"].as_array().into_iter().flatten();
                each.map(|one| one["id"].as_i64()).collect()
            }
            _ => vec![None],
        };
        pools.push(Pool {
            name: need(&object, "/metadata/name")?,
            ids,
            roles: roles
                .filter_map(|one| one.as_str().map(str::to_owned))
                .collect(),
            volumes,
            object,
        });
    }
    Ok(pools)
}

/// `KafkaCluster.java:627-680`, `generateService`; 1214-1223, `generateHeadlessService`. There,
/// the controllers' port is the headless one's alone.
fn services(
    server: &ApiServer,
    kafka: &Value,
    namespace: &str,
    cluster: &str,
    listeners: &[Listener],
) -> Result<(), StandInError> {
    let mut ports = vec![
        json!({"name": "tcp-ctrlplane", "port": 9090}),
        json!({"name": "tcp-replication", "port": 9091}),
    ];
    ports.extend(listeners.iter().map(Listener::service_port));
    let selector = |broker: bool| {
        let mut selector = json!({
            CLUSTER: cluster,
            KIND: "Kafka",
            NAME: format!("{cluster}-kafka"),
        });
        if broker {
            selector["strimzi.io/broker-role"] = "true".into();
        }
        selector
    };
    let service = |name: &str, spec: Value| {
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": {CLUSTER: cluster, KIND: "Kafka"},
                "ownerReferences": owner(kafka),
            },
            "spec": spec,
        })
    };
    let bootstrap = json!({"ports": ports, "selector": selector(true)});
    let headless = json!({
        "clusterIP": "None",
        "publishNotReadyAddresses": true,
        "ports": ports,
        "selector": selector(false),
    });
    for (end, spec) in [("bootstrap", bootstrap), ("brokers", headless)] {
        let name = format!("{cluster}-kafka-{end}");
        let place = Place::new(core("services"), namespace, &name)?;
        make(server, &place, &service(&name, spec))?;
    }
    Ok(())
}

/// Claims, configurations and the StrimziPodSet of a pool; whether its pods are
/// ready (`KafkaReconciler.java:500-519`, 677-743, 765-794 and 917-981;
/// `KafkaCluster.java:1259-1298`, `generatePodSets`; 1908-1935, what is in ConfigMaps).
fn run_pool(
    server: &ApiServer,
    kafka: &Value,
    pool: &Pool,
    cluster_id: &str,
    voters: &[(i64, String)],
) -> Result<bool, StandInError> {
    let namespace = need(kafka, "/metadata/namespace")?;
    let cluster = need(kafka, "/metadata/name")?;
    let mut pods = Vec::new();
    for id in &pool.ids {
        let node = Node {
            namespace: &namespace,
            cluster: &cluster,
            pool: &pool.name,
            id: *id,
            roles: &pool.roles,
            volumes: &pool.volumes,
            kafka,
        };
        for volume in &pool.volumes {
            claim(server, &pool.object, &node, *volume)?;
        }
        let name = node.name();
        secrets::ensure_of_node(server, kafka, &name)?;
        let config = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": node.labels(),
                "ownerReferences": owner(kafka),
            },
            "data": {"cluster.id": cluster_id, "server.config": node.properties(voters)?},
        });
        let place = Place::new(core("configmaps"), &namespace, &name)?;
        match server.get(&place)? {
            Some(found) if found["data"] == config["data"] => {}
            Some(_) => drop(server.merge(&place, &json!({"data": config["data"]}))?),
            None => make(server, &place, &config)?,
        }
        pods.push(node.pod());
    }
    let name = format!("{cluster}-{}", pool.name);
    let place = Place::new(podsets(), &namespace, &name)?;
    let set = json!({
        "apiVersion": "core.strimzi.io/v1",
        "kind": "StrimziPodSet",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {CLUSTER: cluster, KIND: "Kafka", NAME: format!("{cluster}-kafka")},
            "ownerReferences": owner(&pool.object),
        },
        "spec": {
            "selector": {"matchLabels": {CLUSTER: cluster, KIND: "Kafka"}},
            "pods": pods,
        },
    });
    match server.get(&place)? {
        Some(found) => {
            let status = &found["status"];
            let count = pool.ids.len() as u64;
            Ok(status["readyPods"] == count && status["pods"] == count)
        }
        None => {
            make(server, &place, &set)?;
            Ok(false)
        }
    }
}

/// One that is there is taken as it is. (`PersistentVolumeClaimUtils.java:49-131`; not played:
/// that it grows, and `deleteClaim`.)
fn claim(
    server: &ApiServer,
    pool: &Value,
    node: &Node<'_>,
    volume: Option<i64>,
) -> Result<(), StandInError> {
    let storage = &pool["spec"]["storage"];
    let of_volume = match volume {
        Some(id) => {
            let mut each = storage["volumes"].as_array().into_iter().flatten();
            each.find(|one| one["id"] == id).unwrap_or(&Value::Null)
        }
        None => storage,
    };
    let name = node.claim(volume);
    let object = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": name,
            "namespace": node.namespace,
            "labels": node.labels(),
            "annotations": {"strimzi.io/delete-claim": "false"},
        },
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": of_volume["size"]}},
            "storageClassName": of_volume["class"],
        },
    });
    let place = Place::new(core("persistentvolumeclaims"), node.namespace, &name)?;
    Ok(make(server, &place, &object)?)
}
