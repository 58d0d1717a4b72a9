//! A Kafka resource: the mirror that is backed up.

use serde::Deserialize;
use serde_json::Value;

use crate::meta::RawMeta;
use crate::read::{Raw, read};
use crate::{Address, Condition, Meta, StrimziError};

#[derive(Debug, Deserialize)]
struct RawKafka {
    #[serde(default)]
    metadata: RawMeta,
    #[serde(default)]
    status: RawStatus,
}

/// Left out by an operator that was paused before its first look.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStatus {
    cluster_id: Option<String>,
    #[serde(default)]
    listeners: Vec<RawListener>,
    #[serde(default)]
    conditions: Vec<Condition>,
    kafka_version: Option<String>,
    auto_rebalance: Option<RawAutoRebalance>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawListener {
    name: Option<String>,
    bootstrap_servers: Option<String>,
    #[serde(default)]
    addresses: Vec<RawAddress>,
    #[serde(default)]
    certificates: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct RawAddress {
    host: Option<String>,
    port: Option<u16>,
}

#[derive(Debug, Deserialize)]
struct RawAutoRebalance {
    state: Option<String>,
}

impl Raw for RawKafka {
    const KIND: &'static str = "Kafka";
    type Checked = Kafka;

    fn metadata(&self) -> &RawMeta {
        &self.metadata
    }

    fn check(self) -> Result<Kafka, String> {
        let status = self.status;
        let listeners = status.listeners.into_iter().map(listener);
        let state = status.auto_rebalance.and_then(|one| one.state);
        Ok(Kafka {
            meta: self.metadata.check()?,
            cluster_id: status.cluster_id.filter(|id| !id.is_empty()),
            listeners: listeners.collect::<Result<_, _>>()?,
            version: status.kafka_version,
            conditions: status.conditions,
            // `KafkaAutoRebalanceState`: Idle, RebalanceOnScaleUp, …
            rebalancing: state.filter(|state| state != "Idle"),
        })
    }
}

/// A listener, as the status tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its name in `spec.kafka.listeners`.
    pub name: String,
    /// Where its brokers are asked for.
    pub bootstrap: Vec<Address>,
    /// The certificates to trust there, PEM; none for a plain one.
    pub certificates: Vec<String>,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kafka {
    /// Who it is.
    pub meta: Meta,
    /// Kafka's own `cluster.id`; none while the operator has not seen it, and it
    /// stays while the resource is paused.
    pub cluster_id: Option<String>,
    /// None while the resource is paused: the operator drops them then, so they
    /// are read before.
    pub listeners: Vec<Listener>,
    /// `kafkaVersion`: of a running cluster.
    pub version: Option<String>,
    /// What the operator says of it.
    pub conditions: Vec<Condition>,
    /// Cruise Control is moving replicas by itself: its state, unless Idle.
    pub rebalancing: Option<String>,
}

impl Kafka {
    /// Reads one as the API server gave it.
    ///
    /// # Errors
    /// Another shape.
    pub fn read(object: &Value) -> Result<Self, StrimziError> {
        read::<RawKafka>(object)
    }

    /// Whether a client in namespace `from` that is told these addresses is told
    /// this cluster's. Where it says no it may still be: by an address that only
    /// a name server knows. Connect's own word for the cluster decides.
    pub fn is_at(&self, addresses: &[Address], from: &str) -> bool {
        let ours = |address: &Address| {
            let told = self.listeners.iter().flat_map(|one| &one.bootstrap);
            told.into_iter().any(|one| one == address) || self.is_service(address, from)
        };
        addresses.iter().any(ours)
    }

    /// Names that Strimzi gives (`KafkaResources`): the bootstrap service, that
    /// of a listener for the outside, and the brokers' headless one.
    fn is_service(&self, address: &Address, from: &str) -> bool {
        let cluster = self.meta.name.to_ascii_lowercase();
        let listeners = self.listeners.iter().map(|one| one.name.as_str());
        let outside = listeners.map(|name| format!("{cluster}-kafka-{name}-bootstrap"));
        ["bootstrap", "brokers", "external-bootstrap"]
            .into_iter()
            .map(|role| format!("{cluster}-kafka-{role}"))
            .chain(outside)
            .any(|service| address.is_service(&service, &self.meta.namespace, from))
    }
}

fn listener(raw: RawListener) -> Result<Listener, String> {
    let name = raw.name.unwrap_or_default();
    let bootstrap = match raw.bootstrap_servers {
        Some(text) => Address::list(&text).ok_or_else(|| {
            format!("status.listeners: bootstrapServers {text:?} of {name} is no host:port")
        })?,
        None => raw
            .addresses
            .into_iter()
            .filter_map(|one| Address::parse(&format!("{}:{}", one.host?, one.port?)))
            .collect(),
    };
    Ok(Listener {
        name,
        bootstrap,
        certificates: raw.certificates,
    })
}
