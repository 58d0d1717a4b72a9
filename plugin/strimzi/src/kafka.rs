//! A Kafka resource: the mirror that is backed up.

use serde::Deserialize;
use serde_json::Value;

use crate::access::{Access, Login, Trust};
use crate::meta::{LISTENERS, RawMeta};
use crate::read::{Raw, read};
use crate::user::KafkaUser;
use crate::{Address, Condition, Meta, StrimziError};

#[derive(Debug, Deserialize)]
struct RawKafka {
    #[serde(default)]
    metadata: RawMeta,
    #[serde(default)]
    spec: RawSpec,
    #[serde(default)]
    status: RawStatus,
}

#[derive(Debug, Default, Deserialize)]
struct RawSpec {
    #[serde(default)]
    kafka: RawKafkaSpec,
}

#[derive(Debug, Default, Deserialize)]
struct RawKafkaSpec {
    #[serde(default)]
    listeners: Vec<RawSpecListener>,
}

/// As it was asked for: the status does not say who is let in.
#[derive(Debug, Deserialize)]
struct RawSpecListener {
    name: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    tls: bool,
    authentication: Option<RawAuthentication>,
}

#[derive(Debug, Deserialize)]
struct RawAuthentication {
    #[serde(rename = "type")]
    kind: String,
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
        let asked = self.spec.kafka.listeners;
        let meta = self.metadata.check()?;
        let told = match (status.listeners.is_empty(), meta.annotation(LISTENERS)) {
            (true, Some(noted)) => serde_json::from_str(noted)
                .map_err(|error| format!("metadata.annotations: {LISTENERS}: {error}"))?,
            _ => status.listeners,
        };
        let listeners = told.into_iter().map(|one| listener(one, &asked));
        let state = status.auto_rebalance.and_then(|one| one.state);
        Ok(Kafka {
            meta,
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
    /// Whether connections are encrypted.
    pub tls: bool,
    /// How clients say who they are, if they have to: `tls`, `scram-sha-512`, …
    pub authentication: Option<String>,
    /// Whether it is for clients in the cluster (`internal`, `cluster-ip`).
    pub is_internal: bool,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kafka {
    /// Who it is.
    pub meta: Meta,
    /// Kafka's own `cluster.id`; none while the operator has not seen it, and it
    /// stays while the resource is paused.
    pub cluster_id: Option<String>,
    /// The operator drops them while the resource is paused: those that were noted
    /// on it before are taken then ([`LISTENERS`]).
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

    /// How a client of ours gets in: by the listener of this name, or by the first
    /// that lets such a user in: one for clients in the cluster before others, and of
    /// these an encrypted one before a plain one.
    ///
    /// # Errors
    /// There is no such listener.
    pub fn access(
        &self,
        listener: Option<&str>,
        user: Option<&KafkaUser>,
    ) -> Result<Access, StrimziError> {
        let wanted = user.and_then(|one| one.authentication.as_deref());
        let lets_in = |one: &&Listener| {
            let named = listener.is_none_or(|name| one.name == name);
            named && one.authentication.as_deref() == wanted && !one.bootstrap.is_empty()
        };
        let mut found: Vec<&Listener> = self.listeners.iter().filter(lets_in).collect();
        found.sort_by_key(|one| (!one.is_internal, !one.tls));
        let Some(found) = found.first() else {
            return Err(self.no_listener(listener, wanted));
        };
        Ok(Access {
            bootstrap: found.bootstrap.clone(),
            trust: match (found.tls, found.certificates.is_empty()) {
                (false, _) => Trust::Plain,
                (true, true) => Trust::System,
                (true, false) => Trust::Given(found.certificates.clone()),
            },
            login: user.map_or(Login::Nobody, |one| one.login.clone()),
        })
    }

    fn no_listener(&self, listener: Option<&str>, wanted: Option<&str>) -> StrimziError {
        let name = listener.map_or(String::new(), |name| format!("{name} "));
        let with = wanted.map_or("without authentication".to_owned(), |kind| {
            format!("with the authentication {kind}")
        });
        let words = |one: &Listener| {
            let kind = one.authentication.as_deref();
            format!("{} ({})", one.name, kind.unwrap_or("no authentication"))
        };
        StrimziError::NoListener {
            kafka: self.meta.to_string(),
            wanted: format!("{name}{with}"),
            listeners: match self.listeners.is_empty() {
                false => self.listeners.iter().map(words).collect(),
                true => vec!["none yet".to_owned()],
            },
        }
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

fn listener(raw: RawListener, asked: &[RawSpecListener]) -> Result<Listener, String> {
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
    let asked = asked.iter().find(|one| one.name == name);
    let authentication = asked.and_then(|one| one.authentication.as_ref());
    let kind = asked.and_then(|one| one.kind.as_deref());
    Ok(Listener {
        bootstrap,
        tls: asked.is_some_and(|one| one.tls) || !raw.certificates.is_empty(),
        authentication: authentication.map(|one| one.kind.clone()),
        is_internal: matches!(kind, Some("internal" | "cluster-ip")),
        certificates: raw.certificates,
        name,
    })
}
